"""Which clips can be compared frame by frame."""

from __future__ import annotations

from vbench_lite.clip import ClipInfo
from vbench_lite.errors import NotApplicable


def check_sizes(clip: ClipInfo, reference: ClipInfo) -> None:
    """Raise NotApplicable unless both clips have one size and, where known, one length."""
    if (clip.height, clip.width) != (reference.height, reference.width):
        raise NotApplicable(
            f"the clip is {clip.width}x{clip.height} and its reference {reference.width}x{reference.height}"
        )
    if None not in (clip.num_frames, reference.num_frames) and clip.num_frames != reference.num_frames:
        raise NotApplicable(f"the clip has {clip.num_frames} frames and its reference {reference.num_frames}")
