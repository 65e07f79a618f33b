"""Features of clips: windows of frames in, vectors out, once for each clip and extractor.

Windows wait in a small queue, so that a network sees several windows of a clip at a time. The result of a
clip is kept in a cache under the clip's hash and the extractor's fingerprint; a damaged cache file counts
as none.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vbench_lite import registry
from vbench_lite.clip import ClipInfo, Frames
from vbench_lite.errors import VBenchLiteError
from vbench_lite.extractor import FeatureExtractor
from vbench_lite.metric import Features
from vbench_lite.run.child import pin_threads
from vbench_lite.run.scoring.fingerprint import short_hash
from vbench_lite.run.scoring.outcome import Outcome, failure

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
        """Store an array; it is renamed into place, so a reader never sees half of it."""
        path = self._path(clip_sha256, extractor)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{uuid.uuid4().hex}.npy")
        try:
            np.save(temporary, features, allow_pickle=False)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

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
        device: str = "cpu",
        load: Callable[[str], FeatureExtractor] | None = None,
        threads: int | None = None,
    ) -> None:
        self.cache = cache
        self._threads = threads  # of torch, once an extractor has loaded it; None leaves them as they are
        self.device = device
        self.broken: dict[str, Outcome] = {}
        self._made: dict[str, FeatureExtractor] = {}
        self._loaded: set[str] = set()
        for name in ids:
            try:
                self._made[name] = load(name) if load else registry.load("extractors", name)()
                self._made[name].fingerprint  # noqa: B018 - it may read the weights' hash
            except Exception as error:  # a broken plug-in loses itself only; the reason is stored
                self.broken[name] = failure(error, f"extractor {name}")
                self._made.pop(name, None)

    def made(self, names: Sequence[str]) -> list[FeatureExtractor]:
        """Those of these extractors that could be made, for fingerprints."""
        return [self._made[name] for name in names if name in self._made]

    def loaded(self, name: str) -> FeatureExtractor | None:
        """The extractor with its weights, or None if it is broken; then `broken` says why."""
        if name in self.broken:
            return None
        if name not in self._loaded:
            try:
                self._made[name].load(self.device)
            except Exception as error:  # as above
                self.broken[name] = failure(error, f"extractor {name}")
                return None
            self._loaded.add(name)
            if self._threads is not None:
                pin_threads(self._threads)
        return self._made[name]

    def cached(self, clip_sha256: str | None, name: str) -> Features | None:
        """Features of an earlier pass."""
        extractor = self._made.get(name)
        if self.cache is None or clip_sha256 is None or extractor is None:
            return None
        return self.cache.get(clip_sha256, extractor)

    def store(self, clip_sha256: str, name: str, features: Features) -> None:
        """Keep features for later passes."""
        if self.cache is not None:
            self.cache.put(clip_sha256, self._made[name], features)


@dataclass
class _Clip:
    """How far one clip got."""

    rows: list[Features] = field(default_factory=list)
    waiting: list[Prepared] = field(default_factory=list)  # windows of prepared frames, (window, ...)
    failed: Outcome | None = None
    tail: Prepared | None = None  # prepared frames from the start of the next window on
    info: ClipInfo | None = None
    pushed: int = 0  # frames
    kept: int = 0  # frames of these that the extractor looks at


class FeatureQueue:
    """One extractor over many clips: frames are pushed by clip, features are taken by clip.

    A batch holds windows of one clip only. A network's sums depend in their last bits on what else is in
    the batch; so the features of a clip would depend on which clips were scored beside it, by whom.
    """

    def __init__(self, extractor: FeatureExtractor) -> None:
        self.extractor = extractor
        self._clips: dict[str, _Clip] = {}

    def start(self, key: str, info: ClipInfo | None = None) -> None:
        """Begin a clip; several may be open at a time. Without `info` every frame is kept."""
        self._clips[key] = _Clip(info=info)

    def push(self, key: str, frames: Frames) -> None:
        """Add the next frames of a clip, uint8 (N, H, W, 3)."""
        clip, info = self._clips[key], self.extractor.info
        if clip.failed is not None:
            return
        prepared = self._prepared(clip, frames)
        if len(prepared) == 0:
            return
        held = prepared if clip.tail is None else np.concatenate([clip.tail, prepared])
        start, step = 0, min(info.stride, info.window)
        while start + info.window <= len(held):
            clip.waiting.append(held[start : start + info.window])
            if len(clip.waiting) >= self._room(held):
                self._run(clip)
            start += step
        clip.tail = held[start:].copy() if start < len(held) else None

    def _prepared(self, clip: _Clip, frames: Frames) -> Prepared:
        """What the extractor keeps of the frames it looks at; where that fails, the clip fails for it."""
        info = self.extractor.info
        indices: npt.NDArray[np.int64] = np.arange(clip.pushed, clip.pushed + len(frames))
        clip.pushed += len(frames)
        try:
            if clip.info is not None:
                kept = self.extractor.keep(clip.info, indices)
                frames = frames if kept.all() else frames[kept]
            places: npt.NDArray[np.int64] = np.arange(clip.kept, clip.kept + len(frames))
            clip.kept += len(frames)
            if info.stride > info.window:  # frames between two windows are in none
                frames = frames[places % info.stride < info.window]
            return self.extractor.prepare(frames) if len(frames) else frames
        except Exception as error:  # becomes the outcome of this clip
            clip.failed = failure(error, f"extractor {info.id}")
            return frames[:0]

    def flush(self) -> None:
        """Run the network on everything that waits."""
        for clip in self._clips.values():
            if clip.waiting:
                self._run(clip)

    def take(self, key: str) -> Features | Outcome:
        """Features of a finished clip, float32 (W, dim), or why there are none; call `flush` first."""
        clip = self._clips.pop(key)
        if clip.failed is not None:
            return clip.failed
        return np.concatenate(clip.rows) if clip.rows else np.empty((0, self.extractor.info.dim), np.float32)

    def _room(self, frames: Prepared) -> int:
        window_bytes = self.extractor.info.window * frames[0].nbytes
        return max(1, min(BATCH_WINDOWS, BATCH_BYTES // int(window_bytes)))

    def _run(self, clip: _Clip) -> None:
        """One batch; if it fails, its clip has no features."""
        windows, clip.waiting = clip.waiting, []
        if clip.failed is not None:
            return
        try:
            clip.rows.append(self._extract(windows))
        except Exception as error:  # becomes the outcome of this clip
            clip.failed = failure(error, f"extractor {self.extractor.info.id}")

    def _extract(self, windows: list[Prepared]) -> Features:
        info = self.extractor.info
        features = np.asarray(self.extractor.extract(np.stack(windows)), np.float32)
        if features.shape != (len(windows), info.dim):
            raise VBenchLiteError(f"gave {features.shape}, declared ({len(windows)}, {info.dim})")
        if not np.isfinite(features).all():
            raise VBenchLiteError("gave a feature that is not finite")
        return features
