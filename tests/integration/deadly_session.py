"""A steered generator whose runner is killed in the middle of its second session, once."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vbench_lite.generator import (
    Family,
    GenerationContext,
    GenerationRequest,
    Generator,
    GeneratorConfig,
    GeneratorInfo,
    Streaming,
    Task,
)


class MarkConfig(GeneratorConfig):
    """Where it writes down which sessions it begins, a line each."""

    begun: Path


class Doomed(Generator):
    """A square that goes where it is told."""

    Config = MarkConfig
    config: MarkConfig

    @property
    def info(self) -> GeneratorInfo:
        return GeneratorInfo(
            "doomed",
            Family.EXTERNAL,
            tasks=(Task.WORLD,),
            streaming=Streaming.FRAME,
            actions=("A", "D", "W", "S"),
        )

    def load(self) -> None:
        """There is nothing to load."""

    def generate(self, requests: Sequence[GenerationRequest], context: GenerationContext) -> None:
        for index, request in enumerate(requests):
            with self.config.begun.open("a") as file:
                file.write(f"{request.sample_id}\n")
            doomed = len(self.config.begun.read_text().splitlines()) == 2
            place = 0
            for number in range(request.num_frames):
                if doomed and number == request.num_frames // 2:
                    os.kill(os.getppid(), signal.SIGKILL)
                    signal.pause()  # until the worker notices that its runner is gone
                place += {"D": 1, "A": -1}.get(context.control(index).label, 0)
                frame = np.zeros((1, request.height, request.width, 3), np.uint8)
                frame[:, 12:20, 12 + place : 20 + place] = 200
                context.emit(index, frame)
