"""A run reads the same from journals, from Parquet, and from a mixture of the two."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fabricated import fabricate, store_run

from vbench_lite.errors import StoreError
from vbench_lite.metric import Measurement
from vbench_lite.store import query
from vbench_lite.store.rundir import (
    RunDir,
    baselines,
    damaged_runs,
    list_runs,
    resolve_run,
    set_baseline,
)
from vbench_lite.store.schema import GeneratorEntry, RunDocument, SampleRecord, ScoreRecord
from vbench_lite.store.tables import measurement_of, measurement_row

CALL = Measurement(
    generator="g",
    case="base",
    round=0,
    call="warm",
    load_s=1.0,
    total_s=0.5,
    arrivals=((0.25, 4), (0.5, 4)),
    frames_generated=8,
    frames_returned=8,
    batch=1,
    height=32,
    width=32,
    fps=8.0,
    phases={"denoise": 0.4},
    peak_bytes=1 << 40,
)


def document(run_id: Any, created: Any = "2026-01-01T00:00:00", status: Any = "finished") -> Any:
    entry = GeneratorEntry("g", "toy", {}, "cpu", 1, {"family": "external"}, "f")
    return RunDocument(run_id, status, created, None, 0, 4, [entry], [], True, {"torch": "2"}, {"cores": 2})


def sample(number: Any, sha: Any = None, status: Any = "failed") -> Any:
    record = SampleRecord("g", "s", f"p-s{number}", "p", "text", number, status, clip_sha256=sha)
    return {"kind": "sample", **record.as_dict()}


def score(value: Any, sample_id: Any = "p-s0") -> Any:
    record = ScoreRecord("g", "s", "sample", "m", "ok", value, sample_id=sample_id)
    return {"kind": "score", **record.as_dict()}


def started(root: Path, run_id: Any = "abc", **fields: Any) -> Any:
    run = RunDir(root, run_id)
    run.write_document(document(run_id, **fields))
    return run


def test_a_document_comes_back(tmp_path: Path) -> None:
    run = started(tmp_path)
    assert run.document() == document("abc")


def test_rows_are_the_same_before_and_after_compaction(tmp_path: Path) -> None:
    run = started(tmp_path)
    with run.journal("runner") as journal:
        journal.append(sample(0, "a", "ok"))
        journal.append({"kind": "measurement", **measurement_row(CALL, "s")})
    with run.journal("scorer") as journal:
        journal.append(score(1.0))
    before = [run.rows(kind) for kind in ("sample", "score", "measurement")]
    run.compact()
    assert [run.rows(kind) for kind in ("sample", "score", "measurement")] == before
    assert [len(rows) for rows in before] == [1, 1, 1]
    assert run.calls("s") == [CALL]
    assert run.calls("other") == []


def test_what_is_journaled_after_compaction_adds_up_and_replaces(tmp_path: Path) -> None:
    run = started(tmp_path)
    with run.journal("scorer") as journal:
        journal.append(score(1.0))
        run.compact()
        journal.append(score(2.0))
        journal.append(score(3.0, "p-s1"))
    assert run.scores().value.tolist() == [2.0, 3.0]
    run.compact()
    run.compact()
    assert run.scores().value.tolist() == [2.0, 3.0]
    assert [len(rows) for rows in run.batches("score")] == [2]
    assert run.clips() == set()


def test_tables_stand_without_journals(tmp_path: Path) -> None:
    run = started(tmp_path)
    with run.journal("runner") as journal:
        journal.append(sample(0, "a", "ok"))
    run.compact()
    (run.path / "journal" / "runner.jsonl").unlink()
    assert run.samples().clip_sha256.tolist() == ["a"]


def test_a_sample_with_a_clip_is_never_replaced(tmp_path: Path) -> None:
    run = started(tmp_path)
    with run.journal("runner") as journal:
        for record in (sample(0), sample(0, "a", "ok"), sample(0, "b", "ok"), sample(0)):
            journal.append(record)
    assert run.samples().clip_sha256.tolist() == ["a"]


def test_measurements_keep_every_number() -> None:
    assert measurement_of(json.loads(json.dumps(measurement_row(CALL, "s")))) == CALL


def test_a_run_has_one_holder(tmp_path: Path) -> None:
    run = RunDir(tmp_path, "abc")
    with run.lock(), pytest.raises(StoreError, match=r"run abc is in use by process \d+"), run.lock():
        pass
    with run.lock():
        pass


def test_a_run_that_nobody_holds_is_not_running(tmp_path: Path) -> None:
    run = started(tmp_path, status="running")
    with run.lock():
        assert run.held()
        assert run.document().status == "running"
    assert not run.held()
    assert run.document().status == "interrupted"


def test_journal_names_are_plain_files(tmp_path: Path) -> None:
    run = started(tmp_path)
    with run.journal("../reference/hybrid") as journal:
        assert journal.path.parent == run.path / "journal"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "damaged"),
        ("[]", "damaged"),
        ('{"schema_version": 1, "generators": []}', "damaged"),
        ('{"schema_version": 99}', "schema version 99"),
    ],
)
def test_a_damaged_document_is_one_error_that_names_the_file(tmp_path: Path, text: str, message: Any) -> None:
    run = started(tmp_path)
    (run.path / "run.json").write_text(text)
    with pytest.raises(StoreError, match=message) as caught:
        run.document()
    assert str(run.path / "run.json") in str(caught.value)


def test_a_damaged_table_is_one_error_that_names_the_file(tmp_path: Path) -> None:
    run = started(tmp_path)
    (run.path / "scores.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(StoreError, match=r"scores\.parquet is damaged"):
        run.scores()


def test_runs_are_listed_newest_first_and_damaged_ones_apart(tmp_path: Path) -> None:
    for day, run_id in enumerate(["b", "a", "c"], start=1):
        started(tmp_path, run_id, created=f"2026-01-0{day}")
    (tmp_path / "runs" / "broken").mkdir()
    assert [run.run_id for run in list_runs(tmp_path)] == ["c", "a", "b"]
    assert [str(error) for error in damaged_runs(tmp_path)] == [
        f"no run is at {tmp_path / 'runs' / 'broken'}: run.json is missing"
    ]
    assert list_runs(tmp_path / "nowhere") == []


def test_runs_are_found_by_id_prefix_baseline_and_latest(tmp_path: Path) -> None:
    started(tmp_path, "abc", created="2026-01-01")
    started(tmp_path, "abd", created="2026-01-02")
    started(tmp_path, "abd-2", created="2026-01-03", status="running")
    set_baseline(tmp_path, "main", "abc")
    assert baselines(tmp_path) == {"main": "abc"}
    found = {name: resolve_run(tmp_path, name).run_id for name in ("abc", "abd", "abd-", "main", "latest")}
    assert found == {"abc": "abc", "abd": "abd", "abd-": "abd-2", "main": "abc", "latest": "abd"}
    with pytest.raises(StoreError, match="3 runs begin with 'ab'"):
        resolve_run(tmp_path, "ab")
    with pytest.raises(StoreError, match="no run is named 'x'"):
        resolve_run(tmp_path, "x")
    with pytest.raises(StoreError, match="no run x is under"):
        set_baseline(tmp_path, "other", "x")
    for name in ("latest", "a:b", " "):  # RUN:GENERATOR would read it otherwise
        with pytest.raises(StoreError, match=f"{name!r} cannot name a run"):
            set_baseline(tmp_path, name, "abc")
    with pytest.raises(StoreError, match="cannot be named 'abd'"):
        set_baseline(tmp_path, "abd", "abc")


def test_queries_join_finished_runs(tmp_path: Path) -> None:
    assert list(query.scores(tmp_path).columns)[:2] == ["run", "generator"]
    for run_id, value in (("abc", 1.0), ("it's", 2.0)):
        run = started(tmp_path, run_id)
        with run.journal("scorer") as journal:
            journal.append(score(value))
        run.compact()
    found = query.scores(tmp_path)
    assert sorted(zip(found.run, found.value, strict=True)) == [("abc", 1.0), ("it's", 2.0)]
    assert len(query.scores(tmp_path, [RunDir(tmp_path, "abc")])) == 1
    assert len(query.samples(tmp_path)) == 0


def test_keys_and_single_samples_are_read_without_the_others(tmp_path: Path) -> None:
    run = started(tmp_path)
    with run.journal("runner") as journal:
        journal.append(sample(0, "a", "ok"))
        run.compact()
        journal.append(sample(1, "b", "ok"))
        odd = SampleRecord('g"1', "s\u00e9", "p\\s2", "p", "text", 2, "failed")
        journal.append({"kind": "sample", **odd.as_dict()})
        journal.append(score(1.0))
    keys = {("g", "s", "p-s0"), ("g", "s", "p-s1"), ('g"1', "s\u00e9", "p\\s2")}
    assert (
        run.sample_clips().keys()
        == keys
        == {(r["generator"], r["suite"], r["sample_id"]) for r in run.rows("sample")}
    )
    assert [row["clip_sha256"] for row in run.samples_of({("g", "p-s1")})] == ["b"]
    assert run.samples_of({(label, name) for label, _, name in keys}) == run.rows("sample")
    assert run.samples_of(set()) == []
    with (run.path / "journal" / "runner.jsonl").open("ab") as file:
        file.write(b'{"kind":"sample","generator":"g","suite":"s","sample_id":"x",\n')
    with pytest.raises(StoreError, match="store verify"):
        run.sample_clips()


def test_the_questions_of_the_page_are_answered(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "how-to" / "storage.md"
    program = page.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    store_run(fabricate(run_id="abc", prompts=3), tmp_path / "vbench-results")
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, check=True)
    shown = done.stdout.decode()
    assert "abc" in shown and "reference/hybrid" in shown and "frames/sharpness" in shown
