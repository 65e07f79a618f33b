"""The seconds of a timed call by stage, as the metrics of stages have them."""

from __future__ import annotations

from vbench_lite import registry
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import CallMetric, Measurement
from vbench_lite.run.plan.sweep import STAGES


def call_value(metric: str, call: Measurement) -> float | None:
    """A metric of timed calls on one call; None where it has no value there.

    Raises:
        RegistryError: nobody registers it.
    """
    made: CallMetric = registry.load("metrics", metric)()
    try:
        return made.value(call)
    except NotApplicable:
        return None


def stage_seconds(call: Measurement) -> dict[str, float | None]:
    """Seconds by stage, in the order of a call; None for a stage that it does not have."""
    return {stage: call_value(metric, call) for stage, metric in STAGES.items()}
