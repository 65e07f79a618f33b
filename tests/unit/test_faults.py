"""Whatever a generator does to its process costs one batch, is recorded, and the rest is made."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from vbench_lite.processes import ProcessReaper
from vbench_lite.run.executors import batch_queue, local
from vbench_lite.run.executors.batch_queue import LOAD_ATTEMPTS, BatchQueue
from vbench_lite.run.executors.contract import Job
from vbench_lite.run.executors.devices import Devices
from vbench_lite.run.executors.local import LocalExecutor
from vbench_lite.run.generate.recorder import Recorder as JournalSink
from vbench_lite.run.plan.plan import Batch, build_plan
from vbench_lite.run.plan.spec import GeneratorSpec, RunSpec
from vbench_lite.run.progress import Silent
from vbench_lite.run.worker_process import Settings
from vbench_lite.store.pool import Pool
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.schema import GeneratorEntry

SUITE = """
name: faults
version: 1
description: a test
prompts: {{texts: [{prompts}]}}
request: {{num_frames: 4, height: 16, width: 16, fps: 8}}
samples: {count}
metrics: [frames/sharpness]
axes: {{}}
"""
FAULTS = {  # prompt: status, phase, part of the reason
    "fine": ("ok", None, None),
    "raise": ("failed", "denoise", "RuntimeError: two lines"),
    "memory": ("failed", "denoise", "MemoryError"),
    "quit": ("failed", "denoise", "SystemExit: 3"),
    "exit": ("failed", "denoise", "exited with code 7"),
    "segfault": ("failed", "denoise", "ended by SIGSEGV"),
    "killed": ("failed", "denoise", "ended by SIGKILL"),
    "hang": ("timeout", "denoise", "no end after 2 s; its process was killed"),
    "slow": ("timeout", "denoise", "no end after 2 s; it stopped when asked"),
    "wrong shape": ("failed", "output", "emitted 16x15 pixels, 16x16 were agreed"),
    "wrong type": ("failed", "denoise", "emit takes uint8 frames, got float32"),
    "greedy": ("failed", "denoise", "Unable to allocate 3.00 GiB"),
    "nan": ("failed", "denoise", "got float32 with 3072 non-finite value(s)"),
    "out of range": ("failed", "denoise", "emit takes uint8 frames, got float32"),
    "many": ("ok", None, None),
    "few": ("failed", "output", "emitted 3 frames, 4 were asked for"),
    "nothing": ("failed", "denoise", "returned without emitting a frame"),
    "black": ("invalid", "output", "every pixel is black"),
    "frozen": ("invalid", "output", "frozen"),
    "nonfinite": ("invalid", "output", "non-finite"),
    "fine again": ("ok", None, None),
}
LATE = ("hang", "slow")  # these alone reach their time-out, however busy the machine is


class Recorder:
    def __init__(self) -> None:
        self.records: list[Any] = []
        self.news: list[Any] = []

    def finished(self, batch: Any, records: Any) -> None:
        assert [record.sample_id for record in records] == [sample.sample_id for sample in batch.samples]
        self.records += records

    def working(self, generator: Any, phase: Any, done: Any, total: Any) -> None:
        self.news.append((generator, phase, done, total))


def execute(
    root: Path,
    prompts: Any,
    *,
    workers: Any = 1,
    labels: Any = ("g",),
    load_timeout_s: Any = 120.0,
    batch: Any = 1,
    timeout_s: Any = 120.0,
    memory_bytes: Any = None,
    device: Any = "cpu",
    keep_going: Any = False,
    **config: Any,
) -> Any:
    path = root / "suite.yaml"
    path.write_text(SUITE.format(prompts=", ".join(prompts), count=len(prompts)))
    generators = tuple(
        GeneratorSpec(label=label, adapter="faulty:Faulty", config=config, batch=batch, device=device)
        for label in labels
    )
    plan = build_plan(RunSpec(generators=generators, suites=(str(path),), controls=False))
    jobs = [
        Job(entry, tuple(batch for batch in plan.batches if batch.generator == entry.label))
        for entry in plan.generators
    ]
    sink = Recorder()
    settings = Settings(root, root / "logs", 1, timeout_s, load_timeout_s, memory_bytes, keep_going)
    LocalExecutor(workers).execute(jobs, sink, settings)
    return sink


@pytest.fixture(scope="module")
def bystanders() -> list[psutil.Process]:
    """Processes that tests before these have left to run, and the reaper, which stays."""
    ProcessReaper.tell(-os.getpid())
    return psutil.Process().children(recursive=True)


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory, bystanders: list[psutil.Process]) -> Any:
    root = tmp_path_factory.mktemp("faults")
    sink = execute(root, [prompt for prompt in FAULTS if prompt not in LATE], memory_bytes=2 << 30)
    sink.records += execute(root, LATE, timeout_s=2.0).records
    return root, sink


@pytest.mark.parametrize("prompt", FAULTS)
def test_a_fault_is_recorded_with_its_phase_and_reason(faults: Any, prompt: Any) -> None:
    _, sink = faults
    (record,) = [record for record in sink.records if record.prompt == prompt]
    status, phase, reason = FAULTS[prompt]
    assert (record.status, record.phase) == (status, phase)
    assert reason is None if record.reason is None else reason in record.reason
    assert record.oom == (prompt in ("memory", "greedy"))


def test_every_sample_has_one_record_and_valid_ones_a_clip(faults: Any) -> None:
    root, sink = faults
    assert Counter(record.prompt for record in sink.records) == Counter(list(FAULTS))
    pool = Pool(root)
    for record in sink.records:
        assert (record.clip_sha256 is not None) == (record.status in ("ok", "invalid"))
        if record.clip_sha256 is not None:
            assert pool.verify(record.clip_sha256)
            assert (record.num_frames, record.generated_frames) == (4, 6 if record.prompt == "many" else 4)


def test_no_process_is_left_not_even_one_that_an_adapter_started(
    faults: Any, bystanders: list[psutil.Process]
) -> None:
    assert [one for one in psutil.Process().children(recursive=True) if one not in bystanders] == []
    left = [process.cmdline() for process in psutil.process_iter(["cmdline"]) if process.info["cmdline"]]
    assert not [line for line in left if "import time; time.sleep(600.0)" in line[-1]]


def test_what_an_adapter_prints_is_in_the_log_and_not_on_the_terminal(faults: Any) -> None:
    root, sink = faults
    log = (root / "logs" / "g.log").read_text()
    fine = next(record for record in sink.records if record.prompt == "fine")
    assert f"made {fine.sample_id}" in log
    assert "Segmentation fault" in log


@pytest.mark.parametrize(
    ("load", "reason", "attempts"),
    [
        ("raise", "OSError: the disk is on fire", LOAD_ATTEMPTS),
        ("exit", "exited with code 7", LOAD_ATTEMPTS),
        ("final", "WeightsError: weights are missing", 1),
    ],
)
def test_a_generator_that_cannot_be_loaded_is_given_up(
    tmp_path: Path, load: Any, reason: Any, attempts: Any
) -> None:
    sink = execute(tmp_path, ["fine", "fine too"], load=load)
    assert [(record.status, record.phase) for record in sink.records] == [("failed", "load")] * 2
    assert all(reason in record.reason for record in sink.records)
    assert sink.news.count(("g", "load", 0, 1)) == attempts


def test_a_device_that_is_not_here_is_the_reason_and_no_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_queue, "LOAD_ATTEMPTS", 1)  # each imports torch
    sink = execute(tmp_path, ["fine"], device="cuda:99")
    (record,) = sink.records
    assert (record.status, record.phase) == ("failed", "load")
    assert "Error: " in record.reason and "exited" not in record.reason


def test_a_load_that_hangs_is_given_up(tmp_path: Path) -> None:
    before = time.monotonic()
    sink = execute(tmp_path, ["fine"], load="hang", load_timeout_s=0.2)
    assert "no end of the load after 0.2 s" in sink.records[0].reason
    assert time.monotonic() - before < 60


def test_a_batch_is_lost_as_a_whole_and_only_it(tmp_path: Path) -> None:
    sink = execute(tmp_path, ["fine", "exit", "good", "better", "best"], batch=2)
    assert [record.status for record in sink.records] == ["failed", "failed", "ok", "ok", "ok"]


def test_more_workers_make_the_same_clips(tmp_path: Path) -> None:
    prompts = ["fine", "raise", "good"]
    one = execute(tmp_path, prompts, labels=("a", "b", "c"))
    three = execute(tmp_path, prompts, labels=("a", "b", "c"), workers=3)
    clips = [
        sorted((record.generator, record.prompt, str(record.clip_sha256)) for record in sink.records)
        for sink in (one, three)
    ]
    assert clips[0] == clips[1]


def test_two_workers_are_at_work_on_one_generator(tmp_path: Path) -> None:
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    sink = execute(tmp_path, ["meet", "meet"], workers=2, timeout_s=120.0, meeting=str(meeting))
    assert [record.status for record in sink.records] == ["ok", "ok"]
    assert len({record.worker for record in sink.records}) == 2
    assert len(list(meeting.iterdir())) == 2


def test_a_process_more_is_started_only_where_it_ends_sooner() -> None:
    entry = GeneratorEntry("g", "faulty:Faulty", {}, "cpu", 1, {}, "f")
    queue = BatchQueue(Job(entry, tuple(Batch("g", "s", ()) for _ in range(4))))
    assert queue.worth_another()
    queue.slots = 1
    queue.loaded(10.0)
    queue.made(1.0)
    assert not queue.worth_another(), "four seconds of work, and ten to load"
    queue.made(20.0)
    assert queue.worth_another()
    assert not queue.load_failed(final=True)
    assert not queue.worth_another()
    assert len(queue.take_all()) == 4
    assert queue.take() is None


def test_scoring_takes_the_cores_that_have_work_and_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    free = {"bytes": 64 * 2**30}
    monkeypatch.setattr(local, "usable_cores", lambda: 4)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=free["bytes"]))
    assert [LocalExecutor().scorers(frames) for frames in (0, 1999, 4000, 7999, 10**6)] == [1, 1, 2, 3, 4]
    free["bytes"] = 9 * 2**30
    assert LocalExecutor().scorers(10**6) == 2
    assert [LocalExecutor(workers).scorers(10**6) for workers in (1, 3)] == [1, 3]


def test_an_accelerator_has_one_process_and_the_processor_as_many_as_asked() -> None:
    devices = Devices(3, accelerators=2)
    first, second = devices.take("cuda"), devices.take("cuda:1")
    assert first is not None and dict(first.environment) == {"CUDA_VISIBLE_DEVICES": "0"}
    assert second is not None and second.name == "cuda:1"
    assert devices.take("cuda") is None
    assert devices.take("cuda:0") is None
    third = devices.take("cpu")
    assert third is not None and third.name is None
    assert devices.take("cpu") is None, "three processes are at work"
    devices.give_back(first)
    assert devices.take("cuda:0") is not None


def test_secrets_stay_out_of_logs_and_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "correct-horse-battery")
    sink = execute(tmp_path, ["leak"])
    (record,) = sink.records
    log = (tmp_path / "logs" / "g.log").read_text()
    assert "key is [secret]" in log
    assert "correct-horse-battery" not in log
    with RunDir(tmp_path, "x").journal("runner") as journal:
        JournalSink(journal, [], 1, Silent()).record(record)
    text = (tmp_path / "runs" / "x" / "journal" / "runner.jsonl").read_text()
    assert "[secret]" in text
    assert "correct-horse-battery" not in text


def numbered(*prompts: str) -> list[str]:
    return [f"{prompt} {place}" for place, prompt in enumerate(prompts)]


def test_three_equal_failures_at_the_start_stop_a_generator_alone(tmp_path: Path) -> None:
    sink = execute(tmp_path, numbered(*["raise"] * 6), labels=("a", "b"))
    for label in ("a", "b"):
        records = [record for record in sink.records if record.generator == label]
        assert [record.phase for record in records] == ["denoise"] * 3 + ["not tried"] * 3
        assert records[-1].reason == "not tried: the first 3 requests failed by: RuntimeError: two lines"


@pytest.mark.parametrize(
    ("prompts", "keep_going"),
    [
        (["raise", "raise", "fine", "raise", "raise", "raise"], False),
        (["raise", "nothing", "raise", "raise", "raise"], False),
        (["raise"] * 4, True),
    ],
    ids=["one success", "two causes", "keep going"],
)
def test_what_stops_no_generator(tmp_path: Path, prompts: list[str], keep_going: bool) -> None:
    sink = execute(tmp_path, numbered(*prompts), keep_going=keep_going)
    assert "not tried" not in [record.phase for record in sink.records]
