"""What the terminal says: every fault at once, names as tables print them, no folder by a slip."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import pytest
from fabricated import fabricate, store_run

from vbench_lite.cli.main import app, call
from vbench_lite.cli.options import axis_weight, baseline_name, named_use, stored_run
from vbench_lite.cli.progress import Question, shown
from vbench_lite.measure.contention import ContentionWatch, wait_until_idle
from vbench_lite.run.progress import Event
from vbench_lite.store.pool import Pool
from vbench_lite.store.rundir import set_baseline


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


def test_validate_looks_up_names_beside_faults_of_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bench.yaml"
    file.write_text("seed: one\nsuites: [quikc]\ngenerators:\n  - {label: a, adapter: reference/hybird}\n")
    assert call(["validate", str(file)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3
    for part in ("seed: a whole number", "quikc", "reference/hybird"):
        assert any(part in line for line in said), said


def test_a_question_comes_before_hours_of_work_and_once(tmp_path: Path) -> None:
    now_s, asked = [0.0], []

    def no(text: str) -> bool:
        asked.append(text)
        return False

    question = Question(no, lambda: now_s[0])
    event = Event("generate", "a", 3, 100_000, 48 * 3600.0)
    question.on_event(event)  # the first estimate is that of a cold start
    assert asked == []
    now_s[0] = 30.0
    question.on_event(replace(event, remaining_s=600.0))
    assert asked == []
    with pytest.raises(KeyboardInterrupt):
        question.on_event(event)
    assert asked == ["Generating: about 48 h 0 min left (3 of 100000 are done). Go on?"]
    question.on_event(event)
    assert len(asked) == 1


@pytest.mark.parametrize("terminal", [True, False])
def test_a_terminal_is_told_where_the_work_can_be_watched(
    terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    with shown(watch="vbench-lite dashboard --root there"):
        pass
    said = capsys.readouterr().err
    assert ("vbench-lite dashboard --root there, then http://127.0.0.1:8501/live" in said) is terminal


def test_waits_until_other_programs_leave_the_machine_alone() -> None:
    busy = iter([True, True, False])
    slept: list[float] = []
    said: list[str] = []

    class Watch(ContentionWatch):
        def start(self) -> None:
            """Nothing is read."""

        def contended(self) -> bool:
            return next(busy)

    wait_until_idle("cpu", said.append, sleep=slept.append, watch=Watch)
    assert len(slept) == 3
    assert said == ["waiting until other programs leave the machine alone"] * 2


def test_a_metric_is_shown_by_the_name_that_tables_print(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["show", "kvd_shapes"]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("distribution/kvd_shapes: ")


def test_a_run_is_shown_on_one_screen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store_run(fabricate(), tmp_path)
    assert call(["show", "latest", "--root", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "status: finished" in lines and "outcome:" in lines and "suites: [quick v1]" in lines
    assert len(lines) < 60 and not any("weights_license" in line for line in lines)


def test_a_report_makes_no_folder_by_a_slip(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store_run(fabricate(), tmp_path)
    assert call(["report", "-o", str(tmp_path / "no" / "such.html"), "--root", str(tmp_path)]) == 2
    assert "there is no folder" in capsys.readouterr().err
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize("arguments", [["list", "suites"], ["show", "quick"]])
def test_a_reader_that_leaves_is_no_error(arguments: list[str]) -> None:
    """As with `| head -1`: the pipe is closed before anything is written."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "vbench_lite.cli.main", *arguments]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_check_of_the_store_is_called_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Pool(tmp_path).put(np.zeros((2, 16, 16, 3), np.uint8), 8.0)
    assert call(["store", "verify", "--root", str(tmp_path)]) == 0
    said = capsys.readouterr().err
    assert said.startswith("Checking") and "Scoring" not in said


def test_runs_are_listed_and_completed_by_their_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
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
    labels = [entry.label for entry in run.document().generators]
    assert stored_run(context, argument, "latest:") == [f"latest:{label}" for label in labels]
    set_baseline(tmp_path, "main", run.run_id)
    assert baseline_name(context, argument, "ma") == ["main"]


COMPLETED = {"run", "runs", "baseline", "candidate", "target", "parts", "metric", "metrics"}
COMPLETED |= {"suite", "suites", "generators", "use_name", "weighed", "dataset", "axis"}


def commands(group: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    if isinstance(group, click.Group):
        for one in group.list_commands(click.Context(group)):
            inner = group.get_command(click.Context(group), one)
            assert inner is not None
            yield from commands(inner, f"{name} {one}")
    else:
        yield name, group


def test_the_tab_key_knows_every_run_metric_suite_and_axis() -> None:
    bare = [
        f"{name} {parameter.name}"
        for name, command in commands(app, "vbench-lite")
        for parameter in command.params
        if parameter.name in COMPLETED and parameter._custom_shell_complete is None
    ]
    assert not bare
