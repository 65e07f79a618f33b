"""What a clip may be, so that a hostile file cannot take the machine's memory or time."""

from __future__ import annotations

from dataclasses import dataclass

from vbench_lite.errors import ClipError


@dataclass(frozen=True)
class Limits:
    """Limits of a clip, checked before memory is asked for.

    Attributes:
        max_side: pixels of a side.
        max_frames: frames of a clip.
        max_pixels: frames x height x width.
        max_clip_bytes: bytes of a clip that is held whole (`read_clip`).
    """

    max_side: int = 8192
    max_frames: int = 100_000
    max_pixels: int = 10**11
    max_clip_bytes: int = 2**32

    def check_size(self, name: str, height: int, width: int, num_frames: int) -> None:
        """Raise ClipError, naming the limit, if a clip of this size is above one."""
        if max(height, width) > self.max_side:
            raise ClipError(f"{name}: {width}x{height} pixels, above the limit max_side = {self.max_side}")
        pixels = height * width * num_frames
        if pixels > self.max_pixels:
            raise ClipError(
                f"{name}: {num_frames} frames of {width}x{height} are {pixels} pixels, "
                f"above the limit max_pixels = {self.max_pixels}"
            )
