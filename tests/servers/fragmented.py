"""Clips as fragmented MP4, in the pieces in which a server would send them."""

from __future__ import annotations

import io

import av
from av.video.frame import VideoFrame

from vbench_lite.clip import Frames


def fragmented(frames: Frames, chunk: int, fps: int = 8, keyframes: bool = True) -> list[bytes]:
    """The head with the first fragment, further fragments of so many frames, and the index at the end.

    Args:
        keyframes: whether every fragment begins with a picture of its own; else each frame is a fragment, and
            its picture refers to those before.
    """
    buffer = io.BytesIO()
    flags = "empty_moov+default_base_moof+" + ("frag_keyframe" if keyframes else "frag_every_frame")
    with av.open(buffer, "w", format="mp4", options={"movflags": flags}) as out:
        stream = out.add_stream("libx264", rate=fps)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv444p"
        gop = str(chunk if keyframes else len(frames))
        preset = "ultrafast" if keyframes else "medium"
        stream.options = {"preset": preset, "g": gop, "keyint_min": gop, "sc_threshold": "0", "qp": "0"}
        for frame in frames:
            out.mux(stream.encode(VideoFrame.from_ndarray(frame, format="rgb24")))
        out.mux(stream.encode(None))
    return _cut(buffer.getvalue())


def _cut(data: bytes) -> list[bytes]:
    """The stream in pieces, each of which ends before the next fragment or the index."""
    pieces, begin, start = [], 0, 0
    fragments = 0
    while start < len(data):
        kind = data[start + 4 : start + 8]
        if kind in (b"moof", b"mfra"):
            if fragments or kind == b"mfra":
                pieces.append(data[begin:start])
                begin = start
            fragments += 1
        start += int.from_bytes(data[start : start + 4])
    return [*pieces, data[begin:]]
