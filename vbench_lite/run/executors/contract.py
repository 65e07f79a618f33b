"""The contract of an executor: it takes batches and gives back records."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from vbench_lite.errors import SpecError
from vbench_lite.grouping import grouped
from vbench_lite.run.networks import CPU
from vbench_lite.run.plan.plan import Batch
from vbench_lite.run.scoring.score_part import Part, PartScores, Tools
from vbench_lite.run.worker_process import Settings
from vbench_lite.store.schema import GeneratorEntry, SampleRecord

CANCEL_GRACE_S = 2.0  # for a batch that was asked to stop, before what makes it is killed


@dataclass(frozen=True)
class Job:
    """The batches of one generator that are still to be made, in order; `worked`: it has made others."""

    entry: GeneratorEntry
    batches: tuple[Batch, ...]
    worked: bool = False


class RecordSink(Protocol):
    """Takes what an executor has to tell; called from the thread that called `execute`."""

    def finished(self, batch: Batch, records: Sequence[SampleRecord]) -> None:
        """A batch has ended, well or not, with one record for each of its samples."""

    def working(self, generator: str, phase: str, done: int, total: int) -> None:
        """A generator is `done` of `total` steps into a phase; "load" 0/1 and 1/1 come first."""


class Executor(ABC):
    """Makes batches. Every batch of every job ends in exactly one call of `RecordSink.finished`.

    Args:
        workers: processes at work beside each other. None: generators queue, and the executor chooses how
            many processes score.
        address: of a cluster that is there already, for executors that can use one.
    """

    takes_address: ClassVar[bool] = False

    def __init__(self, workers: int | None = None, address: str | None = None) -> None:
        self.chosen = workers is not None
        workers = 1 if workers is None else workers
        if workers < 1:
            raise SpecError(f"at least one worker is needed, got {workers}")
        if address is not None and not self.takes_address:
            raise SpecError(
                f"--address {address}: this executor queues on this machine only; add --executor ray"
            )
        self.workers, self.address = workers, address

    @abstractmethod
    def execute(self, jobs: Sequence[Job], sink: RecordSink, settings: Settings) -> None:
        """Make all batches. When this is left, by an error too, no process of it queues on."""

    def scorers(self, frames: int, device: str = CPU) -> int:
        """How many processes score clips of so many frames in all, with networks on a device."""
        return self.workers

    def score(
        self, parts: Iterable[Part], settings: Settings, tools: Tools, scorers: int = 1
    ) -> Iterator[PartScores]:
        """Score every part, in order; in this process, with these tools, unless a subclass does better.

        Args:
            scorers: processes that score, as `scorers` said.
        """
        return map(tools.score, parts)


def first_calls(batches: Sequence[Batch]) -> tuple[list[Batch], list[Batch]]:
    """The first batch of each (generator, key), and the others."""
    seen: set[tuple[str, str]] = set()
    first: list[Batch] = []
    again: list[Batch] = []
    for batch in batches:
        (again if (batch.generator, batch.key) in seen else first).append(batch)
        seen.add((batch.generator, batch.key))
    return first, again


def jobs_of(
    batches: Sequence[Batch], entries: Mapping[str, GeneratorEntry], worked: Collection[str]
) -> list[Job]:
    """The batches by generator, in order; `worked`: generators that have made others."""
    by_label = grouped((batch.generator, batch) for batch in batches)
    return [Job(entries[label], tuple(listed), label in worked) for label, listed in by_label.items()]
