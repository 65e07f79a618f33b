"""The scaling report on made-up timed calls whose growth is known."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from vbench_lite.metric import Measurement
from vbench_lite.report.terminal.scaling import scaling_text, sparkline
from vbench_lite.results.scaling import scaling_report
from vbench_lite.suite import Suite, parse_suite

SIZES = (8, 16, 32, 48)
CHECK = 64


def suite() -> Suite:
    return parse_suite(
        {
            "name": "scaling",
            "version": 1,
            "description": "for tests",
            "prompts": {"texts": ["one"]},
            "metrics": ["speed/latency_s"],
            "axes": {},
            "performance": {"sweep": {"frames": list(SIZES), "check_frames": CHECK}},
        },
        "test",
    )


def call(generator: str, frames: int, round_: int, seconds: float, peak: float | None) -> Measurement:
    return Measurement(
        generator=generator,
        case=f"frames={frames}",
        round=round_,
        call="warm",
        load_s=1.0,
        total_s=seconds,
        arrivals=((seconds, frames),),
        frames_generated=frames,
        frames_returned=frames,
        batch=1,
        height=32,
        width=32,
        fps=8.0,
        peak_bytes=None if peak is None else int(peak),
        baseline_bytes=100,
    )


def calls(*, peaks: bool = True) -> list[Measurement]:
    """A linear stream of flat memory against a quadratic model of growing memory; equal at 24 frames."""
    rng = np.random.default_rng(0)
    made = []
    for round_ in range(3):
        for frames in (*SIZES, CHECK):
            for _ in range(2):
                noise = rng.lognormal(0, 0.02, 2)
                flat, grows = 3e8 + rng.normal(0, 1e5), 3e8 + 2e6 * frames + rng.normal(0, 1e5)
                made.append(call("stream", frames, round_, 0.1 * frames * noise[0], flat if peaks else None))
                made.append(
                    call("whole", frames, round_, frames**2 / 240 * noise[1], grows if peaks else None)
                )
    made.append(replace(made[0], case="base", total_s=999.0))
    return made


def test_growth_limits_checks_and_crossings_are_those_that_were_put_in() -> None:
    report = scaling_report(calls(), suite(), memory_limit_bytes=1e9)
    stream, whole = report.curves
    assert [point.size for point in stream.points] == list(SIZES)
    assert [len(point.seconds) for point in stream.points] == [3, 3, 3, 3]
    for curve, exponent in ((stream, 1.0), (whole, 2.0)):
        assert curve.exponent is not None and curve.check is not None
        assert curve.exponent.low is not None and curve.exponent.high is not None
        assert curve.exponent.low < exponent < curve.exponent.high
        assert curve.exponent.high - curve.exponent.low < 0.1
        assert curve.check.size == CHECK
        assert curve.check.seconds_within and curve.check.peak_within
    assert stream.largest is None
    assert stream.reasons["largest"] == "memory does not grow measurably over the sweep"
    assert whole.bytes_per_unit is not None and whole.bytes_per_unit.value == pytest.approx(2e6, rel=0.02)
    assert whole.largest is not None and whole.largest.value == pytest.approx(350, rel=0.02)
    (pair,) = report.overtakings
    assert pair.crossing.at is not None and pair.crossing.at.value == pytest.approx(24, rel=0.05)
    assert "whole is faster below, stream above" in pair.sentence()


def test_unknown_memory_is_said_and_not_fitted() -> None:
    report = scaling_report(calls(peaks=False), suite(), memory_limit_bytes=1e9)
    for curve in report.curves:
        assert curve.exponent is not None
        assert curve.bytes_per_unit is None
        assert curve.largest is None
        assert "0 at 0" in curve.reasons["bytes_per_unit"]


def test_the_report_is_plain_json() -> None:
    report = scaling_report(calls(), suite(), memory_limit_bytes=1e9).as_dict()
    assert json.loads(json.dumps(report, allow_nan=False)) == json.loads(json.dumps(report))
    assert report["crossings"][0]["state"] == "found"


def test_the_table_reads_at_eighty_columns_without_colour() -> None:
    console = Console(width=80, no_color=True, force_terminal=False)
    with console.capture() as captured:
        console.print(scaling_text(scaling_report(calls(), suite(), memory_limit_bytes=1e9)))
    text = captured.get()
    assert "frames 8 to 48" in text
    assert "no growth" in text
    assert "predicted" in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_run_without_a_sweep_says_so() -> None:
    report = scaling_report([], suite(), memory_limit_bytes=1e9)
    assert report.curves == ()
    console = Console(width=80)
    with console.capture() as captured:
        console.print(scaling_text(report))
    assert "no timed calls of a sweep" in captured.get()


def test_a_sparkline_is_logarithmic() -> None:
    assert sparkline([1, 10, 100], 1, 100) == "▁▅█"
    assert sparkline([3, 3], 3, 3) == "▁▁"
