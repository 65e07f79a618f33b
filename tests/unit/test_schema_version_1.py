"""A run that was made and stored under schema version 1 reads, compares and exports as it did then.

`stored_by_version_1` holds the run as `vbench-lite run` left it, and what its `export --format json` said.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from vbench_lite.cli.main import call
from vbench_lite.results.time_series import time_series
from vbench_lite.store import tables
from vbench_lite.store.check import verify
from vbench_lite.store.migration import MOVED
from vbench_lite.store.rundir import RunDir, list_runs
from vbench_lite.store.schema import SCHEMA_VERSION, SCHEMAS, SampleRecord, ScoreRecord

STORED = Path(__file__).with_name("stored_by_version_1")
RUN = "53a6f38623de"


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    shutil.copytree(STORED / "runs", tmp_path / "runs")
    return RunDir(tmp_path, RUN)


@pytest.fixture(scope="module")
def exported() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((STORED / "exported.json").read_text(encoding="utf-8"))
    return document


def _as_version_1(kind: str, row: dict[str, Any]) -> dict[str, Any]:
    """A row with the moved columns back in its JSON text, as an object."""
    row = dict(row)
    for name in ("arrivals", "phases", "facts", "extras"):
        if name in row:
            row[name] = json.loads(row[name])
    if kind == "measurement":
        assert row.pop("controls") is None  # no call was steered then
    if kind in MOVED:
        source, moved = MOVED[kind]
        found = {key: row.pop(name) for name, key in moved.items()}
        row[source] |= {key: value for key, value in found.items() if value not in (None, False)}
    return row


def _without_false(row: dict[str, Any]) -> dict[str, Any]:
    extras = {k: v for k, v in row["extras"].items() if v is not False or k == "higher_is_better"}
    return {**row, "extras": extras}


@pytest.mark.parametrize("source", ["tables", "journals", "tables written again"])
def test_every_value_is_the_one_that_version_1_exported(
    run: RunDir, exported: dict[str, Any], source: str
) -> None:
    if source == "journals":
        for name in (*tables.FILES.values(), tables.CHECKSUMS):
            (run.path / name).unlink()
    elif source == "tables written again":
        run.compact()
        assert pq.read_schema(run.path / "scores.parquet").names == SCHEMAS["score"].names
    for name, kind in (("samples", "sample"), ("scores", "score"), ("measurements", "measurement")):
        found = [_as_version_1(kind, row) for row in run.rows(kind)]
        expected = exported[name]
        if kind == "score":
            found, expected = list(map(_without_false, found)), list(map(_without_false, expected))
        assert found == expected
    assert len(exported["scores"]) == 32


def test_what_stood_in_json_is_a_column(run: RunDir) -> None:
    samples = run.rows("sample")
    assert [row["reused_from"] for row in samples if row["generator"] == "reference/hybrid"].count(None) == 2
    assert all(row["batch_key"] and sum(row["pieces"]) == 24 for row in samples)
    scores = run.rows("score")
    assert {row["call"] for row in scores if row["level"] == "call"} == {"first", "warm"}
    assert {len(row["series"]) for row in scores if row["metric"] == "horizon/sharpness_drift"} == {3}
    assert not any("series" in row["extras"] or "contended" in row["extras"] for row in scores)


@pytest.mark.parametrize("columns", [("reused_from",), ("facts",), ("pieces", "status"), ("status",), ()])
def test_single_columns_are_those_of_the_whole(run: RunDir, columns: tuple[str, ...]) -> None:
    whole = run.rows("sample")
    for part, row in zip(run.rows("sample", columns), whole, strict=True):
        assert part == {name: row[name] for name in part}
        assert set(columns) <= part.keys()


def test_a_journal_may_hold_rows_of_both_versions(run: RunDir) -> None:
    before = run.rows("score")
    with run.journal("scorer") as journal:
        again = {**before[0], "value": 0.5, "retry": True}
        journal.append({"kind": "score", **again})
    after = run.rows("score")
    assert (after[0]["value"], after[0]["retry"]) == (0.5, True)
    assert after[1:] == before[1:]


def test_readers_say_what_they_said(run: RunDir, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (listed,) = list_runs(run.root)
    assert listed.document().schema_version == SCHEMA_VERSION
    assert call(["leaderboard", "--root", str(run.root), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert row["metrics"]["frames/sharpness"]["value"] == 0.2542228741935263
    assert row["metrics"]["frames/sharpness"]["ci"] == [0.13101701463684665, 0.3774287337502059]
    pair = [f"{RUN}:reference/hybrid", f"{RUN}:control/frozen"]
    assert call(["compare", *pair, "--root", str(run.root), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    results = {result["metric"]: result for result in found["metrics"]}
    assert results["coverage"]["verdict"] == results["horizon/identity_drift"]["verdict"] == "PASS"
    assert results["frames/sharpness"]["verdict"] == "IMPROVED"
    assert results["frames/sharpness"]["delta"] == pytest.approx(0.3008798088071729 - 0.2542228741935263)
    # Every metric with a direction decides by now, and the control was not timed: nothing else is in the way.
    apart = {name for name, result in results.items() if result["verdict"] == "INCOMPARABLE"}
    assert apart == {"speed/latency_s", "memory/peak_bytes"}
    assert all(results[name]["reason"].endswith("not timed in this run") for name in apart)
    assert found["verdict"] == "INCOMPARABLE"
    for primary, verdict in (("[coverage]", "PASS"), ("axes", "IMPROVED")):
        policy = tmp_path / "policy.yaml"
        policy.write_text(f"name: then\nprimary: {primary}\n", encoding="utf-8")
        assert call(["compare", *pair, "--root", str(run.root), "--policy", str(policy), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["verdict"] == verdict
    course = next(one for one in time_series(run) if one.metric == "horizon/sharpness_drift")
    assert [point.n for point in course.points] == [4, 4, 4]
    problems = verify(run.root).problems  # the clips were left out of this copy
    assert {problem.reason.partition(",")[0] for problem in problems} == {"missing"}


def test_a_run_that_goes_on_has_the_samples_of_before(run: RunDir) -> None:
    keys = run.sample_clips()
    assert len(keys) == 8
    wanted = {(generator, sample) for generator, _, sample in keys}
    assert sorted(map(str, run.samples_of(wanted))) == sorted(map(str, run.rows("sample")))
    run.write_document(run.document())
    assert json.loads((run.path / "run.json").read_text(encoding="utf-8"))["schema_version"] == SCHEMA_VERSION


def test_columns_are_those_of_the_records() -> None:
    assert SCHEMAS["sample"].names == list(SampleRecord.__dataclass_fields__)
    assert SCHEMAS["score"].names == list(ScoreRecord.__dataclass_fields__)
    types = dict(zip(SCHEMAS["score"].names, map(str, SCHEMAS["score"].types), strict=True))
    assert (types["value"], types["n"], types["retry"], types["generator"]) == (
        "double", "int64", "bool", "string",
    )  # fmt: skip
    assert types["series"].count("list") == 2
