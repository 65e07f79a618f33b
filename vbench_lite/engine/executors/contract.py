"""The contract of an executor: it takes batches and gives back records."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vbench_lite.engine.plan import Batch
from vbench_lite.store.schema import GeneratorEntry, SampleRecord


@dataclass(frozen=True)
class Job:
    """The batches of one generator that are still to be made, in order."""

    entry: GeneratorEntry
    batches: tuple[Batch, ...]


@dataclass(frozen=True)
class Settings:
    """How every worker of a run is set up.

    Attributes:
        root: where the pool lies. logs: folder for what workers print.
        threads: compute threads of a worker.
        timeout_s: for one batch.
        load_timeout_s: for starting a process and loading its generator.
    """

    root: Path
    logs: Path
    threads: int
    timeout_s: float
    load_timeout_s: float


class Sink(Protocol):
    """Takes what an executor has to tell; called from the thread that called `execute`."""

    def finished(self, batch: Batch, records: Sequence[SampleRecord]) -> None:
        """A batch has ended, well or not, with one record for each of its samples."""

    def working(self, generator: str, phase: str, done: int, total: int) -> None:
        """A generator is `done` of `total` steps into a phase; "load" 0/1 and 1/1 come first."""


class Executor(ABC):
    """Makes batches. Every batch of every job ends in exactly one call of `Sink.finished`."""

    @abstractmethod
    def execute(self, jobs: Sequence[Job], sink: Sink, settings: Settings) -> None:
        """Make all batches. When this is left, by an error too, no process of it works on."""
