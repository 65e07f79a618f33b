"""Frames of one clip, handed on as soon as they are final, while the pipeline goes on.

Each kind of pipeline has its own moment at which frames stop changing:

- Helios decodes every chunk once.
- Framepack with `sampling_type: vanilla` blends the end of what it has with the next section, so all but that
  overlap is final after each section.
- AnyFlow FAR decodes at the end, but the latents of a chunk are final after its last step; so are those of
  SkyReels with `ar_step`, block after block. Their VAE is causal: it is made to decode piece by piece, and
  the pipeline's own decoding at the end is answered with the pieces, so that nothing is decoded twice.

What was handed on is compared with what the pipeline returns in the end; a difference is an error.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from vbench_lite.adapters.diffusers.causal_vae import PiecewiseDecoder
from vbench_lite.adapters.diffusers.config import DiffusersConfig
from vbench_lite.adapters.diffusers.description import CallPlan, Description
from vbench_lite.adapters.diffusers.frames import clips_of, to_uint8
from vbench_lite.adapters.diffusers.geometry import FrameScheme
from vbench_lite.adapters.diffusers.probe import Probe
from vbench_lite.errors import ClipError
from vbench_lite.generator import Frames, Streaming

NOT_STARTED = 999  # the dummy timestep that SkyReels gives to frames whose turn has not come


class Stream:
    """The frames of one call, in order.

    Args:
        pipe: the loaded pipeline.
        emit: takes the next frames, uint8 (T, H, W, 3).
        dropped: frames at the beginning that are left out. wanted: frames to hand on after those.
        live: hand on at once; otherwise everything comes in one piece from `finish`.
    """

    def __init__(
        self, pipe: Any, emit: Callable[[Frames], None], dropped: int, wanted: int, live: bool = True
    ) -> None:
        self.pipe = pipe
        self._emit = emit
        self._dropped, self._wanted, self._live = dropped, wanted, live
        self._pieces: list[Frames] = []
        self._nonfinite = 0

    def arguments(self) -> dict[str, Any]:
        """Further arguments for the pipeline's call."""
        return {}

    def attach(self, probe: Probe) -> None:
        """Listen to a call that is about to begin."""

    def detach(self) -> None:
        """Leave the pipeline as it was."""

    @property
    def made(self) -> int:
        """Frames that are final, the dropped ones included."""
        return sum(map(len, self._pieces))

    def push(self, video: Any) -> None:
        """Take decoded frames, a tensor (1, 3, T, H, W) in [-1, 1]."""
        if video.shape[2] == 0:
            return
        (clip,) = clips_of((self.pipe.video_processor.postprocess_video(video, output_type="np"),))
        frames, nonfinite = to_uint8(clip)
        self._nonfinite += nonfinite
        self._add(frames)

    def _add(self, frames: Frames) -> None:
        before = max(self.made - self._dropped, 0)
        skip = max(self._dropped - self.made, 0)
        self._pieces.append(frames)
        if self._live and len(piece := frames[skip:][: self._wanted - before]):
            self._emit(piece)

    def finish(self, returned: Frames) -> int:
        """Check against what the pipeline returned, hand on what is left, and count non-finite values.

        Raises:
            ClipError: the frames that were handed on are not those that came back.
        """
        if not self._pieces:
            raise ClipError(f"{type(self.pipe).__name__} decoded nothing that could be streamed")
        frames = np.concatenate(self._pieces)
        # Helios cuts up to three frames off the end of what it decoded.
        short = len(frames) - len(returned)
        if not 0 <= short < 4 or not np.array_equal(frames[: len(returned)], returned):
            raise ClipError(
                f"{type(self.pipe).__name__}: {len(frames)} streamed frames differ from the {len(returned)} "
                "that it returned; set stream: false in the config"
            )
        if not self._live:
            self._emit(frames[self._dropped :][: self._wanted])
        return self._nonfinite


class DecodedChunks(Stream):
    """Every `vae.decode` gives the next frames (Helios)."""

    def attach(self, probe: Probe) -> None:
        probe.on_decoded = self.push


class BlendedSections(Stream):
    """Sections whose beginning is blended with the end of the one before (Framepack, vanilla)."""

    def __init__(self, *args: Any, overlap: int, sections: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._overlap, self._sections, self._seen = overlap, sections, 0

    def attach(self, probe: Probe) -> None:
        probe.on_decoded = self._decoded
        append = self.pipe._soft_append

        def soft_append(*args: Any, **kwargs: Any) -> Any:
            history = append(*args, **kwargs)
            self._final(history)
            return history

        self.pipe._soft_append = soft_append

    def detach(self) -> None:
        del self.pipe._soft_append

    def _decoded(self, video: Any) -> None:
        self._seen += 1
        if self._seen == 1:
            self._final(video)

    def _final(self, history: Any) -> None:
        last = self._seen == self._sections
        until = history.shape[2] - (0 if last else self._overlap)
        self.push(history[:, :, self.made : until])


class FinishedLatents(Stream, ABC):
    """Latents that are final before the pipeline decodes; a causal VAE turns them into frames at once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._decoder = PiecewiseDecoder(self.pipe.vae)

    def arguments(self) -> dict[str, Any]:
        return {"callback_on_step_end": self.stepped}

    def attach(self, probe: Probe) -> None:
        self._decoder.begin()

    def detach(self) -> None:
        self._decoder.end()

    @abstractmethod
    def stepped(self, pipe: Any, step: int, timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
        """The pipeline's callback after a denoising step."""

    def _latents(self, latents: Any) -> None:
        """Take final latents, (1, C, T, h, w) in the scale of the denoiser."""
        if latents.shape[2]:
            self.push(self._decoder.decode(latents))

    def finish(self, returned: Frames) -> int:
        if len(returned) > self.made:  # what became final with the very last step
            self._add(returned[self.made :])
        return super().finish(returned)


class FarChunks(FinishedLatents):
    """AnyFlow FAR: the last step of each chunk gives its latents, (1, T, C, h, w)."""

    def __init__(self, *args: Any, steps: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._steps = steps

    def stepped(self, pipe: Any, step: int, timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
        if step == self._steps - 1:
            self._latents(values["latents"].permute(0, 2, 1, 3, 4))
        return values


class ForcedBlocks(FinishedLatents):
    """SkyReels with `ar_step`: the timesteps of a step say which latent frames have come to the end."""

    def __init__(self, *args: Any, overlap: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._overlap = overlap  # latent frames that a window takes over from the one before
        self._done = 0  # latent frames handed on
        self._base = 0  # place of the window's first latent frame in the clip

    def stepped(self, pipe: Any, step: int, timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
        if step == 0 and self._done:
            self._base = self._done - self._overlap
        last = int(pipe.scheduler.timesteps[-1])
        if last >= NOT_STARTED:
            return values
        finished = 0
        for value in timestep.tolist():
            if value not in (0, last):
                break
            finished += 1
        until = self._base + finished
        if until > self._done:
            self._latents(values["latents"][:, :, self._done - self._base : finished])
            self._done = until
        return values


def open_stream(
    known: Description,
    config: DiffusersConfig,
    plan: CallPlan,
    asked: Mapping[str, Any],
    pipe: Any,
    emit: Callable[[Frames], None],
    dropped: int,
    wanted: int,
) -> Stream | None:
    """The stream of a call of one clip, or None where the pipeline is best left to return it whole.

    Args:
        asked: the arguments of the call, of which steps and overlap count here.
        dropped, wanted: as for `Stream`.
    """
    scheme = known.rule.scheme
    if scheme is FrameScheme.CHUNKS:  # never taken whole: it is cut at the end
        return DecodedChunks(pipe, emit, dropped, wanted, live=config.stream)
    if known.info.streaming is Streaming.NONE or known.geometry is None:
        return None
    if scheme is FrameScheme.SECTIONS:
        overlap = known.geometry.chunk
        return BlendedSections(pipe, emit, dropped, wanted, overlap=overlap, sections=plan.chunks)
    if plan.partition is not None:
        return FarChunks(pipe, emit, dropped, wanted, steps=int(asked["num_inference_steps"]))
    history = asked.get("overlap_history")
    overlap = (int(history) - 1) // known.geometry.temporal + 1 if history else 0
    return ForcedBlocks(pipe, emit, dropped, wanted, overlap=overlap)
