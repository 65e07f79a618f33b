"""How metrics make an axis of a suite."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    """A part of a file: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)


class Gate(Strict):
    """An axis counts only as far as a condition holds: the score is multiplied by
    min(1, value / (floor * value of the real control)).

    Attributes:
        metric: Id of the metric of the condition; it stands under metrics.
        floor: Share of the real control's value that is enough.
    """

    metric: str
    floor: float = Field(gt=0, le=1)


Floor = Literal["frozen", "noise", "shuffled", "action-blind", "copy-last", "swapped-keys"]


class AxisSpec(Strict):
    """How metrics make an axis.

    Attributes:
        metrics: Weight by metric id; each stands under the suite's metrics.
        gate: A condition that the axis is multiplied by, or a list of them; default: none.
        floors: The control that scores 0 on a metric, by metric id; default: the one that is worst on it.
            Name one where the worst is so far off (white noise under a distribution distance) that every real
            generator would crowd at the top.
        ends: The values that are 0 and 1 on a metric, in its unit, by metric id, where a publication fixes
            them; no control is asked for those metrics.
        reference: Speed and memory only, there for every metric: the value that scores 0, in the metric's
            unit; the score is log2 of the ratio to it, + is better.
    """

    metrics: dict[str, Annotated[float, Field(gt=0)]]
    gate: Gate | tuple[Gate, ...] | None = None
    floors: dict[str, Floor] = Field(default_factory=dict)
    ends: dict[str, tuple[float, float]] = Field(default_factory=dict)
    reference: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)

    @property
    def gates(self) -> tuple[Gate, ...]:
        """The conditions, however many."""
        if self.gate is None:
            return ()
        return (self.gate,) if isinstance(self.gate, Gate) else self.gate
