"""Secrets out of everything that is kept or shown: logs, journals, run documents, reports, messages.

Two nets: values of environment variables whose names say that they are secret, and the shapes that
tokens of well-known services have.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

HIDDEN = "[secret]"
_NAMES = re.compile(
    r"(?i)(secret|passw(or)?d|passphrase|api_?key|access_?key|private_?key|credential|authorization"
    r"|(^|[_-])token($|[_-]|s$)|(^|[_-])auth($|[_-]))"
)
_REFERENCES = re.compile(r"(?i)_?(env|file|path|variable)$")  # says where a secret is, and is none
_LEAST = 8  # characters; a shorter value would hide common words
_SHAPES = (
    re.compile(r"\bhf_[A-Za-z0-9]{16,}"),
    re.compile(r"\bsk-[A-Za-z0-9_-]{16,}"),
    re.compile(r"\bgh[pousr]_[A-Za-z0-9]{20,}"),
    re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*"),
    re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),
    re.compile(r"(?i)(?<=bearer )[A-Za-z0-9._~+/=-]{8,}"),
    re.compile(r"(?i)(?<=[?&](?:sig=))[^&\s]+|(?<=x-amz-signature=)[^&\s]+"),
    re.compile(r"(?i)(?<=x-amz-security-token=)[^&\s]+|(?<=x-amz-credential=)[^&\s]+"),
)


def redact(text: str) -> str:
    """The text with every secret replaced by "[secret]"."""
    for value in _values(tuple(os.environ.items())):
        text = text.replace(value, HIDDEN)
    for shape in _SHAPES:
        text = shape.sub(HIDDEN, text)
    return text


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


def is_secret(name: str) -> bool:
    """Whether a variable or a key of this name holds a secret."""
    return bool(_NAMES.search(name)) and not _REFERENCES.search(name)


@lru_cache(maxsize=4)
def _values(environment: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """Secret values of an environment, longest first, so that none leaves a rest of another."""
    found = {value for name, value in environment if len(value) >= _LEAST and is_secret(name)}
    return tuple(sorted(found, key=len, reverse=True))
