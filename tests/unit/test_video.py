"""Reading and writing clips: exact round trips, every awkward container, and clear errors."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from clip_files import PIXELS, close, encode, long_clip, moving_square

from vbench_lite.clip import clip_sha256
from vbench_lite.errors import ClipError
from vbench_lite.video.decode import (
    ClipReader,
    Limits,
    probe,
    read_chunks,
    read_clip,
    write_lossless,
    write_preview,
)
from vbench_lite.video.pixels import PictureConverter

# --- lossless --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shape",
    [
        (5, 32, 32, 3),
        (17, 33, 31, 3),
        (1, 1, 1, 3),
        (2, 7, 64, 3),
        (3, 2, 2, 3),
        (2, 288, 353, 3),
        (2, 721, 479, 3),
    ],
)
@pytest.mark.parametrize("fps", [8.0, 30000 / 1001, 7.3, None])
def test_lossless_gives_the_same_clip_back(tmp_path: Path, shape: tuple[int, ...], fps: float | None) -> None:
    frames = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    write_lossless(tmp_path / "a.mkv", frames, fps)
    clip = read_clip(tmp_path / "a.mkv")
    assert np.array_equal(clip.frames, frames)
    assert clip.fps == fps
    assert clip.sha256 == clip_sha256(frames, fps)


def test_equal_clips_give_equal_files(tmp_path: Path) -> None:
    frames = moving_square()
    write_lossless(tmp_path / "first.mkv", frames, 8.0)
    write_lossless(tmp_path / "second.mkv", frames.copy(), 8.0)
    assert (tmp_path / "first.mkv").read_bytes() == (tmp_path / "second.mkv").read_bytes()


def test_lossless_refuses_what_is_no_clip(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="uint8"):
        write_lossless(tmp_path / "a.mkv", np.zeros((2, 4, 4, 3)), 8.0)  # type: ignore[arg-type]
    with pytest.raises(ClipError, match="frames a second"):
        write_lossless(tmp_path / "a.mkv", moving_square(), 0.0)


def test_chunks_are_the_clip_and_bounded(tmp_path: Path) -> None:
    frames = moving_square(11)
    write_lossless(tmp_path / "a.mkv", frames, 8.0)
    chunks = list(read_chunks(tmp_path / "a.mkv", size=4))
    assert [len(chunk) for chunk in chunks] == [4, 4, 3]
    assert np.array_equal(np.concatenate(chunks), frames)


# --- previews --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("height", "width", "shown"),
    [(32, 32, (256, 256)), (33, 31, (232, 216)), (600, 301, (600, 300)), (1, 1, (256, 256))],
)
def test_preview_is_even_enlarged_and_starts_with_its_index(
    tmp_path: Path, height: int, width: int, shown: tuple[int, int]
) -> None:
    frames = np.full((3, height, width, 3), 128, np.uint8)
    path = tmp_path / "p.mp4"
    write_preview(path, iter([frames[:2], frames[2:]]), 8.0)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert stream.frames == 3
    info = probe(path)
    assert abs(info.height - shown[0]) <= 1 and abs(info.width - shown[1]) <= 1
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_preview_of_no_frames_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="at least one frame"):
        write_preview(tmp_path / "p.mp4", iter([]), 8.0)


# --- containers and pixel formats ------------------------------------------------------------

FORMATS = [
    ("a.mp4", "libx264", "yuv420p"),
    ("a.mkv", "libx264", "yuv444p10le"),
    ("a.mp4", "libx265", "yuv420p10le"),
    ("a.webm", "libvpx", "yuv420p"),
    ("a.webm", "libvpx-vp9", "yuv420p"),
    ("a.avi", "mpeg4", "yuv420p"),
    ("a.mov", "prores_ks", "yuv422p10le"),
    ("a.ts", "mpeg2video", "yuv420p"),
    ("a.mov", "qtrle", "rgb24"),
]


@pytest.mark.parametrize(("name", "codec", "pix_fmt"), FORMATS)
def test_every_container_gives_all_frames(tmp_path: Path, name: str, codec: str, pix_fmt: str) -> None:
    frames = moving_square(13)
    extra = {"x265-params": "log-level=none"} if codec == "libx265" else None
    rate = 25 if codec == "mpeg2video" else 8
    path = encode(tmp_path / name, frames, codec, pix_fmt, rate=rate, options=extra)
    clip = read_clip(path)
    assert clip.frames.shape == frames.shape
    assert clip.fps == pytest.approx(rate, rel=1e-3)
    assert close(clip.frames, frames, within=8)


def test_vp8_hidden_reference_frames_are_not_counted(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (60, 48, 64, 3), dtype=np.uint8)
    frames = (moving_square(60, width=200)[:, :, :64] // 2 + noise // 8).astype(np.uint8)
    options = {"auto-alt-ref": "1", "lag-in-frames": "16", "b": "200k", "arnr-maxframes": "7"}
    path = encode(tmp_path / "a.webm", frames, "libvpx", options=options)
    assert probe(path).num_frames == 60
    assert len(read_clip(path).frames) == 60


def test_ten_bit_is_flagged(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.mkv", moving_square(), "libx264", "yuv420p10le")
    with ClipReader(path) as reader:
        assert reader.flags == ("10 bits reduced to 8",)


def test_one_frame_and_odd_sizes(tmp_path: Path) -> None:
    one = encode(tmp_path / "one.mp4", moving_square(1))
    assert probe(one).num_frames == 1
    assert read_clip(one).frames.shape == (1, 48, 64, 3)
    odd = encode(tmp_path / "odd.mkv", moving_square(5, 47, 63), pix_fmt="yuv444p")
    assert read_clip(odd).frames.shape == (5, 47, 63, 3)


def test_gif(tmp_path: Path) -> None:
    frames = np.zeros((6, 20, 30, 3), np.uint8)
    for t in range(6):
        frames[t, 4:10, 3 * t : 3 * t + 6] = 255
    path = encode(tmp_path / "a.gif", frames, "gif", "rgb8", rate=10)
    clip = read_clip(path)
    assert clip.frames.shape == frames.shape
    assert close(clip.frames, frames, within=1)  # the palette has no pure white
    assert clip.fps == pytest.approx(10)


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"), [("a.mov", "qtrle", "argb"), ("a.mkv", "ffv1", "bgra")]
)
def test_alpha_is_composited_on_black(tmp_path: Path, name: str, codec: str, pix_fmt: str) -> None:
    frames = np.full((3, 16, 16, 4), 200, np.uint8)
    frames[..., 3] = 255
    frames[:, :8, :, 3] = 0
    frames[:, 8:12, :, 3] = 128
    path = encode(tmp_path / name, frames, codec, pix_fmt)
    with ClipReader(path) as reader:
        assert reader.flags == ("alpha composited on black",)
        got = next(reader.chunks())
    assert (got[:, :8] == 0).all()
    assert (got[:, 8:12] == 100).all()
    assert (got[:, 12:] == 200).all()


@pytest.mark.parametrize("codec", ["libvpx", "libvpx-vp9"])
def test_alpha_of_webm_is_composited_too(tmp_path: Path, codec: str) -> None:
    frames = np.full((5, 32, 32, 4), 200, np.uint8)
    frames[..., 3] = 255
    frames[:, :16, :, 3] = 0
    path = encode(tmp_path / "a.webm", frames, codec, "yuva420p", options={"auto-alt-ref": "0"})
    with ClipReader(path) as reader:
        assert reader.flags == ("alpha composited on black",)
        (got,) = reader.chunks()
    assert len(got) == 5
    assert (got[:, :14] <= 2).all() and (got[:, 18:] >= 198).all()


def test_variable_rate_takes_frames_as_stored(tmp_path: Path) -> None:
    frames = moving_square(5)
    path = encode(tmp_path / "a.mkv", frames, "ffv1", "bgr0", rate=100, pts=[0, 10, 20, 60, 80])
    with ClipReader(path) as reader:
        assert reader.flags == ("variable frame rate",)
        assert reader.info.fps == pytest.approx(5.0)  # four intervals in 0.8 s
        assert reader.times.tolist() == pytest.approx([0, 0.1, 0.2, 0.6, 0.8])
        assert np.array_equal(np.concatenate(list(reader.chunks())), frames)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_rotation_is_applied(tmp_path: Path, turns: int) -> None:
    frames = moving_square(3)
    path = encode(tmp_path / "a.mp4", frames, options={"crf": "1"})
    straight = read_clip(path).frames
    cos, sin = [(0, 1), (-1, 0), (0, -1)][turns - 1]
    matrix = [cos << 16, sin << 16, 0, (-sin) << 16, cos << 16, 0, 0, 0, 1 << 30]
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40  # version and flags, then the fields before the matrix
    data[at : at + 36] = struct.pack(">9i", *matrix)
    path.write_bytes(data)
    clip = read_clip(path).frames
    assert np.array_equal(clip, np.rot90(straight, -turns, axes=(1, 2)))  # the matrix turns clockwise


def test_tagged_colours_are_followed(tmp_path: Path) -> None:
    frames = np.full((2, 32, 32, 3), (30, 180, 60), np.uint8)
    tagged = tmp_path / "a.mkv"
    with av.open(str(tagged), "w") as container:
        stream: Any = container.add_stream("libx264", rate=8, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv444p"
        stream.codec_context.colorspace = 1  # BT.709
        for index, frame in enumerate(frames):
            image = VideoFrame.from_ndarray(frame, format="rgb24")
            image = image.reformat(format="yuv444p", dst_colorspace="ITU709")
            image.pts, image.time_base = index, Fraction(1, 8)
            container.mux(stream.encode(image))
        container.mux(stream.encode(None))
    assert close(read_clip(tagged).frames, frames, within=2)


# --- damage and refusal ----------------------------------------------------------------------


TRUNCATED = [
    ("index first", "a.mp4", "libx264", {"muxer": {"movflags": "+faststart"}}),
    ("matroska", "a.mkv", "libx264", {}),
    ("lossless", "a.mkv", "ffv1", {}),
    ("avi", "a.avi", "mpeg4", {}),
    ("gif", "a.gif", "gif", {}),
    ("webm", "a.webm", "libvpx-vp9", {"options": {"cpu-used": "8", "deadline": "realtime"}}),
]


@pytest.mark.parametrize("part", [0.55, 0.7, 0.9])
@pytest.mark.parametrize(
    ("name", "codec", "options"), [t[1:] for t in TRUNCATED], ids=[t[0] for t in TRUNCATED]
)
def test_a_truncated_file_is_an_error_and_never_shorter(
    tmp_path: Path, name: str, codec: str, options: dict[str, Any], part: float
) -> None:
    path = encode(tmp_path / name, long_clip(), codec, PIXELS.get(codec, "yuv420p"), **options)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(ClipError, match=rf"^{name}: truncated.*frames") as caught:
        read_clip(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "codec"), [("a.avi", "mpeg4"), ("a.mkv", "ffv1")])
def test_a_file_that_lost_only_its_index_is_whole(tmp_path: Path, name: str, codec: str) -> None:
    path = encode(tmp_path / name, long_clip(), codec, PIXELS.get(codec, "yuv420p"))
    whole = read_clip(path).frames
    data = path.read_bytes()
    path.write_bytes(data[:-20])
    assert np.array_equal(read_clip(path).frames, whole)


def test_the_error_counts_the_frames(tmp_path: Path) -> None:
    options = {"g": "1", "bf": "0", "crf": "20"}
    faststart = {"movflags": "+faststart"}
    path = encode(tmp_path / "a.mp4", long_clip(), options=options, muxer=faststart)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ClipError, match=r"^sub/a.mp4: truncated: (19|2\d) of 40 frames could be read$"):
        read_clip(path, name="sub/a.mp4")


@pytest.mark.parametrize("place", range(10, 90, 5))
def test_damage_never_shortens_a_clip_in_silence(tmp_path: Path, place: int) -> None:
    """In the picture it may go unnoticed by the codec; in the structure it ends the demuxer's walk."""
    path = encode(tmp_path / "a.mkv", long_clip())
    data = bytearray(path.read_bytes())
    start = len(data) * place // 100
    data[start : start + 64] = b"\xff" * 64
    path.write_bytes(data)
    try:
        assert len(read_clip(path).frames) == 40
    except ClipError as error:
        assert re.search(r"a.mkv: truncated( or damaged)?: \d+ of \d+ frames could be read", str(error))


def bad_files() -> Iterator[tuple[str, bytes, str]]:
    yield "empty.mp4", b"", "empty"
    yield "text.mp4", b"this is no video\n" * 50, "not a readable video"
    yield (
        "playlist.mp4",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n/etc/passwd\n",
        "not a readable video",
    )
    yield "concat.mp4", b"ffconcat version 1.0\nfile '/etc/passwd'\n", "not a readable video"
    yield "zeros.mp4", bytes(4096), "not a readable video"
    yield "cut.mp4", b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41", "not a readable video"


@pytest.mark.parametrize(("name", "content", "message"), list(bad_files()), ids=[f[0] for f in bad_files()])
def test_what_is_no_video_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ClipError, match=rf"^{name}: .*{message}") as caught:
        probe(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_missing_file_folder_and_sound_only(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match=r"^a.mp4: no such file"):
        probe(tmp_path / "a.mp4")
    with pytest.raises(ClipError, match="no regular file"):
        probe(tmp_path)
    with av.open(str(tmp_path / "sound.mkv"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(ClipError, match="no video stream"):
        probe(tmp_path / "sound.mkv")


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        (Limits(max_side=63), "max_side = 63"),
        (Limits(max_frames=11), "max_frames = 11"),
        (Limits(max_pixels=12 * 48 * 64 - 1), "max_pixels"),
        (Limits(max_clip_bytes=100), "max_clip_bytes = 100"),
    ],
)
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_limits_are_named(tmp_path: Path, name: str, limits: Limits, named: str) -> None:
    path = encode(tmp_path / name, moving_square())
    with pytest.raises(ClipError, match=named):
        read_clip(path, limits=limits)


def test_a_changing_frame_size_is_an_error(tmp_path: Path) -> None:
    small = encode(tmp_path / "s.ts", moving_square(6, 32, 32), "mpeg2video", rate=25)
    large = encode(tmp_path / "l.ts", moving_square(6, 48, 64), "mpeg2video", rate=25)
    joined = tmp_path / "a.ts"
    joined.write_bytes(small.read_bytes() + large.read_bytes())
    with pytest.raises(ClipError, match=r"^a.ts: "):
        read_clip(joined)


@pytest.mark.filterwarnings("error")
def test_more_frames_than_a_file_says_are_damage(tmp_path: Path) -> None:
    """The first picture says that it is the last: all others seem to be dropped, and are not."""
    path = encode(tmp_path / "a.mkv", long_clip()[:8])
    data = path.read_bytes()
    first = b"\x81\x00\x00\x80"  # of a block: track 1, at 0 ms, a key frame
    assert data.count(first) == 1
    path.write_bytes(data.replace(first, b"\x81\x4e\x83\x80"))  # at 20,099 ms
    with pytest.raises(ClipError, match=r"^a\.mkv: damaged: there are more frames than the 1 it says$"):
        read_clip(path)


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "libx264"), ("a.mkv", "libx264"), ("a.avi", "mpeg4")])
def test_random_damage_ends_in_frames_or_in_one_line(tmp_path: Path, name: str, codec: str) -> None:
    path = encode(tmp_path / name, long_clip()[:8], codec)
    whole = path.read_bytes()
    rng = np.random.default_rng(5)
    for trial in range(30):
        data = bytearray(whole)
        for _ in range(int(rng.integers(1, 12))):
            data[int(rng.integers(0, len(data) if trial % 2 else 600))] = int(rng.integers(0, 256))
        path.write_bytes(data)
        try:
            clip = read_clip(path, limits=Limits(max_frames=2000, max_side=2048))
        except ClipError as error:
            assert str(error).startswith(f"{name}: ") and "\n" not in str(error)
        else:
            assert len(clip.frames) >= 1


def test_a_colour_space_that_pixels_cannot_have_is_refused_in_one_line() -> None:
    picture = VideoFrame(16, 16, "yuv420p")
    picture.colorspace = 57  # of none that H.273 defines
    with pytest.raises(ClipError, match=r"a\.mpg: damaged: yuv420p pictures cannot be of the colour space"):
        PictureConverter(picture, "a.mpg").rgb(picture)
