"""Disks, clocks, signals and processes that fail: one line for the user, and what was finished is kept."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from command_line import process, vbench_lite
from deadly import DiesOnce

from vbench_lite.errors import StoreError
from vbench_lite.run.executors.local import LocalExecutor
from vbench_lite.run.plan.spec import GeneratorSpec, RunSpec
from vbench_lite.run.runner import run
from vbench_lite.store.journal import JournalWriter, read_journal
from vbench_lite.store.rundir import RunDir, list_runs, resolve_run

HERE = Path(__file__).parent
SUITE = """
name: tiny
version: 1
description: a test
prompts: {prompts}
request: {{num_frames: 8, height: {side}, width: {side}, fps: 8}}
samples: {samples}
metrics: [{metrics}]
axes: {{}}
"""
STOP_S = 5.0


TEXTS = "{texts: [one, two, three, four]}"
CAPTIONS = "{dataset: shapes, count: 4}"


def suite(
    folder: Path,
    *,
    samples: int = 4,
    side: int = 16,
    metrics: str = "frames/sharpness",
    prompts: str = TEXTS,
) -> str:
    path = folder / f"tiny-{samples}-{side}.yaml"
    path.write_text(SUITE.format(samples=samples, side=side, metrics=metrics, prompts=prompts))
    return str(path)


def toy(
    folder: Path, root: Path | None = None, executor: Any = None, config: Any = None, **kw: Any
) -> RunDir:
    spec = RunSpec(
        generators=(GeneratorSpec(label="toy", adapter="toys:Toy", config=config or {}),),
        suites=(suite(folder, **kw),),
        controls=False,
    )
    root = root or folder / "root"
    return RunDir(root, run(spec, root, executor=executor).run_id)


# --- disks ------------------------------------------------------------------------------------


def test_a_full_and_a_read_only_disk_stop_the_run_which_then_goes_on(tmp_path: Path) -> None:
    namespace = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-Urm"]
    if subprocess.run([*namespace, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets no test mount a small disk; the limit on file sizes is tested below")
    spec = tmp_path / "spec.yaml"
    made = suite(tmp_path, samples=12, side=64)
    spec.write_text(f"generators: [{{label: toy, adapter: 'toys:Toy'}}]\nsuites: [{made}]\n")
    (tmp_path / "disk").mkdir()
    done = subprocess.run(
        [*namespace, sys.executable, str(HERE / "on_small_disk.py"), str(tmp_path / "disk"), str(spec)],
        env={**os.environ, "PYTHONPATH": str(HERE)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    stages = json.loads(done.stdout)
    code, said, _ = stages["full"]
    assert code == 2
    assert said.splitlines()[-1].startswith("vbench-lite: cannot write to ")
    assert "No space left on device; free some space, and give the same command again" in said
    assert "failed" not in said, "a full disk is no failure of the generator"
    code, said, _ = stages["read-only"]
    assert code == 2
    assert "Read-only file system; choose a folder that can be written, with --root" in said
    code, said, out = stages["room"]
    outcome = json.loads(out)
    assert (code, outcome["ok"], outcome["failed"], outcome["resumed"]) == (0, 12, 0, True), said
    count, there = stages["kept"]
    assert count >= 1 and there
    for verb, code, said in stages["read"]:
        assert code == 0, f"{verb}: {said}"
    assert (tmp_path / "report.html").read_text().count("data:video/mp4") >= 1, "clips are shown too"


def test_a_journal_that_the_disk_does_not_take_ends_before_the_record(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with JournalWriter(tmp_path / "j.jsonl") as journal:
        journal.append({"n": 1})
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
        try:
            with pytest.raises(StoreError, match="File too large; raise the limit"):
                journal.append({"n": "x" * 10_000})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        journal.append({"n": 2})
    assert read_journal(tmp_path / "j.jsonl").records == [{"n": 1}, {"n": 2}]


def test_a_half_written_table_is_named_and_made_again_from_the_journals(tmp_path: Path) -> None:
    finished = toy(tmp_path)
    table = finished.path / "scores.parquet"
    whole = finished.rows("score")
    table.write_bytes(table.read_bytes()[: table.stat().st_size // 2])
    told = vbench_lite("leaderboard", "--root", finished.root)
    assert told.code == 2
    assert f"table {table} is damaged" in told.err
    assert "delete it to rebuild it from the journals" in told.err
    table.unlink()
    assert finished.rows("score") == whole


def test_a_damaged_clip_costs_its_own_rows_and_says_so(tmp_path: Path) -> None:
    finished = toy(tmp_path)
    row = finished.rows("sample")[0]
    clip = finished.root / "pool" / "clips" / f"{row['clip_sha256']}.mkv"
    data = bytearray(clip.read_bytes())
    data[len(data) // 2] ^= 0xFF
    clip.write_bytes(bytes(data))
    done = vbench_lite(
        "score", finished.run_id, "--metric", "frames/degenerate", "--json", "--root", finished.root
    )
    assert (done.code, done.json["errors"]) == (3, 1)
    rows = {r["sample_id"]: r for r in finished.rows("score") if r["metric"] == "frames/degenerate"}
    damaged = rows.pop(row["sample_id"])
    assert damaged["status"] == "error"
    assert "damaged" in damaged["reason"]
    assert {r["status"] for r in rows.values()} == {"ok"}


# --- processes --------------------------------------------------------------------------------


def test_a_scorer_that_is_killed_is_replaced_and_a_deadly_clip_costs_only_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "died"
    monkeypatch.setenv("VBENCH_LITE_TEST_MARK", str(mark))
    monkeypatch.setenv("VBENCH_LITE_TEST_SAMPLE", "no such sample")
    metrics = "frames/sharpness, 'deadly:DiesOnce', 'deadly:DiesOnOne'"
    once = toy(tmp_path, executor=LocalExecutor(workers=2), metrics=metrics)
    assert mark.exists(), "a scorer was killed"
    assert {row["status"] for row in once.rows("score")} == {"ok"}
    assert len(once.rows("score")) == 4 * 3
    sample = once.rows("sample")[1]["sample_id"]
    monkeypatch.setenv("VBENCH_LITE_TEST_SAMPLE", sample)
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    root, spec = tmp_path / "again", tmp_path / "spec.yaml"
    made = suite(tmp_path, metrics=metrics)
    spec.write_text(f"generators: [{{label: toy, adapter: 'toys:Toy'}}]\nsuites: [{made}]\ncontrols: false\n")
    assert process("run", spec, "--root", root).code == -signal.SIGKILL, "one worker: the runner scores"
    again = toy(tmp_path, root, executor=LocalExecutor(workers=2), metrics=metrics)
    assert [found.run_id for found in list_runs(root)] == [again.run_id], "the same run goes on"
    rows = {(row["sample_id"], row["metric"]): row for row in again.rows("score")}
    assert len(rows) == 4 * 3
    for (sample_id, _), row in rows.items():
        assert row["status"] == ("error" if sample_id == sample else "ok")
    assert "scoring this clip ended its process" in rows[sample, DiesOnce.info.id]["reason"]


def test_two_runs_on_one_root_work_beside_each_other(tmp_path: Path) -> None:
    root = tmp_path / "root"
    specs = []
    for name in ("a", "b"):
        spec = tmp_path / f"{name}.yaml"
        spec.write_text(
            f"generators: [{{label: {name}, adapter: 'toys:Toy'}}]\nsuites: [{suite(tmp_path)}]\n"
        )
        specs.append(spec)
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "vbench_lite.cli.main", "run", str(spec), "--json", "--root", str(root)],
            env={**os.environ, "PYTHONPATH": str(HERE)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for spec in specs
    ]  # fmt: skip
    outcomes = [json.loads(one.communicate()[0]) for one in running]
    assert [outcome["ok"] for outcome in outcomes] == [4, 4]
    assert {found.run_id for found in list_runs(root)} == {outcome["run"] for outcome in outcomes}


def test_ctrl_c_stops_within_five_seconds_and_keeps_what_is_done(tmp_path: Path) -> None:
    """The generator sits in a call that takes a minute and never asks whether to stop."""
    root = tmp_path / "root"
    root.mkdir()
    asked = suite(tmp_path, side=32, prompts=CAPTIONS)
    running = subprocess.Popen(
        [sys.executable, str(HERE / "start_run.py"), str(root), asked, "4", "0"],
        env={**os.environ, "PYTHONPATH": str(HERE), "TOY_HANGS_AFTER": "2"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    made = root / "made.txt"
    while running.poll() is None and (not made.exists() or len(made.read_text().splitlines()) < 3):
        time.sleep(0.01)
    before = time.monotonic()
    running.send_signal(signal.SIGINT)
    out, errors = running.communicate(timeout=60)
    assert time.monotonic() - before < STOP_S
    outcome = json.loads(out)
    assert (outcome["interrupted"], outcome["ok"]) == (True, 2), errors
    assert list_runs(root)[0].document().status == "interrupted"


def test_ctrl_c_while_calls_are_timed_is_one_line_without_a_traceback(tmp_path: Path) -> None:
    """As a terminal sends it: to the whole group of processes, while a timed call takes a minute."""
    content = Path(suite(tmp_path, samples=2)).read_text()
    (tmp_path / "timed.yaml").write_text(content + "performance: {rounds: 1, warm_calls: 3}\n")
    made = tmp_path / "made.txt"
    toy = f"{{label: toy, adapter: 'toys:Toy', config: {{made: {made}}}}}"
    spec = tmp_path / "spec.yaml"
    spec.write_text(f"generators: [{toy}]\nsuites: [{tmp_path / 'timed.yaml'}]\ncontrols: false\n")
    running = subprocess.Popen(
        [sys.executable, "-m", "vbench_lite.cli.main", "run", str(spec), "--root", str(tmp_path / "root")],
        env={**os.environ, "PYTHONPATH": str(HERE), "TOY_HANGS_AFTER": "2"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    while running.poll() is None and (not made.exists() or len(made.read_text().splitlines()) < 5):
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGINT)
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in errors and "KeyboardInterrupt" not in errors, errors
    assert "was stopped; the same command goes on with it" in errors
    (found,) = list_runs(tmp_path / "root")
    assert found.document().status == "interrupted"


# --- clocks -----------------------------------------------------------------------------------


def test_a_clock_that_steps_back_does_not_make_a_later_run_an_older_one(tmp_path: Path) -> None:
    first = toy(tmp_path)
    document = first.document()
    ahead = datetime.now(UTC) + timedelta(days=300)  # made before the clock was set right
    document.created = ahead.isoformat(timespec="microseconds")
    first.write_document(document)
    second = toy(tmp_path, samples=3)
    assert second.document().created > document.created
    assert [found.run_id for found in list_runs(tmp_path / "root")] == [second.run_id, first.run_id]
    assert resolve_run(tmp_path / "root", "latest").run_id == second.run_id
