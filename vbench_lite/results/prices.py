"""What clips of a run cost by the word of their generator, in place of the price of a machine's time."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping

from vbench_lite.results.arms import Run


def declared_costs(run: Run) -> Mapping[tuple[str, str], list[float]]:
    """By (generator, suite): the cost of each clip that has one noted (`cost_per_clip`).

    It is a service's answer, or the price that its configuration declares.
    """
    table = run.table("sample", ("generator", "suite", "facts"))
    names = (table.column(name).to_pylist() for name in ("generator", "suite", "facts"))
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for generator, suite, facts in zip(*names, strict=True):
        if facts is None or "cost_per_clip" not in facts:
            continue
        cost = json.loads(facts).get("cost_per_clip")
        if isinstance(cost, (int, float)) and not isinstance(cost, bool):
            found[generator, suite].append(float(cost))
    return found
