"""The run specification: what a user asks for, as YAML or built from flags."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator, model_validator

from vbench_lite import registry
from vbench_lite.dataset import parse_size
from vbench_lite.errors import SpecError
from vbench_lite.extractor import Precision
from vbench_lite.run.plan.sweep import SweepSpec
from vbench_lite.suite_axes import Strict
from vbench_lite.validation_errors import validated
from vbench_lite.yaml_text import read_yaml

_LABEL = re.compile(r"[a-z0-9._/-]+")
_DEVICE = re.compile(r"(cpu|cuda|mps|xpu|npu|hpu|xla|mtia|privateuseone)(:\d+)?")


class GeneratorSpec(Strict):
    """One generator of a run: an adapter with its configuration under a label.

    Attributes:
        label: The generator's name in every table, of the characters a-z 0-9 . _ / -; each its own.
        adapter: A registered generator (`vbench-lite list generators`), or package.module:Class.
        config: Keys of the adapter; `vbench-lite show ADAPTER` lists them.
        device: Where it computes, as torch names it: cpu, cuda, cuda:1.
        batch: Clips that are asked for in one call; those of another batch are made again. Timed calls have
            as many, unless performance.batch of the suite says otherwise.
        params: Parameters of every request to it, put over those of the suite.
        draw: Which seeds its samples have: 0, those of the plan; another number, others for the same prompts.
            It is timed with draw 0 only.
    """

    label: str
    adapter: str
    config: dict[str, Any] = Field(default_factory=dict)
    device: str = "cpu"
    batch: int = Field(default=1, ge=1)
    params: dict[str, Any] = Field(default_factory=dict)
    draw: int = Field(default=0, ge=0)

    @field_validator("label")
    @classmethod
    def _label_is_plain(cls, label: str) -> str:
        if not _LABEL.fullmatch(label):
            raise ValueError(
                f"label {label!r} may hold only a-z 0-9 . _ / -; a file gives an adapter a label"
            )
        return label

    @field_validator("device")
    @classmethod
    def _device_is_one_of_torch(cls, device: str) -> str:
        if not _DEVICE.fullmatch(device):
            raise ValueError(f"torch has no device {device!r}; it has cpu, cuda, cuda:1, mps ...")
        return device


class RunSpec(Strict):
    """What to run. The defaults are the default benchmark.

    Attributes:
        generators: Who is measured. Default: the generators that the first suite names.
        sweep: Settings of one generator against its base, in place of generators (`vbench-lite sweep
            SPEC.yaml`).
        suites: Names of suites, or paths to their YAML files.
        prompts: Prompt sets (names or YAML files) in place of every suite's own prompts.
        dataset: A data set in place of that of every suite, which have to be open: a registered name
            (`vbench-lite list datasets`), or a folder or manifest of clips.
        size: FRAMESxHEIGHTxWIDTH@FPS in place of the size of every suite, which have to be open.
        samples: Requests for each generator, the first ones of the suite. Default: as many as it says.
        seed: Of the whole plan: every sample's seed follows from it.
        controls: Whether the arms real, frozen, noise and shuffled are made; axes are scaled by them.
        timeout_s: Seconds for one batch of clips; then its samples have failed.
        memory_limit_gib: GiB that one worker may take; a generator beyond it fails alone. Default: no limit.
        score_device: Where the networks that score compute, as torch names it: cpu, cuda:0 ...
        score_precision: What they compute in; another one is another measurement, never compared with
            float32. fp16 is for accelerators.
    """

    generators: Annotated[tuple[GeneratorSpec, ...], Field(min_length=1)] | None = None
    sweep: SweepSpec | None = None
    suites: tuple[str, ...] = Field(default=("quick",), min_length=1)
    prompts: tuple[str, ...] = ()
    dataset: str | None = None
    size: str | None = None
    samples: Annotated[int, Field(ge=1)] | None = None
    seed: int = 0
    controls: bool = True
    timeout_s: float = Field(default=600.0, gt=0)
    memory_limit_gib: Annotated[float, Field(gt=0)] | None = None
    score_device: str = "cpu"
    score_precision: Precision = "float32"

    @model_validator(mode="before")
    @classmethod
    def _a_sweep_names_the_generators(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not data.get("sweep") or "generators" in data:
            return data
        try:
            sweep = SweepSpec.model_validate(data["sweep"])
        except ValidationError:  # the field itself says so, with its place
            return data
        return {**data, "generators": sweep.generators()}

    @field_validator("size")
    @classmethod
    def _size_is_one(cls, size: str | None) -> str | None:
        try:
            return None if size is None else str(parse_size(size))
        except SpecError as error:
            raise ValueError(str(error)) from None

    @model_validator(mode="after")
    def _labels_are_unique(self) -> RunSpec:
        labels = [g.label for g in self.generators or ()]
        twice = sorted({label for label in labels if labels.count(label) > 1})
        if twice:
            raise ValueError(f"label {twice[0]!r} is used twice; every generator needs its own")
        return self


def read_spec(path: Path) -> RunSpec:
    """Read a specification file.

    Raises:
        SpecError: missing file, bad YAML, unknown key or bad value, each with its place.
    """
    data = read_yaml(path, f"specification {path}", _meant(str(path)))
    if data is None:
        known = ", ".join(RunSpec.model_fields)
        raise SpecError(f"specification {path} is empty; give at least one of: {known}")
    if isinstance(data, dict) and {"sweep", "generators"} <= data.keys():
        raise SpecError(f"specification {path}: sweep makes the generators of the run; leave generators out")
    return parse_spec(data, str(path))


def parse_spec(data: Any, where: str) -> RunSpec:
    """Check parsed YAML or flags against the contract; `where` names the source in errors."""
    return validated(RunSpec, data, where)


def _meant(name: str) -> str:
    """Where a specification's place holds the name of something else, the option that takes it."""
    if name in registry.names("generators"):
        return f"; to ask the generator of this name: -g {name}"
    if name in registry.names("suites"):
        return f"; to run the suite of this name: --suite {name}"
    return ""
