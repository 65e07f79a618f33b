"""Which runs there are, and what a reader must know before trusting one. Imports no streamlit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vbench_lite.errors import StoreError
from vbench_lite.report.charts.boards import BoardTable
from vbench_lite.results.arms import control_of
from vbench_lite.store import run_names
from vbench_lite.store.rundir import RunDir, baselines, read_runs
from vbench_lite.store.schema import GeneratorEntry, RunDocument, SampleStatus
from vbench_lite.votes.ballot import FOLDER as VOTES

PEAK = "memory/peak_bytes"


@dataclass(frozen=True)
class RunSummary:
    """One readable run of a root.

    Attributes:
        title: its own name, or suites, time, generators and samples.
        called: its own name, or its time.
        status: "running", "finished" or "interrupted".
        created, finished: ISO 8601, UTC.
        generators: labels, controls left out.
        suites: names.
        swept: those of the suites that vary a size.
        samples: asked for from each generator.
        seed: of the whole plan; runs of one suite and seed have requests in common.
    """

    run_id: str
    title: str
    called: str
    status: str
    created: str
    finished: str | None
    generators: tuple[str, ...]
    suites: tuple[str, ...]
    swept: tuple[str, ...]
    samples: int
    seed: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Index:
    """Every run under a root.

    Attributes:
        runs: newest first.
        damaged: one reason a run.
        latest: id of the run that is shown where none is chosen; None where there is none.
        baselines: run ids by the name of the baseline.
    """

    runs: tuple[RunSummary, ...]
    damaged: tuple[str, ...]
    latest: str | None = None
    baselines: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Alert:
    """Something a reader must know before trusting a number: level is "error", "warning" or "info"."""

    level: str
    text: str


def read_index(root: Path) -> Index:
    """Read the documents of every run under a root; a root that is not there holds none."""
    documents, errors = read_runs(root)
    damaged = [str(error) for error in errors]
    named: Mapping[str, str] = {}
    try:
        named = baselines(root)
    except StoreError as error:
        damaged.append(str(error))
    return Index(
        tuple(summary(document) for document in documents),
        tuple(damaged),
        run_names.latest(documents).run_id if documents else None,
        named,
    )


def summary(document: RunDocument) -> RunSummary:
    """What a list of runs says of one run."""
    return RunSummary(
        run_id=document.run_id,
        title=run_names.title(document),
        called=run_names.short(document),
        status=document.status,
        created=document.created,
        finished=document.finished,
        generators=tuple(e.label for e in document.generators if not _is_control(e)),
        suites=tuple(str(suite["name"]) for suite in document.suites),
        swept=tuple(str(s["name"]) for s in document.suites if (s.get("performance") or {}).get("sweep")),
        samples=document.samples,
        seed=document.seed,
        notes=tuple(document.notes),
    )


def candidate(index: Index, runs: Sequence[RunSummary], run: RunSummary, *, chosen: bool) -> RunSummary:
    """The run whose update is judged: the chosen one, else the newest finished one that is no baseline.

    Args:
        runs: those with the suite, newest first.
        run: what the pages show.
        chosen: the reader picked it.
    """
    if chosen:
        return run
    named = set(index.baselines.values())
    return next((r for r in runs if r.status == "finished" and r.run_id not in named), run)


def baseline_order(index: Index, runs: Sequence[RunSummary], run: RunSummary, generator: str) -> list[str]:
    """Ids of the runs that a candidate can be held against, the most fitting first.

    Named baselines with the same generator, older runs of the same generator and requests, other older
    runs of it, and then the rest, the candidate's own run among them.
    """
    named = set(index.baselines.values())

    def fits(other: RunSummary) -> int:
        if other.run_id == run.run_id:
            return 3
        if generator not in other.generators:
            return 4
        if other.run_id in named:
            return 0
        older = other.created < run.created
        return 1 if older and other.seed == run.seed else 2 if older else 4

    return [other.run_id for other in sorted(runs, key=fits)]


def _is_control(entry: GeneratorEntry) -> bool:
    return control_of(entry.label, str(entry.info.get("family", "unknown"))) is not None


def root_stamp(root: Path) -> str:
    """Changes whenever a run under the root appears, ends or is renamed; costs one stat a run."""
    return ";".join(_stamps([root / "baselines.json", *sorted((root / "runs").glob("*/run.json"))]))


def run_stamp(run: RunDir) -> str:
    """Changes whenever a file of the run does."""
    files = [
        run.path / "run.json",
        *sorted(run.path.glob("*.parquet")),
        *sorted(run.path.glob("journal/*.jsonl")),
    ]
    return ";".join(_stamps(files))


def votes_stamp(root: Path) -> str:
    """Changes whenever there is another vote under the root."""
    return ";".join(_stamps(sorted((root / VOTES).glob("*.json*"))))


def _stamps(files: list[Path]) -> Iterator[str]:
    for file in files:
        try:
            found = file.stat()
        except FileNotFoundError:
            continue  # replaced or removed since it was listed; the next look sees it
        yield f"{file.parent.name}/{file.name}:{found.st_mtime_ns}:{found.st_size}"


def alerts(run: RunDir) -> list[Alert]:
    """Failed samples by generator and reason, and records that a kill cut off; the board notes the rest."""
    found: list[Alert] = []
    samples = run.samples()
    bad = samples[samples["status"] != SampleStatus.OK]
    planned = samples["generator"].value_counts()
    for generator, rows in bad.groupby("generator", sort=True):
        reasons = rows["reason"].fillna("no reason recorded").value_counts()
        more = f" (and {len(reasons) - 1} other reasons)" if len(reasons) > 1 else ""
        found.append(
            Alert(
                "error",
                f"{generator}: {len(rows)} of {planned[str(generator)]} samples did not "
                f"end well; most often: {reasons.index[0]}{more}",
            )
        )
    if run.torn():
        found.append(
            Alert(
                "info",
                "A record was cut off when the run was killed; it is left out and made again on resume.",
            )
        )
    return found


@dataclass(frozen=True)
class Filters:
    """What generators a reader wants to see; an empty tuple, or None, admits all.

    Attributes:
        families, streaming, licenses: one of these.
        tasks: all of these.
        most_bytes: peak memory at most; a generator whose peak is not known does not pass.
    """

    families: tuple[str, ...] = ()
    streaming: tuple[str, ...] = ()
    licenses: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    most_bytes: float | None = None

    def passing(self, board: BoardTable, told: Mapping[str, Mapping[str, str]]) -> list[str]:
        """Labels of the generators of a board that pass, given what they declare (`facts`)."""
        arms = board.arms[~board.arms["control"]]
        peaks = board.of(PEAK, list(arms["generator"])).set_index("generator")["value"]
        return [
            str(generator)
            for generator, family in zip(arms["generator"], arms["family"], strict=True)
            if (not self.families or family in self.families)
            and self._declared(told.get(generator, {}))
            and (self.most_bytes is None or bool((peaks[peaks.index == generator] <= self.most_bytes).any()))
        ]

    def _declared(self, told: Mapping[str, str]) -> bool:
        return (
            (not self.streaming or told.get("streaming") in self.streaming)
            and (not self.licenses or told.get("license") in self.licenses)
            and set(self.tasks) <= set(told.get("tasks", "").split(", "))
        )


def facts(document: RunDocument) -> dict[str, dict[str, str]]:
    """What each generator of a run declares, as text: streaming, license, tasks, device."""
    told: dict[str, dict[str, str]] = {}
    for entry in document.generators:
        info = entry.info
        told[entry.label] = {
            "streaming": str(info.get("streaming", "unknown")),
            "license": str(info.get("license", "unknown")),
            "tasks": ", ".join(map(str, info.get("tasks") or ())) or "unknown",
            "device": entry.device,
            "adapter": entry.adapter,
            "config": json.dumps(entry.config, sort_keys=True),
        }
    return told
