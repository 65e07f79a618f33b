"""Programs that are workers, in an environment without any package, and calls of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from one_call import record_of

from vbench_lite.adapters.external.worker import Worker
from vbench_lite.errors import GeneratorError
from vbench_lite.generator import GenerationRequest
from vbench_lite.measure.context import CallRecord

SERVE = "from vbench_lite_worker import serve\n"
# Speaks the protocol by hand, so that it can break it; {answer} is what it does when a clip is wanted.
BY_HAND = """
import json, os, sys
def say(**message): os.write(1, json.dumps(message).encode() + b"\\n")
say(type="hello", protocol=1)
for line in sys.stdin:
    if json.loads(line)["type"] == "load":
        say(type="loaded", baseline_bytes=None)
    else:
        {answer}
"""

Build = Callable[..., Worker]


@contextmanager
def builder(folder: Path, environment: Path) -> Iterator[Build]:
    """Builds loaded workers from the text of their program; they are closed at the end."""
    made: list[Worker] = []

    def build(program: str, load: bool = True, **config: Any) -> Worker:
        path = folder / f"program{len(made)}.py"
        path.write_text(program)
        worker = Worker({"argv": [str(environment / "bin" / "python"), str(path)], **config})
        made.append(worker)
        if load:
            worker.load()
        return worker

    yield build
    for worker in made:
        worker.close()


def ask(num_frames: int = 2, **fields: Any) -> GenerationRequest:
    seed = fields.pop("seed", 3)
    return GenerationRequest("s", fields.pop("prompt", "a cat"), num_frames, 4, 6, 8.0, seed, **fields)


def call(worker: Worker, *requests: GenerationRequest, **context: Any) -> CallRecord:
    return record_of(worker, *(requests or (ask(),)), **context)


def failing(worker: Worker, kind: type[BaseException] = GeneratorError) -> str:
    with pytest.raises(kind) as caught:
        call(worker)
    return str(caught.value)
