"""A slot whose workers are processes of this machine."""

from __future__ import annotations

import time
from typing import Any

from vbench_lite.processes import STOP_GRACE_S
from vbench_lite.run.executors.batch_queue import BatchQueue
from vbench_lite.run.executors.contract import RecordSink
from vbench_lite.run.executors.devices import Device, Devices
from vbench_lite.run.executors.worker_slot import Died, WorkerSlot
from vbench_lite.run.generate.worker import Cancel, Setup
from vbench_lite.run.plan.plan import Batch
from vbench_lite.run.worker_process import Settings, Stop, WorkerProcess


class LocalSlot(WorkerSlot):
    """Makes batches of one generator in processes.

    Args:
        device: where they run; given back to `devices` when the slot has ended.

    Attributes:
        process: the present one.
    """

    process: WorkerProcess

    def __init__(
        self, queue: BatchQueue, devices: Devices, device: Device, sink: RecordSink, settings: Settings
    ) -> None:
        self._devices, self._device = devices, device
        self._leaving = False  # the process was told to end, since nothing is left to make
        super().__init__(queue, sink, settings)

    def overdue(self) -> None:
        if self._leaving:
            self._left()
        else:
            super().overdue()

    def kill(self) -> None:
        self.process.end(kill=True)

    def _start(self) -> None:
        settings, environment = self._settings, dict(self._device.environment)
        self.process = WorkerProcess("generate.worker", self._label, settings, environment)
        self.process.send(Setup(self.queue.entry, settings.root, settings.threads))

    def _give(self, batch: Batch) -> None:
        self.process.send(batch)

    def _ask_to_stop(self) -> None:
        self.process.send(Cancel())

    def _message(self) -> Any:
        message = self.process.receive()
        return Died(*self.process.death()) if message is None else message

    def _died(self, died: Died) -> None:
        if self._leaving:
            self._left()
        else:
            super()._died(died)

    def _leave(self) -> None:
        """Have the process end by itself; the others go on meanwhile."""
        self._leaving = True
        self.deadline_s = time.monotonic() + STOP_GRACE_S
        self.process.send(Stop())

    def _left(self) -> None:
        self.kill()  # what it started ends with it
        self._end()

    def _end(self) -> None:
        super()._end()
        self._devices.give_back(self._device)
