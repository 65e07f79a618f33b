"""The leaderboard: generators side by side, controls apart, ranks as intervals."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from vbench_lite.errors import StoreError, VBenchLiteError
from vbench_lite.metric import DETAILS, Axis
from vbench_lite.results.arms import CEILING, Arm, Run
from vbench_lite.results.axes import RELATIVE_AXES, AxisScore, differences
from vbench_lite.results.conflicts import DISTANCES, Conflict, Interval, find_conflicts
from vbench_lite.results.estimates import MetricEstimate
from vbench_lite.results.measured import read_measured
from vbench_lite.results.repeats import seed_remark
from vbench_lite.results.trust import TrustFlag
from vbench_lite.stats.ranks import ranks_of
from vbench_lite.store.schema import RunDocument
from vbench_lite.suite import Suite
from vbench_lite.weights import unverified

LEFT_OUT = "left out: "  # begins the note on a run that could not be read
RELATIVE_TIE = 0.05  # speed and memory closer than this are ties: machines differ by more from day to day


@dataclass(frozen=True)
class BoardRow:
    """One generator (or control) of one run.

    ranks: (best, worst) possible place on an axis among comparable rows with full coverage.
    protocol: identity of what was asked; only rows of one protocol are ranked together.
    imported: results of others; shown apart and never ranked.
    """

    arm: Arm
    suite: Suite
    axes: dict[Axis, AxisScore]
    protocol: str
    hardware: str
    created: str
    imported: bool = False
    ranks: dict[Axis, tuple[int, int]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values; unknown numbers are null."""
        arm = self.arm
        return {
            "generator": arm.generator,
            "family": arm.family,
            "run": arm.run_id,
            "created": self.created,
            "protocol": self.protocol,
            "imported": self.imported,
            "coverage": None if self.imported else arm.coverage,
            "samples": {"ok": arm.ok, "planned": arm.planned, "failures": dict(arm.failures)},
            "axes": {str(axis): self._axis(axis, score) for axis, score in self.axes.items()},
            "metrics": {metric: _metric(measured) for metric, measured in arm.estimates.items()},
        }

    def _axis(self, axis: Axis, score: AxisScore) -> dict[str, Any]:
        rank = self.ranks.get(axis)
        return {
            "value": score.value,
            "ci": _ci(score.low, score.high),
            "n": score.n,
            "rank": list(rank) if rank is not None else None,
            "reason": score.reason,
            "scale": {"dataset": self.dataset, "controls": dict(score.floors)} if score.floors else None,
        }

    @property
    def dataset(self) -> str | None:
        """Whose real clips are 1 on an axis; None where the suite names nobody's."""
        return self.suite.data.name if self.suite.data is not None else self.suite.dataset


@dataclass(frozen=True)
class Board:
    """Everything a leaderboard says. `as_dict` is the documented `leaderboard --json` form."""

    suite: Suite
    rows: list[BoardRow]
    controls: list[BoardRow]
    imported: list[BoardRow]
    trust: list[TrustFlag]
    notes: list[str]
    other_suites: list[str]

    @property
    def conflicts(self) -> list[Conflict]:
        """Distances that order two generators of one protocol differently."""
        found: list[Conflict] = []
        for protocol in dict.fromkeys(row.protocol for row in self.rows):
            group = [row for row in self.rows if row.protocol == protocol]
            names = [row.arm.generator for row in group]
            values: dict[str, dict[str, Interval]] = {}
            for row in group:
                arm = row.arm
                name = arm.generator if names.count(arm.generator) == 1 else f"{arm.run_id}:{arm.generator}"
                for metric, e in arm.estimates.items():
                    if metric.startswith(DISTANCES) and e.facts.sign < 0 and e.value is not None:
                        values.setdefault(metric, {})[name] = (e.value, e.low, e.high)
            found += find_conflicts(values)
        return found

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values.

        Keys: suite {name, version, description, axes{axis: {metrics{id: weight}, gates[], floors,
        ends{id: [zero, one]}, reference}}}; rows[]
        and controls[] {generator, family, run, created, imported (results of others, never ranked; coverage
        null), protocol, coverage, samples{ok, planned, failures}, axes{axis: {value, ci, n, rank, reason,
        scale{dataset, controls{metric: name, or "published"}}}},
        metrics{id: {value, ci, ci_reason, n, unit, higher_is_better, level, reason, missing, details,
        first_call, disturbed_calls}}}; trust[]
        {metric, kind, control, value, real, axes, reason}; conflicts[] {distance, other_distance, generator,
        other_generator, firm}; notes[]; other_suites[].
        """
        axes = {
            str(axis): spec.model_dump(mode="json", exclude={"gate"})
            | {"gates": [gate.model_dump() for gate in spec.gates]}
            for axis, spec in self.suite.axes.items()
        }
        return {
            "suite": {
                "name": self.suite.name,
                "version": self.suite.version,
                "description": self.suite.description,
                "axes": axes,
            },
            "rows": [row.as_dict() for row in (*self.rows, *self.imported)],
            "controls": [row.as_dict() for row in self.controls],
            "trust": [flag.as_dict() for flag in self.trust],
            "conflicts": [conflict.as_dict() for conflict in self.conflicts],
            "notes": list(self.notes),
            "other_suites": list(self.other_suites),
        }


def build_board(runs: Sequence[Run], *, suite: str | None = None, every: bool = False) -> Board:
    """Put the generators of some runs side by side under one suite.

    Args:
        runs: newest first.
        suite: its name; None takes the first suite of the newest run.
        every: keep older rows of a generator under the same protocol (else only the newest).

    Raises:
        StoreError: there is no run, or none has that suite.
    """
    if not runs:
        raise StoreError("no run to show; make one with: vbench-lite run")
    documents = [run.document() for run in runs]
    suites = [[str(content["name"]) for content in document.suites] for document in documents]
    names = list(chain(*suites))
    own = chain(*(of for of, document in zip(suites, documents, strict=True) if not document.imported))
    chosen = suite if suite is not None else next(own, names[0])
    fitting = [(run, one) for run, one, of in zip(runs, documents, suites, strict=True) if chosen in of]
    if not fitting:
        raise StoreError(f"no run has the suite {chosen!r}; they have: {', '.join(sorted(set(names)))}")
    rows: list[BoardRow] = []
    trust: list[TrustFlag] = []
    newest: Suite | None = None
    left_out: list[str] = []
    for run, document in fitting:
        try:
            content, found, flags = _read(run, document, chosen)
        except VBenchLiteError as error:  # a damaged run costs itself, unless it is the only one
            if len(fitting) == 1:
                raise
            left_out.append(f"{LEFT_OUT}{error}")
            continue
        newest = newest or content
        rows.extend(found)
        known = {(flag.metric, flag.kind, flag.control) for flag in trust}
        trust.extend(flag for flag in flags if (flag.metric, flag.kind, flag.control) not in known)
    if newest is None:
        raise StoreError(f"no run with the suite {chosen!r} can be read; {left_out[0]}")
    if not every:
        rows = _newest(rows)
    imported = [row for row in rows if row.imported]
    rows = [row for row in rows if not row.imported]
    generators = [row for row in rows if row.arm.control is None]
    ranked, notes = _rank(generators)
    controls = sorted(
        (row for row in rows if row.arm.control is not None), key=lambda row: row.arm.control != CEILING
    )
    others = sorted(set(names) - {chosen})
    return Board(
        newest,
        ranked,
        controls,
        imported,
        trust,
        left_out
        + notes
        + [remark for row in ranked if (remark := seed_remark(row.arm)) is not None]
        + _contended(ranked)
        + _unverified([*ranked, *controls]),
        others,
    )


def only(board: Board, picked: Collection[tuple[str, str]]) -> Board:
    """Some rows of a board, by run and generator, ranked among themselves; controls stay."""
    rows = [row for row in board.rows if (row.arm.run_id, row.arm.generator) in picked]
    ranked, notes = _rank(rows)
    before = _rank(board.rows)[1]
    return replace(board, rows=ranked, notes=[*notes, *(one for one in board.notes if one not in before)])


def _contended(rows: Sequence[BoardRow]) -> list[str]:
    """Whose calls were timed while another process used the device: a note for each number of such calls."""
    generators: dict[tuple[int, int], dict[str, None]] = {}
    alike = Counter(row.arm.generator for row in rows)
    for row in rows:
        label = row.arm.generator
        if alike[label] > 1:
            label += f" ({row.arm.settings.get('run', row.arm.run_id)})"
        timed = [measured for measured in row.arm.estimates.values() if measured.calls]
        calls = {name for measured in timed for name in measured.calls}
        busy = calls & {name for measured in timed for name in measured.contended}
        if busy:
            generators.setdefault((len(busy), len(calls)), {})[label] = None
    return [
        f"{', '.join(names)}: another process used the device in {busy} of {calls} timed calls; "
        "time again on an idle machine (run --retime --when-idle)"
        for (busy, calls), names in generators.items()
    ]


def _unverified(rows: Sequence[BoardRow]) -> list[str]:
    """Which metrics were measured with weights that nothing vouches for."""
    marked = {
        metric
        for row in rows
        for metric, measured in row.arm.estimates.items()
        if any(map(unverified.marked, measured.fingerprints))
    }
    return [unverified.remark(metric) for metric in sorted(marked)]


def _read(run: Run, document: RunDocument, name: str) -> tuple[Suite, list[BoardRow], list[TrustFlag]]:
    found = read_measured(run, name)
    asked = [part for content in found.contents for part in content] + [document.seed, document.samples]
    other_seeds = {entry.label for entry in document.generators if entry.draw}
    protocol, hardware, imported = _digest(asked), _digest(document.hardware), document.imported
    rows = [
        BoardRow(arm, found.suite, scores, protocol, hardware, document.created, imported)
        for arm, scores in zip(found.arms, found.scores, strict=True)
        if arm.generator not in other_seeds  # it was asked for other clips: a sweep shows it as noise
    ]
    return found.suite, rows, list(found.trust)


def _digest(facts: Any) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:12]


def _newest(rows: Sequence[BoardRow]) -> list[BoardRow]:
    kept: dict[tuple[str, str], BoardRow] = {}
    for row in rows:
        kept.setdefault((row.arm.generator, row.protocol), row)
    return list(kept.values())


def _rank(rows: Sequence[BoardRow]) -> tuple[list[BoardRow], list[str]]:
    """Rank the rows of each protocol among themselves; say where that is not possible."""
    notes: list[str] = []
    ranked = [replace(row, ranks={}) for row in rows]
    protocols = list(dict.fromkeys(row.protocol for row in ranked))
    if len(protocols) > 1:
        notes.append(
            f"{len(protocols)} protocols (suite version, prompts, size, seed or samples differ): "
            "ranked within each only"
        )
    for protocol in protocols:
        group = [row for row in ranked if row.protocol == protocol]
        for row in group:
            if row.arm.ok < row.arm.planned:
                notes.append(
                    f"{row.arm.generator} is not ranked: {row.arm.ok} of {row.arm.planned} samples are ok"
                )
        whole = [row for row in group if row.arm.ok == row.arm.planned]
        for axis in dict.fromkeys(axis for row in whole for axis in row.axes):
            notes.extend(_rank_axis(axis, [row for row in whole if row.axes[axis].value is not None]))
    return ranked, notes


def _rank_axis(axis: Axis, rows: Sequence[BoardRow]) -> list[str]:
    if len(rows) < 2:
        return []
    why = _differs(axis, rows)
    if why is not None:
        return [f"{axis} is not ranked: {why}"]
    least = math.log2(1 + RELATIVE_TIE) if axis in RELATIVE_AXES else 0.0
    pairs = differences([row.axes[axis] for row in rows], least)
    for row, rank in zip(rows, ranks_of(len(rows), pairs), strict=True):
        row.ranks[axis] = rank
    return []


def _differs(axis: Axis, rows: Sequence[BoardRow]) -> str | None:
    """What forbids to order these rows on an axis, or None."""
    if axis in RELATIVE_AXES and len({row.hardware for row in rows}) > 1:
        return "the runs were timed on different hardware"
    for metric in rows[0].suite.axes[axis].metrics:
        if len({row.arm.estimates[metric].fingerprints for row in rows}) > 1:
            return f"{metric} was measured in different ways"
    return None


def _metric(measured: MetricEstimate) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "value": measured.value,
        "ci": _ci(measured.low, measured.high),
        "ci_reason": _no_interval(measured),
        "n": measured.n,
        "unit": measured.facts.unit,
        "higher_is_better": measured.facts.higher_is_better,
        "level": str(measured.level),
        "reason": measured.reason,
        "missing": dict(measured.missing),
    }
    details = {name: measured.extras[name] for name in DETAILS if name in measured.extras}
    if details:
        facts["details"] = details
    if measured.first_call is not None:
        facts["first_call"] = measured.first_call
    if measured.disturbed:
        facts["disturbed_calls"] = len(measured.disturbed)
    return facts


def _no_interval(measured: MetricEstimate) -> str | None:
    """Why a value has no interval."""
    if measured.value is None or measured.low is not None:
        return None
    if measured.extras.get("note"):
        return str(measured.extras["note"])
    if measured.n < 2:
        return "there is one value"
    return "the values are equal, or all from one prompt"


def _ci(low: float | None, high: float | None) -> list[float] | None:
    return None if low is None or high is None else [low, high]
