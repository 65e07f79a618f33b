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
from vbench_lite.run.scoring.features import Extractors, FeatureQueue
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
        info: None if the clip could not be opened.
        outcomes: of every metric and pair, by id.
        features: of the extractors asked for, or why there are none.
        error: why the clip could not be read to its end; then every outcome is this error.
        decodes: by name of the file: how often it was decoded.
        flags: what is special about the clip.
    """

    task: ClipTask
    info: ClipInfo | None = None
    sha256: str | None = None
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    features: dict[str, Features | Outcome] = field(default_factory=dict)
    reference_features: dict[str, Features | Outcome] = field(default_factory=dict)
    error: str | None = None
    decodes: dict[str, int] = field(default_factory=dict)
    flags: tuple[str, ...] = ()


@dataclass
class _Reference:
    """The reference of a clip: open, or not there, or unreadable."""

    clip: OpenClip | None = None
    sha256: str | None = None
    error: str | None = None

    @property
    def info(self) -> ClipInfo | None:
        return None if self.clip is None else self.clip.info


@dataclass
class _Held:
    """A clip with its frames in memory."""

    result: ClipResult
    frames: Frames
    reference: _Reference
    reference_frames: Frames | None = None


class ClipPass:
    """The pass; the queues of extractors live as long as it does."""

    def __init__(self, extractors: Extractors) -> None:
        self.extractors = extractors
        self._queues: dict[str, FeatureQueue] = {}
        self._serial = 0

    def run(self, tasks: Iterable[ClipTask]) -> Iterator[ClipResult]:
        """Results in the order of the tasks, each as soon as it is done."""
        for task in tasks:
            result = self._from_cache(task)
            if result is None:
                result = ClipResult(task)
                try:
                    with ExitStack() as stack:
                        self._decode(result, stack)
                except (ClipError, StoreError) as error:
                    result = _failed(result, str(error))
            yield result

    def _decode(self, result: ClipResult, stack: ExitStack) -> None:
        """Open a clip and its reference and take the way that fits their size."""
        clip = self._open(result.task.source, result, stack)
        result.info, result.flags = clip.info, clip.flags
        reference = self._open_reference(result, stack)
        size = _bytes(clip.info) + (0 if reference.clip is None else _bytes(reference.clip.info))
        if size > HELD_BYTES:
            self._stream(clip, reference, result)
        else:
            self._score(self._hold(clip, reference, result))

    # --- small clips: read, named by their hash, then scored ---------------------------------------

    def _hold(self, clip: OpenClip, reference: _Reference, result: ClipResult) -> _Held:
        """Read a small clip and its reference."""
        frames, result.sha256 = _read(clip)
        _verify(result.task.source, result.sha256)
        held = _Held(result, frames, reference)
        if reference.clip is not None:
            try:
                held.reference_frames, reference.sha256 = _read(reference.clip)
            except (ClipError, StoreError) as error:
                reference.error = str(error)
        return held

    def _score(self, held: _Held) -> None:
        """Features, unless they are cached, then metrics."""
        result, reference = held.result, held.reference
        task = result.task
        own = self._ask(_names(task), result.sha256, held.frames, result.info, result.features)
        self._collect(own, result.sha256, result.features)
        if held.reference_frames is not None:
            names, into = task.reference_extractors, result.reference_features
            other = self._ask(names, reference.sha256, held.reference_frames, reference.info, into)
            self._collect(other, reference.sha256, into)
        _score_held(held)
        if reference.error is not None:
            _lose_reference(result, reference.error)

    # --- large clips: streamed ----------------------------------------------------------------------

    def _stream(self, clip: OpenClip, reference: _Reference, result: ClipResult) -> None:
        """Metrics and extractors while the frames go by."""
        task, hasher = result.task, ClipHasher()
        scoring = ClipScoring(task.metrics, task.pairs, clip.info, task.sample, reference.info)
        own = self._begin(_names(task), task.source.sha256, clip.info, result.features)
        follower = _Follower(reference)
        names = task.reference_extractors if reference.clip is not None else ()
        other = self._begin(names, None, reference.info, result.reference_features)
        for frames in clip.chunks:
            hasher.push(frames)
            self._push(own, frames)
            beside = follower.next(len(frames))
            if beside is not None:
                self._push(other, beside)
            in_step = beside is not None and beside.shape == frames.shape
            scoring.push(frames, beside if in_step and scoring.wants_reference else None)
        result.sha256 = hasher.hexdigest(clip.info.fps)
        _verify(task.source, result.sha256)
        while other and (rest := follower.next(CHUNK)) is not None:
            self._push(other, rest)
        self._collect(own, result.sha256, result.features)
        self._collect(other, follower.sha256(), result.reference_features)
        result.outcomes = scoring.finish(result.features)
        if reference.error is not None:
            _lose_reference(result, reference.error)

    # --- features -------------------------------------------------------------------------------

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

    def _begin(
        self,
        names: Sequence[str],
        sha256: str | None,
        info: ClipInfo | None,
        into: dict[str, Features | Outcome],
    ) -> dict[str, str]:
        """Start a clip in the queue of each extractor that has no features of it; tickets by id."""
        self._serial += 1
        tickets = {}
        for name in names:
            cached = self.extractors.cached(sha256, name)
            if cached is not None:
                into[name] = cached
                continue
            extractor = self.extractors.loaded(name)
            if extractor is None:
                into[name] = self.extractors.broken[name]
                continue
            if name not in self._queues:
                self._queues[name] = FeatureQueue(extractor)
            tickets[name] = f"{self._serial}"
            self._queues[name].start(tickets[name], info)
        return tickets

    def _push(self, tickets: dict[str, str], frames: Frames) -> None:
        for name, ticket in tickets.items():
            self._queues[name].push(ticket, frames)

    def _ask(
        self,
        names: Sequence[str],
        sha256: str | None,
        frames: Frames,
        info: ClipInfo | None,
        into: dict[str, Features | Outcome],
    ) -> dict[str, str]:
        tickets = self._begin(names, sha256, info, into)
        for start in range(0, len(frames) if tickets else 0, CHUNK):
            self._push(tickets, frames[start : start + CHUNK])
        return tickets

    def _collect(
        self, tickets: dict[str, str], sha256: str | None, into: dict[str, Features | Outcome]
    ) -> None:
        for name, ticket in tickets.items():
            self._queues[name].flush()
            features = self._queues[name].take(ticket)
            into[name] = features
            if not isinstance(features, Outcome) and sha256 is not None:
                self.extractors.store(sha256, name, features)

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


class _Follower:
    """A reference clip read in pieces of the other clip's chunk sizes; it ends where it breaks."""

    def __init__(self, reference: _Reference) -> None:
        self._reference = reference
        self._chunks = iter(()) if reference.clip is None else reference.clip.chunks
        self._left: Frames | None = None
        self._hasher = ClipHasher()
        self._whole = False

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
        frames = np.concatenate(pieces) if len(pieces) > 1 else pieces[0]
        self._hasher.push(frames)
        return frames

    def sha256(self) -> str | None:
        """The identity of the reference, once it was read to its end."""
        info = self._reference.info
        return self._hasher.hexdigest(info.fps) if self._whole and info is not None else None

    def _chunk(self) -> Frames | None:
        if self._reference.error is not None:
            return None
        try:
            chunk = next(self._chunks, None)
        except (ClipError, StoreError) as error:
            self._reference.error = str(error)
            return None
        self._whole = chunk is None
        return chunk


def _score_held(held: _Held) -> None:
    result, task = held.result, held.result.task
    assert result.info is not None
    scoring = ClipScoring(task.metrics, task.pairs, result.info, task.sample, held.reference.info)
    reference = held.reference_frames if scoring.wants_reference else None
    for start in range(0, len(held.frames), CHUNK):
        chunk = slice(start, start + CHUNK)
        beside = reference[chunk] if reference is not None else None
        scoring.push(held.frames[chunk], beside)
    result.outcomes = scoring.finish(result.features)


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


def _read(clip: OpenClip) -> tuple[Frames, str]:
    """All frames of a small clip, and its identity."""
    frames = np.concatenate(list(clip.chunks))
    hasher = ClipHasher()
    hasher.push(frames)
    return frames, hasher.hexdigest(clip.info.fps)


def _verify(source: Source, sha256: str) -> None:
    if source.sha256 is not None and source.sha256 != sha256:
        raise ClipError(f"{source.name}: the file is damaged: its frames are not those it is named by")


def _bytes(info: ClipInfo) -> int:
    """Bytes of a clip's frames; more than can be held where the length is unknown."""
    return HELD_BYTES + 1 if info.num_frames is None else info.num_frames * info.height * info.width * 3
