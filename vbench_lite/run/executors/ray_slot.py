"""A slot whose workers are actors of a Ray cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vbench_lite.run.executors.batch_queue import BatchQueue
from vbench_lite.run.executors.contract import RecordSink
from vbench_lite.run.executors.worker_slot import Died, WorkerSlot
from vbench_lite.run.generate.worker import Loaded
from vbench_lite.run.plan.plan import Batch
from vbench_lite.run.worker_process import Settings


class RaySlot(WorkerSlot):
    """Makes batches of one generator in actors.

    Attributes:
        answer: the reference that the present load or batch will come by.
    """

    attempts = 2  # a worker may also be lost through no fault of its batch

    def __init__(
        self, ray: Any, host: Any, queue: BatchQueue, sink: RecordSink, settings: Settings, mark: Path
    ) -> None:
        self._ray, self._host, self._mark = ray, host, mark
        self._node: str | None = None
        super().__init__(queue, sink, settings)

    def kill(self) -> None:
        self._ray.kill(self._actor)

    def _start(self) -> None:
        self._node = None
        self._actor = self._host.remote(self.queue.entry, self._settings, self._mark)
        self.answer = self._actor.load.remote()

    def _give(self, batch: Batch) -> None:
        self.answer = self._actor.make.remote(batch)

    def _ask_to_stop(self) -> None:
        self._actor.cancel.remote()

    def _message(self) -> Any:
        try:
            message = self._ray.get(self.answer)
        except self._ray.exceptions.RayError as error:
            reason = " ".join(str(error).split())[:300]
            return Died(reason, with_node=self._node is not None and not self._node_lives())
        if isinstance(message, Loaded):
            self._node = message.node
        return message

    def _node_lives(self) -> bool:
        return any(node["NodeID"] == self._node and node["Alive"] for node in self._ray.nodes())
