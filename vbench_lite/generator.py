"""The contract of a generator: what it declares, what it is asked, and where its frames go.

An adapter subclasses `Generator`. It never reads a clock, never writes a file and never picks a
seed: the context that it is handed owns all three. A generator that streams calls
`context.emit` for each piece as soon as it is ready; one that cannot stream emits once.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from vbench_lite.clip import Frames as Frames
from vbench_lite.control import Action, Script
from vbench_lite.dataset import DatasetRef
from vbench_lite.errors import RequestError, SpecError
from vbench_lite.size_rules import FrameRule as FrameRule
from vbench_lite.size_rules import SizeRule as SizeRule
from vbench_lite.spelling import american, takes_british
from vbench_lite.validation_errors import validation_error


class Family(StrEnum):
    """How a generator makes pixels; tables and charts group by it."""

    LATENT_DIFFUSION = "latent_diffusion"
    PIXEL_DIFFUSION = "pixel_diffusion"
    AUTOREGRESSIVE = "autoregressive"
    HYBRID = "hybrid"
    EXTERNAL = "external"
    CONTROL = "control"


class Mechanism(StrEnum):
    """In which order frames come to be."""

    BIDIRECTIONAL = "bidirectional"
    CHUNK_AUTOREGRESSIVE = "chunk_autoregressive"
    FRAME_AUTOREGRESSIVE = "frame_autoregressive"
    TOKEN_AUTOREGRESSIVE = "token_autoregressive"
    DIFFUSION_FORCING = "diffusion_forcing"
    NEXT_SCALE = "next_scale"
    UNKNOWN = "unknown"


class Task(StrEnum):
    """What a generator can be asked for."""

    T2V = "t2v"
    I2V = "i2v"
    V2V = "v2v"
    C2V = "c2v"  # a clip that follows a control clip: edges, depth, poses ...
    CLASS2V = "class2v"
    UNCONDITIONAL = "unconditional"
    WORLD = "world"  # goes on from a first frame as it is steered, frame by frame


class Streaming(StrEnum):
    """The smallest piece that leaves the generator before the whole clip is done."""

    NONE = "none"
    CHUNK = "chunk"
    FRAME = "frame"
    TOKEN = "token"


class Site(StrEnum):
    """Where the work of a call is done, and so what can be measured of it."""

    PROCESS = "process"  # in this process: the clock waits for the device, and its memory is read
    WORKER = "worker"  # in a process that stays: timed by arrival; it tells its own memory
    COMMAND = "command"  # in a process for each clip: timed with its start and its load
    REMOTE = "remote"  # on a server: timed with its queue and the network; memory unknown
    RECORDED = "recorded"  # done before: neither time nor memory


@takes_british
@dataclass(frozen=True)
class GeneratorInfo:
    """What a generator declares of itself, readable without loading weights.

    Attributes:
        name: the registered name of the adapter.
        prompts: "open", or "closed" when only the `vocabulary` is understood.
        vocabulary: the data set whose captions are understood (for "closed").
        native_fps: the rate its frames are meant to be shown at; None if unknown.
        guidance: whether classifier-free guidance is used (it doubles the work).
        kv_cache: whether past computation is cached.
        deterministic: whether a seed fixes the clip, byte for byte, on equal hardware.
        license, weights_license: SPDX names, or "unknown".
        weights_sha256: hash over the weights it would load; None if there are none or unknown.
        latents: whether `encode` and `decode` exist (for the reconstruction metrics).
        controls: kinds of control clips that it follows ("edges", "depth" ...); empty: of any kind.
        noise_dim: numbers in a frame's initial noise, if requests may set it by the parameter `noise`, a
            list of (num_frames or fewer) lists of so many; None if they may not.
        actions: what it understands of `context.control`: keys (W A S D, up left down right), "prompt" (a
            new text while it runs) and "camera"; () for a generator that cannot be steered while it runs.
            With every other action it would do nothing, so it is not asked scripts that have one.
        site: where the work is done. Where it is a worker or a command, the adapter tells the memory with
            `context.note(peak_bytes=..., baseline_bytes=...)`; what it does not tell is unknown.
    """

    name: str
    family: Family
    mechanism: Mechanism = Mechanism.UNKNOWN
    tasks: tuple[Task, ...] = (Task.T2V,)
    prompts: str = "open"
    vocabulary: str | None = None
    frames: FrameRule = field(default_factory=FrameRule)
    size: SizeRule = field(default_factory=SizeRule)
    native_fps: float | None = None
    guidance: bool = False
    streaming: Streaming = Streaming.NONE
    kv_cache: bool = False
    deterministic: bool = True
    latents: bool = False
    noise_dim: int | None = None
    actions: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    site: Site = Site.PROCESS
    license: str = "unknown"
    weights_license: str = "unknown"
    weights_sha256: str | None = None
    summary: str = ""

    def snapped(self, num_frames: int, height: int, width: int) -> tuple[int, int, int]:
        """Return the frame count, height and width that will really be made.

        Raises:
            RequestError: the rules allow nothing that would do.
        """
        return self.frames.snap(num_frames), *self.size.snap(height, width)

    def snap(self, request: GenerationRequest) -> GenerationRequest:
        """Return the request with the frame count and size that will really be made; raises as `snapped`."""
        return request.sized(*self.snapped(request.num_frames, request.height, request.width))

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class GenerationRequest:
    """One clip to make.

    Attributes:
        sample_id: unique within a run; for messages.
        image: first frame to continue from, uint8 (H, W, 3), or None.
        past_frames: clip to continue, uint8 (T, H, W, 3), or None; not part of the output.
        clip: real clip to pass through the generator's own encoder and decoder, uint8 (num_frames,
            height, width, 3), or None; such a request goes to `Generator.reconstruct`.
        control_clip: clip whose signal the result is to follow, frame by frame, uint8 (num_frames, height,
            width, 3), or None. control_kind: what it shows ("edges", "depth" ...), or None.
        num_frames, height, width: what to make (already snapped to the generator's rules).
        fps: the rate the clip will be shown at.
        seed: the only source of randomness.
        params: further sampling parameters by name (steps, guidance, temperature ...).
        repeat: which request of its prompt it is, from 0; each has a seed of its own.
        dataset: whose real clips a control arm shows; None for every other generator.
        script: what is held in each frame, for a session that is steered; None for every other clip. A
            generator that runs while it is steered asks `context.control` and does not look ahead here.
    """

    sample_id: str
    prompt: str
    num_frames: int
    height: int
    width: int
    fps: float
    seed: int
    negative_prompt: str = ""
    image: Frames | None = None
    past_frames: Frames | None = None
    clip: Frames | None = None
    control_clip: Frames | None = None
    control_kind: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    repeat: int = 0
    dataset: DatasetRef | None = None
    script: Script | None = None

    def sized(self, num_frames: int, height: int, width: int) -> GenerationRequest:
        """The request for another frame count and size; itself where they are its own."""
        if (num_frames, height, width) == (self.num_frames, self.height, self.width):
            return self
        return self.changed(num_frames=num_frames, height=height, width=width)

    def changed(self, **fields: Any) -> GenerationRequest:
        """The request with other values of some fields.

        As `dataclasses.replace`, which sets all of them one by one: plans have hundreds of thousands.
        """
        made, values = object.__new__(GenerationRequest), vars(self).copy()
        values.update(fields)
        object.__setattr__(made, "__dict__", values)
        return made


class GenerationContext(ABC):
    """The push sink that a generator is handed; it owns every clock and every file."""

    @abstractmethod
    def step(self, done: int, total: int) -> None:
        """Report progress within the present phase. Raises Cancelled when asked to stop."""

    @abstractmethod
    def emit(self, request_index: int, frames: Frames) -> None:
        """Hand over the next frames of one request, uint8 (T, H, W, 3); arrival is timed here.

        Raises:
            ClipError: frames are not uint8 (T, H, W, 3) or change size.
            Cancelled: the runner asked to stop.
        """

    @abstractmethod
    def phase(self, name: str) -> None:
        """Enter a phase: "encode", "denoise", "decode_tokens", "decode", or a name of your own."""

    @abstractmethod
    def note(self, **facts: int | float | str | bool | None) -> None:
        """Record facts about the work: nfe, tokens, kv_cache_bytes, effective_prompt ...

        `nfe`: function evaluations of the denoiser for one clip (rows through it, divided by the clips of the
        call). `tokens`: written in the call, over all its clips. Both add up over the notes of a call.
        `kv_cache_bytes`: the largest that the caches of all clips of the call held together.
        `seams`: for a generator that joins pieces and emits them together, the frames at which another
        piece begins, as text ("16 24"); how visible they are is measured.
        """

    def control(self, request_index: int, *, ahead: int = 0) -> Action:
        """What is held now: ask before each piece, and make the piece with it.

        The answer is sampled here, and the time of it recorded. On the lock-step clock it is what the script
        holds in the next frame that is handed over. On the paced clock a viewer watches at the clip's rate
        and presses by wall time; a generator that is a whole piece ahead of the viewer waits here.

        Args:
            ahead: frames that are made without this control and not handed over yet, so that the first
                frame with it is as many frames later.

        Returns:
            the action in force; with nothing held where the request has no script.

        Raises:
            Cancelled: the runner asked to stop.
        """
        return Action()

    @property
    @abstractmethod
    def cancelled(self) -> bool:
        """Whether the runner asked to stop; `step` and `emit` raise Cancelled then."""


class GeneratorConfig(BaseModel):
    """Base of every adapter's configuration: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    _american = model_validator(mode="before")(american)


class Generator(ABC):
    """A video generator behind one interface.

    Life: `__init__` (cheap) -> `info` (cheap) -> `import_libraries` where time is taken -> `load` ->
    `generate` any number of times -> `close`.
    """

    Config: ClassVar[type[GeneratorConfig]] = GeneratorConfig

    def __init__(self, config: Mapping[str, Any] | None = None, device: str = "cpu") -> None:
        """Check the configuration; nothing heavy is imported or read.

        Raises:
            SpecError: the configuration does not fit `Config`.
        """
        try:
            self.config: Any = self.Config.model_validate(dict(config or {}))
        except ValidationError as error:
            fault = validation_error(error, self.Config, top="config")
            raise SpecError(f"config of {type(self).__name__}: {fault}") from None
        self.device = device

    @property
    @abstractmethod
    def info(self) -> GeneratorInfo:
        """What this generator is, without loading weights."""

    def import_libraries(self) -> None:
        """Import what `load` needs. A timed pass calls it first and charges no time or memory for it."""
        return

    @abstractmethod
    def load(self) -> None:
        """Load weights on to the device."""

    @abstractmethod
    def generate(self, requests: Sequence[GenerationRequest], context: GenerationContext) -> None:
        """Make one clip for each request (all of one size and length), pushing frames to the context.

        Raises:
            PromptError: a prompt lies outside a closed vocabulary.
            RequestError: the request cannot be served.
        """

    def encode(self, frames: Frames) -> Any:
        """Latents of frames, uint8 (T, H, W, 3), as `decode` takes them (where `info.latents`).

        Raises:
            RequestError: this generator has no encoder.
        """
        raise RequestError(f"{self.info.name} has no encoder")

    def decode(self, latents: Any) -> Frames:
        """Frames, uint8 (T, H, W, 3), of what `encode` returned.

        Raises:
            RequestError: this generator has no decoder.
        """
        raise RequestError(f"{self.info.name} has no decoder")

    def reconstruct(self, requests: Sequence[GenerationRequest], context: GenerationContext) -> None:
        """Pass each request's `clip` through the encoder and the decoder, and nothing else."""
        for index, request in enumerate(requests):
            if request.clip is None:
                raise RequestError(f"{request.sample_id}: there is no clip to reconstruct")
            context.step(index, len(requests))
            context.phase("encode")
            latents = self.encode(request.clip)
            context.phase("decode")
            context.emit(index, self.decode(latents))

    def answer(self, requests: Sequence[GenerationRequest], context: GenerationContext) -> None:
        """Make the clips of a call: by `generate`, or by `reconstruct` where its requests bring clips."""
        make = self.generate if requests[0].clip is None else self.reconstruct
        make(requests, context)

    def close(self) -> None:
        """Free what `load` took."""
        return

    def denoisers(self) -> Sequence[Any]:
        """The loaded networks (torch modules) whose forward is one function evaluation for each row.

        A profiled call hooks them to count the work, which noting it in `generate` can get wrong
        (guidance, second-order solvers). Empty where nothing is denoised.
        """
        return ()

    def check(self, request: GenerationRequest) -> None:
        """Raise PromptError or RequestError early if this request can never be served."""
        return

    def answers(self) -> Sequence[str] | None:
        """The prompts that it can answer, where it can answer no others (clips made before); else None."""
        return None

    def remarks(self, requests: Sequence[GenerationRequest]) -> Sequence[str]:
        """What the user should know before a run with these requests, one line each."""
        return ()

    def hosts(self) -> Sequence[str] | None:
        """Other machines that its requests go to, by name, where it asks a server; empty if they stay here.

        None says that nobody knows: such a generator is never put under load.
        """
        return None

    def fingerprint(self) -> str:
        """Identity of weights and configuration; a change means another treatment."""
        facts = {
            "info": self.info.as_dict(),
            "config": self.config.model_dump(mode="json"),
            "device": self.device.split(":")[0],
        }
        text = json.dumps(facts, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]
