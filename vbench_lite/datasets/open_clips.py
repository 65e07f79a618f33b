"""`open-clips`: freely licensed real clips through the package index, with captions and tags of this project.

The recordings are small and few; docs/data-sets.md says what they are too small for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from vbench_lite.control import Script
from vbench_lite.dataset import ClipSize, Draw, RealClip
from vbench_lite.datasets.real_clips import RealClips
from vbench_lite.datasets.windows import Recording
from vbench_lite.errors import ClipError, DatasetError
from vbench_lite.video.samples import SAMPLES, default_cache, sample_clip
from vbench_lite.yaml_text import read_yaml

_LIST = Path(__file__).with_name("open_clips.yaml")
_LICENSES = "CC0-1.0 AND CC-BY-3.0 AND CC-BY-4.0 AND BSD-3-Clause AND LicenseRef-public-domain"


class OpenClips(RealClips):
    """Freely licensed real clips from packages: streets, a band, an animation, a globe; small, for scales."""

    def __init__(self) -> None:
        entries = read_yaml(_LIST, str(_LIST))
        self._files = sorted({str(entry["file"]) for entry in entries})
        super().__init__(
            [_recording(entry) for entry in entries],
            name="open-clips",
            license=_LICENSES,
            summary="freely licensed real clips through the package index, with captions; small, for scales",
        )

    def real(self, prompt: str | None, seed: int, size: ClipSize) -> RealClip:
        self._fetch()
        return super().real(prompt, seed, size)

    def steered(self, prompt: str, script: Script | None, seed: int, size: ClipSize) -> RealClip:
        self._fetch()
        return super().steered(prompt, script, seed, size)

    def reference(self, draw: Draw, size: ClipSize) -> Sequence[RealClip]:
        self._fetch()
        return super().reference(draw, size)

    def remarks(self, size: ClipSize) -> Sequence[str]:
        self._fetch()
        return super().remarks(size)

    def _content(self) -> str:
        """Of the list and the pins of its files, so that nothing is fetched to know it."""
        pins = [SAMPLES[name].sha256 for name in self._files]
        return hashlib.sha256("\n".join([_LIST.read_text(encoding="utf-8"), *pins]).encode()).hexdigest()[:16]

    def _fetch(self) -> None:
        for name in self._files:
            _fetched(name)


def _recording(entry: dict[str, object]) -> Recording:
    name, frames, crop = str(entry["file"]), entry["frames"], entry.get("crop")
    assert isinstance(frames, list) and (crop is None or isinstance(crop, list))
    tags = entry["tags"]
    assert isinstance(tags, list)
    return Recording(
        name=f"{entry['source']}:{frames[0]}",
        path=default_cache() / SAMPLES[name].file,
        source=str(entry["source"]),
        prompt=str(entry["prompt"]),
        tags=tuple(map(str, tags)),
        look_for=str(entry.get("look_for", "")),
        split="real" if entry["split"] == "real" else "reference",
        first=int(frames[0]),
        last=int(frames[1]),
        crop=None if crop is None else (crop[0], crop[1], crop[2], crop[3]),
    )


@cache
def _fetched(name: str) -> None:
    """The file is in the cache and is the one expected; fetched on first use.

    Raises:
        DatasetError: the package index cannot be reached, or gives another file.
    """
    try:
        sample_clip(name)
    except ClipError as error:
        raise DatasetError(f"data set open-clips: {error}") from None
