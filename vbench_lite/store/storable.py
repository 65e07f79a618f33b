"""What a record may hold, so that whoever writes it does not make its run unreadable.

Reasons, notes and counts come from generators, workers and servers. Here they are made to fit the columns
of `store.schema`, or refused while the one sample that they belong to can still be named.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from vbench_lite.store.json_text import storable_text
from vbench_lite.store.schema import SCHEMAS

_TYPES = {kind: dict(zip(schema.names, schema.types, strict=True)) for kind, schema in SCHEMAS.items()}
LARGEST = 1e100  # beyond it squares and sums of squares are no numbers any more


class Unstorable(ValueError):
    """A value does not fit its column.

    Attributes:
        field: of the record.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field} {reason}")
        self.field = field


def fitted(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """A record of a journal, with texts that are no Unicode spelled out; its "kind" says which columns.

    Raises:
        Unstorable: a value that no column of its kind can hold.
    """
    types = _TYPES.get(str(record.get("kind")))
    if types is None:
        return record
    return {
        name: _fitted(name, value, types[name]) if name in types and value is not None else value
        for name, value in record.items()
    }


def _fitted(name: str, value: Any, kind: pa.DataType) -> Any:
    if pa.types.is_string(kind):
        if not isinstance(value, str):
            raise Unstorable(name, f"is no text: {_shown(value)}")
        return storable_text(value)
    if pa.types.is_list(kind):
        if not isinstance(value, list | tuple):
            raise Unstorable(name, f"is no list: {_shown(value)}")
        return [_fitted(name, one, kind.value_type) for one in value]
    if pa.types.is_boolean(kind):
        if not isinstance(value, bool):
            raise Unstorable(name, f"is neither true nor false: {_shown(value)}")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unstorable(name, f"is no number: {_shown(value)}")
    if pa.types.is_integer(kind):
        if not isinstance(value, int) or not -(2**63) <= value < 2**63:
            raise Unstorable(name, f"is no whole number of 64 bits: {_shown(value)}")
        return value
    if abs(value) > LARGEST or not math.isfinite(value):
        raise Unstorable(name, f"is no finite number up to {LARGEST:g}: {_shown(value)}")
    return value if abs(value) < 2**63 else float(value)  # Arrow takes whole numbers of 64 bits only


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # a whole number of thousands of digits
        return "a number of very many digits"
    return text if len(text) <= 40 else f"{text[:40]}…"
