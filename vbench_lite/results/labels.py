"""What rows of a board are called: the last part of the label where that tells them apart, and what differs.

Two rows of one label (a run before and after a change, one adapter in two settings) are told apart by the
setting that differs, `hybrid · coarse`, else by the run that they come from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from vbench_lite.format import plural
from vbench_lite.results.board import BoardRow

_MOST = 2  # settings that are named


def of_runs(rows: Sequence[BoardRow]) -> str:
    """Where rows come from, for people: `two` (a run's name), `29 Nov 11:31`, or `3 runs`."""
    told = {row.arm.run_id: row.arm.settings.get("run", row.arm.run_id) for row in rows}
    return next(iter(told.values())) if len(told) == 1 else plural(len(told), "run")


def row_titles(rows: Sequence[BoardRow]) -> list[str]:
    """A name for each row that no other has: `hybrid`, `reference/hybrid` where needed, `hybrid · coarse`."""
    labels = [row.arm.generator for row in rows]
    short = [label.rsplit("/", 1)[-1] for label in labels]
    clash = Counter(dict(zip(labels, short, strict=True)).values())  # two labels with one last part
    names = [tail if clash[tail] == 1 else label for label, tail in zip(labels, short, strict=True)]
    alike = {name: [i for i, other in enumerate(names) if other == name] for name in names}
    return [
        name if len(alike[name]) == 1 else f"{name} · {_differs(rows, alike[name], place)}"
        for place, name in enumerate(names)
    ]


def _differs(rows: Sequence[BoardRow], alike: Sequence[int], place: int) -> str:
    """The settings of a row that not all rows of its label share; the run where that does not do."""
    mine = rows[place].arm.settings
    known = dict.fromkeys(key for i in alike for key in rows[i].arm.settings)
    last = ("device", "batch", "samples", "seed", "run")  # what a configuration holds comes first
    keys = [key for key in known if len({rows[i].arm.settings.get(key) for i in alike}) > 1]
    keys.sort(key=lambda key: last.index(key) if key in last else -1)
    chosen: list[str] = []
    for key in keys:
        chosen.append(key)
        if len({_told(rows[i].arm.settings, chosen) for i in alike}) == len(alike) or len(chosen) == _MOST:
            break
    text = _told(mine, chosen)
    if [_told(rows[i].arm.settings, chosen) for i in alike].count(text) == 1:
        return text
    return f"{mine.get('run', '')} {rows[place].arm.run_id[:6]}".strip()


def _told(found: Mapping[str, str], keys: Sequence[str]) -> str:
    return ", ".join(_setting(key, found.get(key, "default")) for key in keys)


def _setting(key: str, value: str) -> str:
    if key == "run" or not value.replace(".", "").replace("-", "").isdigit():
        return value
    return f"{value} {key}" if key == "samples" else f"{key} {value}"
