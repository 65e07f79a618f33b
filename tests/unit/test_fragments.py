"""A clip that comes in fragments is the clip of the whole file, frame by frame, as early as it can be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from clip_files import moving_square
from fragmented import fragmented

from vbench_lite.errors import ClipError
from vbench_lite.video.decode import read_clip
from vbench_lite.video.fragments import FragmentDecoder
from vbench_lite.video.limits import Limits


@pytest.mark.parametrize("keyframes", [True, False], ids=["each begins anew", "each refers to those before"])
def test_pieces_are_decoded_as_they_come_and_as_in_a_file(keyframes: bool, tmp_path: Path) -> None:
    pieces = fragmented(moving_square(12), 4, keyframes=keyframes)
    decoder = FragmentDecoder("stream")
    come = [decoder.feed(piece) for piece in pieces]
    counts = [0 if frames is None else len(frames) for frames in come]
    assert counts == ([4, 4, 4, 0] if keyframes else [1] * 12 + [0])
    assert decoder.end() is None
    assert decoder.num_frames == 12
    (tmp_path / "whole.mp4").write_bytes(b"".join(pieces))
    together = np.concatenate([frames for frames in come if frames is not None])
    assert np.array_equal(together, read_clip(tmp_path / "whole.mp4").frames)


def test_a_head_of_its_own_waits_for_its_first_fragment() -> None:
    piece = fragmented(moving_square(4), 4)[0]
    begin = piece.index(b"moof") - 4
    decoder = FragmentDecoder("stream")
    assert decoder.feed(piece[:begin]) is None
    assert decoder.end() is None
    frames = decoder.feed(piece[begin:])
    assert frames is not None and len(frames) == 4


def test_damage_is_named_with_what_came_before() -> None:
    first, second, *_ = fragmented(moving_square(8), 4)
    decoder = FragmentDecoder("stream")
    decoder.feed(first)
    with pytest.raises(ClipError, match=r"stream: a piece is no whole fragmented MP4, or is cut short"):
        decoder.feed(second[:-1])
    noise = np.random.default_rng(0).bytes(len(second) // 2)
    with pytest.raises(ClipError, match=r"stream: damaged after 4 frames"):
        decoder.feed(second[: len(second) - len(noise)] + noise)
    with pytest.raises(ClipError, match="no whole fragmented MP4"):
        FragmentDecoder("stream").feed(b"\x00\x00\x00\x01moof" + b"\x00" * 8)  # a size that ends nowhere


def test_limits_hold_over_the_whole_stream() -> None:
    first, second, *_ = fragmented(moving_square(8), 4)
    decoder = FragmentDecoder("stream", Limits(max_frames=6))
    decoder.feed(first)
    with pytest.raises(ClipError, match="max_frames = 6"):
        decoder.feed(second)
    with pytest.raises(ClipError, match="max_pixels = 9999"):
        FragmentDecoder("stream", Limits(max_pixels=9999)).feed(first)
    with pytest.raises(ClipError, match="damaged after 0 frames"):  # the decoder itself refuses the size
        FragmentDecoder("stream", Limits(max_side=32)).feed(first)
