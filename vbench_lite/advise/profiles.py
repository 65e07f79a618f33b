"""A use: what a film, a game or a stream asks of a generator, as limits and weights with reasons.

A use is a YAML file; unknown keys are errors. The named ones lie in `uses/`; any path to a file of the same
form works as well.
"""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from vbench_lite.advise.requirements import Requirement, parse_requirement
from vbench_lite.errors import SpecError
from vbench_lite.metric import Axis
from vbench_lite.validation_errors import validated
from vbench_lite.yaml_text import read_yaml

DOUBLINGS = 4.0


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Limit(_Strict):
    """A requirement in the notation of `--require`, and why this use has it.

    Attributes:
        limit: Metric, comparison and value with its unit, such as speed/time_to_first_frame_s <= 1 s.
        why: The reason, as a reader is told.
        if_known: Whether it is left out where the number is known of no generator.
    """

    limit: str
    why: str = Field(min_length=1)
    if_known: bool = False

    @model_validator(mode="after")
    def _reads(self) -> Limit:
        try:
            parse_requirement(self.limit)
        except SpecError as error:
            raise ValueError(str(error)) from None
        return self


class Weight(_Strict):
    """How much an axis counts beside the others, and why.

    Attributes:
        weight: Beside those of the other axes; only ratios matter.
        why: The reason, as a reader is told.
    """

    weight: float = Field(ge=0)
    why: str = Field(min_length=1)


class Use(_Strict):
    """A named use.

    Attributes:
        name: Of the characters a-z 0-9 -.
        version: Raised with every change.
        title: As it stands in a sentence: for live streaming.
        summary: Who watches, and what they notice first.
        limits: What a generator must meet at all.
        weights: By axis; an axis that is not named does not count.
        doublings: How often speed or memory must halve to be worth as much as the whole way from a control
            without content to real clips on any other axis.
    """

    name: str = Field(pattern=r"^[a-z0-9-]+$")
    version: int = Field(default=1, ge=1)
    title: str
    summary: str
    limits: tuple[Limit, ...] = ()
    weights: dict[Axis, Weight]
    doublings: float = Field(default=DOUBLINGS, gt=0)

    @model_validator(mode="after")
    def _something_counts(self) -> Use:
        if not any(weight.weight > 0 for weight in self.weights.values()):
            raise ValueError("weights: at least one axis needs a weight above 0")
        return self

    def requirements(self) -> tuple[Requirement, ...]:
        """The limits, each with its reason."""
        return tuple(
            parse_requirement(limit.limit, why=limit.why, if_known=limit.if_known) for limit in self.limits
        )


def use_names() -> list[str]:
    """Names of the uses that ship with the package."""
    return sorted(
        entry.name.removesuffix(".yaml") for entry in _folder().iterdir() if entry.name.endswith(".yaml")
    )


def load_use(name: str) -> Use:
    """Read a named use, or one from a path that ends in .yaml or .yml.

    Raises:
        SpecError: unknown name, missing file, bad YAML, unknown key or bad value, each with its place.
    """
    where = f"use {name}"
    if name.endswith((".yaml", ".yml")):
        file: Path | Traversable = Path(name)
    elif name in use_names():
        file = _folder() / f"{name}.yaml"
    else:
        raise SpecError(
            f"there is no use {name!r}; there are: {', '.join(use_names())}, or a path to a .yaml"
        )
    return validated(Use, read_yaml(file, where) or {}, where)


def _folder() -> Traversable:
    return files("vbench_lite.advise") / "uses"
