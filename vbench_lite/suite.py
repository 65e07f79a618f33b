"""The contract of a suite: which requests, which metrics, and how they add up to axes.

A suite is one YAML file. Unknown keys are errors, and a lock file holds the content hash of every
version, so that content cannot change under the same version.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from vbench_lite import registry
from vbench_lite.errors import SpecError
from vbench_lite.metric import Axis
from vbench_lite.yaml_text import parse_yaml


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ShapesPrompts(_Strict):
    """Captions of the shapes world.

    split: pairs of colour and shape that were used in training, that were not, all of them, or both
    kinds in turn. edits: after each caption come four more that differ from it in one word each, in
    colour, shape, direction and speed, and are made from its seed. latent_path: each caption is asked for
    so many times, with initial noise that walks evenly from one draw to another; 0: no walk.
    """

    dataset: Literal["shapes"]
    count: Annotated[int, Field(ge=1)]
    split: Literal["seen", "held_out", "all", "both"] = "seen"
    seed: int = 0
    edits: bool = False
    latent_path: Annotated[int, Field(ge=0, le=64)] = 0

    @model_validator(mode="after")
    def _a_walk_has_points(self) -> ShapesPrompts:
        if 0 < self.latent_path < 4:
            raise ValueError("latent_path needs 4 points or more: fewer steps cannot be uneven")
        if self.latent_path and self.edits:
            raise ValueError("give either edits or latent_path")
        return self


class ListedPrompts(_Strict):
    """Prompts written out, or read from a YAML file beside the suite.

    The file is a list of texts, or of mappings {prompt, look_for}. look_for: what a viewer should look for
    in the clips of each text; empty, or one for each.
    """

    texts: tuple[str, ...] = ()
    look_for: tuple[str, ...] = ()
    file: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> ListedPrompts:
        if bool(self.texts) == (self.file is not None):
            raise ValueError("give either texts or file")
        if self.look_for and len(self.look_for) != len(self.texts):
            raise ValueError(f"look_for has {len(self.look_for)} entries for {len(self.texts)} texts")
        return self


class PromptSets(_Strict):
    """Registered prompt sets, or YAML files of the same form, one after another."""

    sets: Annotated[tuple[str, ...], Field(min_length=1)]


class RequestSpec(_Strict):
    """What every generator is asked to make.

    given: frames that come with the prompt, from a held-out real clip of it: its first frame ("image"),
    `given_frames` frames to continue ("past_frames"), or the whole clip to pass through the generator's
    own encoder and decoder ("clip"). A generator that cannot take them has no samples in the suite.
    """

    num_frames: Annotated[int, Field(ge=1)] = 16
    height: Annotated[int, Field(ge=8)] = 32
    width: Annotated[int, Field(ge=8)] = 32
    fps: Annotated[float, Field(gt=0)] = 8.0
    params: dict[str, Any] = Field(default_factory=dict)
    given: Literal["image", "past_frames", "clip"] | None = None
    given_frames: Annotated[int, Field(ge=1)] = 8


class ReferenceSpec(_Strict):
    """Real clips that set metrics compare with; disjoint from the `real` control by its seed."""

    count: Annotated[int, Field(ge=2)]
    seed: int = 1


class Gate(_Strict):
    """An axis counts only as far as a condition holds: the score is multiplied by
    min(1, value / (floor * value of the real control))."""

    metric: str
    floor: Annotated[float, Field(gt=0, le=1)]


class AxisSpec(_Strict):
    """How metrics make an axis.

    metrics: weight by metric id. gate: see `Gate`. floors: the control that scores 0 on a metric; by
    default the one that is worst on it. Name one where the worst is so far off (white noise under a
    distribution distance) that every real generator would crowd at the top. reference: for speed and
    memory, the value that scores 0; the score is log2 of the ratio to it, oriented so that + is better.
    """

    metrics: dict[str, Annotated[float, Field(gt=0)]]
    gate: Gate | None = None
    floors: dict[str, Literal["frozen", "noise", "shuffled"]] = Field(default_factory=dict)
    reference: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)


class SweepSpec(_Strict):
    """Requests around the suite's own, one size varied at a time.

    frames: clip lengths. sides: heights and widths of square frames. steps: sampling steps, for
    generators that denoise. batch: clips in one call. check_frames: one length beyond `frames` that
    is measured and kept out of the fit, to check what the fit predicts.
    """

    frames: tuple[Annotated[int, Field(ge=1)], ...] = ()
    sides: tuple[Annotated[int, Field(ge=8)], ...] = ()
    steps: tuple[Annotated[int, Field(ge=1)], ...] = ()
    batch: tuple[Annotated[int, Field(ge=1)], ...] = ()
    check_frames: Annotated[int, Field(ge=1)] | None = None


class PerformanceSpec(_Strict):
    """The timed pass: calls in fresh processes, rounds of different generators interleaved.

    warm_calls: in each round. limit_s: the pass makes fewer warm calls to stay below it.
    profile: add one call for each generator, not timed, that counts its work. sweep: further
    requests to time.
    """

    rounds: Annotated[int, Field(ge=1)] = 2
    warm_calls: Annotated[int, Field(ge=1)] = 4
    limit_s: Annotated[float, Field(gt=0)] = 60.0
    profile: bool = False
    sweep: SweepSpec | None = None


class Suite(_Strict):
    """A suite as read from its file.

    baseline: whose clips pair metrics compare with, sample by sample: "first" is the first generator of
    the run. None: nobody's, unless the request gives whole clips, which then are the references.
    clip_names: "prompt" where files of clips made elsewhere are named PROMPT-INDEX, as VBench has them.
    """

    name: str
    version: Annotated[int, Field(ge=1)]
    description: str
    prompts: ShapesPrompts | ListedPrompts | PromptSets
    request: RequestSpec = RequestSpec()
    samples: Annotated[int, Field(ge=1)] = 16
    reference: ReferenceSpec | None = None
    metrics: tuple[str, ...]
    axes: dict[Axis, AxisSpec]
    performance: PerformanceSpec | None = None
    baseline: Literal["first"] | None = None
    clip_names: Literal["free", "prompt"] = "free"

    @model_validator(mode="after")
    def _given_frames_have_a_source(self) -> Suite:
        if self.request.given is not None and self.world is None:
            raise ValueError("request.given takes frames of a data set; prompts must name one")
        if self.request.given is not None and self.performance is not None:
            raise ValueError("request.given is for clips that are scored; timed calls have a prompt only")
        if self.request.given == "clip" and self.baseline is not None:
            raise ValueError("with request.given: clip the given clips are the references; drop baseline")
        return self

    @model_validator(mode="after")
    def _axes_use_listed_metrics(self) -> Suite:
        for axis, spec in self.axes.items():
            gate = [spec.gate.metric] if spec.gate else []
            for metric in spec.floors:
                if metric not in spec.metrics:
                    raise ValueError(f"axis {axis} names a floor for {metric}, which it does not count")
            for metric in [*spec.metrics, *gate]:
                if metric not in self.metrics:
                    raise ValueError(f"axis {axis} uses {metric}, which is not under metrics")
            if axis in (Axis.SPEED, Axis.MEMORY) and set(spec.metrics) != set(spec.reference):
                raise ValueError(f"axis {axis} needs a reference for each of its metrics")
        return self

    @property
    def world(self) -> str | None:
        """The data set that knows what the prompts mean, if one does."""
        return self.prompts.dataset if isinstance(self.prompts, ShapesPrompts) else None

    def content_sha256(self) -> str:
        """Hash of everything but the version; the lock file holds it for each version.

        Values that equal their defaults are left out, so that an optional field added to the contract
        changes no suite that does not use it.
        """
        content = self.model_dump(mode="json", exclude={"version"}, exclude_defaults=True)
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def read_suite(path: Path) -> Suite:
    """Read a suite file.

    Raises:
        SpecError: the file is missing, is no YAML, or does not fit the contract.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SpecError(f"suite file {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise SpecError(f"suite file {path} is no YAML: {error}") from None
    return parse_suite(parse_yaml(text, f"suite file {path}"), str(path))


def parse_suite(data: Any, where: str) -> Suite:
    """Check parsed YAML against the contract; `where` names it in errors."""
    try:
        return Suite.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "top level"
        raise SpecError(f"{where}: {place}: {first['msg'].removeprefix('Value error, ')}") from None


def load_suite(name: str) -> Suite:
    """Return the suite of a registered name, or of a path to a YAML file."""
    if name.endswith((".yaml", ".yml")):
        return read_suite(Path(name))
    found = registry.load("suites", name)
    return read_suite(Path(found() if callable(found) else found))
