"""Stores of made-up rows, written by the store's own writer, and a clock for commands over them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, summarise
from vbench_lite.run.generate.documents import run_document
from vbench_lite.run.plan.plan import Plan
from vbench_lite.store import tables
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.schema import SampleRecord

PROGRAM = Path(sys.executable).with_name("vbench-lite")


def stored(root: Path, plan: Plan, status: str) -> RunDir:
    """The directory of a run under its plan, without rows."""
    run = RunDir(root, plan.run_id)
    document = run_document(plan, run)
    document.status = status
    run.write_document(document)
    return run


def write_rows(run: RunDir, rows: dict[str, list[dict[str, Any]]]) -> None:
    """Write the tables of a run, by kind of record."""
    for kind, records in rows.items():
        tables.write_table(run.path / tables.FILES[kind], kind, tables.arrow(kind, records), {})
    run.compact()


def samples(plan: Plan) -> list[dict[str, Any]]:
    """Every sample of a plan, made well."""
    return [
        SampleRecord(
            batch.generator, batch.suite, sample.sample_id, sample.prompt_id, sample.asked.prompt,
            sample.asked.seed, "ok", clip_sha256=f"{number:064x}", num_frames=8, generated_frames=8,
            requested_frames=8, height=32, width=32, requested_height=32, requested_width=32, fps=8.0,
            total_s=0.1, first_frame_s=0.1, peak_bytes=10**8, worker="w:1",
            facts=json.dumps({"phases": {"denoise": 0.1}}), pieces=[8], batch_key=batch.key,
        ).as_dict()
        for number, batch in enumerate(plan.batches)
        for sample in batch.samples
    ]  # fmt: skip


def timed(command: list[str], fine: tuple[int, ...] = (0,)) -> tuple[float, int]:
    """Wall seconds and peak resident bytes of a command that ends with one of some exit codes.

    The peak is read while it runs: what `wait4` tells of a child begins with the size of its parent.
    """
    before, most = time.perf_counter(), 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            with suppress(RuntimeError, FileNotFoundError, ProcessLookupError):
                most = peak_bytes(process.pid)
            time.sleep(0.01)
        seconds = time.perf_counter() - before
    if process.returncode not in fine:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return seconds, most


def peak_bytes(pid: int) -> int:
    """Peak resident bytes of a process so far."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"no peak of process {pid} is known")


def figures(what: str, measured: list[tuple[float, int]], bar: str) -> list[Figure]:
    """Seconds and peak memory of a command; bar: of the seconds, and with one 1 GiB holds too."""
    gib = [size / 2**30 for _, size in measured]
    return [
        summarise(what, [seconds for seconds, _ in measured], "s", bar),
        summarise(f"{what}: peak memory", gib, "GiB", "at most 1 GiB" if bar else ""),
    ]
