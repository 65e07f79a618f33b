"""Decoded pictures as RGB bytes, as published tools read them, turned and mirrored as a player shows them.

The conversion is OpenCV's (libswscale, bicubic, to 24-bit BGR), byte for byte. Of 8-bit 4:2:0 pictures with
an even height it is FFmpeg's and decord's as well; what differs for others is in docs/vbench.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import av
import cv2
import numpy as np
from av.sidedata.sidedata import Type as SideData
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

from vbench_lite.clip import Frames
from vbench_lite.errors import ClipError

_HDR = frozenset(
    (16, 18)
)  # transfer characteristics of ITU-T H.273: PQ (SMPTE ST 2084) and HLG (ARIB STD-B67)
_TURNS = {  # (axes swapped, columns reversed, rows reversed): what a reader should know
    (False, True, True): "rotated by 180 degrees",
    (False, True, False): "mirrored left to right",
    (False, False, True): "mirrored top to bottom",
    (True, False, True): "rotated by 90 degrees",
    (True, True, False): "rotated by 270 degrees",
    (True, False, False): "mirrored and rotated by 90 degrees",
    (True, True, True): "mirrored and rotated by 270 degrees",
}


class PictureConverter:
    """Converts the pictures of one stream; what holds for all of them is taken from the first.

    Args:
        name: what errors call the stream.

    Attributes:
        flags: what is special about the pictures, for the reader of results.
    """

    def __init__(self, first: VideoFrame, name: str) -> None:
        self._name = name
        self._reformatter = VideoReformatter()
        self._alpha = _has_alpha(first)
        self._turn = _display(first)
        flags = [_TURNS[self._turn]] if self._turn in _TURNS else []
        if self._alpha:
            flags.append("alpha composited on black")
        depth = max(component.bits for component in first.format.components)
        if depth > 8:
            flags.append(f"{depth} bits reduced to 8")
        if int(first.color_trc) in _HDR:
            flags.append("high dynamic range without tone mapping")
        self.flags = tuple(flags)

    def rgb(self, picture: VideoFrame) -> Frames:
        """One picture as shown, a fresh uint8 (H, W, 3).

        Raises:
            ClipError: it is of a colour space that its pixels cannot have.
        """
        frame = np.asarray(cv2.cvtColor(self._converted(picture, "bgr24"), cv2.COLOR_BGR2RGB), np.uint8)
        if self._alpha:
            frame = _on_black(frame, self._converted(picture, "rgba")[..., 3:])
        swapped, columns, rows = self._turn
        if swapped:
            frame = frame.swapaxes(0, 1)
        frame = frame[:, ::-1] if columns else frame
        return np.ascontiguousarray(frame[::-1] if rows else frame)

    def _converted(self, picture: VideoFrame, kind: str) -> Frames:
        try:
            shown = self._reformatter.reformat(
                picture, format=kind, interpolation=Interpolation.BICUBIC, threads=1
            )
        except av.FFmpegError:
            raise ClipError(
                f"{self._name}: damaged: {picture.format.name} pictures cannot be of the colour space they "
                f"name (matrix {int(picture.colorspace)} of ITU-T H.273); encode the clip again"
            ) from None
        return np.asarray(shown.to_ndarray(), np.uint8)


def _display(picture: VideoFrame) -> tuple[bool, bool, bool]:
    """How the display matrix places a picture, to the nearest of its eight cases.

    The matrix takes (x, y) to (a x + c y, b x + d y); see ISO/IEC 14496-12, 8.3.2.

    Returns:
        Whether rows and columns are swapped, and whether columns and rows are then reversed.
    """
    # A container of side data is a mapping to its annotations, and a sequence to those who use it.
    parts: Iterable[Any] = picture.side_data
    data = next((part for part in parts if part.type == SideData.DISPLAYMATRIX), None)
    if data is None:
        return (False, False, False)
    matrix = np.frombuffer(bytes(data), np.int32).astype(np.int64)
    a, b, c, d = (int(matrix[place]) for place in (0, 1, 3, 4))
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return (False, a < 0, d < 0)
    return (True, c < 0, b < 0)


def _has_alpha(picture: VideoFrame) -> bool:
    return picture.format.name == "pal8" or any(part.is_alpha for part in picture.format.components)


def _on_black(frame: Frames, alpha: Frames) -> Frames:
    """Composite uint8 (H, W, 3) with straight alpha (H, W, 1) on black, rounded to nearest."""
    if bool((alpha == 255).all()):
        return frame
    return ((frame * alpha.astype(np.uint16) + 127) // 255).astype(np.uint8)
