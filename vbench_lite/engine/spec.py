"""The run specification: what a user asks for, as YAML or built from flags."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from vbench_lite.errors import SpecError
from vbench_lite.yaml_text import parse_yaml

_LABEL = re.compile(r"[a-z0-9._/-]+")

DEFAULT_GENERATORS = (
    "reference/latent-diffusion",
    "reference/autoregressive",
    "reference/hybrid",
)


class GeneratorSpec(BaseModel):
    """One generator of a run: an adapter with its configuration under a label."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    label: str
    adapter: str
    config: dict[str, Any] = Field(default_factory=dict)
    device: str = "cpu"
    batch: Annotated[int, Field(ge=1)] = 1

    @field_validator("label")
    @classmethod
    def _label_is_plain(cls, label: str) -> str:
        if not _LABEL.fullmatch(label):
            raise ValueError(
                f"label {label!r} may hold only a-z 0-9 . _ / -; a file gives an adapter a label"
            )
        return label


class RunSpec(BaseModel):
    """What to run. The defaults are the default benchmark."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    generators: tuple[GeneratorSpec, ...] = tuple(
        GeneratorSpec(label=name, adapter=name) for name in DEFAULT_GENERATORS
    )
    suites: Annotated[tuple[str, ...], Field(min_length=1)] = ("quick",)
    prompts: tuple[str, ...] = ()  # prompt sets in place of every suite's own prompts
    samples: Annotated[int, Field(ge=1)] | None = None  # None: what the suite says
    seed: int = 0
    controls: bool = True
    timeout_s: Annotated[float, Field(gt=0)] = 600.0  # for one batch
    memory_limit_gib: Annotated[float, Field(gt=0)] | None = None  # for one worker; None: no limit

    @model_validator(mode="after")
    def _labels_are_unique(self) -> RunSpec:
        labels = [g.label for g in self.generators]
        twice = sorted({label for label in labels if labels.count(label) > 1})
        if twice:
            raise ValueError(f"label {twice[0]!r} is used twice; every generator needs its own")
        if not labels:
            raise ValueError("a run needs at least one generator")
        return self


def read_spec(path: Path) -> RunSpec:
    """Read a specification file.

    Raises:
        SpecError: missing file, bad YAML, unknown key or bad value, each with its place.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SpecError(f"specification {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise SpecError(f"specification {path} is no YAML: {error}") from None
    data = parse_yaml(text, f"specification {path}")
    if data is None:
        known = ", ".join(RunSpec.model_fields)
        raise SpecError(f"specification {path} is empty; give at least one of: {known}")
    return parse_spec(data, str(path))


def parse_spec(data: Any, where: str) -> RunSpec:
    """Check parsed YAML or flags against the contract; `where` names the source in errors."""
    try:
        return RunSpec.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "top level"
        raise SpecError(f"{where}: {place}: {first['msg'].removeprefix('Value error, ')}") from None
