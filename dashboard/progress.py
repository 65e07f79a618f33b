"""How far a run is: samples done and failed by generator, newest clips, time left. Imports no streamlit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from vbench_lite.generator import Family
from vbench_lite.metric import BASE_CASE
from vbench_lite.report.charts.boards import BoardTable
from vbench_lite.run.plan.suites import sample_count
from vbench_lite.store.columns import texts
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.schema import NOT_TRIED, Level, RunDocument, SampleStatus
from vbench_lite.suite import parse_suite


@dataclass(frozen=True)
class ArmProgress:
    """How far one arm is.

    Attributes:
        planned: samples asked for, over all suites.
        left_s: seconds of generation left at the mean pace so far; None before the first sample.
        stopped: why the rest of its requests was not tried; None where it goes on.
    """

    generator: str
    done: int
    failed: int
    planned: int
    left_s: float | None
    stopped: str | None = None

    @property
    def share(self) -> float:
        """Share of the planned samples that ended, in [0, 1]."""
        return min(1.0, (self.done + self.failed) / self.planned) if self.planned else 0.0


def arms(run: RunDir) -> list[ArmProgress]:
    """Progress of each arm, in the order of the plan."""
    document = run.document()
    samples = run.samples()
    planned = _planned(document)
    labels = [entry.label for entry in document.generators]
    labels += sorted(set(samples["generator"]) - set(labels))
    found = [_arm(samples[samples["generator"] == label], label, planned) for label in labels]
    if document.status == "finished":  # then nothing is left, whatever was planned
        found = [replace(arm, planned=arm.done + arm.failed, left_s=0.0) for arm in found]
    return found


def _planned(document: RunDocument) -> int:
    """Samples of a generator over all suites: a suite that another one brings along has its part of them."""
    suites = [parse_suite(content, f"run {document.run_id}") for content in document.suites]
    own = document.samples == max((suite.samples for suite in suites), default=0)
    counts = (sample_count(suite, suites, None if own else document.samples) for suite in suites)
    return sum(counts) or document.samples


def left_s(found: list[ArmProgress]) -> float:
    """Seconds of generation left over all arms, one after the other, as far as their pace is known."""
    return sum(arm.left_s or 0.0 for arm in found)


def _arm(rows: pd.DataFrame, label: str, planned: int) -> ArmProgress:
    done = int((rows["status"] == SampleStatus.OK).sum())
    pace = rows["total_s"].dropna()
    left = max(0, planned - len(rows)) * float(pace.mean()) if len(pace) else None
    given_up = rows.loc[rows["phase"] == NOT_TRIED, "reason"]
    why = str(given_up.iloc[0]) if len(given_up) else None
    return ArmProgress(label, done, len(rows) - done, planned, left, why)


@dataclass(frozen=True)
class Phase:
    """One kind of work of a run: clips made, calls timed, or clips scored."""

    name: str
    done: int
    planned: int


def phases(run: RunDir, found: Sequence[ArmProgress]) -> list[Phase]:
    """The work of a run in its order, by what it is counted in."""
    document = run.document()
    made = Phase("clips made", sum(arm.done + arm.failed for arm in found), sum(arm.planned for arm in found))
    timed = [one for one in document.generators if str(one.info.get("family")) != Family.CONTROL]
    rounds = sum((suite.get("performance") or {}).get("rounds", 0) for suite in document.suites)
    calls = run.table("measurement", ("generator", "suite", "case", "round"))
    seen = calls.filter(texts(calls, "case").among(BASE_CASE)).select(["generator", "suite", "round"])
    done = len(seen.group_by(["generator", "suite", "round"]).aggregate([]))
    scores = run.table("score", ("generator", "suite", "sample_id", "level"))
    clips = scores.filter(texts(scores, "level").among(Level.SAMPLE))
    scored = len(clips.group_by(["generator", "suite", "sample_id"]).aggregate([]))
    ok = sum(arm.done for arm in found)
    return [
        made,
        Phase("processes timed", done, rounds * len(timed)),
        Phase("clips scored", scored, max(ok, made.planned - sum(arm.failed for arm in found))),
    ]


def share(found: Sequence[Phase]) -> float:
    """Share of the whole work that is done, in [0, 1]."""
    planned = sum(phase.planned for phase in found)
    return min(1.0, sum(min(p.done, p.planned) for p in found) / planned) if planned else 0.0


def settled(board: BoardTable) -> list[str]:
    """Axes on which every generator has one place that the data surely give it."""
    found = []
    for axis in board.axes:
        rows = board.values[(board.values["name"] == axis) & ~board.values["control"]]
        rows = rows[rows["value"].notna()]
        one_place = rows["rank_best"].notna() & (rows["rank_best"] == rows["rank_worst"])
        if len(rows) > 1 and bool(one_place.all()):
            found.append(axis)
    return found


def newest(run: RunDir, count: int) -> pd.DataFrame:
    """The last clips that were made, newest first: generator, sample_id, prompt, seed, clip_sha256."""
    samples = run.samples()
    there = samples[samples["clip_sha256"].notna()]
    columns = ["generator", "sample_id", "prompt", "seed", "clip_sha256"]
    return there[columns].tail(count).iloc[::-1].reset_index(drop=True)
