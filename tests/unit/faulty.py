"""A generator that does what its prompt says, for tests of everything that can go wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from vbench_lite.errors import WeightsError
from vbench_lite.generator import (
    Family,
    FrameRule,
    Generator,
    GeneratorConfig,
    GeneratorInfo,
    SizeRule,
    Streaming,
    Task,
)

LONG_S = 600.0
GREED_BYTES = 3 << 30


class FaultyConfig(GeneratorConfig):
    load: str = "fine"
    tasks: tuple[Task, ...] = (Task.T2V,)
    multiple: int = 1
    side: int = 1
    strength: float = 1.0
    native_fps: float | None = None
    meeting: str | None = None  # a folder in which processes of this generator meet


class Faulty(Generator):
    Config = FaultyConfig

    @property
    def info(self) -> Any:
        return GeneratorInfo(
            name="faulty",
            family=Family.EXTERNAL,
            tasks=self.config.tasks,
            frames=FrameRule(multiple=self.config.multiple, offset=1 % self.config.multiple),
            size=SizeRule(multiple=self.config.side),
            streaming=Streaming.NONE,
            native_fps=self.config.native_fps,
        )

    def load(self) -> None:
        match self.config.load:
            case "raise":
                raise OSError("the disk is on fire")
            case "final":
                raise WeightsError("weights are missing")
            case "exit":
                os._exit(7)
            case "hang":
                time.sleep(LONG_S)

    def generate(self, requests: Any, context: Any) -> None:
        context.phase("denoise")
        for index, request in enumerate(requests):
            context.step(index, len(requests))
            frames = self.frames(request)
            match request.prompt.rstrip("0123456789 "):
                case "greedy":
                    np.ones(GREED_BYTES, np.uint8)
                case "many":
                    frames = np.concatenate([frames, frames[:2]])
                case "nan":
                    frames = np.full(frames.shape, np.nan, np.float32)
                case "out of range":
                    frames = frames.astype(np.float32) * 100
                case "leak":
                    print("the key is", os.environ["SOME_API_KEY"])
                    raise RuntimeError(f"refused: {os.environ['SOME_API_KEY']}")
                case "meet":
                    self.meet()
                case "raise":
                    raise RuntimeError("two\nlines")
                case "memory":
                    raise MemoryError
                case "quit":
                    sys.exit(3)
                case "exit":
                    os._exit(7)
                case "segfault":
                    os.kill(os.getpid(), signal.SIGSEGV)
                case "killed":
                    os.kill(os.getpid(), signal.SIGKILL)
                case "hang":
                    subprocess.Popen([sys.executable, "-c", f"import time; time.sleep({LONG_S})"])
                    time.sleep(LONG_S)
                case "slow":
                    while True:
                        context.step(0, 1)
                        time.sleep(0.01)
                case "wrong shape":
                    frames = frames[:, :-1]
                case "wrong type":
                    frames = frames.astype(np.float32)
                case "few":
                    frames = frames[:-1]
                case "nothing":
                    continue
                case "black":
                    frames[:] = 0
                case "frozen":
                    frames[:] = frames[:1]
                case "nonfinite":
                    context.note(nonfinite=True)
            print("made", request.sample_id)
            context.emit(index, frames)

    def frames(self, request: Any) -> Any:
        rng = np.random.default_rng(request.seed)
        shape = (request.num_frames, request.height, request.width, 3)
        return rng.integers(0, 256, shape, dtype=np.uint8)

    def meet(self) -> None:
        """Wait until a second process of this generator is at work too."""
        folder = Path(self.config.meeting or "")
        (folder / str(os.getpid())).touch()
        while len(list(folder.iterdir())) < 2:
            time.sleep(0.01)
