"""The process that scores parts of a run: makes metrics and extractors once, ends with its runner.

It takes a `ScoreSetup`, then one `Part` after another; it answers each with a `ScoredPart`, or with
`ScoringFailed` and ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from vbench_lite.errors import VBenchLiteError
from vbench_lite.run.networks import Networks
from vbench_lite.run.scoring.score_part import Part, PartScores, Tools
from vbench_lite.run.worker_process import Stop


@dataclass(frozen=True)
class ScoreSetup:
    """The first message: whose clips, and which metrics."""

    root: Path
    metrics: tuple[str, ...]
    threads: int
    networks: Networks


@dataclass(frozen=True)
class ScoredPart:
    """What came of the part that was sent last."""

    scores: PartScores


@dataclass(frozen=True)
class ScoringFailed:
    """No part can be scored here, and why."""

    reason: str


def main(pipe: Connection) -> None:
    """Serve one runner until it says stop or goes away."""
    setup: ScoreSetup = pipe.recv()
    try:
        tools = Tools.of(setup.root, setup.metrics, setup.threads, setup.networks)
        while not isinstance(order := pipe.recv(), Stop):
            pipe.send(ScoredPart(finished(tools, order)))
    except VBenchLiteError as error:
        pipe.send(ScoringFailed(str(error)))


def finished(tools: Tools, part: Part) -> PartScores:
    """A part scored to its end, so that it can be sent."""
    scores = tools.score(part)
    clips = list(scores.clips)
    return PartScores(clips, scores.sets)
