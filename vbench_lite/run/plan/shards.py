"""One run in parts that know nothing of each other, for schedulers that start a command n times.

Part i of n makes every n-th call of each generator, so all parts take about as long. Seeds and batches
are those of the whole plan: the clips are those that one process would make. Parts generate only; the
first one also times the generators, so that all times are of one machine. `merge` puts parts together
and scores the whole.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from vbench_lite.errors import SpecError
from vbench_lite.run.plan.plan import Batch, Plan
from vbench_lite.store.rundir import RunDir

FOLDER = "shards"  # as store.rundir.stored reads it


@dataclass(frozen=True)
class Shard:
    """Part `index` of `count`, from 1 on."""

    index: int
    count: int

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    @property
    def times(self) -> bool:
        """Whether this part times the generators."""
        return self.index == 1


def parse_shard(text: str) -> Shard:
    """Read "i/n".

    Raises:
        SpecError: it is something else, or i is not in 1..n.
    """
    match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise SpecError(f"shard {text!r} is no part of a run; give i/n with 1 <= i <= n, such as 1/4")
    return Shard(int(match[1]), int(match[2]))


def shard_directory(root: Path, run_id: str, shard: Shard) -> RunDir:
    """Where a part lies: apart from the runs, so that no part is taken for a run."""
    return RunDir(root, f"{run_id}-{shard.index}-of-{shard.count}", folder=FOLDER)


def part_of(plan: Plan, shard: Shard) -> Plan:
    """The plan with the batches of one part only; equal calls of several suites stay together."""
    part: dict[tuple[str, str], int] = {}
    calls: Counter[str] = Counter()

    def ours(batch: Batch) -> bool:
        key = (batch.generator, batch.key)
        if key not in part:
            part[key] = calls[batch.generator] % shard.count
            calls[batch.generator] += 1
        return part[key] == shard.index - 1

    batches = tuple(batch for batch in plan.batches if ours(batch))
    return replace(plan, batches=batches, refused=plan.refused if shard.index == 1 else ())
