"""Pictures become the bytes that published tools read, shown as a player shows them."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from av.video.frame import VideoFrame
from clip_files import encode, moving_square

from vbench_lite.clip import Frames
from vbench_lite.video.decode import ClipReader, read_clip


def colourful(height: int, width: int, count: int = 3) -> Frames:
    """Edges of strong colours, at which ways to interpolate chroma differ, uint8 (T, H, W, 3)."""
    cells = np.random.default_rng(7).integers(0, 256, (count, height // 4 + 1, width // 4 + 1, 3))
    return np.repeat(np.repeat(cells, 4, 1), 4, 2)[:, :height, :width].astype(np.uint8)


def tagged(path: Path, frames: Frames, codec: str, pix_fmt: str, **tags: int) -> Path:
    """Write planes of random numbers with colour tags, so that no conversion comes before the reader's."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=8)
        stream.width, stream.height, stream.pix_fmt = frames.shape[2], frames.shape[1], pix_fmt
        for name, value in tags.items():
            setattr(stream.codec_context, name, value)
        for index, frame in enumerate(frames):
            image = VideoFrame.from_ndarray(frame, format="rgb24").reformat(format=pix_fmt)
            for name, value in tags.items():
                setattr(image, name, value)
            image.pts, image.time_base = index, Fraction(1, 8)
            container.mux(stream.encode(image))
        container.mux(stream.encode(None))
    return path


def by_opencv(path: Path) -> Frames:
    capture = cv2.VideoCapture(str(path))
    frames: list[Frames] = []
    while True:
        there, frame = capture.read()
        if not there:
            return np.stack(frames)[..., ::-1]
        frames.append(np.asarray(frame, np.uint8))


def by_ffmpeg(path: Path) -> Frames:
    """The conversion that the ffmpeg program and decord insert: the filter `scale` with its defaults."""
    frames = []
    with av.open(str(path)) as container:
        graph = av.filter.Graph()
        source = graph.add_buffer(template=container.streams.video[0])
        steps = [graph.add("scale", "flags=bicubic"), graph.add("format", "rgb24"), graph.add("buffersink")]
        for one, other in itertools.pairwise([source, *steps]):
            one.link_to(other)
        graph.configure()
        for image in container.decode(video=0):
            graph.push(image)
            pulled: Any = graph.pull()
            frames.append(pulled.to_ndarray())
    return np.stack(frames)


FILES = {
    "4:2:0": (48, 64, "libx264", "yuv420p", {}),
    "a size that no block divides": (50, 70, "libx264", "yuv420p", {}),
    "odd width": (48, 65, "ffv1", "yuv420p", {}),
    "BT.709": (48, 64, "libx264", "yuv420p", {"colorspace": 1}),
    "full range": (48, 64, "libx264", "yuv420p", {"color_range": 2}),
    "BT.709 in full range": (48, 64, "libx264", "yuv420p", {"colorspace": 1, "color_range": 2}),
    "4:2:2": (48, 64, "libx264", "yuv422p", {}),
    "4:4:4": (48, 64, "libx264", "yuv444p", {}),
    "VP9": (48, 64, "libvpx-vp9", "yuv420p", {}),
    "odd height": (49, 64, "ffv1", "yuv420p", {}),
    "odd both ways": (31, 33, "ffv1", "yuv420p", {}),
    "10 bit": (48, 64, "ffv1", "yuv420p10le", {}),
    "10 bit 4:2:2": (48, 64, "ffv1", "yuv422p10le", {}),
}
FFMPEG_DIFFERS = {"odd height", "10 bit", "10 bit 4:2:2", "odd both ways"}  # docs/vbench.md says by how much


@pytest.mark.parametrize("name", FILES)
def test_frames_are_the_bytes_of_opencv_and_of_ffmpeg(tmp_path: Path, name: str) -> None:
    height, width, codec, pix_fmt, tags = FILES[name]
    path = tagged(tmp_path / "a.mkv", colourful(height, width), codec, pix_fmt, **tags)
    frames = read_clip(path).frames
    assert np.array_equal(frames, by_opencv(path))
    if name not in FFMPEG_DIFFERS:
        assert np.array_equal(frames, by_ffmpeg(path))


@pytest.mark.parametrize("trc", [16, 18])
def test_high_dynamic_range_is_flagged(tmp_path: Path, trc: int) -> None:
    tags = {"color_trc": trc, "color_primaries": 9, "colorspace": 9}
    path = tagged(tmp_path / "a.mkv", colourful(48, 64), "libx264", "yuv420p10le", **tags)
    with ClipReader(path) as reader:
        assert reader.flags == ("10 bits reduced to 8", "high dynamic range without tone mapping")
    plain = tagged(tmp_path / "b.mkv", colourful(48, 64), "libx264", "yuv420p", color_trc=1)
    with ClipReader(plain) as reader:
        assert reader.flags == ()


MATRICES: dict[
    tuple[int, int, int, int], tuple[Callable[[Frames], Frames], str | None]
] = {  # (a, b, c, d): what a player shows of frames (T, H, W, 3), and the flag
    (1, 0, 0, 1): (lambda f: f, None),
    (0, 1, -1, 0): (lambda f: np.rot90(f, -1, (1, 2)), "rotated by 270 degrees"),
    (-1, 0, 0, -1): (lambda f: np.rot90(f, 2, (1, 2)), "rotated by 180 degrees"),
    (0, -1, 1, 0): (lambda f: np.rot90(f, 1, (1, 2)), "rotated by 90 degrees"),
    (-1, 0, 0, 1): (lambda f: f[:, :, ::-1], "mirrored left to right"),
    (1, 0, 0, -1): (lambda f: f[:, ::-1], "mirrored top to bottom"),
    (0, 1, 1, 0): (lambda f: f.swapaxes(1, 2), "mirrored and rotated by 90 degrees"),
    (0, -1, -1, 0): (lambda f: f.swapaxes(1, 2)[:, ::-1, ::-1], "mirrored and rotated by 270 degrees"),
}


@pytest.mark.parametrize("matrix", MATRICES)
def test_the_display_matrix_has_eight_cases(tmp_path: Path, matrix: tuple[int, int, int, int]) -> None:
    path = encode(tmp_path / "a.mp4", moving_square(3))
    straight = read_clip(path).frames
    a, b, c, d = (value << 16 for value in matrix)
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40  # version and flags, then the fields before the matrix
    data[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    shown, flag = MATRICES[matrix]
    with ClipReader(path) as reader:
        assert np.array_equal(np.stack(list(reader.frames())), shown(straight))
        assert reader.flags == (() if flag is None else (flag,))
