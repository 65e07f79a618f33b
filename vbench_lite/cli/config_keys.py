"""The keys of a pydantic model for people: type, default, meaning."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

_LONGEST_DEFAULT = 60  # characters


@dataclass(frozen=True)
class Key:
    """One key of a model.

    Attributes:
        kind: its type, as in "integer or null".
        default: as one writes it in YAML; "" where there is none, or it is null or too long for a table.
    """

    name: str
    kind: str
    required: bool
    default: str
    meaning: str


def attributes(model: type[BaseModel]) -> dict[str, str]:
    """What the section `Attributes:` in the docstrings of a model and its bases says of each key.

    An entry is "key: text", or "key, key: text"; its further lines are indented.
    """
    found: dict[str, str] = {}
    for kind in reversed(model.__mro__):
        section = inspect.cleandoc(kind.__doc__ or "").partition("Attributes:\n")[2].split("\n\n")[0]
        for entry in re.split(r"\n(?=    \w)", section):
            names, colon, text = " ".join(entry.split()).partition(": ")
            found.update({name.strip(): text for name in names.split(",") if colon})
    return found


def keys(form: dict[str, Any], meanings: Mapping[str, str] = MappingProxyType({})) -> Iterator[Key]:
    """The keys of a JSON schema; `meanings` of those that the schema itself does not describe."""
    for name, value in form.get("properties", {}).items():
        required = name in form.get("required", ())
        meaning = value.get("description") or meanings.get(name, "")
        yield Key(name, _kind(value), required, "" if required else _default(value), meaning)


def _default(value: dict[str, Any]) -> str:
    """A default as one writes it in YAML; nothing for null, and for what is too long for a table."""
    default = value.get("default", {} if value.get("type") == "object" else None)
    if default is None:
        return ""
    text = default if isinstance(default, str) and default else json.dumps(default)
    return text if len(text) <= _LONGEST_DEFAULT else ""


def _kind(value: dict[str, Any]) -> str:
    if "$ref" in value:
        return str(value["$ref"]).rsplit("/", 1)[-1]
    if "enum" in value:
        return " or ".join(map(str, value["enum"]))
    if "const" in value:
        return str(value["const"])
    for many in ("anyOf", "oneOf"):
        if many in value:
            return " or ".join(_kind(one) for one in value[many])
    if value.get("type") == "array":
        return f"list of {_kind(value.get('items', {}))}"
    return str(value.get("type", "any"))
