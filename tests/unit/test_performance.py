"""The performance pass: order, budget, failures, resuming; and one pass through real processes."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from vbench_lite import registry
from vbench_lite.metric import Measurement
from vbench_lite.run.timing.performance import measure, returned_arrivals
from vbench_lite.run.timing.timed_process import TimedProcess
from vbench_lite.run.timing.timed_requests import suite_cases
from vbench_lite.run.timing.timed_worker import Call, Failed, Profiled, Ready, Timed
from vbench_lite.run.worker_process import Settings
from vbench_lite.store.schema import GeneratorEntry
from vbench_lite.suite import Suite, parse_suite


def suite(**performance: Any) -> Suite:
    return parse_suite(
        {
            "name": "timing",
            "version": 1,
            "description": "for tests",
            "prompts": {"texts": ["one", "two", "three"]},
            "request": {"num_frames": 4, "height": 16, "width": 16, "fps": 8},
            "metrics": ["speed/latency_s"],
            "axes": {},
            "performance": performance,
        },
        "test",
    )


def entry(label: str, family: str = "latent_diffusion", batch: int = 1) -> GeneratorEntry:
    return GeneratorEntry(label, label, {}, "cpu", batch, {"family": family}, "0")


class Lab:
    """Scripted processes: every generator takes a scripted time for a call; time is scripted too."""

    def __init__(self, call_s: dict[str, float], load_s: float = 1.0) -> None:
        self.call_s, self.load_s = call_s, load_s
        self.time_s = 0.0
        self.calls: list[tuple[str, str, tuple[str, ...], tuple[int, ...]]] = []
        self.opened: list[str] = []
        self.open = 0
        self.fail: Callable[[str, Call], Failed | None] = lambda label, call: None

    def now(self) -> float:
        return self.time_s

    def open_session(self, entry: GeneratorEntry) -> Session:
        self.opened.append(entry.label)
        self.open += 1
        return Session(self, entry)


class Session:
    def __init__(self, lab: Lab, entry: GeneratorEntry) -> None:
        self.lab, self.entry = lab, entry

    def ready(self) -> Ready | Failed:
        self.lab.time_s += self.lab.load_s
        return Ready(self.lab.load_s, 100)

    def ask(self, call: Call) -> Timed | Profiled | Failed:
        kind, requests = call
        failed = self.lab.fail(self.entry.label, call)
        if failed is not None:
            return failed
        seconds = self.lab.call_s[self.entry.label]
        self.lab.time_s += seconds
        prompts = tuple(r.prompt for r in requests)
        self.lab.calls.append((self.entry.label, kind, prompts, tuple(r.seed for r in requests)))
        if kind == "profiled":
            return Profiled(nfe=24.0, flops=1e9)
        made = tuple(r.num_frames + 1 for r in requests)
        return Timed(
            total_s=seconds,
            arrivals=((seconds / 2, 2), (seconds, made[0] - 2)),
            num_frames=made,
            height=16,
            width=16,
            fps=8.0,
            phases={"denoise": seconds},
            facts={"nfe": 12, "kv_cache_bytes": 64, "guided": True},
            peak_bytes=300,
            energy_j=None,
            contended=False,
        )

    def close(self) -> None:
        self.lab.open -= 1


def run(lab: Lab, labels: list[str], *, done: list[Measurement] | None = None, **spec: Any) -> Any:
    records: list[Measurement] = []
    summary = measure(
        [entry(label) for label in labels],
        suite(**spec),
        on_record=records.append,
        done=done or [],
        now=lab.now,
        open_session=lab.open_session,
    )
    assert lab.open == 0
    return records, summary


def test_rounds_interleave_the_generators_and_each_round_has_a_fresh_process() -> None:
    lab = Lab({"a": 0.1, "b": 0.2})
    records, _ = run(lab, ["a", "b"], rounds=3, warm_calls=4)
    assert lab.opened == ["a", "b", "b", "a", "a", "b"]
    for label in ("a", "b"):
        for number in range(3):
            calls = [r.call for r in records if (r.generator, r.round) == (label, number)]
            assert calls == ["first", "warm", "warm", "warm", "warm"]


def test_every_generator_and_round_is_asked_for_the_same() -> None:
    lab = Lab({"a": 0.1, "b": 0.2})
    run(lab, ["a", "b"], rounds=2, warm_calls=3)
    asked = [[call[2:] for call in lab.calls if call[0] == label] for label in ("a", "b")]
    assert asked[0] == asked[1]
    assert asked[0][:4] == asked[0][4:]
    assert [seeds for _, seeds in asked[0][:4]] == [(0,), (1,), (2,), (3,)]


def test_controls_are_not_timed_and_nothing_is_done_without_a_performance_section() -> None:
    lab = Lab({"a": 0.1})
    records: list[Measurement] = []
    entries = [entry("real", "control"), entry("a")]
    measure(entries, suite(rounds=1), on_record=records.append, now=lab.now, open_session=lab.open_session)
    assert {r.generator for r in records} == {"a"}
    silent = suite().model_copy(update={"performance": None})
    measure(entries, silent, on_record=records.append, now=lab.now, open_session=lab.open_session)
    assert lab.opened == ["a"]


def test_slow_generators_get_fewer_warm_calls_but_two() -> None:
    lab = Lab({"fast": 0.5, "slow": 20.0})
    records, summary = run(lab, ["fast", "slow"], rounds=2, warm_calls=8, limit_s=60)
    warm = [(r.generator, r.round) for r in records if r.call == "warm"]
    assert warm.count(("slow", 0)) == 2
    assert warm.count(("fast", 0)) == 8
    assert ("slow", 1) not in warm
    assert summary.skipped == ("slow round 2, 1 request size(s)", "fast round 2, 1 request size(s)")


def test_a_pass_within_its_limit_makes_every_call() -> None:
    lab = Lab({"a": 1.0, "b": 1.5, "c": 1.5})
    records, summary = run(lab, ["a", "b", "c"], rounds=2, warm_calls=4, limit_s=60)
    assert summary.skipped == ()
    assert lab.time_s <= 60
    assert sum(r.call == "warm" for r in records) == 24


@pytest.mark.parametrize("call_s", [1.0, 3.0, 6.0])
def test_the_limit_is_kept_where_two_warm_calls_allow_it(call_s: float) -> None:
    lab = Lab({"a": call_s, "b": call_s})
    run(lab, ["a", "b"], rounds=3, warm_calls=10, limit_s=60)
    assert lab.time_s <= 60


def test_a_generator_that_fails_is_reported_and_the_others_are_timed() -> None:
    lab = Lab({"a": 0.1, "b": 0.1})
    lab.fail = lambda label, call: Failed("generate: RuntimeError: no", False) if label == "a" else None
    told: list[str] = []
    records: list[Measurement] = []
    summary = measure(
        [entry("a"), entry("b")],
        suite(rounds=2, warm_calls=2),
        on_record=records.append,
        on_progress=lambda text, done, total: told.append(text),
        now=lab.now,
        open_session=lab.open_session,
    )
    assert summary.failures == {("a", "base"): "generate: RuntimeError: no"}
    assert {r.generator for r in records} == {"b"}
    assert lab.opened == ["a", "b", "b"]
    assert "a base round 1: failed: generate: RuntimeError: no" in told
    assert "b base round 1: 2 warm calls, fastest 100 ms" in told
    assert lab.open == 0


def test_an_interrupted_pass_repeats_nothing_that_is_done() -> None:
    whole, _ = run(Lab({"a": 0.1, "b": 0.1}), ["a", "b"], rounds=2, warm_calls=2)
    for cut in range(len(whole) + 1):
        lab = Lab({"a": 0.1, "b": 0.1})
        rest, _ = run(lab, ["a", "b"], done=whole[:cut], rounds=2, warm_calls=2)
        rounds = [(r.generator, r.round, r.call) for r in [*whole[:cut], *rest]]
        assert {*rounds} == {(r.generator, r.round, r.call) for r in whole}
        assert all(rounds.count((g, n, "first")) == 1 for g in "ab" for n in (0, 1))
    assert lab.opened == []


def test_trimmed_frames_are_charged_and_not_credited() -> None:
    records, _ = run(Lab({"a": 2.0}), ["a"], rounds=1, warm_calls=1)
    record = records[1]
    assert (record.frames_generated, record.frames_returned) == (5, 4)
    assert record.arrivals == ((1.0, 2), (2.0, 2))
    assert record.total_s == 2.0


def test_arrivals_end_with_the_returned_frames() -> None:
    pieces = [(1.0, 4), (2.0, 4), (3.0, 4)]
    assert returned_arrivals(pieces, 12) == tuple(pieces)
    assert returned_arrivals(pieces, 6) == ((1.0, 4), (2.0, 2))
    assert returned_arrivals(pieces, 4) == ((1.0, 4),)


def test_work_is_counted_in_one_call_that_is_not_timed() -> None:
    lab = Lab({"a": 1.0})
    records, _ = run(lab, ["a"], rounds=2, warm_calls=2, profile=True)
    assert [call[1] for call in lab.calls].count("profiled") == 1
    assert len(records) == 6
    assert {(r.nfe, r.flops) for r in records} == {(24.0, 1e9)}
    assert {r.kv_cache_bytes for r in records} == {64.0}


def test_facts_count_where_nothing_was_profiled_and_unknown_is_none() -> None:
    records, _ = run(Lab({"a": 1.0}), ["a"], rounds=1, warm_calls=1)
    assert {(r.nfe, r.tokens, r.flops, r.energy_j) for r in records} == {(12.0, None, None, None)}


def test_a_server_is_never_asked_the_same_twice() -> None:
    """Its process is not ours to start afresh: what it kept of a call must not be timed."""
    lab = Lab({"api": 0.1, "b": 0.1})
    remote = replace(entry("api"), info={"family": "external", "site": "remote"})
    for _ in range(2):  # a run, and the same again
        measure(
            [remote, entry("b")],
            suite(rounds=3, warm_calls=2),
            on_record=lambda record: None,
            now=lab.now,
            open_session=lab.open_session,
        )
    asked = {label: [call[3] for call in lab.calls if call[0] == label] for label in ("api", "b")}
    assert len(asked["api"]) == len(set(asked["api"])) == 2 * 3 * 3
    assert all(2**30 <= seed < 2**31 for seeds in asked["api"] for seed in seeds)
    assert {kind for label, kind, *_ in lab.calls if label == "api"} == {"timed"}
    assert set(asked["b"]) == {(0,), (1,), (2,)}


def test_a_sweep_varies_one_size_at_a_time_and_leaves_steps_to_those_who_have_them() -> None:
    spec = {"frames": [8, 16], "sides": [32], "steps": [4], "batch": [2], "check_frames": 24}
    cases = {case.name: case for case in suite_cases(suite(sweep=spec))}
    assert list(cases) == ["base", "frames=8", "frames=16", "frames=24", "side=32", "steps=4", "batch=2"]
    assert cases["frames=16"].num_frames == 16
    assert (cases["side=32"].height, cases["side=32"].num_frames) == (32, 4)
    assert cases["steps=4"].params == {"steps": 4}
    assert cases["batch=2"].batch == 2
    assert not cases["steps=4"].applies(entry("a", "autoregressive"))
    assert cases["steps=4"].applies(entry("a", "hybrid"))
    fixed = GeneratorEntry("a", "a", {}, "cpu", 1, {"family": "hybrid", "size": {"fixed": [32, 32]}}, "0")
    assert not cases["side=32"].applies(fixed)
    assert cases["side=32"].applies(entry("a"))


def test_a_suite_can_time_another_number_of_clips_than_are_made_in_a_call() -> None:
    assert [case.batch for case in suite_cases(suite())] == [None]
    (alone,) = suite_cases(suite(batch=1))
    assert (alone.name, alone.batch, alone.params) == ("base", 1, {})
    assert [case.batch for case in suite_cases(suite(batch=1, sweep={"batch": [2]}))] == [1, 2]


ADAPTER = """
    import os, time
    import numpy as np
    from vbench_lite.generator import Family, FrameRule, Generator, GeneratorInfo, Streaming

    class Streamer(Generator):
        @property
        def info(self):
            return GeneratorInfo("fake/streamer", Family.HYBRID, frames=FrameRule(multiple=4, offset=1),
                                 streaming=Streaming.CHUNK)

        def load(self):
            self.weights = np.ones(30_000_000, np.uint8)

        def generate(self, requests, context):
            context.phase("denoise")
            scratch = np.ones(60_000_000, np.uint8)
            del scratch
            context.note(nfe=3, threads=int(os.environ["OMP_NUM_THREADS"]))
            for index, request in enumerate(requests):
                for start in range(0, request.num_frames, 2):
                    count = min(2, request.num_frames - start)
                    context.emit(index, np.zeros((count, request.height, request.width, 3), np.uint8))

    class Dies(Streamer):
        def generate(self, requests, context):
            os._exit(3)

    class Hangs(Streamer):
        def load(self):
            time.sleep(3600)

    class Raises(Streamer):
        def generate(self, requests, context):
            raise RuntimeError("boom\\nand more")

    class Greedy(Streamer):
        def generate(self, requests, context):
            np.empty(3 << 30, np.uint8)
            raise RuntimeError("it was given three gigabytes")
"""
NAMES = {"streamer": "Streamer", "dies": "Dies", "hangs": "Hangs", "raises": "Raises", "greedy": "Greedy"}


def real(logs: Path, timeout_s: float = 60.0) -> Callable[[GeneratorEntry], TimedProcess]:
    """Processes that may allocate two GiB each."""
    return partial(TimedProcess, settings=Settings(logs, logs, 1, timeout_s, timeout_s, memory_bytes=2 << 30))


@pytest.fixture
def adapters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package of adapters, registered as a third party's would be."""
    (tmp_path / "timed_fakes.py").write_text(textwrap.dedent(ADAPTER))
    facts = tmp_path / "timed_fakes-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: timed-fakes\nVersion: 1.0\n")
    lines = [f"fake/{name} = timed_fakes:{attribute}" for name, attribute in NAMES.items()]
    (facts / "entry_points.txt").write_text("\n".join(["[vbench_lite.generators]", *lines]) + "\n")
    monkeypatch.syspath_prepend(tmp_path)
    registry._entries.cache_clear()
    yield
    registry._entries.cache_clear()


@pytest.mark.usefixtures("adapters")
def test_real_processes_measure_and_their_deaths_are_told(tmp_path: Path) -> None:
    entries = [
        GeneratorEntry(name, f"fake/{name}", {}, "cpu", 1, {"family": "hybrid"}, "0")
        for name in ("streamer", "dies", "raises", "greedy")
    ]
    records: list[Measurement] = []
    summary = measure(
        entries, suite(rounds=1, warm_calls=2), on_record=records.append, open_session=real(tmp_path)
    )
    assert [(r.generator, r.call) for r in records] == [("streamer", c) for c in ("first", "warm", "warm")]
    for record in records:
        assert (record.frames_generated, record.frames_returned) == (5, 4)
        assert [count for _, count in record.arrivals] == [2, 2]
        assert record.nfe == 3.0
        assert record.total_s > 0 and record.load_s is not None and record.load_s > 0
        assert record.peak_bytes is not None and record.baseline_bytes is not None
        # 30 MB of weights and 60 MB of scratch that is gone when the call ends
        assert 85e6 < record.peak_bytes - record.baseline_bytes < 110e6
    assert summary.failures[("dies", "base")] == (
        f"generate: the worker exited with code 3; its output is in {tmp_path}/timed-dies.log"
    )
    assert "MemoryError: Unable to allocate 3.00 GiB" in summary.failures[("greedy", "base")]
    assert summary.failures[("raises", "base")] == "generate: RuntimeError: boom and more"


@pytest.mark.usefixtures("adapters")
def test_a_generator_that_hangs_is_ended(tmp_path: Path) -> None:
    hangs = GeneratorEntry("hangs", "fake/hangs", {}, "cpu", 1, {"family": "hybrid"}, "0")
    records: list[Measurement] = []
    summary = measure(
        [hangs], suite(rounds=2), on_record=records.append, open_session=real(tmp_path, timeout_s=0.1)
    )
    assert records == []
    assert summary.failures == {("hangs", "base"): "load: no answer within 0.1 s"}
