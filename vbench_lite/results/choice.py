"""Which runs, suite and rows a face shows: one rule for leaderboard, dashboard, advice and reports.

Without names: every finished run that has the suite, the newest row of each generator and protocol; the
suite is the first one of `latest` (the newest finished run of the broadest suite). A run that another one
extends with more samples is left out. With names: those runs, whole.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from vbench_lite.errors import StoreError
from vbench_lite.results.board import LEFT_OUT, Board, only
from vbench_lite.results.board_index import indexed_board
from vbench_lite.store import run_names
from vbench_lite.store.rundir import RunDir, read_runs, resolve_run
from vbench_lite.store.schema import RunDocument


@dataclass(frozen=True)
class Choice:
    """The runs that are shown together.

    Attributes:
        runs: newest first.
        suite: None for the first suite of the newest run.
        picked: (run id, generator) to keep; empty for all.
        every: keep older rows of a generator as well.
        extended: runs that are left out, with the id of the one that extends them.
        behind: older runs that are read only if one of `runs` turns out to be damaged.
        named: whether the runs were asked for by name; then a damaged one is an error.
    """

    runs: tuple[RunDir, ...]
    suite: str | None
    picked: frozenset[tuple[str, str]] = frozenset()
    every: bool = False
    extended: Mapping[str, str] = field(default_factory=dict)
    behind: tuple[RunDir, ...] = ()
    named: bool = False

    @property
    def sound(self) -> tuple[RunDir, ...]:
        """The runs that can be read; older ones stand in for rows that a damaged one hid. Reads every row."""
        return self._sound[0]

    @property
    def damaged(self) -> tuple[str, ...]:
        """What keeps the others from being read, a line for each."""
        return self._sound[1]

    @cached_property
    def _sound(self) -> tuple[tuple[RunDir, ...], tuple[str, ...]]:
        from vbench_lite.store.check import row_fault

        shown, faults = self.runs, dict[str, str | None]()
        while not self.named and (fresh := [run for run in shown if run.run_id not in faults]):
            faults |= {run.run_id: row_fault(run) for run in fresh}
            if not any(faults[run.run_id] for run in fresh):
                break
            every = [run.document() for run in (*self.runs, *self.behind)]
            every.sort(key=lambda document: document.created, reverse=True)
            left = [document for document in every if faults.get(document.run_id) is None]
            kept = _newest(left, self.suite) if self.behind else left
            shown = tuple(RunDir(self.runs[0].root, one.run_id) for one in kept)
        return shown or self.runs, tuple(fault for fault in faults.values() if fault is not None)

    def board(self) -> Board:
        """The leaderboard over these runs; rows that were not picked are left out, controls stay."""
        found = self._read()
        return only(found, self.picked) if self.picked else found

    def _read(self) -> Board:
        """The board of the runs; a damaged one hides no older run, whose rows it does not show."""
        root = self.runs[0].root
        if not self.behind:
            return indexed_board(root, self.runs, suite=self.suite, every=self.every)
        try:
            found = indexed_board(root, self.runs, suite=self.suite, every=self.every)
        except StoreError:
            found = None
        if found is not None and not any(note.startswith(LEFT_OUT) for note in found.notes):
            return found
        return indexed_board(root, (*self.runs, *self.behind), suite=self.suite, every=self.every)


def choose(
    root: Path,
    names: Sequence[str] = (),
    *,
    suite: str | None = None,
    every: bool = False,
    larger: bool = True,
) -> Choice:
    """Choose runs by their names (`RUN` or `RUN:GENERATOR`), or all finished ones.

    Args:
        every: keep older rows of a generator, and runs that another one extends.
        larger: leave out, where no names are given, runs that another one extends.

    Raises:
        StoreError: a name fits no run, or there is no finished run at all.
    """
    if names:
        runs, picked = _named(root, names)
        return Choice(runs, suite, picked, every=True, named=True)
    found = [document for document in read_runs(root)[0] if document.status == "finished"]
    if not found:
        raise StoreError(f"no finished run is under {root}; make one with: vbench-lite run")
    extended = extensions(found) if larger and not every else {}
    whole = [document for document in found if document.run_id not in extended]
    chosen = suite or main_suite(whole)
    shown = [one.run_id for one in (whole if every else _newest(whole, chosen))]
    behind = [one.run_id for one in whole if one.run_id not in shown]
    runs, others = (tuple(RunDir(root, run_id) for run_id in ids) for ids in (shown, behind))
    return Choice(runs, chosen, every=every, extended=extended, behind=others)


def _newest(documents: Sequence[RunDocument], suite: str | None) -> list[RunDocument]:
    """The runs, newest first, without those of which no row would be shown, since newer ones have them all.

    Told by documents alone, so that a board over hundreds of runs reads the tables of a few.
    """
    seen: set[tuple[str, str]] = set()
    kept = []
    for document in documents:
        content = next((s for s in document.suites if s["name"] == suite), None)
        asked = json.dumps([content, document.seed, document.samples], sort_keys=True)
        rows = {(entry.label, asked) for entry in document.generators}
        if content is None or rows - seen:
            kept.append(document)
        seen |= rows
    return kept


def main_suite(documents: Sequence[RunDocument]) -> str | None:
    """The first suite of the newest finished run of the broadest one; None where it has none."""
    suites = run_names.latest(documents).suites
    return str(suites[0]["name"]) if suites else None


def newest_with(runs: Sequence[RunDir], suite: str | None) -> RunDir:
    """The newest of some runs that has a suite, or `latest` of them where none has, or none is asked for."""
    documents = [run.document() for run in runs]
    fitting = [d for d in documents if any(content["name"] == suite for content in d.suites)]
    wanted = fitting[0] if fitting else run_names.latest(documents)
    return next(run for run in runs if run.run_id == wanted.run_id)


def _named(root: Path, names: Sequence[str]) -> tuple[tuple[RunDir, ...], frozenset[tuple[str, str]]]:
    picked: set[tuple[str, str]] = set()
    chosen: dict[str, RunDir] = {}
    for name in names:
        run_name, _, generator = name.partition(":")
        run = resolve_run(root, run_name)
        labels = [entry.label for entry in run.document().generators]
        if generator and generator not in labels:
            called = run_names.in_words(run.document())
            raise StoreError(f"{called} has no generator {generator!r}; it has: {', '.join(labels)}")
        chosen[run.run_id] = run
        picked |= {(run.run_id, label) for label in ([generator] if generator else labels)}
    everything = {(r.run_id, e.label) for r in chosen.values() for e in r.document().generators}
    newest_first = sorted(chosen.values(), key=lambda run: run.document().created, reverse=True)
    return tuple(newest_first), frozenset() if picked == everything else frozenset(picked)


def extensions(documents: Sequence[RunDocument]) -> dict[str, str]:
    """The runs whose every generator another one has too, with more samples of the same requests.

    Generators are the same if label and fingerprint are: a label alone may stand for another model by now.

    Returns:
        by the id of such a run the id of the larger one.
    """
    known = []
    for document in documents:
        asked = json.dumps([document.suites, document.seed], sort_keys=True)
        arms = {(entry.label, entry.fingerprint) for entry in document.generators}
        known.append((document.run_id, document.samples, asked, arms))
    found: dict[str, str] = {}
    for run_id, samples, asked, arms in known:
        larger = [name for name, n, what, its in known if n > samples and what == asked and its >= arms]
        if larger:
            found[run_id] = larger[0]
    return found
