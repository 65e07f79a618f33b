"""Timestamps are the truth: rates, held frames, slots without data, joined and cut streams."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.stream import Disposition
from av.video.frame import VideoFrame
from clip_files import encode, moving_square

from vbench_lite.clip import ClipInfo
from vbench_lite.errors import ClipError
from vbench_lite.metric import ClipMetric, Frames, SampleInfo
from vbench_lite.suites.coherence.brightness_flicker import BrightnessFlicker
from vbench_lite.suites.coherence.motion_amount import MotionAmount
from vbench_lite.suites.frames.degenerate import Degenerate
from vbench_lite.suites.horizon.drift import BrightnessDrift, MotionDrift
from vbench_lite.suites.horizon.freeze import LongestFreeze
from vbench_lite.suites.horizon.loop import LoopShare
from vbench_lite.video.decode import ClipReader, read_clip
from vbench_lite.video.timeline import NO_TIMES, lay_out

MILLI = Fraction(1, 1000)


def test_a_stated_rate_counts_where_timestamps_agree_with_it() -> None:
    rounded = [0, 33, 67, 100, 133]  # thirtieths of a second, in milliseconds
    assert lay_out(rounded, MILLI, [30.0]).fps == 30.0
    assert lay_out(rounded, MILLI, [25.0, 30.0]).fps == 30.0
    assert lay_out(rounded, MILLI, [25.0]).fps == pytest.approx(30, rel=0.01)
    assert lay_out([None] * 3, None, [24.0]).fps == 24.0


def test_how_long_the_last_frame_is_held_does_not_change_the_rate() -> None:
    stamps = list(range(0, 2000, 125))
    held = lay_out(stamps, MILLI, [16 / 3.875], last=2000)
    assert held.fps == 8.0 and not held.variable and not held.even
    assert held.edges[-1] == pytest.approx(3.875)
    assert lay_out(stamps, MILLI, [8.0], last=125).even
    assert lay_out(stamps, MILLI, [8.0], last=126).even, "containers round"


def test_equal_timestamps_are_told_and_divide_nothing() -> None:
    scan = lay_out([5, 5, 5], MILLI, [8.0])
    assert (scan.count, scan.fps, scan.flags) == (3, 8.0, (NO_TIMES,))
    some = lay_out([0, 100, 100, 300], MILLI, [])
    assert some.variable and some.fps == pytest.approx(10) and np.diff(some.edges).min() == 0


# --- held frames ------------------------------------------------------------------------------------

SAMPLE = SampleInfo("g", "s", "p", None, None)


def held_and_even() -> tuple[Frames, np.ndarray, Frames]:
    """A clip in which one frame is held for nine steps, with its times, and the same at an even rate."""
    even = moving_square(40, 48, 128)
    even[8:17] = even[8]
    kept = np.r_[0:9, 17:40]
    return even[kept], np.append(kept, 40) / 10, even


@pytest.mark.parametrize(
    ("metric", "within"),
    [
        (LongestFreeze, 1e-9), (Degenerate, 0), (MotionAmount, 1e-9), (BrightnessDrift, 1e-9),
        (MotionDrift, 1e-9), (LoopShare, 1e-9),
    ],
)  # fmt: skip
def test_a_held_frame_counts_like_the_frames_it_stands_for(metric: type[ClipMetric], within: float) -> None:
    frames, times, even = held_and_even()
    values = []
    for shown, when in ((frames, times), (even, None)):
        made = metric()
        info = ClipInfo("c", len(shown), 48, 128, (len(shown) - 1) / 3.9, when)
        made.start(info if when is not None else replace(info, fps=10.0), SAMPLE)
        made.push(shown, np.arange(len(shown)))
        values.append(float(made.finish({})))
    assert values[0] == pytest.approx(values[1], abs=within)
    if metric is LongestFreeze:
        assert values[0] == pytest.approx(0.8)


def test_an_uneven_fade_does_not_flicker() -> None:
    times = np.array([0.0, 0.1, 0.2, 0.6, 0.7, 0.8])
    frames = np.repeat(np.rint(100 + 100 * times[:-1]), 8 * 8 * 3).reshape(5, 8, 8, 3).astype(np.uint8)
    metric = BrightnessFlicker()
    metric.start(ClipInfo("c", 5, 8, 8, 5.0, times), SAMPLE)
    metric.push(frames, np.arange(5))
    assert metric.finish({}) == pytest.approx(0, abs=1e-9)


# --- containers ---------------------------------------------------------------------------------------


def test_slots_of_an_avi_without_data_repeat_the_frame_before(tmp_path: Path) -> None:
    frames = moving_square(12)
    path = encode(tmp_path / "a.avi", frames, "mjpeg", "yuvj420p", pts=[0, 1, 2, *range(6, 15)])
    clip = read_clip(path)
    assert clip.fps == 8 and clip.times is None
    assert len(clip.frames) == 15, "the file has fifteen slots"
    assert all(np.array_equal(clip.frames[2], clip.frames[place]) for place in (3, 4, 5))
    with ClipReader(path) as reader:
        assert reader.flags == ("3 of 15 frames repeat the one before: they hold no picture",)


def covered(path: Path, frames: Frames) -> Path:
    """An MP4 with a cover picture and these frames, which may be none."""
    with av.open(str(path), "w") as container:
        picture: Any = container.add_stream("mjpeg", rate=1)
        picture.disposition = Disposition.attached_pic
        video: Any = container.add_stream("libx264", rate=8) if len(frames) else None
        for stream, pix_fmt in ((picture, "yuvj420p"), (video, "yuv420p")):
            if stream is not None:
                stream.width, stream.height, stream.pix_fmt = 64, 48, pix_fmt
        cover = VideoFrame.from_ndarray(np.full((48, 64, 3), 99, np.uint8), format="rgb24")
        container.mux(picture.encode(cover.reformat(format="yuvj420p")))
        container.mux(picture.encode(None))
        for index, frame in enumerate(frames):
            image = VideoFrame.from_ndarray(frame, format="rgb24")
            image.pts, image.time_base = index, Fraction(1, 8)
            container.mux(video.encode(image))
        container.mux(video.encode(None) if video is not None else [])
    return path


def test_a_cover_picture_is_no_clip(tmp_path: Path) -> None:
    assert len(read_clip(covered(tmp_path / "a.mp4", moving_square(5))).frames) == 5
    with pytest.raises(ClipError, match=r"a.mp4: the file has no video stream, only a cover picture"):
        read_clip(covered(tmp_path / "a.mp4", moving_square(0)))


def test_a_cut_stream_begins_at_its_first_key_frame(tmp_path: Path) -> None:
    frames = np.concatenate([moving_square(20), moving_square(20)[::-1]])
    options = {"g": "10", "bf": "2"}
    whole = encode(tmp_path / "a.ts", frames, "mpeg2video", rate=25, options=options)
    data = whole.read_bytes()
    (tmp_path / "cut.ts").write_bytes(data[len(data) * 3 // 10 // 188 * 188 :])
    full = read_clip(whole).frames
    with ClipReader(tmp_path / "cut.ts") as reader:
        rest = np.stack(list(reader.frames()))
        assert any("before the first key frame cannot be shown" in flag for flag in reader.flags)
        assert reader.info.num_frames == len(rest)
    assert 10 <= len(rest) < 40 and np.array_equal(rest, full[-len(rest) :])


def test_streams_that_are_joined_are_one_clip(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.ts", moving_square(12), "mpeg2video", rate=25)
    one = read_clip(path)
    (tmp_path / "b.ts").write_bytes(path.read_bytes() * 2)
    with ClipReader(tmp_path / "b.ts") as reader:
        assert np.array_equal(np.stack(list(reader.frames())), np.concatenate([one.frames] * 2))
        assert reader.info.fps == 25 and reader.info.times is None
        assert "2 parts are joined: their clocks start again" in reader.flags


# --- files that end early -------------------------------------------------------------------------------

CUTS = {
    "y4m": ("a.y4m", "wrapped_avframe", "yuv420p", None),
    "Ogg": ("a.ogv", "libvpx", "yuv420p", None),
    "raw HEVC": ("a.hevc", "libx265", "yuv420p", {"x265-params": "log-level=none"}),
    "WMV": ("a.wmv", "wmv2", "yuv420p", None),
    "MXF": ("a.mxf", "mpeg2video", "yuv420p", None),
    "fragments": ("a.mp4", "libx264", "yuv420p", None),
    "FLV": ("a.flv", "flv", "yuv420p", None),
}


@pytest.mark.parametrize("kind", CUTS)
def test_a_cut_file_is_refused_or_flagged(tmp_path: Path, kind: str) -> None:
    name, codec, pix_fmt, options = CUTS[kind]
    muxer = {"movflags": "frag_keyframe+empty_moov"} if kind == "fragments" else {}
    path = encode(tmp_path / name, moving_square(24), codec, pix_fmt, rate=25,
                  options={**(options or {}), "g": "6"}, muxer=muxer)  # fmt: skip
    whole, data = len(read_clip(path).frames), path.read_bytes()
    assert whole == 24
    for part in np.linspace(0.1, 0.99, 12):
        path.write_bytes(data[: int(len(data) * part)])
        try:
            with ClipReader(path) as reader:
                count = sum(1 for _ in reader.frames())
                told = any("a cut would not be" in flag or "end of the file" in flag for flag in reader.flags)
        except ClipError as error:
            assert str(error).startswith(f"{name}: ")
        else:
            assert count == whole or told, f"{count} of {whole} frames at {part:.2f}, and not a word"
