"""Clips that are pictures and no video stream: animated WebP, and a folder of numbered PNG or JPEG files."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from av.video.frame import VideoFrame

from vbench_lite.clip import Frames
from vbench_lite.errors import ClipError
from vbench_lite.video.limits import Limits
from vbench_lite.video.timeline import PacketScan, lay_out

if TYPE_CHECKING:
    from PIL.Image import Image

PICTURES = frozenset((".png", ".jpg", ".jpeg"))
WEBP = ".webp"
_NUMBERED = re.compile(r"(?s)(.*?)(\d+)")
_MILLISECOND = Fraction(1, 1000)
_WIDE = ("I", "F")  # modes of more than 8 bits, which Pillow reduces in ways of its own


class ImageFiles:
    """The pictures of one clip.

    Attributes:
        scan: how many there are and when; a folder says nothing of time.
    """

    def __init__(self, paths: Sequence[Path], name: str, limits: Limits, scan: PacketScan) -> None:
        self.scan = scan
        self._paths, self._name, self._limits = paths, name, limits

    def pictures(self) -> Generator[VideoFrame, None, None]:
        """Each picture once, RGB with alpha where it has some; raises ClipError, naming the file."""
        for path in self._paths:
            with _opened(path, self._name) as image:
                for frame in range(getattr(image, "n_frames", 1)):
                    image.seek(frame)
                    yield self._picture(image, path)

    def _picture(self, image: Image, path: Path) -> VideoFrame:
        self._limits.check_size(self._name, image.height, image.width, self.scan.count)
        _check_depth(image, f"{self._name}: {path.name}")
        mode, kind = ("RGBA", "rgba") if image.has_transparency_data else ("RGB", "rgb24")
        return VideoFrame.from_ndarray(np.asarray(image.convert(mode), np.uint8), format=kind)


def image_files(path: Path, name: str, limits: Limits) -> ImageFiles | None:
    """The pictures of a folder or an animated WebP; None of any other file.

    Raises:
        ClipError: they are no clip, or above a limit.
    """
    try:
        is_folder = path.is_dir()
    except OSError:  # a name that no file can have: whoever opens it says so
        return None
    if is_folder:
        paths = series(path)
        if not paths:
            raise ClipError(f"{name}: no regular file, and no folder of numbered pictures ({_suffixes()})")
        if len(paths) > limits.max_frames:
            raise ClipError(
                f"{name}: {len(paths)} pictures, above the limit max_frames = {limits.max_frames}"
            )
        return ImageFiles(paths, name, limits, _numbered(paths))
    if path.suffix.lower() == WEBP and path.is_file():
        return ImageFiles([path], name, limits, _webp(path, name, limits))
    return None


def read_picture(path: Path, name: str) -> Frames:
    """One PNG or JPEG, turned as its tag says, uint8 (H, W, 3).

    Raises:
        ClipError: it cannot be read, or has more than 8 bits a channel.
    """
    from PIL import ImageOps

    with _opened(path, name) as image:
        Limits().check_size(name, image.height, image.width, 1)
        _check_depth(image, f"{name}: {path.name}")
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB"), np.uint8)


def series(folder: Path) -> list[Path]:
    """The pictures of a folder in the order of their numbers; empty if they are no clip.

    They are one if there are two or more, all named alike but for a number at the end.
    """
    paths = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in PICTURES and not path.name.startswith(".") and path.is_file()
    ]
    return sorted(paths, key=_number) if is_series([path.name for path in paths]) else []


def is_series(names: Sequence[str]) -> bool:
    """Whether names of pictures are those of one clip."""
    matches = [_NUMBERED.fullmatch(Path(name).stem) for name in names]
    known = {match[1] for match in matches if match is not None}
    numbers = {int(match[2]) for match in matches if match is not None and len(match[2]) < 19}
    return len(names) > 1 and len(known) == 1 and len(numbers) == len(names)


def _number(path: Path) -> int:
    match = _NUMBERED.fullmatch(path.stem)
    assert match is not None
    return int(match[2])


def _numbered(paths: Sequence[Path]) -> PacketScan:
    """Pictures without times; numbers that are left out are told."""
    lost = _number(paths[-1]) - _number(paths[0]) + 1 - len(paths)
    scan = lay_out([None] * len(paths), None, []).flagged("a folder of pictures says no frame rate")
    return (
        scan.flagged(f"{lost} number(s) between the first and the last picture are missing") if lost else scan
    )


def _webp(path: Path, name: str, limits: Limits) -> PacketScan:
    from vbench_lite.video.truncation import Ending, ending

    if ending(path) is Ending.EARLY:
        raise ClipError(f"{name}: truncated: the file is shorter than it says")
    with _opened(path, name) as image:
        count = getattr(image, "n_frames", 1)
        if count > limits.max_frames:
            raise ClipError(f"{name}: {count} frames, above the limit max_frames = {limits.max_frames}")
        limits.check_size(name, image.height, image.width, count)
        durations = []
        for frame in range(count):
            image.seek(frame)
            image.load()  # Pillow knows a frame's duration once it is decoded
            durations.append(max(0, int(image.info.get("duration", 0))))
    stamps = [0, *np.cumsum(durations).tolist()]
    return lay_out(stamps[:-1], _MILLISECOND, [], last=durations[-1] or None)


@contextmanager
def _opened(path: Path, name: str) -> Iterator[Image]:
    """Open with Pillow, which reads what it says: no other file, no code."""
    import warnings

    from PIL import Image as Pillow

    formats = ["WEBP"] if path.suffix.lower() == WEBP else ["PNG", "JPEG"]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Pillow.DecompressionBombWarning)
            with Pillow.open(path, formats=formats) as image:
                yield image
    except ClipError:
        raise
    except (
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        Pillow.DecompressionBombError,
        Pillow.DecompressionBombWarning,
    ) as error:
        raise ClipError(
            f"{name}: {path.name} is no picture that can be read ({' '.join(str(error).split())})"
        ) from None


def _check_depth(image: Image, name: str) -> None:
    if image.mode.startswith(_WIDE):
        raise ClipError(f"{name} has more than 8 bits a channel; save it with 8")


def _suffixes() -> str:
    return " ".join(sorted(PICTURES))
