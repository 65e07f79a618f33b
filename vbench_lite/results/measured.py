"""What a run measured under a suite, and under those that the suite brings along (`Suite.also`).

What needs another request, as longer clips do, is a suite of its own; its axes and metrics stand beside those
of the suite that brings it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vbench_lite.metric import Axis
from vbench_lite.results.arms import Arm, Run, RunColumns, arms_of, scale_ends, suite_of
from vbench_lite.results.axes import AxisScore, axis_score
from vbench_lite.results.blocks import Blocks
from vbench_lite.results.trust import TrustFlag, trust_flags
from vbench_lite.suite import Suite


@dataclass(frozen=True)
class Measured:
    """Generators and controls of a run under a suite.

    Attributes:
        suite: with the axes and metrics of those that it brings along.
        arms: with their estimates. scores: of each arm, by axis.
        contents: hash and version of each suite.
    """

    suite: Suite
    arms: tuple[Arm, ...]
    scores: tuple[dict[Axis, AxisScore], ...]
    trust: tuple[TrustFlag, ...]
    contents: tuple[tuple[str, int], ...]


def read_measured(run: Run, name: str) -> Measured:
    """Read a suite of a run.

    Raises:
        StoreError, SpecError: the run has no such suite, or is damaged.
    """
    columns = RunColumns(run)
    found = _alone(columns, name)
    there = {str(content["name"]) for content in columns.document.suites}
    for other in found.suite.also:
        if other in there:
            found = _beside(found, _alone(columns, other))
    return found


def joint_blocks(arms: Sequence[Arm]) -> Blocks:
    """The prompts that leave together, over all arms of a run."""
    return Blocks.of(tuple(sorted({prompt for arm in arms for prompt in arm.prompts})))


def _alone(run: RunColumns, name: str) -> Measured:
    suite = suite_of(run.document, name)
    arms = tuple(arms_of(run, name))
    real, floors = scale_ends(arms)
    blocks = joint_blocks(arms)
    scores = tuple(
        {axis: axis_score(axis, spec, arm, real, floors, blocks) for axis, spec in suite.axes.items()}
        for arm in arms
    )
    flags = tuple(trust_flags(real, floors, suite.axes, blocks))
    return Measured(suite, arms, scores, flags, ((suite.content_sha256(), suite.version),))


def _beside(own: Measured, more: Measured) -> Measured:
    """A suite with the axes and metrics that it lacks and another one has.

    Where samples of the other suite failed, its axes have no score, and its metrics are those of the rest.
    """
    axes = more.suite.axes | own.suite.axes
    suite = own.suite.model_copy(
        update={
            "axes": {axis: axes[axis] for axis in Axis if axis in axes},
            "metrics": tuple(dict.fromkeys((*own.suite.metrics, *more.suite.metrics))),
        }
    )
    others = {arm.generator: (arm, scores) for arm, scores in zip(more.arms, more.scores, strict=True)}
    arms, joined = [], []
    for arm, scores in zip(own.arms, own.scores, strict=True):
        other, found = others.get(arm.generator, (None, dict[Axis, AxisScore]()))
        if other is None or (not other.ok and not other.failures):
            why = f"there is no sample of suite {more.suite.name}; it may not take what that suite gives"
            found = dict.fromkeys(more.suite.axes, AxisScore(None, reason=why))
        elif failed := other.planned - other.ok:
            why = f"{failed} of {other.planned} samples of suite {more.suite.name} are not ok"
            found = dict.fromkeys(found, AxisScore(None, reason=why))
        estimates = {} if other is None else other.estimates
        lacked = {m: estimate for m, estimate in estimates.items() if m not in arm.estimates}
        arms.append(replace(arm, estimates={**arm.estimates, **lacked}))
        joined.append({axis: (found | scores)[axis] for axis in suite.axes})
    flags = [flag for flag in more.trust if flag.metric not in own.suite.metrics]
    contents = own.contents + more.contents
    return Measured(suite, tuple(arms), tuple(joined), (*own.trust, *flags), contents)
