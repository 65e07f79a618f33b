"""One pass over many clips: each is decoded once and feeds every metric and every extractor.

A small clip is read first, so that features cached under its hash are found; a larger one is streamed, chunk
by chunk. Memory is bounded by `HELD_BYTES` and by what `features` lets wait, whatever the clip's length.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np

from vbench_lite.clip import ClipHasher, ClipInfo, Frames
from vbench_lite.errors import ClipError, StoreError
from vbench_lite.metric import ClipMetric, Features, PairMetric, SampleInfo
from vbench_lite.run.scoring.clip_scoring import ClipScoring
from vbench_lite.run.scoring.features import ClipFeatures, Extractors
from vbench_lite.run.scoring.outcome import Outcome
from vbench_lite.run.scoring.sources import OpenClip, Source
from vbench_lite.video.decode import CHUNK

HELD_BYTES = 64 * 2**20  # of the frames of a clip and its reference; larger ones are streamed


@dataclass(frozen=True)
class ClipTask:
    """What is wanted of one clip.

    Attributes:
        metrics, pairs: to be computed on it; pairs need a `reference`.
        extractors: ids whose features the caller wants back (for sets).
        reference_extractors: the same for the reference clip.
    """

    source: Source
    sample: SampleInfo
    metrics: Sequence[ClipMetric] = ()
    pairs: Sequence[PairMetric] = ()
    extractors: Sequence[str] = ()
    reference: Source | None = None
    reference_extractors: Sequence[str] = ()


@dataclass
class ClipResult:
    """What came of it.

    Attributes:
        info, reference_info: None if the clip, or its reference, could not be opened.
        outcomes: of every metric and pair, by id.
        features: of the extractors asked for, or why there are none.
        error: why the clip could not be read to its end; then every outcome is this error.
        decodes: by name of the file: how often it was decoded.
        flags: what is special about the clip.
    """

    task: ClipTask
    info: ClipInfo | None = None
    reference_info: ClipInfo | None = None
    sha256: str | None = None
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    features: dict[str, Features | Outcome] = field(default_factory=dict)
    reference_features: dict[str, Features | Outcome] = field(default_factory=dict)
    error: str | None = None
    decodes: dict[str, int] = field(default_factory=dict)
    flags: tuple[str, ...] = ()


class ClipPass:
    """Reads clips and feeds everything that wants their frames."""

    def __init__(self, extractors: Extractors) -> None:
        self.extractors = extractors

    def run(self, tasks: Iterable[ClipTask]) -> Iterator[ClipResult]:
        """Results in the order of the tasks, each as soon as it is done."""
        for task in tasks:
            result = self._from_cache(task)
            if result is None:
                result = ClipResult(task)
                try:
                    with ExitStack() as stack:
                        self._score(result, stack)
                except (ClipError, StoreError) as error:
                    result = _failed(result, str(error))
            yield result

    def _from_cache(self, task: ClipTask) -> ClipResult | None:
        """The result without decoding, if only features are wanted and all of them are cached."""
        sha = task.source.sha256
        if task.metrics or task.pairs or task.reference_extractors or sha is None:
            return None
        result = ClipResult(task, sha256=sha)
        for name in task.extractors:
            cached = self.extractors.cached(sha, name)
            if cached is None:
                return None
            result.features[name] = cached
        return result

    def _score(self, result: ClipResult, stack: ExitStack) -> None:
        """Read a clip and its reference in step; every piece goes to all metrics and extractors."""
        task = result.task
        opened = self._open(task.source, result, stack)
        result.info, result.flags = opened.info, opened.flags
        reference = self._open_reference(result, stack)
        result.reference_info = reference.info
        held = _bytes(opened.info) + (0 if reference.info is None else _bytes(reference.info)) <= HELD_BYTES
        clip = _Reading(opened, held)
        _verify(task.source, clip.sha256)
        reference.begin(held)
        own = ClipFeatures(self.extractors, _names(task), opened.info, clip.sha256 or task.source.sha256)
        names = task.reference_extractors if reference.error is None else ()
        beside = ClipFeatures(self.extractors, names, reference.info or opened.info, reference.sha256)
        scoring = ClipScoring(task.metrics, task.pairs, opened.info, task.sample, reference.info)
        for frames in clip.chunks:
            own.push(frames)
            other = reference.next(len(frames))
            if other is not None:
                beside.push(other)
            in_step = other is not None and other.shape == frames.shape
            scoring.push(frames, other if in_step and scoring.wants_reference else None)
        _verify(task.source, clip.sha256)
        while beside.wants_frames and (rest := reference.next(CHUNK)) is not None:
            beside.push(rest)
        result.sha256 = clip.sha256
        result.features = own.finish(clip.sha256)
        result.reference_features = beside.finish(reference.sha256)
        result.outcomes = scoring.finish(result.features)
        if reference.error is not None:
            _lose_reference(result, reference.error)

    def _open(self, source: Source, result: ClipResult, stack: ExitStack) -> OpenClip:
        clip = stack.enter_context(source.open())
        result.decodes[source.file] = result.decodes.get(source.file, 0) + clip.decodes
        return clip

    def _open_reference(self, result: ClipResult, stack: ExitStack) -> _Reference:
        task = result.task
        if task.reference is None or not (task.pairs or task.reference_extractors):
            return _Reference()
        try:
            return _Reference(self._open(task.reference, result, stack))
        except (ClipError, StoreError) as error:
            return _Reference(error=str(error))


class _Reading:
    """A clip that is read once, in pieces.

    Attributes:
        chunks: uint8 (N, H, W, 3).
        sha256: the clip's identity, once all of it was read: a held one at once, so that features cached
            under it are found before any is made.
    """

    def __init__(self, clip: OpenClip, held: bool) -> None:
        self._fps = clip.info.fps
        self.sha256: str | None = None
        self.chunks = self._hashed(clip.chunks)
        if held:
            frames = np.concatenate(list(self.chunks))
            self.chunks = (frames[start : start + CHUNK] for start in range(0, len(frames), CHUNK))

    def _hashed(self, chunks: Iterator[Frames]) -> Iterator[Frames]:
        hasher = ClipHasher()
        for frames in chunks:
            hasher.push(frames)
            yield frames
        self.sha256 = hasher.hexdigest(self._fps)


class _Reference:
    """The reference of a clip, read in pieces of the other clip's chunk sizes; it ends where it breaks.

    Attributes:
        info: None if there is none. error: why it cannot be read, or not to its end.
    """

    def __init__(self, clip: OpenClip | None = None, error: str | None = None) -> None:
        self._clip, self.error = clip, error
        self.info = None if clip is None else clip.info
        self._reading: _Reading | None = None
        self._left: Frames | None = None

    @property
    def sha256(self) -> str | None:
        """Its identity, once all of it was read."""
        return None if self._reading is None else self._reading.sha256

    def begin(self, held: bool) -> None:
        """Start to read."""
        if self._clip is not None:
            try:
                self._reading = _Reading(self._clip, held)
            except (ClipError, StoreError) as error:
                self.error = str(error)

    def next(self, count: int) -> Frames | None:
        """The next `count` frames, fewer at the end, None behind it or where it breaks."""
        pieces: list[Frames] = []
        have = 0
        while have < count:
            piece = self._left if self._left is not None else self._chunk()
            self._left = None
            if piece is None:
                break
            if have + len(piece) > count:
                piece, self._left = piece[: count - have], piece[count - have :]
            pieces.append(piece)
            have += len(piece)
        if not pieces:
            return None
        return np.concatenate(pieces) if len(pieces) > 1 else pieces[0]

    def _chunk(self) -> Frames | None:
        if self._reading is None or self.error is not None:
            return None
        try:
            return next(self._reading.chunks, None)
        except (ClipError, StoreError) as error:
            self.error = str(error)
            return None


def _lose_reference(result: ClipResult, reason: str) -> None:
    for pair in result.task.pairs:
        result.outcomes[pair.info.id] = Outcome.error(reason)
    for name in result.task.reference_extractors:
        result.reference_features[name] = Outcome.error(reason)


def _names(task: ClipTask) -> list[str]:
    """Extractors that a clip needs, each once."""
    needed = [name for metric in task.metrics for name in metric.info.extractors]
    return list(dict.fromkeys([*needed, *task.extractors]))


def _failed(result: ClipResult, reason: str) -> ClipResult:
    task = result.task
    result.error = reason
    ids = [m.info.id for m in task.metrics] + [p.info.id for p in task.pairs]
    result.outcomes = {name: Outcome.error(reason) for name in ids}
    result.features = {name: Outcome.error(reason) for name in task.extractors}
    result.reference_features = {}
    return result


def _verify(source: Source, sha256: str | None) -> None:
    """See that a clip that was read is the one that its source names."""
    if None not in (source.sha256, sha256) and source.sha256 != sha256:
        raise ClipError(f"{source.name}: the file is damaged: its frames are not those it is named by")


def _bytes(info: ClipInfo) -> int:
    """Bytes of a clip's frames; more than can be held where the length is unknown."""
    return HELD_BYTES + 1 if info.num_frames is None else info.num_frames * info.height * info.width * 3
