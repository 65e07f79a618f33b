"""Features of clips: windows of frames in, vectors out, once for each clip and extractor.

The features of a clip are kept in a cache under the clip's hash and the extractor's fingerprint; a damaged
cache file counts as none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vbench_lite import registry
from vbench_lite.arrays import Ints
from vbench_lite.clip import ClipInfo, Frames
from vbench_lite.errors import StoreError, VBenchLiteError
from vbench_lite.extractor import FeatureExtractor
from vbench_lite.metric import Features
from vbench_lite.processes import pin_threads
from vbench_lite.run.networks import EXACT, Networks
from vbench_lite.run.scoring.fingerprint import short_hash
from vbench_lite.run.scoring.outcome import Outcome, failure
from vbench_lite.store import atomic
from vbench_lite.store.inside import inside

Prepared = npt.NDArray[Any]  # frames as `FeatureExtractor.prepare` left them, (N, ...)

BATCH_WINDOWS = 32
BATCH_BYTES = 5 * 2**20  # of prepared frames that wait; bounds memory whatever the clip's size


class FeatureCache:
    """Feature arrays on disk, float32 (windows, dim), by clip hash and extractor fingerprint."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, clip_sha256: str, extractor: FeatureExtractor) -> Features | None:
        """What is stored, or None if nothing is or the file is damaged."""
        path = self._path(clip_sha256, extractor)
        try:
            features: Features = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        fits = features.dtype == np.float32 and features.ndim == 2 and features.shape[1] == extractor.info.dim
        return features if fits else None

    def put(self, clip_sha256: str, extractor: FeatureExtractor, features: Features) -> None:
        """Store an array; it is renamed into place, so a reader never sees half of it.

        A disk that does not take it, and a folder behind a link, cost the cache and not the scores.
        """
        path = self._path(clip_sha256, extractor)
        with suppress(OSError, StoreError):
            own = inside(self.folder.parents[1], path)
            with atomic.replaced(own, durable=False) as temporary:
                np.save(temporary, features, allow_pickle=False)

    def _path(self, clip_sha256: str, extractor: FeatureExtractor) -> Path:
        info = extractor.info
        kind = f"{info.id}@{info.version}-{short_hash([extractor.fingerprint])}".replace("/", "-")
        return self.folder / kind / clip_sha256[:2] / f"{clip_sha256}.npy"


class Extractors:
    """The extractors that some metrics want; each is loaded when its first window comes.

    Attributes:
        broken: why an extractor has no features at all, by id: not applicable where weights are
            missing, an error for anything else.
    """

    def __init__(
        self,
        ids: Sequence[str],
        cache: FeatureCache | None = None,
        networks: Networks = EXACT,
        load: Callable[[str], FeatureExtractor] | None = None,
        threads: int | None = None,
    ) -> None:
        self.cache = cache
        self._threads = threads  # of torch, once an extractor has loaded it; None leaves them as they are
        self._device = networks.device
        self.broken: dict[str, Outcome] = {}
        self._made: dict[str, FeatureExtractor] = {}
        self._loaded: set[str] = set()
        for name in ids:
            try:
                made = load(name) if load else registry.load("extractors", name)()
                self._made[name] = networks.of(made)
                self._made[name].fingerprint  # noqa: B018 - it may read the weights' hash
            except Exception as error:  # a broken plug-in loses itself only; the reason is stored
                self.broken[name] = failure(error, f"extractor {name}")
                self._made.pop(name, None)

    def made(self, names: Sequence[str]) -> list[FeatureExtractor]:
        """Those of these extractors that could be made, for fingerprints."""
        return [self._made[name] for name in names if name in self._made]

    def cached(self, clip_sha256: str | None, name: str) -> Features | None:
        """Features of an earlier pass."""
        extractor = self._made.get(name)
        if self.cache is None or clip_sha256 is None or extractor is None:
            return None
        return self.cache.get(clip_sha256, extractor)

    def stream(self, name: str, info: ClipInfo) -> FeatureStream | Outcome:
        """A stream for the features of one clip, or why the extractor is broken; loads its weights first."""
        if name not in self.broken and name not in self._loaded:
            try:
                self._made[name].load(self._device)
            except Exception as error:  # as above
                self.broken[name] = failure(error, f"extractor {name}")
            else:
                self._loaded.add(name)
                if self._threads is not None:
                    pin_threads(self._threads)
        return self.broken[name] if name in self.broken else FeatureStream(self._made[name], info)

    def store(self, clip_sha256: str, name: str, features: Features) -> None:
        """Keep features for later passes."""
        if self.cache is not None:
            self.cache.put(clip_sha256, self._made[name], features)


class FeatureStream:
    """Features of one clip by one extractor, while its frames go by.

    Windows wait until they make a batch, so that a network sees several at a time. A batch holds windows of
    this clip only: a network's sums depend in their last bits on what else is in the batch, so the features
    of a clip would depend on which clips were scored beside it, by whom.

    Args:
        info: of the clip; without it every frame is kept.
    """

    def __init__(self, extractor: FeatureExtractor, info: ClipInfo | None = None) -> None:
        self.extractor = extractor
        self._info = info
        self._rows: list[Features] = []
        self._waiting: list[Prepared] = []  # windows of prepared frames, (window, ...)
        self._tail: Prepared | None = None  # prepared frames from the start of the next window on
        self._failed: Outcome | None = None
        self._pushed = 0  # frames
        self._kept = 0  # frames of these that the extractor looks at

    def push(self, frames: Frames) -> None:
        """Add the next frames, uint8 (N, H, W, 3)."""
        if self._failed is not None:
            return
        try:
            self._take(self._prepared(frames))
        except Exception as error:  # becomes the outcome of this clip
            self._fail(error)

    def finish(self) -> Features | Outcome:
        """Features, float32 (windows, dim), or why there are none."""
        if self._failed is None and self._waiting:
            try:
                self._extract()
            except Exception as error:  # as above
                self._fail(error)
        if self._failed is not None:
            return self._failed
        return (
            np.concatenate(self._rows) if self._rows else np.empty((0, self.extractor.info.dim), np.float32)
        )

    def _prepared(self, frames: Frames) -> Prepared:
        """What the extractor makes of the frames that it looks at."""
        info = self.extractor.info
        if self._info is not None:
            indices: Ints = np.arange(self._pushed, self._pushed + len(frames))
            self._pushed += len(frames)
            kept = self.extractor.keep(self._info, indices)
            frames = frames if kept.all() else frames[kept]
        places: Ints = np.arange(self._kept, self._kept + len(frames))
        self._kept += len(frames)
        if info.stride > info.window:  # frames between two windows are in none
            frames = frames[places % info.stride < info.window]
        return self.extractor.prepare(frames) if len(frames) else frames

    def _take(self, prepared: Prepared) -> None:
        """Cut windows; every full batch of them goes through the network."""
        if len(prepared) == 0:
            return
        info = self.extractor.info
        frames = prepared if self._tail is None else np.concatenate([self._tail, prepared])
        room = max(1, min(BATCH_WINDOWS, BATCH_BYTES // (info.window * frames[0].nbytes)))
        start, step = 0, min(info.stride, info.window)
        while start + info.window <= len(frames):
            self._waiting.append(frames[start : start + info.window])
            if len(self._waiting) >= room:
                self._extract()
            start += step
        self._tail = frames[start:].copy() if start < len(frames) else None

    def _extract(self) -> None:
        """One batch through the network."""
        windows, self._waiting = self._waiting, []
        info = self.extractor.info
        features = np.asarray(self.extractor.extract(np.stack(windows)), np.float32)
        if features.shape != (len(windows), info.dim):
            raise VBenchLiteError(f"gave {features.shape}, declared ({len(windows)}, {info.dim})")
        if not np.isfinite(features).all():
            raise VBenchLiteError("gave a feature that is not finite")
        self._rows.append(features)

    def _fail(self, error: Exception) -> None:
        self._failed = failure(error, f"extractor {self.extractor.info.id}")
        self._waiting, self._rows, self._tail = [], [], None


class ClipFeatures:
    """Features of one clip by several extractors: from the cache, or made while its frames go by.

    Args:
        sha256: of the clip, if it is known before it is read.
    """

    def __init__(
        self, extractors: Extractors, names: Sequence[str], info: ClipInfo, sha256: str | None
    ) -> None:
        self._extractors = extractors
        self._streams: dict[str, FeatureStream] = {}
        self.found: dict[str, Features | Outcome] = {}
        for name in names:
            cached = extractors.cached(sha256, name)
            made = extractors.stream(name, info) if cached is None else cached
            if isinstance(made, FeatureStream):
                self._streams[name] = made
            else:
                self.found[name] = made

    @property
    def wants_frames(self) -> bool:
        """Whether anything is left to be made."""
        return bool(self._streams)

    def push(self, frames: Frames) -> None:
        """Add the next frames, uint8 (N, H, W, 3)."""
        for stream in self._streams.values():
            stream.push(frames)

    def finish(self, sha256: str | None) -> dict[str, Features | Outcome]:
        """The features by extractor; those that were made are cached if the clip was read to its end."""
        for name, stream in self._streams.items():
            made = self.found[name] = stream.finish()
            if not isinstance(made, Outcome) and sha256 is not None:
                self._extractors.store(sha256, name, made)
        return self.found
