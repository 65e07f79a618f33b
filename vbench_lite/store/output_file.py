"""Files that the person who gives the command names: reports, exports, gates.

A regular file is replaced whole. What is no regular file is written into and stays what it is: a device, a
pipe that another program reads. A link leads to the file that is written. A folder that is missing is said
and not made, since a slip of the keyboard looks the same.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from vbench_lite.errors import SpecError
from vbench_lite.store import atomic
from vbench_lite.store.disk import writing


@contextmanager
def output_file(path: Path) -> Iterator[Path]:
    """Give a path to fill; on leaving without an error its content is at `path`, whole or not at all.

    Raises:
        SpecError: it is a folder, or its folder is not there.
        StoreError: the disk does not take it.
    """
    place = check_output(path)
    with writing(path, None):
        if not place.exists() or place.is_file():
            with atomic.replaced(place) as temporary:
                yield temporary
            return
        with tempfile.TemporaryDirectory() as folder:
            whole = Path(folder) / f"whole{place.suffix}"
            yield whole
            with whole.open("rb") as source, place.open("wb") as target:
                shutil.copyfileobj(source, target)


def write_output(path: Path, pieces: str | Iterable[str]) -> None:
    """Write UTF-8 text, line ends as they are; raises as `output_file`."""
    with output_file(path) as place, place.open("w", encoding="utf-8", newline="") as file:
        file.writelines([pieces] if isinstance(pieces, str) else pieces)


def output_folder(path: Path) -> Path:
    """A folder for several files, made if it is missing.

    Raises:
        SpecError: it is a file, or the folder that it would lie in is not there.
    """
    place = path.resolve()
    if place.exists() and not place.is_dir():
        raise SpecError(f"{path} is a file, and a folder is needed; give its name with -o")
    _check_parent(path, place)
    with writing(path, None):
        place.mkdir(exist_ok=True)
    return path


def check_output(path: Path) -> Path:
    """Where an output would be written, before the work that it is of is done.

    Raises:
        SpecError: it is a folder, or its folder is not there.
    """
    if path.is_dir():
        raise SpecError(f"{path} is a folder, and a file is needed; give its name")
    if path.exists() and not path.is_file():
        return path  # /dev/stdout and its like lead to names that are none
    place = path.resolve()
    _check_parent(path, place)
    return place


def _check_parent(path: Path, place: Path) -> None:
    if not place.parent.is_dir():
        raise SpecError(
            f"{path}: there is no folder {place.parent}; make it, or correct the name of the output"
        )
