"""Killed at any moment, a run loses nothing that was finished and makes nothing twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest

from vbench_lite.store.journal import read_journal
from vbench_lite.store.pool import Pool
from vbench_lite.store.rundir import list_runs

SUITE = """
name: kill
version: 1
description: a test
prompts: {dataset: shapes, count: 64}
request: {num_frames: 8, height: 32, width: 32, fps: 8}
samples: 16
metrics: [frames/sharpness]
axes: {}
"""
SAMPLES = 12
ARMS = 5  # the toy and four controls
KILLS = 12
POLL_S = 0.002
PATIENCE_S = 120.0


@pytest.fixture
def suite(tmp_path: Path) -> Any:
    path = tmp_path / "kill.yaml"
    path.write_text(SUITE)
    return str(path)


def start(root: Path, suite: Any, delay_s: Any = 0.0) -> Any:
    here = Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": str(here)}
    return subprocess.Popen(
        [sys.executable, str(here / "start_run.py"), str(root), suite, str(SAMPLES), str(delay_s)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
        text=True,
    )


def records(root: Path) -> Any:
    """Every record of every journal, as the disk has them; a torn line may be there."""
    return [
        record
        for run in sorted((root / "runs").glob("*"))
        for path in sorted((run / "journal").glob("*.jsonl"))
        for record in read_journal(path).records
    ]


def wait_for(condition: Any, process: Any) -> None:
    before = time.monotonic()
    while not condition():
        if process.poll() is not None or time.monotonic() - before > PATIENCE_S:
            return
        time.sleep(POLL_S)


def gone(processes: Any) -> Any:
    """Whether every process has ended; a zombie has."""
    _, alive = psutil.wait_procs(processes, timeout=5.0)
    return not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


def finished_samples(found: Any) -> Any:
    return Counter(
        (record["generator"], record["sample_id"])
        for record in found
        if record["kind"] == "sample" and record["status"] == "ok"
    )


def toy_made(root: Path) -> Any:
    """The samples that the toy began to make, in order."""
    path = root / "made.txt"
    return [line.split()[0] for line in path.read_text().splitlines()] if path.exists() else []


def test_twelve_kills_lose_nothing_and_make_nothing_twice(tmp_path: Path, suite: Any) -> None:
    root = tmp_path / "root"
    root.mkdir()
    chance = random.Random(20)
    kept: Counter[tuple[str, str]] = Counter()
    kills, mark = 0, 0
    whole = SAMPLES * ARMS
    for attempt in range(KILLS):
        process = start(root, suite)
        before = len(records(root))
        # The journal grows by some records, then a random moment within about a batch passes.
        growth, delay_s = chance.randint(0, whole // KILLS), chance.uniform(0.0, 0.02)
        wait_for(lambda wanted=before + growth: len(records(root)) >= wanted, process)
        time.sleep(delay_s)
        children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        if attempt % 2:
            os.kill(process.pid, signal.SIGKILL)
        else:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        kills += process.returncode == -signal.SIGKILL
        assert gone(children)
        found = finished_samples(records(root))
        assert set(found.values()) <= {1}
        assert not kept - found, "a finished sample was lost"
        made = toy_made(root)
        assert not set(made[mark:]) & {sample for label, sample in kept if label == "toy"}
        kept, mark = found, len(made)
    assert kills >= 10
    last = start(root, suite)
    out, errors = last.communicate(timeout=PATIENCE_S)
    assert last.returncode == 0, errors
    outcome = json.loads(out)
    assert (outcome["ok"], outcome["failed"], outcome["resumed"]) == (whole, 0, True)
    check_whole(root, kills)


def check_whole(root: Path, kills: Any) -> None:
    (run,) = list_runs(root)
    assert run.document().status == "finished"
    found = finished_samples(records(root))
    assert len(found) == SAMPLES * ARMS
    assert set(found.values()) == {1}
    scored = [r for r in records(root) if r["kind"] == "score" and r["level"] == "sample"]
    assert set(Counter((r["generator"], r["sample_id"], r["metric"]) for r in scored).values()) == {1}
    pool = Pool(root)
    for row in run.rows("sample"):
        assert pool.verify(row["clip_sha256"])
    made = Counter(toy_made(root))
    # Only a batch that a kill interrupted is made again.
    assert sum(made.values()) <= SAMPLES + kills
    assert set(made) == {row["sample_id"] for row in run.rows("sample")}


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_is_left_in_order(tmp_path: Path, suite: Any, how: Any) -> None:
    root = tmp_path / "root"
    root.mkdir()
    process = start(root, suite, delay_s=0.2)
    wait_for(lambda: len(records(root)) >= 2, process)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(how)
    out, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, errors
    outcome = json.loads(out)
    assert outcome["interrupted"]
    assert outcome["ok"] >= 2
    assert gone(children)
    (run,) = list_runs(root)
    assert run.document().status == "interrupted"
