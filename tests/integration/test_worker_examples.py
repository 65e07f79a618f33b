"""Models outside diffusers as workers: the examples of docs/adapters keep what a generator promises."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import yaml
from adapter_examples import DOCS

from vbench_lite.generator import GenerationRequest, Generator
from vbench_lite.measure.context import CallRecord, RecordingContext
from vbench_lite.run.plan.build import build_generator


@pytest.fixture(scope="module", params=["chunk.yaml", "token.yaml"])
def worker(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Generator]:
    """The worker of an example, in the environment of these tests, as its specification starts it."""
    spec = yaml.safe_load((DOCS / "examples" / request.param).read_text())["generators"][0]
    folder = tmp_path_factory.mktemp("worker")
    (folder / "my-env").symlink_to(sys.prefix)
    (folder / spec["config"]["argv"][1]).write_bytes(
        (DOCS / "examples" / spec["config"]["argv"][1]).read_bytes()
    )
    made = build_generator("worker", {**spec["config"], "cwd": str(folder)})
    made.load()
    yield made
    made.close()


def call(worker: Generator, seed: int = 3, **more: Any) -> CallRecord:
    asked = GenerationRequest("s", more.pop("prompt", "a red disc"), 10, 32, 48, 8.0, seed, **more)
    context = RecordingContext([asked])
    worker.generate([asked], context)
    return context.result()


def clip(record: CallRecord) -> Any:
    (frames,) = record.frames
    assert frames is not None
    return np.asarray(frames)


def test_it_streams_what_it_declares_and_counts_its_work(worker: Generator) -> None:
    record = call(worker)
    pieces = [count for _, count in record.arrivals[0]]
    assert clip(record).shape == (10, 32, 48, 3)
    if worker.info.streaming == "chunk":
        assert pieces == [4, 4, 2] and record.facts["nfe"] == 15  # four steps and a clean pass, three chunks
        # two blocks hold keys and values, 64 numbers of four bytes, of 3 chunks of 4 frames of 4x6 tokens
        assert record.facts["kv_cache_bytes"] == 2 * 2 * 64 * 4 * 3 * 4 * 4 * 6
        assert call(worker, params={"steps": 2}).facts["nfe"] == 9
    else:
        assert pieces == [1] * 10 and record.facts["tokens"] == 160
        assert record.facts["kv_cache_bytes"] == 2 * 48 * 4 * 2 * 16  # of the two frames that it looks at


def test_seed_and_prompt_make_the_clip(worker: Generator) -> None:
    first = clip(call(worker))
    assert np.array_equal(first, clip(call(worker)))
    assert not np.array_equal(first, clip(call(worker, seed=4)))
    assert not np.array_equal(first, clip(call(worker, prompt="snow on a road")))
