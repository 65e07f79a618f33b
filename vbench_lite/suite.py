"""The contract of a suite: which requests, which metrics, and how they add up to axes.

A suite is one YAML file. Unknown keys are errors, and a lock file holds the content hash of every
version, so that content cannot change under the same version.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from vbench_lite import registry
from vbench_lite.control import parse_script
from vbench_lite.dataset import ClipSize, DatasetRef
from vbench_lite.errors import SpecError
from vbench_lite.metric import Axis
from vbench_lite.suite_axes import AxisSpec, Strict
from vbench_lite.validation_errors import validated
from vbench_lite.yaml_text import read_yaml

ControlKind = Literal["edges", "blur", "mask", "depth", "pose"]


class DatasetPrompts(Strict):
    """Captions of a data set.

    Attributes:
        dataset: The data set that gives the captions: a registered name, or a path.
        count: How many captions are drawn; samples beyond it begin again with other seeds. Default: all that
            there are.
        split: The part of the data set (`vbench-lite show NAME`); default: the first it names.
        seed: Of the draw of captions.
        tags: Only captions with one of these tags; default: all.
        edits: After each caption come more that differ from it in one word each and are made from its seed.
        latent_path: Each caption is asked for so many times (4 or more), with initial noise that walks evenly
            from one draw to another; 0: no walk.
    """

    dataset: str
    count: Annotated[int, Field(ge=1)] | None = None
    split: str | None = None
    seed: int = 0
    tags: tuple[str, ...] = ()
    edits: bool = False
    latent_path: int = Field(default=0, ge=0, le=64)

    @model_validator(mode="after")
    def _a_walk_has_points(self) -> DatasetPrompts:
        if 0 < self.latent_path < 4:
            raise ValueError("latent_path needs 4 points or more: fewer steps cannot be uneven")
        if self.latent_path and self.edits:
            raise ValueError("give either edits or latent_path")
        return self


class FoundDataset(Strict):
    """The data set that a run found.

    Attributes:
        name: Its registered name, or the name of its folder.
        content: Hash of everything that it gives.
        path: Where it lies; nothing for a registered one.
    """

    name: str
    content: str
    path: str | None = None

    @property
    def ref(self) -> DatasetRef:
        """How it is found again."""
        return DatasetRef(self.name, self.content, self.path)


class ListedPrompts(Strict):
    """Prompts written out, or read from a YAML file beside the suite.

    Give either texts or file.

    Attributes:
        texts: The prompts.
        look_for: What a viewer should look for in the clips of each text; empty, or one for each.
        tags: Words by which tables are cut, of each text; empty, or one list for each.
        file: A YAML file, its path relative to the suite: a list of texts, or of mappings {prompt, look_for}.
    """

    texts: tuple[str, ...] = ()
    look_for: tuple[str, ...] = ()
    tags: tuple[tuple[str, ...], ...] = ()
    file: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> ListedPrompts:
        if bool(self.texts) == (self.file is not None):
            raise ValueError("give either texts or file")
        for name, told in (("look_for", self.look_for), ("tags", self.tags)):
            if told and len(told) != len(self.texts):
                raise ValueError(f"{name} has {len(told)} entries for {len(self.texts)} texts")
        return self


class PromptSets(Strict):
    """Registered prompt sets, or files of one's own, one after another.

    Attributes:
        sets: Names of registered sets (film, games ...), or paths of files: YAML, or .txt with one a line.
    """

    sets: tuple[str, ...] = Field(min_length=1)


class RequestSpec(Strict):
    """What every generator is asked to make.

    Attributes:
        num_frames: Frames of a clip.
        seconds: In place of num_frames: how long a clip is. A generator that knows its rate makes the frames
            of so many seconds at it; any other, and the real clips, at the suite's fps.
        height: Pixels.
        width: Pixels.
        fps: Frames a second.
        params: Further parameters of every request, such as steps or guidance; adapters say which they know.
        negative_prompt: What clips should not show, for every prompt, where a generator takes it.
        given: Frames that come with the prompt, in timed calls too, from a held-out real clip of it: its
            first frame (image), given_frames frames to continue (past_frames), the whole clip to pass through
            the generator's own encoder and decoder (clip), or a clip that shows what the result is to follow
            (control). A data set may have files of its own in their place. A generator that cannot take them
            has no samples in the suite.
        control_kind: With given: control, what the control clip shows. edges, blur and mask (a hole in the
            middle) are made from the real clip; depth and pose need a data set that has such clips.
        given_frames: How many frames past_frames hands over.
        scripts: What is held while a clip is made, for generators that are steered: each prompt is made with
            each of these from one seed, one sample after another. Holds KEYS*FRAMES, as in D*7 0*5 W+A*7,
            begun again at their end. A generator of images or videos to video takes them turn by turn.
    """

    num_frames: int = Field(default=16, ge=1)
    seconds: Annotated[float, Field(gt=0)] | None = None
    height: int = Field(default=32, ge=8)
    width: int = Field(default=32, ge=8)
    fps: float = Field(default=8.0, gt=0)
    params: dict[str, Any] = Field(default_factory=dict)
    negative_prompt: str = ""
    given: Literal["image", "past_frames", "clip", "control"] | None = None
    control_kind: ControlKind | None = None
    given_frames: int = Field(default=8, ge=1)
    scripts: tuple[str, ...] = ()

    @field_validator("scripts")
    @classmethod
    def _scripts_are_holds(cls, scripts: tuple[str, ...]) -> tuple[str, ...]:
        for text in scripts:
            try:
                parse_script(text)
            except SpecError as error:
                raise ValueError(str(error)) from None
        return scripts

    @model_validator(mode="before")
    @classmethod
    def _seconds_are_frames_at_its_rate(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not isinstance(data.get("seconds"), (int, float)):
            return data
        fps = data.get("fps", cls.model_fields["fps"].default)
        frames = max(1, round(data["seconds"] * fps)) if isinstance(fps, (int, float)) else 1
        if data.get("num_frames", frames) != frames:
            raise ValueError("give either seconds or num_frames")
        return {**data, "num_frames": frames}

    @model_validator(mode="after")
    def _a_control_has_a_kind(self) -> RequestSpec:
        if (self.given == "control") != (self.control_kind is not None):
            raise ValueError("given: control and control_kind come together; say which kind of control clip")
        return self

    @property
    def size(self) -> ClipSize:
        """What a clip of it measures."""
        return ClipSize(self.num_frames, self.height, self.width, self.fps, self.seconds)

    def frames_at(self, native_fps: float | None) -> int:
        """Frames of a clip for a generator whose rate is known, or None."""
        if self.seconds is None or native_fps is None:
            return self.num_frames
        return max(1, round(self.seconds * native_fps))


class ReferenceSpec(Strict):
    """Real clips that set metrics compare with; no clip of the `real` control is one of them.

    Attributes:
        count: How many clips.
        seed: Of their draw; another than that of the prompts.
    """

    count: int = Field(ge=2)
    seed: int = 1


class SweepSpec(Strict):
    """Requests around the suite's own, one size varied at a time.

    Attributes:
        frames: Lengths of clips, in frames.
        sides: Heights and widths of square frames, in pixels.
        steps: Sampling steps, for generators that denoise.
        batch: Clips in one call.
        check_frames: One length beyond frames that is measured and kept out of the fit, to check what the fit
            predicts; default: none.
    """

    frames: tuple[Annotated[int, Field(ge=1)], ...] = ()
    sides: tuple[Annotated[int, Field(ge=8)], ...] = ()
    steps: tuple[Annotated[int, Field(ge=1)], ...] = ()
    batch: tuple[Annotated[int, Field(ge=1)], ...] = ()
    check_frames: Annotated[int, Field(ge=1)] | None = None


class PerformanceSpec(Strict):
    """The timed pass: calls in fresh processes, rounds of different generators interleaved.

    Attributes:
        rounds: Fresh processes for each generator and size.
        warm_calls: Timed calls of each process after its first one.
        limit_s: Seconds; the pass makes fewer warm calls, then leaves sizes out, to stay below it.
        batch: Clips in one timed call; default: as many as the run asks of a generator in one.
        profile: Add one call for each generator, not timed, that counts its work (NFE, FLOPs).
        sweep: Further sizes to time; default: none.
    """

    rounds: int = Field(default=2, ge=1)
    warm_calls: int = Field(default=4, ge=1)
    limit_s: float = Field(default=60.0, gt=0)
    batch: int | None = Field(default=None, ge=1)
    profile: bool = False
    sweep: SweepSpec | None = None


class Suite(Strict):
    """A suite as read from its file.

    Attributes:
        name: How runs and tables call it.
        version: Raised with every change of content; results of two versions are never ranked together.
        description: What it measures, for a reader who chooses.
        prompts: What is asked for.
        scale: The data set of whose clips the controls and the reference are made, where the prompts are of
            none: a registered name, or a path. Its clips answer other prompts, so only metrics that do not
            depend on what is shown may count.
        open: Whether a run may replace the data set and the size (`--dataset`, `--size`).
        data: Written by a run: the data set that it found, by content.
        request: The size of every clip, and what comes with a prompt.
        samples: Requests for each generator; more than there are prompts: further seeds of each.
        reference: Real clips for metrics of sets; default: none, so those that need them have no value.
        metrics: Ids of the metrics to compute (`vbench-lite list metrics`).
        axes: What makes each axis: quality, coherence, alignment, diversity, horizon, control, speed, memory.
        performance: How generators are timed; default: they are not.
        baseline: Whose clips pair metrics compare with, sample by sample: first is the first generator of the
            run. Default: nobody's, unless the request gives whole clips, which then are the references.
        generators: Registered generators that are asked where a run names nobody.
        batch: Clips that these generators are asked for in one call; in a timed one, too, unless
            performance.batch says otherwise.
        also: Registered suites that a run of this one holds as well, since they need another request (longer
            clips). What they measure and this one does not, axes and metrics, stands on its board.
        clip_names: prompt: files of clips made elsewhere are named PROMPT-INDEX, as VBench has them.
    """

    name: str
    version: int = Field(ge=1)
    description: str
    prompts: DatasetPrompts | ListedPrompts | PromptSets
    scale: str | None = None
    open: bool = False
    data: FoundDataset | None = None
    request: RequestSpec = RequestSpec()
    samples: int = Field(default=16, ge=1)
    reference: ReferenceSpec | None = None
    metrics: tuple[str, ...]
    axes: dict[Axis, AxisSpec]
    performance: PerformanceSpec | None = None
    baseline: Literal["first"] | None = None
    generators: tuple[str, ...] = Field(
        default=("reference/latent-diffusion", "reference/autoregressive", "reference/hybrid"), min_length=1
    )
    batch: int = Field(default=1, ge=1)
    also: tuple[str, ...] = ()
    clip_names: Literal["free", "prompt"] = "free"

    @model_validator(mode="after")
    def _given_frames_have_a_source(self) -> Suite:
        if self.request.given is not None and not isinstance(self.prompts, DatasetPrompts):
            raise ValueError("request.given takes frames of a data set; prompts must name one")
        if self.scale is not None and isinstance(self.prompts, DatasetPrompts):
            raise ValueError("prompts name a data set, which makes the scale too; drop scale")
        if self.request.scripts and self.request.given != "image":
            raise ValueError("request.scripts steer a data set from a first frame; give image")
        if self.request.given == "clip" and self.baseline is not None:
            raise ValueError("with request.given: clip the given clips are the references; drop baseline")
        return self

    @model_validator(mode="after")
    def _axes_use_listed_metrics(self) -> Suite:
        for axis, spec in self.axes.items():
            for metric in spec.floors:
                if metric not in spec.metrics:
                    raise ValueError(f"axis {axis} names a floor for {metric}, which it does not count")
            for metric, (zero, one) in spec.ends.items():
                if metric not in spec.metrics or metric in spec.floors:
                    raise ValueError(f"axis {axis} names ends for {metric}, which it does not count by them")
                if zero == one:
                    raise ValueError(f"axis {axis}: the ends of {metric} are equal")
            for metric in [*spec.metrics, *(gate.metric for gate in spec.gates)]:
                if metric not in self.metrics:
                    raise ValueError(f"axis {axis} uses {metric}, which is not under metrics")
            if axis in (Axis.SPEED, Axis.MEMORY) and set(spec.metrics) != set(spec.reference):
                raise ValueError(f"axis {axis} needs a reference for each of its metrics")
        return self

    @property
    def dataset(self) -> str | None:
        """The data set of whose clips controls and reference are made, as the suite names it."""
        return self.prompts.dataset if isinstance(self.prompts, DatasetPrompts) else self.scale

    def content_sha256(self) -> str:
        """Hash of what is asked and how it is judged: all but the version, and who is asked where a run names
        nobody. The lock file holds it for each version.

        Values that equal their defaults are left out, so that an optional field added to the contract
        changes no suite that does not use it.
        """
        asked = {"version", "generators", "batch"}
        content = self.model_dump(mode="json", exclude=asked, exclude_defaults=True)
        if self.data is not None:  # what it holds counts, not where it lies
            content["data"] = self.data.content
            if isinstance(self.prompts, DatasetPrompts):
                del content["prompts"]["dataset"]
            content.pop("scale", None)
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def read_suite(path: Path) -> Suite:
    """Read a suite file.

    Raises:
        SpecError: the file is missing, is no YAML, or does not fit the contract.
    """
    return parse_suite(read_yaml(path, f"suite file {path}"), str(path))


def parse_suite(data: Any, where: str) -> Suite:
    """Check parsed YAML against the contract; `where` names it in errors."""
    return validated(Suite, data, where)


def load_suite(name: str) -> Suite:
    """Return the suite of a registered name, or of a path to a YAML file."""
    if name.endswith((".yaml", ".yml")):
        return read_suite(Path(name))
    found = registry.load("suites", name)
    return read_suite(Path(found() if callable(found) else found))
