"""How far a run is: samples done and failed by generator, newest clips, time left. Imports no streamlit."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from vbench_lite.store.rundir import RunDir
from vbench_lite.store.schema import SampleStatus


@dataclass(frozen=True)
class ArmProgress:
    """How far one arm is.

    Attributes:
        planned: samples asked for, over all suites.
        left_s: seconds of generation left at the mean pace so far; None before the first sample.
    """

    generator: str
    done: int
    failed: int
    planned: int
    left_s: float | None

    @property
    def share(self) -> float:
        """Share of the planned samples that ended, in [0, 1]."""
        return min(1.0, (self.done + self.failed) / self.planned) if self.planned else 0.0


def arms(run: RunDir) -> list[ArmProgress]:
    """Progress of each arm, in the order of the plan."""
    document = run.document()
    samples = run.samples()
    planned = document.samples * max(1, len(document.suites))
    labels = [entry.label for entry in document.generators]
    labels += sorted(set(samples["generator"]) - set(labels))
    return [_arm(samples[samples["generator"] == label], label, planned) for label in labels]


def left_s(found: list[ArmProgress]) -> float:
    """Seconds of generation left over all arms, one after the other, as far as their pace is known."""
    return sum(arm.left_s or 0.0 for arm in found)


def _arm(rows: pd.DataFrame, label: str, planned: int) -> ArmProgress:
    done = int((rows["status"] == SampleStatus.OK).sum())
    pace = rows["total_s"].dropna()
    left = max(0, planned - len(rows)) * float(pace.mean()) if len(pace) else None
    return ArmProgress(label, done, len(rows) - done, planned, left)


def scored(run: RunDir) -> int:
    """Score rows so far."""
    return len(run.table("score", ()))


def newest(run: RunDir, count: int) -> pd.DataFrame:
    """The last clips that were made, newest first: generator, sample_id, prompt, seed, clip_sha256."""
    samples = run.samples()
    there = samples[samples["clip_sha256"].notna()]
    columns = ["generator", "sample_id", "prompt", "seed", "clip_sha256"]
    return there[columns].tail(count).iloc[::-1].reset_index(drop=True)
