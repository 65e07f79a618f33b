"""Documents and tables from disk, whatever wrote them: one line on the damaged run, the rest is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fabricated import fabricate, store_run

from vbench_lite.cli.main import call
from vbench_lite.errors import StoreError
from vbench_lite.metric import Measurement
from vbench_lite.results.choice import choose
from vbench_lite.results.export import json_pieces
from vbench_lite.run.generate.documents import run_document
from vbench_lite.run.generate.recorder import Recorder
from vbench_lite.store.check import verify
from vbench_lite.store.documents import read_document
from vbench_lite.store.journal import JournalWriter
from vbench_lite.store.rundir import RunDir, damaged_runs, list_runs
from vbench_lite.store.schema import SampleRecord
from vbench_lite.store.storable import LARGEST, Unstorable, fitted
from vbench_lite.store.tables import arrow, measurement_row, plain

Change = Callable[[dict[str, Any]], Any]


def put(*keys: Any, value: Any) -> Change:
    def change(document: dict[str, Any]) -> None:
        place: Any = document
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value

    return change


DAMAGED: dict[str, Change] = {
    "version as text": put("schema_version", value="1"),
    "no version": put("schema_version", value=None),
    "version as list": put("schema_version", value=[1]),
    "version 0": put("schema_version", value=0),
    "no time": put("created", value=None),
    "time as number": put("created", value=5),
    "no such time": put("created", value="yesterday"),
    "status": put("status", value="<b>odd"),
    "samples": put("samples", value=None),
    "fewer than none": put("samples", value=-5),
    "seed": put("seed", value="x"),
    "notes": put("notes", value=5),
    "notes of numbers": put("notes", value=[5]),
    "hardware": put("hardware", value=[1]),
    "memory": put("hardware", "memory_bytes", value="lots"),
    "devices": put("hardware", "devices", value=5),
    "environment": put("environment", value=None),
    "suites": put("suites", value=[1]),
    "suite without name": lambda document: document["suites"][0].pop("name"),
    "metrics": put("suites", 0, "metrics", value=None),
    "axes": put("suites", 0, "axes", value=5),
    "label": put("generators", 0, "label", value=5),
    "label of two lines": put("generators", 0, "label", value="a\nb"),
    "info": put("generators", 0, "info", value=[1]),
    "family": put("generators", 0, "info", "family", value=5),
    "adapter": put("generators", 0, "adapter", value=None),
    "not a number": put("timeout_s", value=float("nan")),
}  # fmt: skip


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("stored")
    store_run(fabricate(run_id="good", created="2026-01-02T00:00:00+00:00"), root)
    store_run(fabricate(run_id="bad", created="2026-01-01T00:00:00+00:00"), root)
    return root


@pytest.fixture
def root(stored: Path, tmp_path: Path) -> Path:
    """Two runs; files are replaced and never written into, so links to the first copy do."""
    for path in stored.rglob("*"):
        if path.is_file() and path.name != "lock":
            target = tmp_path / path.relative_to(stored)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return tmp_path


def change_document(root: Path, change: Change) -> None:
    path = root / "runs" / "bad" / "run.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")


@pytest.mark.parametrize("name", DAMAGED)
def test_a_document_of_wrong_values_costs_its_run_only(root: Path, name: str) -> None:
    change_document(root, DAMAGED[name])
    with pytest.raises(StoreError, match=r"run\.json is damaged: "):
        RunDir(root, "bad").document()
    assert [run.run_id for run in list_runs(root)] == ["good"]
    (error,) = damaged_runs(root)
    assert "\n" not in str(error)
    assert any("run.json is damaged" in problem.reason for problem in verify(root).problems)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b"5",
        b"[" * 200_000,
        b'{"schema_version":2,"x":"\xe9"}',
        b'{"schema_version":1e999}',
    ],
)
def test_a_document_that_is_none_costs_its_run_only(root: Path, content: bytes) -> None:
    (root / "runs" / "bad" / "run.json").write_bytes(content)
    assert [run.run_id for run in list_runs(root)] == ["good"]
    assert len(damaged_runs(root)) == 1


def test_keys_that_nobody_knows_and_halves_of_characters_are_no_damage(root: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        document["later"] = document["generators"][0]["later"] = document["suites"][0]["later"] = 1
        document["notes"] = ["caf\udce9"]

    change_document(root, change)
    document = RunDir(root, "bad").document()
    assert document.notes == ["caf\\udce9"]
    assert document.suites[0]["later"] == 1
    assert read_document(root / "runs" / "bad" / "run.json").generators[0].label


def test_the_folder_names_a_run_whatever_its_document_says(root: Path) -> None:
    change_document(root, put("run_id", value="../../etc"))
    assert RunDir(root, "bad").document().run_id == "bad"
    assert call(["advise", "--root", str(root)]) == 0


def test_every_verb_over_the_root_goes_on(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change_document(root, DAMAGED["version as text"])
    for command in (
        ["list", "runs"],
        ["leaderboard"],
        ["advise"],
        ["store", "ls"],
        ["export", "good", "--format", "json"],
    ):
        assert call([*command, "--root", str(root)]) in (0, 3)
        assert "unexpected" not in capsys.readouterr().err


def test_a_later_run_is_later_even_than_a_time_at_the_end_of_times(root: Path) -> None:
    change_document(root, put("created", value="9999-12-31T23:59:59.999999+00:00"))
    assert run_document.__doc__
    from vbench_lite.run.generate.documents import after

    assert after("9999-12-31T23:59:59.999999+00:00") < "9999"


# --- tables -------------------------------------------------------------------------------------


def column(name: str, values: Any, kind: pa.DataType) -> Callable[[pa.Table], pa.Table]:
    def change(table: pa.Table) -> pa.Table:
        place = table.schema.get_field_index(name)
        return table.set_column(place, pa.field(name, kind), pa.array([values] * len(table), kind))

    return change


def offsets(value: bytes) -> Callable[[pa.Table], pa.Table]:
    return lambda table: table.replace_schema_metadata({b"vbench_lite.journals": value})


def no_text(table: pa.Table) -> pa.Table:
    """A byte that begins no letter, where Arrow is not asked whether texts are texts."""
    places = np.arange(len(table) + 1, dtype=np.int32)
    bad = pa.Array.from_buffers(
        pa.string(), len(table), [None, pa.py_buffer(places), pa.py_buffer(b"\xb9" * len(table))]
    )
    return table.set_column(table.schema.get_field_index("prompt_id"), "prompt_id", bad)


TABLES: dict[str, tuple[str, Callable[[pa.Table], pa.Table]]] = {
    "generator": ("sample", column("generator", None, pa.string())),
    "seed": ("sample", column("seed", None, pa.int64())),
    "status": ("sample", column("status", "weird", pa.string())),
    "rate 0": ("sample", column("fps", 0.0, pa.float64())),
    "rate": ("sample", column("fps", float("nan"), pa.float64())),
    "seconds": ("sample", column("total_s", float("inf"), pa.float64())),
    "prompt": ("sample", column("prompt", b"\xff\xfe", pa.binary())),
    "twice": ("sample", lambda table: table.append_column("prompt", table.column("prompt"))),
    "journals 1": ("sample", offsets(b"[1]")),
    "journals 2": ("sample", offsets(b'{"runner.jsonl":"x"}')),
    "journals 3": ("sample", offsets(b'{"runner.jsonl":-5}')),
    "value": ("score", column("value", float("nan"), pa.float64())),
    "huge": ("score", column("value", 1e308, pa.float64())),
    "low": ("score", column("low", float("nan"), pa.float64())),
    "count": ("score", column("n", -3, pa.int64())),
    "level": ("score", column("level", "weird", pa.string())),
    "call": ("score", column("level", "call", pa.string())),
    "nobody's": ("score", column("sample_id", None, pa.string())),
    "no text": ("sample", no_text),
    "replicates": ("score", column("replicates", [float("nan")], pa.list_(pa.float64()))),
    "text": ("score", column("value", "x", pa.string())),
    "series": ("score", column("series", [[1.0, None]], pa.list_(pa.list_(pa.float64())))),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_wrong_values_is_one_line_and_verify_reads_what_readers_read(
    root: Path, name: str
) -> None:
    kind, change = TABLES[name]
    path = root / "runs" / "bad" / f"{kind}s.parquet"
    table = pq.read_table(path)
    changed = change(table)
    pq.write_table(
        changed if changed.schema.metadata else changed.replace_schema_metadata(table.schema.metadata), path
    )
    (root / "runs" / "bad" / "checksums.json").unlink(missing_ok=True)
    with pytest.raises(StoreError, match="is damaged"):
        RunDir(root, "bad").table(kind)
    assert any(path.name in problem.reason or path.name in problem.file for problem in verify(root).problems)


def test_a_damaged_table_leaves_the_other_runs_on_the_board(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Though by its document it is newer and has every row that the other one has."""
    change_document(root, put("created", value="2026-01-03T00:00:00+00:00"))
    (root / "runs" / "bad" / "scores.parquet").write_bytes(b"PAR1 nonsense PAR1")
    assert call(["leaderboard", "--root", str(root), "--json"]) == 0
    board = json.loads(capsys.readouterr().out)
    assert {row["run"] for row in board["rows"]} == {"good"}
    assert any("left out" in note and "scores.parquet" in note for note in board["notes"])


def test_no_verb_loses_the_good_rows_that_a_damaged_newer_run_hides(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change_document(root, put("created", value="2026-01-03T00:00:00+00:00"))
    (root / "runs" / "bad" / "scores.parquet").write_bytes(b"PAR1 nonsense PAR1")
    choice = choose(root)
    assert [run.run_id for run in choice.runs] == ["bad"]
    assert [run.run_id for run in choice.sound] == ["good"]
    for verb in (["advise", "--json"], ["history", "frames/sharpness", "--json"]):
        assert call([*verb, "--root", str(root)]) == 0
        printed = capsys.readouterr()
        assert '"good"' in printed.out and '"bad"' not in printed.out
        assert "left out" in printed.err and "scores.parquet" in printed.err
    assert call(["advise", "bad", "--root", str(root)]) == 2  # a run that was asked for is an error


@pytest.mark.parametrize("damage", ["no time at all", "no table"])
def test_damaged_timed_calls_cost_what_is_told_of_calls(
    root: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = RunDir(root, "bad")
    change_document(root, put("created", value="2026-01-03T00:00:00+00:00"))
    path = run.path / "measurements.parquet"
    call_of = Measurement("g", "base", 0, "warm", 0.5, 0.1, ((0.1, 8),), 8, 8, 1, 16, 16, 8.0)
    row = {**measurement_row(call_of, "quick"), "total_s": 0.0}
    pq.write_table(plain(arrow("measurement", [row]), "measurement"), path)
    if damage == "no table":
        path.write_bytes(b"PAR1 nonsense PAR1")
    assert any("measurements.parquet" in str(problem) for problem in verify(root).problems)
    assert call(["leaderboard", "--root", str(root)]) == 0
    printed = capsys.readouterr()
    assert "left out" in printed.err and "measurements.parquet is damaged" in printed.err
    assert "unexpected" not in printed.err
    assert call(["leaderboard", "bad", "--root", str(root)]) == 2  # a run that was asked for is an error


def test_a_stored_suite_that_is_none_costs_its_run_only(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change_document(root, put("suites", 0, "axes", "speed", value={"metrics": {"speed/latency_s": None}}))
    assert call(["leaderboard", "--root", str(root)]) == 0
    assert "a number is needed, not nothing" in capsys.readouterr().err


def test_a_damaged_table_of_which_no_row_is_shown_is_not_read(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "runs" / "bad" / "scores.parquet").write_bytes(b"PAR1 nonsense PAR1")
    assert call(["leaderboard", "--root", str(root), "--json"]) == 0
    board = json.loads(capsys.readouterr().out)
    assert {row["run"] for row in board["rows"]} == {"good"}
    assert not any("left out" in note for note in board["notes"])


@pytest.mark.parametrize("text", ["not json", "[1]", '{"x": NaN}', "[" * 5000])
def test_json_in_a_table_that_is_none_is_one_line(root: Path, text: str) -> None:
    path = root / "runs" / "bad" / "scores.parquet"
    pq.write_table(column("extras", text, pa.string())(pq.read_table(path)), path)
    if text != "[1]":
        with pytest.raises(StoreError, match="no JSON"):
            list(json_pieces(RunDir(root, "bad")))
    assert call(["leaderboard", "bad", "--root", str(root)]) == 2


# --- before it is journaled ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("peak_bytes", 2**63), ("peak_bytes", 1.5), ("total_s", float("nan")), ("total_s", 2 * LARGEST),
        ("reason", 5), ("oom", "yes"), ("pieces", [1, "x"]), ("pieces", 4), ("seed", True),
    ],
)  # fmt: skip
def test_a_value_that_no_reader_could_read_is_refused_by_name(tmp_path: Path, field: str, value: Any) -> None:
    record = {"kind": "sample", **_record().as_dict(), field: value}
    with pytest.raises(Unstorable, match=f"^{field} "):
        fitted(record)
    with pytest.raises(Unstorable), RunDir(tmp_path, "a").journal("x") as journal:
        journal.append(record)
    assert (tmp_path / "runs" / "a" / "journal" / "x.jsonl").read_bytes() == b""


def test_a_generator_of_bad_values_loses_that_sample_and_not_the_run(tmp_path: Path) -> None:
    run = RunDir(tmp_path, "a")
    seen: list[str] = []

    class Told:
        def on_event(self, event: Any) -> None:
            seen.append(event.text)

    with run.journal("x") as journal:
        recorder = Recorder(journal, (), 3, Told())
        recorder.record(replace(_record("1"), peak_bytes=2**63, clip_sha256="a" * 64))
        recorder.record(replace(_record("2"), status="failed", reason="cannot read caf\udce9.png"))
        recorder.record(_record("3"))
    first, second, third = run.rows("sample")
    assert (first["status"], first["clip_sha256"], first["peak_bytes"]) == ("failed", None, None)
    assert (
        first["reason"] == "cannot be stored: peak_bytes is no whole number of 64 bits: 9223372036854775808"
    )
    assert second["reason"] == "cannot read caf\\udce9.png"
    assert third["status"] == "ok"
    assert len(seen) == 2


def test_a_journal_of_before_is_read_or_names_the_record(tmp_path: Path) -> None:
    run = RunDir(tmp_path, "a")
    path = run.path / "journal" / "x.jsonl"
    with JournalWriter(path) as journal:
        journal.append({"kind": "sample", **_record("1").as_dict(), "reason": "caf\udce9"})
    assert run.rows("sample")[0]["reason"] == "caf\\udce9"
    with JournalWriter(path) as journal:
        journal.append({"kind": "sample", **_record("2").as_dict(), "peak_bytes": 2**63})
    with pytest.raises(StoreError, match="sample record of g s 2 cannot be read: peak_bytes"):
        run.rows("sample")
    assert any("peak_bytes" in problem.reason for problem in verify(tmp_path).problems)


@pytest.mark.parametrize(
    "line",
    [
        b'{"kind":"sample"}', b'{"kind":' + b"[" * 100_000, b"{}", b"[1]",
        b'{"kind":"sample","generator":"g","sample_id":"x","facts":{"a":1}}',
    ],
)  # fmt: skip
def test_a_journal_line_of_another_form_is_one_line(
    root: Path, line: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    path = root / "runs" / "bad" / "journal" / "more.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(line + b"\n")
    assert call(["store", "ls", "--root", str(root)]) in (0, 3)
    assert call(["store", "verify", "--root", str(root)]) in (0, 3)
    assert call(["leaderboard", "--root", str(root)]) == 0
    assert "unexpected" not in capsys.readouterr().err


def _record(sample_id: str = "0") -> SampleRecord:
    return SampleRecord("g", "s", sample_id, "p", "text", 1, "ok", clip_sha256="b" * 64)
