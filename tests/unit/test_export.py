"""Exported tables hold every record as it is stored, whatever number of them are text at one time."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from fabricated import fabricate, store_run

from vbench_lite.cli.main import call
from vbench_lite.results.export import csv_pieces, export_files, json_pieces
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.schema import SCHEMAS


@pytest.fixture(params=[7, 10_000])
def run(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunDir:
    monkeypatch.setattr("vbench_lite.results.export._AT_ONCE", request.param)
    monkeypatch.setattr("vbench_lite.store.rundir._BATCH", request.param)
    return store_run(fabricate(prompts=10, failed={"reference/hybrid": 2}), tmp_path)


def test_json_is_one_value_with_the_document_and_every_record(run: RunDir) -> None:
    found = json.loads("".join(json_pieces(run)))
    assert found["run"] == run.document().as_dict()
    for name, kind in (("samples", "sample"), ("scores", "score"), ("measurements", "measurement")):
        rows = run.rows(kind)
        for row in rows:
            row.update({key: json.loads(row[key]) for key in ("facts", "extras") if row.get(key)})
        assert found[name] == rows


def test_csv_has_a_line_for_every_record(run: RunDir) -> None:
    rows = run.rows("score")
    found = list(csv.DictReader("".join(csv_pieces(run, "scores")).splitlines()))
    assert len(found) == len(rows)
    for line, row in zip(found, rows, strict=True):
        assert {key: _text(row[key]) for key in row} == line
    assert "".join(csv_pieces(run, "measurements")).startswith('"generator","suite","case","round",')


def _text(value: Any) -> str:
    return "" if value is None else json.dumps(value) if isinstance(value, list) else str(value)


def test_files_are_what_stdout_gets(run: RunDir, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = export_files(run, "csv", tmp_path / "csv")
    files |= export_files(run, "json", tmp_path / "all.json")
    for arguments, name in ((["csv", "-o", "-", "--table", "samples"], "samples"), (["json"], "document")):
        assert call(["export", run.run_id, "--root", str(tmp_path), "--format", *arguments]) == 0
        assert capsys.readouterr().out == files[name].read_text()
    table = pq.read_table(export_files(run, "parquet", tmp_path / "parquet")["scores"])
    assert table.to_pylist() == run.rows("score")
    assert table.schema == SCHEMAS["score"]  # texts are texts, and no codes
