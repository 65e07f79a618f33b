"""When the disk is at fault: full, read-only, over quota, broken. Said in one line, and never a result."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from vbench_lite.errors import StoreError

_CHOOSE = "choose a folder that can be written"
_ADVICE = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space, or have the quota raised",
    errno.EROFS: _CHOOSE,
    errno.EACCES: _CHOOSE,
    errno.EPERM: _CHOOSE,
    errno.EIO: "the disk may be damaged: move the results to another one",
    errno.EFBIG: "raise the limit on the size of files",
}
_OF_THE_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG}


def cannot_be_written(error: OSError) -> bool:
    """Whether a place cannot be written, though it may be read: full, read-only, or somebody else's."""
    return error.errno in _ADVICE


def raise_storage_fault(error: BaseException, place: Path) -> None:
    """Raise a StoreError if the disk is the cause of an error; return if it is not."""
    cause: BaseException | None = error
    while cause is not None:
        code = getattr(cause, "errno", None)
        if code in _OF_THE_DISK:
            _raise(code, place)
        cause = cause.__cause__


@contextmanager
def writing(place: Path, option: str | None = "--root") -> Iterator[None]:
    """Turn an OSError while something is written below `place` into a StoreError that says what to do.

    The file at fault is named, the one that is written rather than the one that is read; `place` stands for
    a temporary name.

    Args:
        option: what names another place on the command line; None: an argument, or one of several options.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _ADVICE:
            raise
        file = error.filename2 or error.filename
        known = isinstance(file, str) and not Path(file).name.startswith(".")
        _raise(error.errno, Path(file) if known else place, option)


def _raise(code: int, place: Path, option: str | None = "--root") -> NoReturn:
    advice = _ADVICE[code] + (f", with {option}" if option and _ADVICE[code] == _CHOOSE else "")
    raise StoreError(
        f"cannot write to {place}: {os.strerror(code)}; {advice}, and give the same command again to go on"
    ) from None
