"""Generators outside this environment keep the promises too; the programs are those of the documents."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from generator_promises import *  # noqa: F403  the tests themselves
from generator_promises import CAPTIONS, Subject

from vbench_lite.datasets import shapes
from vbench_lite.datasets.video import write_lossless

EXAMPLES = Path(__file__).parents[2] / "docs" / "adapters" / "examples"
LICENCES = {"licence": "MIT", "weights_licence": "MIT"}


def clips(folder: Path, python: Path) -> Subject:
    """Clips of 16 frames at 32x32 for both captions and five seeds, with a manifest."""
    lines = ["file,prompt,seed"]
    for place, caption in enumerate(CAPTIONS):
        for seed in range(5):
            frames = shapes.real_clip(shapes.parse_caption(caption), seed)
            write_lossless(folder / f"{place}-{seed}.mkv", np.asarray(frames, np.uint8), 8.0)
            lines.append(f"{place}-{seed}.mkv,{caption},{seed}")
    (folder / "list.csv").write_text("\n".join(lines))
    return Subject("clips", {"clips": str(folder / "list.csv"), "match": "seed", **LICENCES})


def command(folder: Path, python: Path) -> Subject:
    argv = [str(python), str(EXAMPLES / "my_command.py"), "{request}"]
    return Subject("command", {"argv": argv, "output": ".npy", "deterministic": True, **LICENCES})


def worker(folder: Path, python: Path) -> Subject:
    argv = [str(python), "-B", str(EXAMPLES / "my_worker.py")]
    return Subject("worker", {"argv": argv, "streaming": "frame", "deterministic": True, **LICENCES})


@pytest.fixture(params=[clips, command, worker], ids=lambda make: make.__name__, scope="module")
def subject(request: Any, tmp_path_factory: pytest.TempPathFactory, other_environment: Path) -> Subject:
    make: Callable[[Path, Path], Subject] = request.param
    return make(tmp_path_factory.mktemp(request.param.__name__), other_environment / "bin" / "python")
