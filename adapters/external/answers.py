"""What a server says: JSON read within limits, values found in it, and texts made fit for a message."""

from __future__ import annotations

import email.utils
import json
import math
import time
from collections.abc import Iterable, Mapping
from typing import Any

from vbench_lite.errors import GeneratorError
from vbench_lite.secrets import hide

Json = Any
Word = str | bool | int | float

_SHOWN_CHARACTERS = 200
_TEXTUAL = ("text/", "application/json", "application/xml", "application/problem", "application/xhtml")
_WHERE_ERRORS_STAND = ("error.message", "error", "detail", "message", "errors.0.message", "errors.0")


def read_json(data: bytes) -> Json:
    """JSON; values that are no numbers (NaN, infinity) become null.

    Raises:
        ValueError: it is none.
    """
    try:
        return json.loads(data, parse_constant=lambda _: None)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def look_up(data: Json, path: str) -> Json:
    """What lies at a path such as `data.0.url` within JSON; None where there is nothing."""
    for part in path.split("."):
        if isinstance(data, Mapping):
            data = data.get(part)
        elif isinstance(data, list) and part.isdecimal() and int(part) < len(data):
            data = data[int(part)]
        else:
            return None
    return data


def finite(value: Json) -> float | None:
    """A number of JSON, or of a text such as "50%"; None for anything else."""
    if isinstance(value, str):
        try:
            value = float(value.strip().removesuffix("%"))
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def word(value: Json) -> str | None:
    """The form in which a status and what the user wrote of it are compared; None for what is no status.

    Upper and lower case, 3 and "3", true and "true" are one.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return str(int(value)) if finite(value) is not None and float(value).is_integer() else str(value)
    return value.strip().casefold() if isinstance(value, str) else None


def words(values: Iterable[Word]) -> frozenset[str]:
    """Those forms of several values."""
    return frozenset(found for value in values if (found := word(value)) is not None)


def shown(text: str, secrets: Iterable[str]) -> str:
    """A text of the server as messages show it: one line, no keys, no control characters, not much of it."""
    text = hide(" ".join(text.split()), tuple(secrets))
    text = "".join(each if each.isprintable() else "?" for each in text)
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "..."


def error_text(data: Json, path: str | None = None) -> str | None:
    """What JSON says of an error: at this path, else where errors usually stand; None if it says nothing."""
    for place in (path, *_WHERE_ERRORS_STAND) if path else _WHERE_ERRORS_STAND:
        found = look_up(data, place)
        if isinstance(found, (Mapping, list)) and found:
            found = look_up(found, "message") or json.dumps(found)
        if isinstance(found, (str, int, float)) and not isinstance(found, bool) and found != "":
            return str(found)
    return None


def message_in(content_type: str, head: bytes) -> str | None:
    """The words of an answer that should have been a clip and is a text; None where it may be a clip.

    Servers mislabel clips, so that the label alone does not decide: a text has no NUL and is UTF-8.
    """
    kind = content_type.partition(";")[0].strip().lower()
    textual = kind.startswith(_TEXTUAL) or kind.endswith(("+json", "+xml"))
    if not textual and (kind.startswith(("video/", "image/")) or head.lstrip()[:1] not in (b"{", b"[", b"<")):
        return None
    text = head.decode("utf-8", "ignore")
    if "\0" in text or len(text.encode()) < len(head) - 3:
        return None
    try:
        found = error_text(read_json(head))
    except ValueError:
        found = None
    return found or text


def retry_after_s(header: str | None) -> float | None:
    """Seconds of a Retry-After header, which holds a number or a date; None without one that can be read."""
    if header is None:
        return None
    header = header.strip()
    if header.isascii() and header.isdecimal():
        return float(header)
    try:
        date = email.utils.parsedate_tz(header)
        return None if date is None else max(0.0, email.utils.mktime_tz(date) - time.time())
    except (ValueError, OverflowError):
        return None


def identifier(value: Json, where: str, secrets: Iterable[str]) -> str:
    """An id that the server gave, as text.

    Raises:
        GeneratorError: there is none, or it is nothing that can stand in a path.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int)) or value == "":
        raise GeneratorError(f"the answer to create has no {where!r}; set fields.id")
    text = str(value)
    if shown(text, secrets) != text or text in (".", ".."):
        raise GeneratorError(
            "the answer to create holds an id that is none: too long, of odd characters, or with a key in it"
        )
    return text
