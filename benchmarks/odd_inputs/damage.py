"""Random damage: to bytes anywhere, and to one value of a JSON document."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

ODD_BYTES = [b"\xff" * 4, b"\x7f\xff\xff\xff", b"\0\0\0\0", b"\x80\0\0\0", b"\r", b"\n", b'"', b"\\ud800",
             b"\\u0000", b"9" * 30, b"../", b"[" * 2000, "\u0085\u2028".encode(), b"\xed\xa0\x80",
             b"-999999999"]  # fmt: skip
ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 0.5, 2**31, 2**63, -(2**63) - 1, 10**30, 1e308, -1e-320, float("nan"),
    float("inf"), "", "x", "5", "\ud800", "\0", "\x1b[2J\r\n", "../../x", "http://127.0.0.2/x", "=1+1",
    "<script>", "a\u0301\u2028", "9999-12-31T23:59:59+00:00", "x" * 70_000, [], [[]], [None], [1, "x"], {},
    {"x": 1}, {"": None},
)  # fmt: skip


def damaged(data: bytes, rng: random.Random) -> bytes:
    """The bytes with some changed, cut out, put in or cut off, often in the headers at the beginning."""
    out = bytearray(data)
    for _ in range(rng.choice([1, 2, 4, 16])):
        at = rng.randrange(len(out)) if rng.random() < 0.5 else rng.randrange(min(len(out), 600))
        way = rng.random()
        if way < 0.5:
            out[at] = rng.choice([0, 255, rng.randrange(256), out[at] ^ (1 << rng.randrange(8))])
        elif way < 0.65:
            out[at : at + rng.randrange(1, 64)] = b""
        elif way < 0.8:
            out[at:at] = rng.randbytes(rng.randrange(1, 32))
        elif way < 0.9:
            out[at : at + rng.choice([0, 4])] = rng.choice(ODD_BYTES)
        else:
            out = out[: max(1, at)]
        out = out or bytearray(b"x")
    return bytes(out)


def damaged_json(value: Any, rng: random.Random) -> bytes:
    """A document damaged as by `damaged_value`, as JSON.

    Numbers may be NaN and texts halves of characters, as Python's own writer lets them be.
    """
    return json.dumps(damaged_value(value, rng)).encode("ascii")


def damaged_value(value: Any, rng: random.Random) -> Any:
    """A copy of a document with one to three of its values changed, taken out, moved or put in."""
    box = [copy.deepcopy(value)]
    for _ in range(rng.choice([1, 1, 1, 3])):
        place, key = rng.choice(_places(box))
        way = rng.random()
        if way < 0.75:
            place[key] = _odd(rng)
        elif way < 0.85 and place is not box:
            del place[key]
        elif way < 0.95:
            place[key] = copy.deepcopy(_value(rng.choice(_places(box))))
        elif isinstance(place[key], dict):
            place[key][rng.choice(["later", "", "\ud800", "type"])] = _odd(rng)
    return box[0]


def _places(box: list[Any]) -> list[tuple[Any, Any]]:
    """Every container of a document, with each key or index that it has."""
    found: list[tuple[Any, Any]] = []
    waiting: list[Any] = [box]
    while waiting:
        place = waiting.pop()
        keys = list(place) if isinstance(place, dict) else range(len(place))
        found += [(place, key) for key in keys]
        waiting += [place[key] for key in keys if isinstance(place[key], dict | list)]
    return found


def _value(place: tuple[Any, Any]) -> Any:
    return place[0][place[1]]


def _odd(rng: random.Random) -> Any:
    return copy.deepcopy(rng.choice(ODD_VALUES))
