"""What the three reference generators share: settings, prompts, given frames, encode and decode."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np

from vbench_lite.adapters.reference import weights
from vbench_lite.adapters.reference.worlds import CODEC_FILE, SHAPES, World
from vbench_lite.arrays import Floats32
from vbench_lite.errors import RequestError, SpecError
from vbench_lite.generator import (
    Frames,
    GenerationContext,
    GenerationRequest,
    Generator,
    GeneratorConfig,
    GeneratorInfo,
    SizeRule,
    Task,
)

if TYPE_CHECKING:
    from torch import Tensor, nn

    from vbench_lite.adapters.reference.tokens import TokenCodec

TASKS = (Task.T2V, Task.I2V, Task.V2V)
Network = TypeVar("Network")
Installed = TypeVar("Installed", bound="nn.Module")


class ReferenceConfig(GeneratorConfig):
    """Configuration of a reference generator.

    Attributes:
        folder: weights that you trained yourself; null takes the packaged ones.
        setting: how the weights are rounded when loaded, to stand for an update: not at all, to bf16,
            or coarsely to 4 bits.
    """

    folder: Path | None = None
    setting: weights.Setting = "default"


class ReferenceGenerator(Generator):
    """A generator of a procedural world over the shared codec."""

    Config: ClassVar[type[GeneratorConfig]] = ReferenceConfig
    world: ClassVar[World] = SHAPES
    quantised: ClassVar[bool] = False  # whether its latents are rounded to tokens
    network_files: ClassVar[tuple[str, ...]]  # the weights that it loads beside the codec's
    _codec: TokenCodec | None = None

    def __init__(self, config: Mapping[str, Any] | None = None, device: str = "cpu") -> None:
        """Check the configuration.

        Raises:
            SpecError: it does not fit, or another device than the processor is asked for.
        """
        super().__init__(config, device)
        if device != "cpu":
            raise SpecError(
                f"the reference generators compute on the processor; device {device!r} is not for them"
            )

    def reference_info(self, name: str, tasks: tuple[Task, ...] = TASKS, **own: Any) -> GeneratorInfo:
        """What holds of all reference generators; `own`: what sets this one apart (of `GeneratorInfo`)."""
        return GeneratorInfo(
            name=f"{'reference' if self.world is SHAPES else self.world.name}/{name}",
            tasks=tasks,
            prompts="closed",
            vocabulary=self.world.name,
            size=SizeRule(fixed=(self.world.side, self.world.side)),
            native_fps=self.world.fps,
            guidance=True,
            latents=True,
            license="Apache-2.0",
            weights_license="Apache-2.0",
            weights_sha256=weights.digest(
                [self.world.folder + name for name in (CODEC_FILE, *self.network_files)], self.config.folder
            ),
            **own,
        )

    def generate(self, requests: Sequence[GenerationRequest], context: GenerationContext) -> None:
        """Make the clips, those that can run as one batch together."""
        import torch

        self.begin(len(requests))
        for indices in self.groups(requests):
            with torch.inference_mode():
                self.make(indices, [requests[i] for i in indices], context)

    def begin(self, clips: int) -> None:
        """A call for so many clips begins; what each costs is told as a share of it."""
        self._clips = clips

    @abstractmethod
    def make(
        self, indices: Sequence[int], requests: Sequence[GenerationRequest], context: GenerationContext
    ) -> None:
        """Make the clips of one of `groups`; `indices` are the places of its requests in the call."""

    def share(self, evaluations: int, requests: Sequence[GenerationRequest]) -> float:
        """Evaluations of each clip of a group, as a part of the mean over all clips of the call."""
        return evaluations if len(requests) == self._clips else evaluations * len(requests) / self._clips

    @property
    def codec(self) -> TokenCodec:
        """The loaded codec; raises RuntimeError before `load`."""
        return self.loaded(self._codec)

    def loaded(self, network: Network | None) -> Network:
        """A network that `load` has set.

        Raises:
            RuntimeError: `load` was not called.
        """
        if network is None:
            raise RuntimeError(f"{type(self).__name__} is not loaded; call load() first")
        return network

    def load_codec(self) -> None:
        """Load the shared codec."""
        self._codec = self.installed(self.world.codec(), CODEC_FILE, "default")

    def installed(self, network: Installed, name: str, setting: weights.Setting | None = None) -> Installed:
        """A network with the weights of a file, in the configured setting unless another is given."""
        weights.install(network, self.world.folder + name, self.config.folder, setting or self.config.setting)
        return network

    def words(self, requests: Sequence[GenerationRequest]) -> Tensor:
        """The captions as word indices, int64 (B, words)."""
        import torch

        return torch.tensor([self.world.word_indices(request.prompt) for request in requests])

    def check(self, request: GenerationRequest) -> None:
        """Refuse prompts outside the vocabulary, and given frames of another size."""
        self.world.word_indices(request.prompt)
        side = self.world.side
        for name, given in (("image", request.image), ("past_frames", request.past_frames)):
            if given is not None and given.shape[-3:] != (side, side, 3):
                raise RequestError(
                    f"{request.sample_id}: {name} has shape {given.shape}, "
                    f"{self.info.name} reads {side}x{side} RGB"
                )

    def groups(self, requests: Sequence[GenerationRequest]) -> list[list[int]]:
        """Indices of the requests that run as one batch: equal parameters and no given frames."""
        groups: list[list[int]] = []
        for index, request in enumerate(requests):
            self.check(request)
            alone = request.image is not None or request.past_frames is not None
            alone = alone or request.script is not None
            first = None if alone or "noise" in request.params else groups[-1:]
            if first and self._joins(requests[first[0][0]], request):
                first[0].append(index)
            else:
                groups.append([index])
        return groups

    def _joins(self, first: GenerationRequest, request: GenerationRequest) -> bool:
        given = first.image is not None or first.past_frames is not None or first.script is not None
        same_length = first.num_frames == request.num_frames
        return not given and same_length and dict(first.params) == dict(request.params)

    def number(self, request: GenerationRequest, name: str, low: float, high: float) -> float:
        """A sampling parameter: from the request, or else from the configuration.

        Raises:
            RequestError: it is no number in [low, high].
        """
        value = request.params.get(name, getattr(self.config, name))
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise RequestError(
                f"{request.sample_id}: {name}={value!r} is not a number in [{low:g}, {high:g}]"
            )
        return value

    def given(self, request: GenerationRequest) -> Tensor | None:
        """Latents of the given frames, float32 (1, P, dim), or None."""
        import torch

        frames = request.past_frames
        if frames is None and request.image is not None:
            frames = request.image[None]
        return None if frames is None else torch.from_numpy(self.encode(frames))[None]

    def encode(self, frames: Frames) -> Floats32:
        """Frames uint8 (T, side, side, 3) to latents float32 (T, dim) in (-1, 1)."""
        import torch

        from vbench_lite.adapters.reference.tokens import frames_to_float

        with torch.inference_mode():
            latents = self.codec.encode(frames_to_float(torch.from_numpy(frames.copy())))
            if self.quantised:
                latents = self.codec.quantise(latents)
        return latents.numpy()

    def decode(self, latents: Floats32) -> Frames:
        """Latents float32 (T, dim) to frames uint8 (T, side, side, 3)."""
        import torch

        from vbench_lite.adapters.reference.tokens import frames_to_uint8

        with torch.inference_mode():
            return frames_to_uint8(self.codec.decode(torch.from_numpy(latents))).numpy()

    def initial_noise(self, requests: Sequence[GenerationRequest], num_frames: int) -> Tensor:
        """Standard normal noise, float32 (B, num_frames, dim), each row from its own seed.

        A request may set its own by the parameter `noise`, (num_frames or fewer, dim): its first
        frames take these values. Paths between two clips are walked in this way.

        Raises:
            RequestError: the parameter `noise` has another shape.
        """
        import torch

        rows = []
        for request in requests:
            generator = torch.Generator("cpu").manual_seed(request.seed)
            row = torch.randn(num_frames, self.codec.dim, generator=generator)
            if "noise" in request.params:
                own = torch.as_tensor(np.asarray(request.params["noise"], np.float32))
                if own.dim() != 2 or own.shape[1] != row.shape[1] or len(own) > num_frames:
                    raise RequestError(
                        f"{request.sample_id}: noise has shape {tuple(own.shape)}, "
                        f"expected at most {num_frames} frames of {row.shape[1]} numbers"
                    )
                row[: len(own)] = own
            rows.append(row)
        return torch.stack(rows)

    def emit(self, context: GenerationContext, indices: Sequence[int], latents: Tensor) -> None:
        """Decode latents (B, T, dim) and hand the frames to their requests."""
        for index, row in zip(indices, latents, strict=True):
            if len(row):
                context.emit(index, self.decode(row.contiguous().numpy()))
