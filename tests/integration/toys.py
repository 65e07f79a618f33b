"""A generator for tests of whole runs: quick, streaming, and it writes down what it makes."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from vbench_lite.datasets.shapes import parse_caption, real_clip
from vbench_lite.generator import Family, Generator, GeneratorConfig, GeneratorInfo, Streaming


class ToyConfig(GeneratorConfig):
    delay_s: float = 0.0
    world: bool = False  # clips of the shapes world for its captions, else noise
    made: str | None = None  # a file that gets the id of every sample as its generation begins


class Toy(Generator):
    Config = ToyConfig

    @property
    def info(self) -> Any:
        return GeneratorInfo(name="toy", family=Family.EXTERNAL, streaming=Streaming.CHUNK, native_fps=8.0)

    def load(self) -> None:
        """There is nothing to load."""

    def generate(self, requests: Any, context: Any) -> None:
        for index, request in enumerate(requests):
            if self.config.made is not None:
                with Path(self.config.made).open("a") as file:
                    file.write(f"{request.sample_id} {os.getpid()}\n")
            context.phase("denoise")
            if "TOY_HANGS_AFTER" in os.environ:
                self.calls = getattr(self, "calls", 0) + 1
                time.sleep(60.0 if self.calls > int(os.environ["TOY_HANGS_AFTER"]) else 0.0)
            frames = self.frames(request)
            for start in range(0, request.num_frames, 4):
                context.step(start, request.num_frames)
                time.sleep(self.config.delay_s)
                context.emit(index, frames[start : start + 4])

    def frames(self, request: Any) -> Any:
        if self.config.world:
            scene = parse_caption(request.prompt)
            return real_clip(scene, request.seed, request.num_frames, request.height, request.width)
        rng = np.random.default_rng(request.seed)
        shape = (request.num_frames, request.height, request.width, 3)
        return rng.integers(0, 256, shape, dtype=np.uint8)


class FussyConfig(ToyConfig):
    refuses: str = ""  # a prompt that it fails on; * for every one


class Fussy(Toy):
    """A toy that fails on one prompt."""

    Config = FussyConfig

    def frames(self, request: Any) -> Any:
        if self.config.refuses in (request.prompt, "*"):
            raise RuntimeError("not this one")
        return super().frames(request)
