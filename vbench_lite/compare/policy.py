"""What a comparison holds a candidate to: primary metrics, margins, minimum effects, what fails.

A policy is a YAML file; unknown keys are errors. The default ships beside this module.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from vbench_lite.errors import SpecError
from vbench_lite.stats.noninferiority import Verdict
from vbench_lite.stats.rounds import USUAL
from vbench_lite.suite import Suite
from vbench_lite.validation_errors import validated
from vbench_lite.yaml_text import read_yaml

COVERAGE = "coverage"
PREFERENCE = "preference"  # votes between the clips of the two
DEFAULT = "default"
SHIPPED = (DEFAULT, "quality-only", "strict")


class Policy(BaseModel):
    """The rules of a gate.

    Attributes:
        name: How results call it.
        version: Raised with every change.
        timed: Speed and memory: calm: judged, and where other processes disturbed the timed calls not
            comparable, which warns and decides nothing; strict: that decides too; shown: they never decide.
        primary: Metric ids that decide the overall verdict; all: every metric with a direction; axes: every
            metric that an axis of the suite counts. Coverage always decides, and preference (the votes
            between the two) where it is named.
        alpha: One-sided level of a decision, adjusted over the primary metrics (Holm); 0.025 agrees with a
            95% interval.
        margin_fraction: The margin of a metric without one of its own, as a share of the distance from the
            worst control to real clips; without controls, of the metric's bounds; without bounds, of the
            baseline's value.
        margins: Margins by metric id in the metric's own unit; for speed and memory a ratio: 0.05 is 5%
            slower; for preference, by how much smaller the share of decided votes may be: 0.2 is 40 to 60.
        minimum_effect: Speed and memory: the margin, and the least loss that is called one, as a ratio.
        least_seconds: Seconds of a timed call that may be 0 (stalling): the margin where the ratio gives a
            smaller one.
        least_count: The same of counts that may be 0 (stalls a clip).
        occasion_sd: Standard deviation of the log of a time between two runs of an unchanged generator; read
            where the runs under the root are too few to estimate it.
        coverage_margin: Share of requests that the candidate may fail on more than the baseline.
        minimum_overlap: Share of requests that both must have; below it nothing is subtracted.
        fail_on: Overall verdicts that fail the gate.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    version: int = Field(default=1, ge=1)
    timed: Literal["calm", "strict", "shown"] = "calm"
    primary: Literal["all", "axes"] | tuple[str, ...] = "all"
    alpha: float = Field(default=0.025, gt=0, lt=0.5)
    margin_fraction: float = Field(default=0.05, gt=0, lt=1)
    margins: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    minimum_effect: float = Field(default=0.05, gt=0)
    least_seconds: float = Field(default=0.1, gt=0)
    least_count: float = Field(default=0.5, gt=0)
    occasion_sd: float = Field(default=USUAL.sd, ge=0, lt=1)
    coverage_margin: float = Field(default=0.02, ge=0, lt=1)
    minimum_overlap: float = Field(default=0.9, gt=0, le=1)
    fail_on: tuple[Verdict, ...] = (Verdict.REGRESSED, Verdict.INCOMPARABLE)

    @field_validator("margins")
    @classmethod
    def _shares(cls, margins: dict[str, float]) -> dict[str, float]:
        if margins.get(PREFERENCE, 0.0) >= 1:
            raise ValueError(f"{PREFERENCE} is a difference of two shares, below 1")
        return margins

    @property
    def named(self) -> frozenset[str]:
        """The metrics that it names one by one: each must have a value."""
        return frozenset() if isinstance(self.primary, str) else frozenset(self.primary)

    def least(self, unit: str) -> float:
        """The smallest margin of a number of timed calls that may be 0."""
        return self.least_seconds if unit == "s" else self.least_count

    def primary_metrics(self, suite: Suite) -> tuple[str, ...]:
        """Ids of the metrics that decide, in the order of the suite.

        Raises:
            SpecError: the policy names a metric that the suite does not have.
        """
        if self.primary == "all":
            return suite.metrics
        if self.primary == "axes":
            counted = {metric for spec in suite.axes.values() for metric in spec.metrics}
            return tuple(metric for metric in suite.metrics if metric in counted)
        named = [metric for metric in self.primary if metric != COVERAGE]
        unknown = [metric for metric in named if metric not in (*suite.metrics, PREFERENCE)]
        if unknown:
            raise SpecError(
                f"policy {self.name}: primary metric {unknown[0]} is not in suite {suite.name}; "
                f"it has: {', '.join(suite.metrics)}"
            )
        return tuple(named)


def load_policy(source: str | Path | None = None) -> Policy:
    """Read a policy that ships, by its name, or a file; None is the default one.

    Raises:
        SpecError: missing file, bad YAML, unknown key or bad value, each with its place.
    """
    if source is None or str(source) in SHIPPED:
        where = f"the policy {source or DEFAULT}"
        file = files("vbench_lite.compare") / "policies" / f"{source or DEFAULT}.yaml"
    else:
        where, file = f"policy {source}", Path(source)
        if not file.is_file():
            raise SpecError(f"{where}: there is no such file; policies that ship: {', '.join(SHIPPED)}")
    return validated(Policy, read_yaml(file, where) or {}, where)
