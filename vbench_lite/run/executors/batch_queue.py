"""What is left of the batches of one generator, shared by every process that makes some of them."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Sequence

from vbench_lite.run.executors.contract import Job
from vbench_lite.run.plan.plan import Batch
from vbench_lite.store.schema import SampleRecord, SampleStatus

LOAD_ATTEMPTS = 3
FIRST_FAILURES = 3  # batches at the start that fail alike before the rest is not tried
_NUMBERS = re.compile(r"0x[0-9a-fA-F]+|\d+")


class BatchQueue:
    """The batches of one generator that nobody makes yet, in order, and how its loads went.

    Attributes:
        entry: the generator.
        slots: workers that make its batches now.
        hopeless: it cannot be loaded; no further process is worth a start.
    """

    def __init__(self, job: Job) -> None:
        self.entry = job.entry
        self.slots = 0
        self.hopeless = False
        self._waiting = deque(job.batches)
        self._failed_loads = 0
        self._load_s = 0.0
        self._batch_s: float | None = None  # of the batch that ended last
        self._losses: Counter[tuple[str, bool]] = Counter()
        self._failed_alike = 0  # batches since the start, all of which failed for one cause
        self._cause: str | None = None
        self._may_stop = not job.worked

    @property
    def waiting(self) -> int:
        """Batches that nobody has taken."""
        return len(self._waiting)

    def take(self) -> Batch | None:
        """The next batch, for whoever asks; None when there is none."""
        return self._waiting.popleft() if self._waiting else None

    def lost(self, batch: Batch, with_node: bool) -> int:
        """Count a worker that ended while it made a batch; returns how many did, alone or with their node."""
        self._losses[batch.key, with_node] += 1
        return self._losses[batch.key, with_node]

    def give_back(self, batch: Batch) -> None:
        """A batch whose worker was lost; it is the next one to be taken."""
        self._waiting.appendleft(batch)

    def take_all(self) -> list[Batch]:
        """Every batch that is left, to be recorded as lost."""
        left, self._waiting = list(self._waiting), deque()
        return left

    def worth_another(self) -> bool:
        """Whether one more process would end the work sooner than it takes to load."""
        if self.hopeless or not self._waiting:
            return False
        if self.slots == 0:
            return True
        if self._batch_s is None:
            return len(self._waiting) > self.slots
        return len(self._waiting) * self._batch_s / self.slots > 2 * self._load_s

    def loaded(self, seconds: float) -> None:
        """A process has loaded the generator in so long."""
        self._failed_loads, self._load_s = 0, seconds

    def made(self, seconds: float) -> None:
        """A batch has ended after so long."""
        self._batch_s = seconds

    def stops_after(self, records: Sequence[SampleRecord]) -> str | None:
        """Count a batch that has ended; the cause, if it is the third at the start that failed by it.

        Causes are one where status, phase and reason differ in numbers alone. After any other end of a batch
        a generator is not stopped any more.
        """
        causes = {
            f"{record.status} in {record.phase}: {_NUMBERS.sub('#', record.reason or '')}"
            for record in records
            if record.status != SampleStatus.OK
        }
        well = any(record.status == SampleStatus.OK for record in records)
        if well or len(causes) != 1 or self._cause not in (None, *causes):
            self._may_stop = False
        (self._cause,) = causes if len(causes) == 1 else (None,)
        self._failed_alike += 1
        if not self._may_stop or self._failed_alike != FIRST_FAILURES:
            return None
        return records[0].reason or str(records[0].status)

    def load_failed(self, final: bool) -> bool:
        """Count a load that failed; return whether to try again."""
        self._failed_loads += 1
        self.hopeless = self.hopeless or final or self._failed_loads >= LOAD_ATTEMPTS
        return not self.hopeless
