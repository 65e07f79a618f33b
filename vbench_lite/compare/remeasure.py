"""Both arms of a comparison timed again, interleaved in one pass: one occasion for both, on this machine.

Two runs are two occasions, and what differs between those no round of either shows (see `occasions`). Where
both generators can be loaded here as they were, a pass of their own takes that away.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from vbench_lite.dataset import Prompt
from vbench_lite.errors import StoreError, VBenchLiteError
from vbench_lite.generator import Site
from vbench_lite.measure.contention import wait_until_idle
from vbench_lite.measure.hardware import hardware
from vbench_lite.metric import Measurement
from vbench_lite.results.arms import read_arms
from vbench_lite.results.estimates import MetricEstimate
from vbench_lite.run.plan.build import resolve
from vbench_lite.run.plan.prompts import prompts_of
from vbench_lite.run.plan.spec import GeneratorSpec
from vbench_lite.run.scoring.metric_set import make_metrics
from vbench_lite.run.scoring.scorer import score_run
from vbench_lite.run.timing.performance import TimedSession, measure
from vbench_lite.run.timing.timed_process import TimedProcess
from vbench_lite.run.worker_process import Settings
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.schema import GeneratorEntry, Level, RunDocument
from vbench_lite.store.tables import measurement_row
from vbench_lite.suite import Suite

LABELS = ("baseline", "candidate")


@dataclass(frozen=True)
class Remeasured:
    """What the calls of the pass come to, by metric, for each of the two; the calls, and the machine."""

    baseline: Mapping[str, MetricEstimate]
    candidate: Mapping[str, MetricEstimate]
    calls: tuple[list[Measurement], list[Measurement]]
    hardware: Mapping[str, Any]


def remeasure(
    arms: tuple[tuple[RunDir, str], tuple[RunDir, str]],
    suite: Suite,
    *,
    on_progress: Callable[[str, int, int], None] | None = None,
    when_idle: bool = False,
    open_session: Callable[[GeneratorEntry], TimedSession] | None = None,
) -> Remeasured:
    """Time two stored generators again, on the requests of a suite.

    Args:
        arms: run and label of the baseline and of the candidate.
        when_idle: begin each process when other programs leave the machine alone.
        open_session: starts a process with a generator; one of this machine if None.

    Raises:
        StoreError: the suite times nothing, or a generator cannot be loaded as it was.
    """
    if suite.performance is None:
        raise StoreError(f"suite {suite.name} times nothing, so there is nothing to measure again")
    entries = [
        replace(_entry(run, label), label=name) for (run, label), name in zip(arms, LABELS, strict=True)
    ]
    metrics = make_metrics(suite.metrics)
    timed = suite.model_copy(update={"metrics": tuple(m.info.id for m in metrics.calls), "axes": {}})
    with tempfile.TemporaryDirectory() as folder:
        run = RunDir(Path(folder), "remeasured")
        run.write_document(_document(arms[0][0].document(), entries, timed))
        settings = Settings.of(run, arms[0][0].document())
        with run.journal("runner") as journal:
            summary = measure(
                entries,
                timed,
                on_record=lambda call: journal.append(
                    {"kind": "measurement", **measurement_row(call, timed.name)}
                ),
                on_progress=on_progress,
                prompts=_prompts(arms[0], timed.name),
                open_session=open_session or partial(TimedProcess, settings=settings),
                wait=wait_until_idle if when_idle else None,
            )
        for (label, case), reason in summary.failures.items():
            raise StoreError(f"the {label} could not be timed again ({case}): {reason}")
        calls = run.calls(timed.name)
        score_run(run, timed)
        found = {arm.generator: arm.estimates for arm in read_arms(run, timed.name)}
    sides = [{m: e for m, e in found[label].items() if e.level is Level.CALL} for label in LABELS]
    of = [[call for call in calls if call.generator == label] for label in LABELS]
    return Remeasured(sides[0], sides[1], (of[0], of[1]), hardware())


def _entry(run: RunDir, label: str) -> GeneratorEntry:
    """The entry of a generator that this machine can load as it was.

    Raises:
        StoreError: it is gone, or what would be loaded is another one.
    """
    entry = next((one for one in run.document().generators if one.label == label), None)
    if entry is None:
        raise StoreError(f"run {run.run_id} has no generator {label!r}")
    where = f"{run.run_id}:{label} cannot be timed again"
    if entry.info.get("site") == Site.RECORDED:
        raise StoreError(f"{where}: its clips were made elsewhere")
    try:
        today, _ = resolve(
            GeneratorSpec(
                label=label,
                adapter=entry.adapter,
                config=entry.config,
                device=entry.device,
                batch=entry.batch,
            )
        )
    except VBenchLiteError as error:
        raise StoreError(f"{where}: {error}") from None
    if today.fingerprint != entry.fingerprint:
        raise StoreError(
            f"{where}: its code, configuration or weights are not those of the run any more; make a run of "
            "what is here, and compare that"
        )
    return entry


def _document(like: RunDocument, entries: Sequence[GeneratorEntry], suite: Suite) -> RunDocument:
    return replace(
        like,
        run_id="remeasured",
        generators=list(entries),
        suites=[suite.model_dump(mode="json")],
        hardware=hardware(),
        sweep=None,
        notes=[],
    )


def _prompts(arm: tuple[RunDir, str], suite: str) -> list[Prompt]:
    """The prompts that the baseline was asked for a suite, each text once, in order."""
    run, label = arm
    known = prompts_of(run.document())
    rows = run.rows("sample", ("suite", "prompt", "prompt_id"), generator=label)
    asked = {row["prompt"]: row["prompt_id"] for row in reversed(rows) if row["suite"] == suite}
    return [replace(known.get(asked[text], Prompt(asked[text], text)), text=text) for text in reversed(asked)]
