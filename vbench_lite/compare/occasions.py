"""How much the times of an unchanged generator move from one run to another on this machine.

Two runs are two occasions: clock rates, other tenants and the layout of memory differ, and no round of either
run shows it. Where the root holds runs of one unchanged generator under one suite on the same hardware, the
spread of its typical times over them, less what rounds explain, is the estimate (method of moments for a
random effect; DerSimonian & Laird 1986, Controlled Clinical Trials 7). Elsewhere the policy's figure stands.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vbench_lite.compare.policy import Policy
from vbench_lite.errors import StoreError
from vbench_lite.results.arms import Run, calm_calls
from vbench_lite.stats.rounds import Occasions, by_round, medians
from vbench_lite.store.rundir import RunDir, list_runs

LATENCY = "speed/latency_s"  # stands for every time of a run: they share its occasion
MOST_RUNS = 30  # the newest ones
LEAST_DOF = 5  # fewer say less than the policy's figure
_CALIBRATION = "calibration"  # where `vbench-lite calibrate` keeps its repeats, under the root


def occasions(run: Run, suite: str, policy: Policy) -> Occasions:
    """What differs between two occasions, from the runs beside this one, or as the policy says."""
    if isinstance(run, RunDir):
        found = estimate(run, suite, [*list_runs(run.root), *list_runs(run.root / _CALIBRATION)])
        if found is not None:
            return found
    return Occasions(policy.occasion_sd)


def estimate(run: Run, suite: str, history: Sequence[Run]) -> Occasions | None:
    """The spread between runs of unchanged generators on the hardware of `run`; None with too few runs."""
    hardware = run.document().hardware
    logs: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for other in history[:MOST_RUNS]:
        document = other.document()
        if document.hardware != hardware or all(one["name"] != suite for one in document.suites):
            continue
        prints = {entry.label: entry.fingerprint for entry in document.generators}
        try:
            timed = calm_calls(other, suite, LATENCY)
        except StoreError:  # a damaged run is no history
            continue
        for generator, calls in timed.items():
            units = np.log(medians(by_round(calls)))
            if len(units) > 1:
                mean, square = float(units.mean()), float(units.var(ddof=1)) / len(units)
                logs.setdefault((generator, prints.get(generator, "")), []).append((mean, square))
    groups = [np.array(values) for values in logs.values() if len(values) > 1]
    # Generators of one run share its occasion: they add no degrees of freedom to one another.
    dof = max((len(group) - 1.0 for group in groups), default=0.0)
    if dof < LEAST_DOF:
        return None
    weights = [len(group) - 1 for group in groups]
    between = np.average([group[:, 0].var(ddof=1) - group[:, 1].mean() for group in groups], weights=weights)
    return Occasions(float(np.sqrt(max(between, 0.0))), dof)
