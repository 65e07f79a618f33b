"""Texts of others (prompts, labels, reasons) as characters that a terminal or a chart only shows.

A control character moves the cursor, renames the window or ends a chart library; a mark of writing
direction makes a line read as another one; half of a surrogate pair cannot be written at all.
"""

from __future__ import annotations

import re

_ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def printable(text: str) -> str:
    """The text with such characters spelled out, as `\\x1b`; line ends and tabs stay."""
    return _ACTING.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def json_safe(text: str) -> str:
    """A JSON document with such characters, where its strings hold them as they are, as escapes of JSON."""
    return _ACTING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
