"""JSON objects in texts that somebody else may have written: one of plain finite values, or an error."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

from vbench_lite.errors import StoreError


def parse_json(text: str | bytes) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: it is no JSON, is nested too deeply, or holds NaN, an infinity or a text that is no
            Unicode.
    """
    if not isinstance(text, str | bytes):
        raise ValueError(f"{type(text).__name__} and no text")
    try:
        found = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if isinstance(text, bytes) and b"\\ud" not in text.lower():
        return found
    if isinstance(text, str) and "\\ud" not in text.lower() and not _surrogates(text):
        return found
    return _unicode(found)


def json_object(text: str | None, where: Callable[[], str]) -> dict[str, Any]:
    """The object of a JSON text, empty where there is none; `where` names it in errors.

    Raises:
        StoreError: it is no JSON object of plain values.
    """
    if text in (None, "", "{}"):
        return {}
    try:
        found = parse_json(text)
    except ValueError as error:
        raise StoreError(f"{where()} is damaged: no JSON ({error}); restore it from a copy") from None
    if not isinstance(found, dict):
        raise StoreError(f"{where()} is damaged: no JSON object; restore it from a copy")
    return found


def storable_text(text: str) -> str:
    """The text, with what is no Unicode (half of a surrogate pair, from a name of raw bytes) spelled out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8") if _surrogates(text) else text


def _surrogates(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def _unicode(value: Any) -> Any:
    """A JSON value with every text storable."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, list):
        return [_unicode(one) for one in value]
    if isinstance(value, dict):
        return {storable_text(key): _unicode(one) for key, one in value.items()}
    return value


def _refuse(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is beyond every number")
    return number
