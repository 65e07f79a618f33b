"""An arm: one generator (or control) of one run under one suite, with an estimate of each metric."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from vbench_lite.errors import StoreError
from vbench_lite.generator import Family
from vbench_lite.metric import BASE_CASE
from vbench_lite.results.catalogue import summary_metric
from vbench_lite.results.estimates import MetricEstimate, ScoreColumns, absent, estimate_of, summary
from vbench_lite.store import run_names
from vbench_lite.store.columns import Places, integers, texts
from vbench_lite.store.schema import GeneratorEntry, Level, RunDocument, SampleStatus, ScoreStatus
from vbench_lite.suite import Suite, parse_suite

CEILING = "real"
FLOORS = ("frozen", "noise", "shuffled")
ORACLE = "oracle"  # real clips of a world that is steered
STEERED_FLOORS = ("action-blind", "delayed-3", "copy-last", "swapped-keys")
_SAMPLE = (
    "generator", "suite", "sample_id", "prompt_id", "prompt", "seed", "status", "reason", "clip_sha256"
)  # fmt: skip
_CALL = ("generator", "sample_id", "call", "contended", "value")


class Run(Protocol):
    """What is read of a run directory (`store.rundir.RunDir` has it)."""

    @property
    def run_id(self) -> str: ...

    def document(self) -> RunDocument: ...

    def table(self, kind: str, columns: Collection[str] | None = None) -> pa.Table:
        """Records of one kind ("sample", "score", "measurement"), columns of `store.schema`."""


@dataclass(frozen=True)
class Arm:
    """One generator or control of one run under one suite.

    Attributes:
        control: "real", "frozen", "noise", "shuffled", one of STEERED_FLOORS, or None for a generator.
        ok, planned: samples that ended well, and samples asked for.
        failures: samples that did not end well, by "status: reason".
        clips: content hash by sample id, of samples that ended well.
        requests: (prompt, seed) by sample id, of every sample; what pairs are made by.
        prompts: ids of prompts with a sample that ended well, sorted; prompt_of: by sample id.
        settings: what it was made with, as text by name; what comes first tells arms apart first.
    """

    generator: str
    family: str
    control: str | None
    run_id: str
    suite: str
    ok: int
    planned: int
    failures: Mapping[str, int]
    clips: Mapping[str, str]
    prompts: tuple[str, ...]
    prompt_of: Mapping[str, str]
    requests: Mapping[str, tuple[str, int]]
    estimates: Mapping[str, MetricEstimate]
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def coverage(self) -> float:
        """Share of samples that ended well, in [0, 1]."""
        return self.ok / self.planned if self.planned else 0.0

    def value(self, metric: str) -> float | None:
        """The value of a metric; None where there is none."""
        found = self.estimates.get(metric)
        return None if found is None else found.value


def control_of(label: str, family: str | None) -> str | None:
    """Which control a label stands for, or None if it is a generator."""
    last = label.rsplit("/", 1)[-1]
    if family not in (None, Family.CONTROL):
        return None
    return CEILING if last == ORACLE else last if last in (CEILING, *FLOORS, *STEERED_FLOORS) else None


def suite_content(document: RunDocument, name: str) -> Mapping[str, Any]:
    """A suite as a run holds it.

    Raises:
        StoreError: the run has no such suite.
    """
    content = next((s for s in document.suites if s["name"] == name), None)
    if content is None:
        has = ", ".join(str(s["name"]) for s in document.suites) or "none"
        raise StoreError(f"run {document.run_id} has no suite {name!r}; it has: {has}")
    return content


def suite_of(document: RunDocument, name: str) -> Suite:
    """The same, parsed.

    Raises:
        StoreError, SpecError: the run has no such suite, or it is damaged.
    """
    return parse_suite(suite_content(document, name), f"run {document.run_id}, suite {name}")


def scale_ends(arms: Iterable[Arm]) -> tuple[Arm | None, tuple[Arm, ...]]:
    """The control that shows real clips, None where the run has none, and the controls below it."""
    controls = [arm for arm in arms if arm.control is not None]
    real = next((arm for arm in controls if arm.control == CEILING), None)
    return real, tuple(arm for arm in controls if arm.control != CEILING)


class RunColumns:
    """The sample and score rows of a run as columns, read once for all its suites.

    Raises:
        StoreError: its tables are damaged.
    """

    def __init__(self, run: Run) -> None:
        self.document = run.document()
        self.samples = _SampleColumns(run.table("sample", _SAMPLE))
        self.scores = ScoreColumns(run.table("score"))


def read_arms(run: Run, suite: str) -> list[Arm]:
    """Every generator of a run under a suite, and the controls that it has, in the order of the plan.

    Raises:
        StoreError: the run has no such suite, or its tables are damaged.
    """
    return arms_of(RunColumns(run), suite)


def arms_of(run: RunColumns, suite: str) -> list[Arm]:
    """As `read_arms`, of rows that are read already.

    Raises:
        StoreError: the run has no such suite, or a value in its rows cannot be read.
    """
    document, metrics = run.document, suite_content(run.document, suite)["metrics"]
    made, scored = run.samples.by_arm(suite), run.scores.by_arm(suite)
    families = {entry.label: str(entry.info.get("family", "unknown")) for entry in document.generators}
    others = {*made, *run.scores.generator.used()} - set(families)
    planned = _planned(document, made)
    nothing = np.empty(0, dtype=np.int64)
    arms = [
        _arm(
            run,
            suite,
            label,
            families.get(label),
            made.get(label, nothing),
            scored.get(label, {}),
            planned,
            metrics,
        )
        for label in [*families, *sorted(others)]
    ]
    entries = {entry.label: entry for entry in document.generators}
    arms = [
        replace(arm, settings=settings(entries[arm.generator], document)) if arm.generator in entries else arm
        for arm in arms
    ]
    of_suite = [arm for arm in arms if arm.control is None or arm.requests or scored.get(arm.generator)]
    return sorted(of_suite, key=lambda arm: arm.control is not None)


def calm_calls(run: Run, suite: str, metric: str) -> dict[str, dict[str, float]]:
    """Values of warm calls of the base case by generator and call, of generators that nobody disturbed.

    Reads the columns that this needs and makes no estimate of any other metric.

    Raises:
        StoreError: the tables of the run are damaged.
    """
    table = run.table("score", (*_CALL, "metric", "suite", "level", "status"))
    wanted = {"metric": metric, "suite": suite, "level": Level.CALL, "status": ScoreStatus.OK}
    for column, text in wanted.items():
        table = table.filter(texts(table, column).among(text))
    found: dict[str, dict[str, float]] = {}
    disturbed = set()
    for row in table.select(_CALL).to_pylist():
        if row["sample_id"].rsplit("/", 2)[0] != BASE_CASE:
            continue
        if row["contended"]:
            disturbed.add(row["generator"])
        if row["call"] != "first":
            found.setdefault(row["generator"], {})[row["sample_id"]] = row["value"]
    return {generator: calls for generator, calls in found.items() if generator not in disturbed}


def settings(entry: GeneratorEntry, document: RunDocument) -> dict[str, str]:
    """What an arm was made with: its configuration first, then where and how often, then of which run."""
    found = {
        key: value.rsplit("/", 1)[-1] if isinstance(value, str) else str(value)
        for key, value in sorted({**entry.config, **entry.params}.items())
    }
    found |= {"device": entry.device, "batch": str(entry.batch), "samples": str(document.samples)}
    return found | {"seed": str(document.seed), "run": run_names.short(document)}


class _SampleColumns:
    """The sample rows of a run, as columns."""

    def __init__(self, table: pa.Table) -> None:
        self._suite = texts(table, "suite")
        self.generator, self.sample = texts(table, "generator"), texts(table, "sample_id")
        self.prompt_id, self.prompt = texts(table, "prompt_id"), texts(table, "prompt")
        self.status, self.reason = texts(table, "status"), texts(table, "reason")
        self.seed, self.clip = integers(table, "seed"), texts(table, "clip_sha256")

    def by_arm(self, suite: str) -> dict[str, Places]:
        """Places of the rows of a suite by generator."""
        here = self._suite.among(suite)
        return {
            label: np.flatnonzero(here & self.generator.among(label))
            for label in self.generator.used(np.flatnonzero(here))
        }


def _planned(document: RunDocument, made: Mapping[str, Places]) -> int:
    """Samples asked for of each generator: what the run says, or (all recorded) the fullest arm."""
    fullest = max(map(len, made.values()), default=0)
    return fullest if document.status == "finished" else max(fullest, document.samples)


def _arm(
    run: RunColumns,
    suite: str,
    label: str,
    family: str | None,
    every: Places,
    by_metric: Mapping[str, Places],
    planned: int,
    metrics: Sequence[str],
) -> Arm:
    samples = run.samples
    ok = samples.status.among(SampleStatus.OK, every)
    good, bad = every[ok], every[~ok]
    failures = Counter(
        f"{status}: {reason}" if reason else str(status)
        for status, reason in zip(samples.status.of(bad), samples.reason.of(bad), strict=True)
    )
    ids, prompt_ids = samples.sample.of(good), samples.prompt_id.of(good)
    prompts = tuple(sorted(set(prompt_ids)))
    found = {
        metric: estimate_of(metric, run.scores, places, prompts)
        for metric, places in by_metric.items()
        if summary_metric(metric) is None  # made of the others below, whatever a failed scoring left
    }
    for metric in metrics:
        if metric not in found:
            found[metric] = summary(metric, found) or absent(metric, len(good))
    order = {metric: place for place, metric in enumerate(metrics)}
    control = control_of(label, family)
    asked = zip(samples.prompt.of(every), samples.seed[every].tolist(), strict=True)
    return Arm(
        generator=label,
        family=str(Family.CONTROL) if control else (family or "unknown"),
        control=control,
        run_id=run.document.run_id,
        suite=suite,
        ok=len(good),
        planned=planned,
        failures=dict(failures),
        clips={name: sha for name, sha in zip(ids, samples.clip.of(good), strict=True) if sha},
        prompts=prompts,
        prompt_of=dict(zip(ids, prompt_ids, strict=True)),
        requests=dict(zip(samples.sample.of(every), asked, strict=True)),
        estimates={m: found[m] for m in sorted(found, key=lambda m: (order.get(m, len(order)), m))},
    )
