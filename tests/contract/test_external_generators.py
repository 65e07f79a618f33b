"""Generators outside this environment keep the promises too; the programs are those of the documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from generator_promises import *  # noqa: F403  the tests themselves
from generator_promises import CAPTIONS, Subject
from realtime_api import RealtimeApi
from video_api import Asked, VideoApi

from vbench_lite.clip import Clip
from vbench_lite.datasets import shapes
from vbench_lite.video.decode import write_lossless

EXAMPLES = Path(__file__).parents[2] / "docs" / "adapters" / "examples"
LICENSES = {"license": "MIT", "weights_license": "MIT"}


def clips(folder: Path, python: Path) -> Subject:
    """Clips of 16 frames at 32x32 for both captions and five seeds, with a manifest."""
    lines = ["file,prompt,seed"]
    for place, caption in enumerate(CAPTIONS):
        for seed in range(5):
            frames = shapes.real_clip(shapes.parse_caption(caption), seed)
            write_lossless(folder / f"{place}-{seed}.mkv", np.asarray(frames, np.uint8), 8.0)
            lines.append(f"{place}-{seed}.mkv,{caption},{seed}")
    (folder / "list.csv").write_text("\n".join(lines))
    return Subject("clips", {"clips": str(folder / "list.csv"), "match": "seed", **LICENSES})


def command(folder: Path, python: Path) -> Subject:
    argv = [str(python), str(EXAMPLES / "my_command.py"), "{request}"]
    return Subject("command", {"argv": argv, "output": ".npy", "deterministic": True, **LICENSES})


def worker(folder: Path, python: Path) -> Subject:
    argv = [str(python), "-B", str(EXAMPLES / "my_worker.py")]
    return Subject("worker", {"argv": argv, "streaming": "frame", "deterministic": True, **LICENSES})


def http(folder: Path, python: Path) -> Subject:
    body = {"size": "{width}x{height}", "num_frames": "{num_frames}", "seed": "{seed}", "prompt": "{prompt}"}
    config = {"base_url": API.url, "body": body, "poll_s": 0.01, "output": ".mkv", "deterministic": True}
    return Subject("http", {**config, **LICENSES})


def realtime(api: RealtimeApi) -> Subject:
    config = {"base_url": api.url, "protocol": api.protocol, "deterministic": True}
    return Subject("realtime", {**config, **LICENSES})


def vllm_omni(folder: Path, python: Path) -> Subject:
    return realtime(VLLM_OMNI)


def sglang(folder: Path, python: Path) -> Subject:
    return realtime(SGLANG)


def noise(asked: Asked) -> Clip:
    """A clip that prompt and seed decide."""
    width, height = map(int, asked["size"].split("x"))
    rng = np.random.default_rng([int(asked["seed"]), *asked["prompt"].encode()])
    return Clip(rng.integers(0, 256, (int(asked["num_frames"]), height, width, 3), np.uint8), 8.0)


API = VideoApi(noise)
VLLM_OMNI, SGLANG = RealtimeApi("vllm-omni"), RealtimeApi("sglang")


@pytest.fixture(scope="module", autouse=True)
def served() -> Iterator[None]:
    with API, VLLM_OMNI, SGLANG:
        yield


@pytest.fixture(
    params=[clips, command, worker, http, vllm_omni, sglang], ids=lambda make: make.__name__, scope="module"
)
def subject(request: Any, tmp_path_factory: pytest.TempPathFactory, other_environment: Path) -> Subject:
    make: Callable[[Path, Path], Subject] = request.param
    return make(tmp_path_factory.mktemp(request.param.__name__), other_environment / "bin" / "python")
