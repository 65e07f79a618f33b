"""A results folder may come from somebody else, with links, pipes and devices in it.

Nothing below a root is written or removed through a link, and nothing but a regular file is read: a link
leads to files of the person who gives the command, and a pipe is waited for without end.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from vbench_lite.errors import StoreError


def inside(root: Path, path: Path) -> Path:
    """The path itself, if nothing from the root (which may be a link) down to it is a link, pipe or device.

    What is not there is fine. For whoever is about to write, remove or send what the path names.

    Raises:
        StoreError: something on the way is neither a file nor a folder.
    """
    place = root
    for part in path.relative_to(root).parts:
        place /= part
        try:
            mode = place.lstat().st_mode
        except FileNotFoundError:
            break
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise _refused(place, "a link" if stat.S_ISLNK(mode) else "a pipe, a socket or a device")
    return path


def is_file(path: Path) -> bool:
    """Whether a file is there that can be read to its end; a link to one is one.

    Raises:
        StoreError: a pipe, a socket, a device or a folder is there.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    if not stat.S_ISREG(mode):
        raise StoreError(f"{path} is no regular file; remove it, or restore the file from a copy")
    return True


def open_own(path: Path, flags: int) -> int:
    """A descriptor of a file that is no link; made if it is missing and `flags` have O_CREAT.

    Raises:
        StoreError: the path is a link, a pipe, a socket or a device.
    """
    try:
        file = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _refused(path, "a link") from None
        if error.errno == errno.ENXIO:
            raise _refused(path, "a pipe, a socket or a device") from None
        raise
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise _refused(path, "no regular file")
    return file


def _refused(place: Path, what: str) -> StoreError:
    return StoreError(
        f"{place} is {what}: nothing below a results folder is written or removed through it, nor copied "
        "from it; remove it, or put the file or folder itself there"
    )
