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
from one_plan import clips, numbers
from start_run import specification

from vbench_lite.run.runner import run
from vbench_lite.store.journal import read_journal
from vbench_lite.store.pool import Pool
from vbench_lite.store.rundir import RunDir, list_runs

SUITE = """
name: kill
version: 1
description: metrics of clips and of sets
prompts: {dataset: shapes, count: 4}
request: {num_frames: 8, height: 32, width: 32, fps: 8}
samples: 12
metrics: [frames/sharpness, alignment/shapes_colour, diversity/shapes_start_spread]
axes: {}
"""
SAMPLES, ARMS = 12, 2
RECORDS = ARMS * (SAMPLES + 2 * SAMPLES + 1)  # samples, two scores of each, one of the set
KILLS = 10
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


def gone(processes: Any) -> bool:
    """Whether every process has ended, at once or after a moment; a zombie has."""
    before = time.monotonic()
    while left := [process for process in processes if alive(process)]:
        if time.monotonic() - before > PATIENCE_S:
            return False
        psutil.wait_procs(left, timeout=POLL_S)
    return True


def alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


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


def test_ten_kills_lose_nothing_make_nothing_twice_and_change_no_score(tmp_path: Path, suite: Any) -> None:
    calm = undisturbed(tmp_path, suite)
    assert len(numbers(calm)) == RECORDS - SAMPLES * ARMS
    chance = random.Random(45)
    kills = 0
    while kills < KILLS:  # a run that ended before the next kill is checked, and another begun
        root = tmp_path / f"killed-{kills}"
        root.mkdir()
        hits = kill_again_and_again(root, suite, KILLS - kills, chance)
        kills += hits
        killed = check_whole(root, hits)
        assert clips(killed) == clips(calm)
        assert numbers(killed) == numbers(calm)


def kill_again_and_again(root: Path, suite: Any, most: int, chance: random.Random) -> int:
    """Kill a run up to `most` times and then let it end; returns how often it was hit."""
    kept: Counter[tuple[str, str]] = Counter()
    mark = hits = 0
    while True:
        process = start(root, suite)
        if hits < most:
            # The journals grow to a random place, such that every kill has its part of what is left; then
            # a random moment within about a batch passes.
            before = len(records(root))
            wanted = before + chance.randint(0, 2 * (RECORDS - before) // (most + 1 - hits))
            wait_for(lambda wanted=wanted: len(records(root)) >= wanted, process)
            time.sleep(chance.uniform(0.0, 0.02))
        if hits == most or process.poll() is not None:
            out, errors = process.communicate(timeout=PATIENCE_S)
            assert process.returncode == 0, errors
            outcome = json.loads(out)
            assert (outcome["ok"], outcome["failed"]) == (SAMPLES * ARMS, 0)
            assert outcome["resumed"] or not kept
            return hits
        children = psutil.Process(process.pid).children(recursive=True)
        if hits % 2:
            os.kill(process.pid, signal.SIGKILL)
        else:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        hits += process.returncode == -signal.SIGKILL
        assert gone(children)
        found = finished_samples(records(root))
        assert set(found.values()) <= {1}
        assert not kept - found, "a finished sample was lost"
        made = toy_made(root)
        assert not set(made[mark:]) & {sample for label, sample in kept if label == "toy"}
        kept, mark = found, len(made)


def undisturbed(folder: Path, suite: Any) -> RunDir:
    """The same run, from start to end in this process."""
    root = folder / "calm"
    root.mkdir()
    return RunDir(root, run(specification(root, suite, SAMPLES, 0.0), root).run_id)


def check_whole(root: Path, kills: int) -> RunDir:
    """Every sample and every score is there, once, and what they stand on."""
    (found,) = list_runs(root)
    assert found.document().status == "finished"
    everything = records(root)
    samples = finished_samples(everything)
    assert (len(samples), set(samples.values())) == (SAMPLES * ARMS, {1})
    scored = [r for r in everything if r["kind"] == "score"]
    assert set(Counter((r["generator"], r["sample_id"], r["metric"]) for r in scored).values()) == {1}
    assert len(everything) == RECORDS
    pool = Pool(root)
    for row in found.rows("sample"):
        assert pool.verify(row["clip_sha256"])
    made = Counter(toy_made(root))
    # Only a batch that a kill interrupted is made again.
    assert sum(made.values()) <= SAMPLES + kills
    assert set(made) == {row["sample_id"] for row in found.rows("sample") if row["generator"] == "toy"}
    return found


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
