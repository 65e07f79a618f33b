"""Parts of a scoring in worker processes of this machine, given back in their order.

A process that dies is replaced and its part tried once more; if that ends another process, its clips are
scored one by one, so that a clip which no decoder survives costs its own rows and no others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from multiprocessing import connection

from vbench_lite.errors import StoreError
from vbench_lite.run.scoring.outcome import Outcome
from vbench_lite.run.scoring.score_part import ClipScore, Part, PartScores, Tools
from vbench_lite.run.scoring.score_worker import ScoredPart, ScoreSetup, ScoringFailed
from vbench_lite.run.scoring.set_scoring import SetScoring, gather
from vbench_lite.run.worker_process import Settings, WorkerProcess

ATTEMPTS = 2  # of a part as a whole
AHEAD = 2  # parts for each process that may wait for an earlier one to end


class Scorers:
    """Up to `count` processes that score.

    Args:
        tools: of this process, for what needs no work.
    """

    def __init__(self, count: int, settings: Settings, tools: Tools) -> None:
        self._count, self._settings, self._tools = count, settings, tools
        self._processes: list[WorkerProcess] = []
        self._busy: dict[WorkerProcess, tuple[int, Part]] = {}
        self._deaths: Counter[int] = Counter()
        self._done: dict[int, PartScores] = {}

    def score(self, parts: Iterable[Part]) -> Iterator[PartScores]:
        """Every part, in order; no process is left when this ends.

        Raises:
            StoreError: a process cannot score anything (a metric or the root is not there).
        """
        source = enumerate(parts)
        given = 0  # the next one to give back
        more = True
        try:
            while True:
                while more and len(self._busy) < self._count and len(self._done) < AHEAD * self._count:
                    index, part = next(source, (-1, None))
                    if part is None:
                        more = False
                    elif part.empty:
                        self._done[index] = self._tools.score(part)
                    else:
                        self._send(index, part)
                while given in self._done:
                    yield self._done.pop(given)
                    given += 1
                if not self._busy and not self._done and not more:
                    return
                if self._busy:
                    self._wait()
        finally:
            for process in self._processes:
                process.end(kill=True)

    def _send(self, index: int, part: Part) -> None:
        idle = [process for process in self._processes if process not in self._busy]
        process = idle[0] if idle else self._start(part)
        process.send(part)
        self._busy[process] = (index, part)

    def _start(self, part: Part) -> WorkerProcess:
        process = WorkerProcess("scoring.score_worker", "scorer", self._settings)
        process.send(ScoreSetup(part.root, part.metrics, self._settings.threads, self._settings.networks))
        self._processes.append(process)
        return process

    def _wait(self) -> None:
        ready = connection.wait([process.pipe for process in self._busy])
        for process in [process for process in self._busy if process.pipe in ready]:
            index, part = self._busy.pop(process)
            match process.receive():
                case ScoredPart(scores):
                    self._done[index] = scores
                case ScoringFailed(reason):
                    raise StoreError(reason)
                case _:
                    self._died(process, index, part)

    def _died(self, process: WorkerProcess, index: int, part: Part) -> None:
        self._remove(process)
        self._deaths[index] += 1
        if self._deaths[index] < ATTEMPTS:
            self._send(index, part)
        else:
            self._done[index] = self._one_by_one(part)

    def _remove(self, process: WorkerProcess) -> str:
        """End a process that has died; return how it died."""
        reason, _ = process.death()
        process.end(kill=True)
        self._processes.remove(process)
        return reason

    def _one_by_one(self, part: Part) -> PartScores:
        clips: list[ClipScore] = []
        sets: dict[str, SetScoring] = {}
        for order in part.orders:
            alone = replace(part, orders=(order,))
            process = self._start(alone)
            process.send(alone)
            match process.receive():
                case ScoredPart(scores):
                    process.end()
                    self._processes.remove(process)
                case _:
                    reason = f"scoring this clip ended its process: {self._remove(process)}"
                    scores = self._tools.without(alone, Outcome.error(reason))
            clips += list(scores.clips)
            gather(sets, scores.sets)
        return PartScores(clips, sets)
