"""What the terminal says: every fault at once, names as tables print them, no folder by a slip."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from fabricated import fabricate, store_run

from vbench_lite.cli.main import call
from vbench_lite.cli.options import axis_weight, named_use, stored_run


def test_validate_lists_every_fault_of_a_specification(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bench.yaml"
    file.write_text(
        "samplez: 3\nseed: one\ngenerators:\n  - {label: a, adapter: reference/hybrid, batch: x}\n"
    )
    assert call(["validate", str(file)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3
    assert any("samplez: there is no such key" in line for line in said)
    assert any("seed: a whole number is needed" in line for line in said)
    assert any("generators.0.batch" in line for line in said)


def test_a_metric_is_shown_by_the_name_that_tables_print(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["show", "kvd_shapes"]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("distribution/kvd_shapes: ")


def test_a_report_makes_no_folder_by_a_slip(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store_run(fabricate(), tmp_path)
    assert call(["report", "-o", str(tmp_path / "no" / "such.html"), "--root", str(tmp_path)]) == 2
    assert "there is no folder" in capsys.readouterr().err
    assert not (tmp_path / "no").exists()


def test_runs_are_listed_and_completed_by_their_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import click

    run = store_run(fabricate(), tmp_path)
    run.write_document(replace(run.document(), name="before the update"))
    assert call(["list", "runs", "--root", str(tmp_path), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["runs"]
    assert (row["called"], row["title"], row["samples"]) == ("before the update", "before the update", 16)
    context = click.Context(click.Command("x"))
    context.params["root"] = tmp_path
    argument = click.Argument(["run"])
    assert stored_run(context, argument, "") == ["latest", "before the update", run.run_id]
    assert stored_run(context, argument, "bef") == ["before the update"]
    assert "live-streaming" in named_use(context, argument, "live")
    assert axis_weight(context, argument, "qual") == ["quality="]
