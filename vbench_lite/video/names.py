"""Texts and names as they come from other systems: compared in one form, and refused where they are none."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from vbench_lite.errors import ClipError

_LONE = re.compile("[\ud800-\udfff]")


def same_text(text: str) -> str:
    """The form in which two texts are compared: composed (Unicode NFC), white space as single blanks.

    macOS writes names decomposed: the same letters in other code points.
    """
    return " ".join(unicodedata.normalize("NFC", text).split())


def check_text(text: str, what: str) -> str:
    """The text itself.

    Raises:
        ClipError: it holds half of a surrogate pair, which no file and no table can hold.
    """
    found = _LONE.search(text)
    if found is not None:
        raise ClipError(f"{what} holds U+{ord(found[0]):04X}, half of a surrogate pair; write it in UTF-8")
    return text


def is_there(path: Path) -> bool:
    """Whether a file or folder can be found; False too where its name cannot be one."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
