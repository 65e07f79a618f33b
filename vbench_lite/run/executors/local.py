"""Batches made in worker processes of this machine.

By default one process works at a time: generators that run beside each other would share the processor,
and their times would say more of each other than of themselves. With more workers, generators run beside
each other, and the batches of one generator are spread over the workers that are left. The batch is the
unit, so clips stay the same, and the performance pass has processes of its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from multiprocessing import connection

from vbench_lite.run.executors.contract import Executor, Job, Settings, Sink
from vbench_lite.run.executors.places import Places
from vbench_lite.run.executors.scorers import Scorers
from vbench_lite.run.executors.work import Work
from vbench_lite.run.executors.worker_slot import Lane
from vbench_lite.run.scoring.score_part import Part, PartScores, Tools


class LocalExecutor(Executor):
    """Runs up to `workers` processes, each with one generator."""

    def execute(self, jobs: Sequence[Job], sink: Sink, settings: Settings) -> None:
        """Make all batches; worker processes are ended when this is left, however it is left."""
        works = [Work(job) for job in jobs if job.batches]
        places = Places(self.workers)
        lanes: list[Lane] = []
        try:
            while True:
                while (lane := _open(works, places, sink, settings)) is not None:
                    lanes.append(lane)
                if not lanes:
                    break
                pause_s = max(0.0, min(lane.deadline_s for lane in lanes) - time.monotonic())
                ready = connection.wait([lane.process.pipe for lane in lanes], timeout=pause_s)
                for lane in lanes:
                    if lane.process.pipe in ready:
                        lane.receive()
                    elif time.monotonic() >= lane.deadline_s:
                        lane.overdue()
                    if lane.ended:
                        places.give_back(lane.place)
                lanes = [lane for lane in lanes if not lane.ended]
        finally:
            for lane in lanes:
                lane.process.end(kill=True)

    def score(self, parts: Iterable[Part], settings: Settings, tools: Tools) -> Iterator[PartScores]:
        """Score every part, in order; with one worker in this process, which saves another start."""
        if self.workers == 1:
            return super().score(parts, settings, tools)
        return Scorers(self.workers, settings.logs, settings.threads, tools).score(parts)


def _open(works: Sequence[Work], places: Places, sink: Sink, settings: Settings) -> Lane | None:
    """A process for the generator that needs one most: those without any first, in order."""
    worth = [work for work in works if work.worth_another()]
    for work in sorted(worth, key=lambda work: (work.lanes > 0, -work.waiting / (work.lanes + 1))):
        place = places.take(work.entry.device)
        if place is not None:
            return Lane(work, place, sink, settings)
    return None
