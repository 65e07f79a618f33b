"""The process that scores parts of a run: makes metrics and extractors once, ends with its runner.

Started by `executors.process` with `main(descriptor of a socket)`. It takes a `ScoreSetup`, then one `Part`
after another; it answers each with a `ScoredPart`, or with `ScoringFailed` and ends.
"""

from __future__ import annotations

import faulthandler
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from vbench_lite.errors import VBenchLiteError
from vbench_lite.run.child import Stop, die_with
from vbench_lite.run.scoring.score_part import Part, PartScores, Tools


@dataclass(frozen=True)
class ScoreSetup:
    """The first message: whose clips, which metrics, and whose child this is."""

    root: Path
    metrics: tuple[str, ...]
    threads: int
    parent: int


@dataclass(frozen=True)
class ScoredPart:
    """What came of the part that was sent last."""

    scores: PartScores


@dataclass(frozen=True)
class ScoringFailed:
    """No part can be scored here, and why."""

    reason: str


def main(descriptor: int) -> None:
    """Serve one runner over an inherited socket until it says stop or goes away."""
    faulthandler.enable()
    pipe = Connection(descriptor)
    setup: ScoreSetup = pipe.recv()
    die_with(setup.parent)
    try:
        tools = Tools.of(setup.root, setup.metrics, setup.threads)
        while not isinstance(order := pipe.recv(), Stop):
            pipe.send(ScoredPart(finished(tools, order)))
    except VBenchLiteError as error:
        pipe.send(ScoringFailed(str(error)))
    except (EOFError, OSError):
        return  # the runner is gone


def finished(tools: Tools, part: Part) -> PartScores:
    """A part scored to its end, so that it can be sent."""
    scores = tools.score(part)
    clips = list(scores.clips)
    return PartScores(clips, scores.sets)
