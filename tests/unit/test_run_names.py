"""Names of runs: one's own, an automatic title, and which run `latest` is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fabricated import fabricate

from vbench_lite.errors import StoreError
from vbench_lite.results.choice import choose, newest_with
from vbench_lite.store.run_names import check_name, latest, title
from vbench_lite.store.rundir import RunDir, resolve_run
from vbench_lite.store.schema import GeneratorEntry, RunDocument


def _document(run_id: str, axes: int, day: int, status: str = "finished", **more: Any) -> RunDocument:
    suite = {"name": f"with-{axes}", "axes": {str(n): {} for n in range(axes)}, "metrics": []}
    return RunDocument(
        run_id, status, f"2026-11-{day:02d}T09:03:00+00:00", None, 0, 8, [], [suite], True, {}, {}, **more
    )


def test_latest_is_the_newest_finished_run_of_the_broadest_suite() -> None:
    newest_first = [
        _document("running", 6, 5, "running"),
        _document("scaling", 1, 4),
        _document("quick-again", 6, 3),
        _document("quick", 6, 2),
    ]
    assert latest(newest_first).run_id == "quick-again"
    assert latest(newest_first[:2]).run_id == "scaling"
    assert latest(newest_first[:1]).run_id == "running"


def test_a_run_has_a_title_and_a_name_of_its_own_stands_for_it(tmp_path: Path) -> None:
    old, new = _document("a" * 12, 6, 2, name="baseline of May"), _document("b" * 12, 6, 3)
    for document in (old, new):
        run = RunDir(tmp_path, document.run_id)
        run.path.mkdir(parents=True)
        run.write_document(document)
    assert title(old) == "baseline of May"
    assert title(new) == "with-6 · 3 Nov 09:03 · 0 generators · 8 samples"
    assert resolve_run(tmp_path, "baseline of May").run_id == old.run_id
    assert resolve_run(tmp_path, "latest").run_id == new.run_id
    assert newest_with([resolve_run(tmp_path, "latest")], "no such suite").run_id == new.run_id
    assert [run.run_id for run in choose(tmp_path, ["baseline of May"]).runs] == [old.run_id]


@pytest.mark.parametrize("name", ["", "  ", "a:b", "latest", "x" * 81, "a\x1b[31m"])
def test_a_name_that_could_not_be_asked_for_is_refused(name: str) -> None:
    with pytest.raises(StoreError, match="cannot name a run"):
        check_name(name)


def test_white_space_of_a_name_is_one_space() -> None:
    assert check_name("  after\tthe  update ") == "after the update"


def test_a_fabricated_run_has_a_title() -> None:
    assert title(fabricate().document()).startswith("quick · ")


def test_a_run_of_which_no_row_would_be_shown_is_not_read(tmp_path: Path) -> None:
    """Told by the documents alone: these runs have no tables at all."""
    for place, samples in enumerate((8, 8, 16, 8), start=1):
        run = RunDir(tmp_path, f"{place}" * 12)
        run.path.mkdir(parents=True)
        document = _document(run.run_id, 6, place)
        entry = GeneratorEntry("mine", "mine", {}, "cpu", 1, {}, f"changed-{place}")
        run.write_document(replace(document, samples=samples, generators=[entry]))
    chosen = choose(tmp_path)
    assert [run.run_id[0] for run in chosen.runs] == ["4", "3"]
    assert chosen.suite == "with-6"
    assert [run.run_id[0] for run in choose(tmp_path, every=True).runs] == ["4", "3", "2", "1"]
