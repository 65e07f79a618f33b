"""A batch that ends its worker, or its node, each time is lost in the end, and the others are made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from vbench_lite.generator import GenerationRequest
from vbench_lite.run.executors.batch_queue import BatchQueue
from vbench_lite.run.executors.contract import Job
from vbench_lite.run.executors.ray_slot import RaySlot
from vbench_lite.run.executors.worker_slot import Died, WorkerSlot, run_slots
from vbench_lite.run.generate.worker import Done, Loaded
from vbench_lite.run.plan.plan import Batch, Sample
from vbench_lite.run.worker_process import Settings
from vbench_lite.store.schema import GeneratorEntry

SETTINGS = Settings(Path(), Path(), 1, 60.0, 60.0)


def batch(name: str) -> Batch:
    request = GenerationRequest(name, name, 4, 16, 16, 8.0, 0)
    return Batch("g", "s", (Sample(name, name, request, request),))


class Sink:
    def __init__(self) -> None:
        self.ended: list[tuple[str, Sequence[Any]]] = []

    def finished(self, batch: Batch, records: Sequence[Any]) -> None:
        self.ended.append((batch.samples[0].sample_id, records))

    def working(self, generator: str, phase: str, done: int, total: int) -> None:
        return


class Scripted(WorkerSlot):
    """Workers that the batch "bad" ends, with their node or without."""

    attempts = 2
    starts = 0
    with_node = False

    def _start(self) -> None:
        self.made: str | None = None
        type(self).starts += 1

    def _give(self, batch: Batch) -> None:
        self.made = batch.samples[0].sample_id

    def _ask_to_stop(self) -> None:
        raise AssertionError("nothing is overdue")

    def _message(self) -> Any:
        if self.made is None:
            return Loaded()
        return Died("gone", with_node=self.with_node) if self.made == "bad" else Done([])

    def kill(self) -> None:
        return


@pytest.mark.parametrize(
    ("with_node", "reason", "starts"),
    [
        (False, "it ended 2 workers, the last so: gone", 3),
        (True, "it ended 3 nodes, the last so: gone", 4),
    ],
)
def test_a_batch_that_always_ends_its_worker_is_lost_alone(with_node: bool, reason: str, starts: int) -> None:
    entry = GeneratorEntry("g", "g", {}, "cpu", 1, {}, "f")
    queue, sink = BatchQueue(Job(entry, (batch("one"), batch("bad"), batch("two")))), Sink()

    class Slot(Scripted):
        pass

    Slot.with_node = with_node

    def open_slot(queue: BatchQueue, slots: Sequence[Slot]) -> Slot | None:
        return None if slots else Slot(queue, sink, SETTINGS)

    run_slots([queue], open_slot, lambda slots, pause_s: slots)
    assert [name for name, _ in sink.ended] == ["one", "bad", "two"]
    (lost,) = sink.ended[1][1]
    assert (lost.status, lost.reason) == ("failed", reason)
    assert Slot.starts == starts


class ActorDied(Exception):
    """In no words that could be looked for."""


def test_whether_a_node_was_lost_is_asked_of_the_cluster() -> None:
    alive, gets = {"n1": True}, iter([Loaded("n1"), ActorDied("x"), Loaded("n1"), ActorDied("x")])

    def get(_answer: Any) -> Any:
        found = next(gets)
        if isinstance(found, Exception):
            raise found
        return found

    ray = SimpleNamespace(
        get=get,
        kill=lambda actor: None,
        nodes=lambda: [{"NodeID": name, "Alive": lives} for name, lives in alive.items()],
        exceptions=SimpleNamespace(RayError=ActorDied),
    )
    remote = SimpleNamespace(remote=lambda *args: None)
    host = SimpleNamespace(remote=lambda *args: SimpleNamespace(load=remote, make=remote, cancel=remote))
    entry = GeneratorEntry("g", "g", {}, "cpu", 1, {}, "f")
    slot = RaySlot(ray, host, BatchQueue(Job(entry, (batch("one"),))), Sink(), SETTINGS, Path())
    assert slot._message() == Loaded("n1")
    assert slot._message() == Died("x", with_node=False)
    assert slot._message() == Loaded("n1")
    alive["n1"] = False
    assert slot._message() == Died("x", with_node=True)
