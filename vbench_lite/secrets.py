"""Secrets out of everything that is kept or shown: logs, journals, run documents, reports, messages.

Two nets: values of environment variables whose names say that they are secret, in every form in which
programs print them, and the forms that tokens of well-known services and headers have.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any
from urllib.parse import quote, quote_plus

HIDDEN = "[secret]"
_NAMES = re.compile(
    r"(?i)(secret|passw(or)?d|passphrase|api_?key|access_?key|private_?key|credential|authorization"
    r"|(^|[_-])token($|[_-]|s$)|(^|[_-])auth($|[_-]))"
)
_REFERENCES = re.compile(r"(?i)_?(env|file|path|variable)$")  # says where a secret is, and is none
_LEAST = 8  # characters; a shorter value would hide common words
_LEAST_LINE = 20  # characters of a line of a secret of several lines, such as a private key
_LONGEST = 2**14  # characters; a longer form is not waited for in a line without an end
# What a group named `keep` matches stays; everything else that matches is hidden.
_SHAPES = (
    r"\bhf_[A-Za-z0-9]{16,}",
    r"\bsk-[A-Za-z0-9_-]{16,}",
    r"\br8_[A-Za-z0-9]{20,}",
    r"\bAIza[A-Za-z0-9_-]{30,}",
    r"\bgh[pousr]_[A-Za-z0-9]{20,}",
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*",
    r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)",
    r"(?i)(?<=bearer )[A-Za-z0-9._~+/=-]{8,}",
    r"(?i)(?P<keep>\bauthorization[\"']?\s*[:=]\s*[\"']?(?:basic|token|key|apikey)\s+)[^\s\"',;]{8,}",
    # Queries of addresses: signed links, and keys that some APIs take there.
    r"(?i)(?P<keep>[?&;][\w.-]*(?:key|token|secret|passw\w*|sig|signature|credential|auth)=)[^&\s\"'#]+",
    # Headers and fields: a digit tells a key from a sentence about keys.
    r"(?i)(?P<keep>\b(?:x-)?(?:api|access|auth|secret|private)[-_]?(?:key|token)[\"']?\s*[:=]\s*[\"']?)"
    r"(?=[^\s\"',;&]*\d)[^\s\"',;&]{8,}",
)


def redact(text: str) -> str:
    """The text with every secret replaced by "[secret]"."""
    text = _of_environment().sub(HIDDEN, text)
    for shape in _shape_patterns():
        text = shape.sub(_hidden, text)
    return text


@cache
def _shape_patterns() -> tuple[re.Pattern[str], ...]:
    """Compiled when a text is first looked at: most commands end before."""
    return tuple(map(re.compile, _SHAPES))


def hide(text: str, secrets: Sequence[str]) -> str:
    """The text with these values, in any form, and every other secret replaced by "[secret]"."""
    return redact(_pattern(tuple(secrets)).sub(HIDDEN, text))


def redacted(value: Any) -> Any:
    """A JSON value with the secrets in it replaced, also everything under a key that says it is secret."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {
            key: HIDDEN if is_secret(str(key)) and isinstance(inner, str) and inner else redacted(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [redacted(inner) for inner in value]
    return value


def redacted_stream(read: Callable[[], bytes], most: int, secrets: Sequence[str] = ()) -> Iterator[bytes]:
    """What a program prints, without the secrets in it, wherever its pieces are cut.

    Args:
        read: returns the next bytes, and none at the end.
        most: bytes of a line without an end that are held back before its beginning is passed on.
        secrets: further values that must not appear.
    """
    waiting, patterns = "", (_of_environment(), _pattern(tuple(secrets)))
    while data := read():
        waiting += data.decode(errors="surrogateescape")
        cut = waiting.rfind("\n") + 1
        if len(waiting) - cut > most:
            # No secret may lie across the cut: the rest that stays is longer than any of them.
            cut = max(cut, len(waiting) - min(most, _LONGEST))
            for match in (found for pattern in patterns for found in pattern.finditer(waiting)):
                if match.start() < cut < match.end():
                    cut = match.start()
        if cut:
            yield hide(waiting[:cut], secrets).encode(errors="surrogateescape")
            waiting = waiting[cut:]
    if waiting:
        yield hide(waiting, secrets).encode(errors="surrogateescape")


def is_secret(name: str) -> bool:
    """Whether a variable or a key of this name holds a secret."""
    return bool(_NAMES.search(name)) and not _REFERENCES.search(name)


def _hidden(match: re.Match[str]) -> str:
    return (match.groupdict().get("keep") or "") + HIDDEN


def _of_environment() -> re.Pattern[str]:
    return _values(tuple(os.environ.items()))


@lru_cache(maxsize=4)
def _values(environment: tuple[tuple[str, str], ...]) -> re.Pattern[str]:
    """Matches the secret values of an environment in all their forms."""
    return _pattern(tuple(value for name, value in environment if is_secret(name)))


@lru_cache(maxsize=8)
def _pattern(secrets: tuple[str, ...]) -> re.Pattern[str]:
    """Matches every form of these values, the longest first, so that none leaves a rest of another."""
    forms = {form for secret in secrets if len(secret.strip()) >= _LEAST for form in _forms(secret.strip())}
    found = sorted((form for form in forms if len(form) >= _LEAST), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, found)) if found else r"(?!)")


def _forms(secret: str) -> Iterable[str]:
    """A value as it is, on one line, escaped, in an address, and encoded, also within something longer."""
    from html import escape  # with a table of two thousand names, for the few who have secrets

    yield secret
    yield " ".join(secret.split())
    yield from (line for line in secret.split("\n") if len(line) >= _LEAST_LINE and "-----" not in line)
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield repr(secret)[1:-1]
    yield escape(secret)
    data = secret.encode("utf-8", "surrogateescape")
    for escaped in (quote(data), quote(data, safe=""), quote_plus(data)):
        yield escaped
        yield re.sub("%[0-9A-F]{2}", lambda code: code[0].lower(), escaped)
    yield data.hex()
    yield data.hex().upper()
    for before in range(3):
        # Of "user:SECRET" or "Bearer SECRET", the characters that hold bits of the secret alone.
        whole = base64.b64encode(b"\0" * before + data).rstrip(b"=").decode("ascii")
        bits = 8 * (before + len(data))
        inner = whole[-(-8 * before // 6) : bits // 6]
        yield inner
        yield inner.replace("+", "-").replace("/", "_")
