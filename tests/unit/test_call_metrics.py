"""Speed and memory metrics in closed form."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vbench_lite import registry
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import CallMetric, Measurement

STREAM = Measurement(
    generator="stream",
    case="base",
    round=0,
    call="warm",
    load_s=3.0,
    total_s=2.0,
    arrivals=((0.5, 4), (1.0, 4), (1.5, 4), (2.0, 4)),
    frames_generated=16,
    frames_returned=16,
    batch=1,
    height=32,
    width=32,
    fps=16.0,
    peak_bytes=700,
    baseline_bytes=300,
    nfe=24.0,
    tokens=1024.0,
    kv_cache_bytes=4096.0,
    flops=2e9,
    energy_j=6.0,
    phases={"encode": 0.25, "denoise": 1.0, "decode": 0.25, "queue": 0.125, "download": 0.125},
)
WHOLE = replace(STREAM, arrivals=((2.0, 16),), nfe=None, tokens=None, kv_cache_bytes=None, flops=None)


def value(name: str, call: Measurement) -> float:
    metric: CallMetric = registry.load("metrics", name)()
    assert metric.info.id == name
    return metric.value(call)


@pytest.mark.parametrize(
    ("name", "stream", "whole"),
    [
        ("speed/latency_s", 2.0, 2.0),
        ("speed/time_to_first_frame_s", 0.5, 2.0),
        ("speed/frames_per_s", 8.0, 8.0),
        ("speed/real_time_factor", 0.5, 0.5),
        ("speed/startup_delay_s", 1.25, 2.0),  # the last piece is wanted at D + 12/16
        ("speed/stalls", 3.0, 0.0),
        ("speed/stalled_s", 0.75, 0.0),
        ("speed/load_s", 3.0, 3.0),
        ("speed/stage_queue_s", 0.125, 0.125),
        ("speed/stage_download_s", 0.125, 0.125),
        ("speed/stage_other_s", 0.25, 0.25),
        ("speed/energy_j", 6.0, 6.0),
        ("memory/peak_bytes", 400.0, 400.0),
        ("memory/peak_with_imports_bytes", 700.0, 700.0),
    ],
)
def test_a_stream_and_a_whole_clip_are_on_one_axis(name: str, stream: float, whole: float) -> None:
    assert value(name, STREAM) == pytest.approx(stream)
    assert value(name, WHOLE) == pytest.approx(whole)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("speed/chunk_p50_s", 0.5),
        ("speed/chunk_p95_s", 0.5),
        ("speed/nfe", 24.0),
        ("speed/tokens_per_s", 512.0),
        ("speed/flops", 2e9),
        ("memory/kv_cache_bytes", 4096.0),
    ],
)
def test_what_only_some_generators_have_is_not_applicable_to_others(name: str, expected: float) -> None:
    assert value(name, STREAM) == pytest.approx(expected)
    with pytest.raises(NotApplicable):
        value(name, WHOLE)


def test_the_tail_of_chunks_interpolates() -> None:
    call = replace(STREAM, arrivals=((0.1, 4), (0.2, 4), (0.4, 4), (1.4, 4)))
    assert value("speed/chunk_p50_s", call) == pytest.approx(0.2)
    assert value("speed/chunk_p95_s", call) == pytest.approx(0.2 + 0.9 * 0.8)


def test_throughput_counts_returned_frames_of_the_whole_batch() -> None:
    call = replace(STREAM, frames_generated=34, frames_returned=32, batch=2)
    assert value("speed/frames_per_s", call) == 16.0
    assert value("speed/real_time_factor", call) == 1.0
    assert value("speed/flops", call) == 1e9


def test_an_unknown_peak_is_not_applicable_and_never_zero() -> None:
    for call in (replace(STREAM, peak_bytes=None), replace(STREAM, baseline_bytes=None)):
        with pytest.raises(NotApplicable):
            value("memory/peak_bytes", call)
    assert value("memory/peak_bytes", replace(STREAM, peak_bytes=250)) == 0.0


def test_values_lie_in_the_declared_bounds() -> None:
    for name in registry.names("metrics"):
        if name.startswith(("speed/", "memory/")):
            metric = registry.load("metrics", name)()
            low, high = metric.info.bounds
            assert low == 0.0
            if name == "speed/worst_window_frames_per_s":
                continue  # the stream is over in less than its ten seconds
            assert 0.0 <= metric.value(STREAM) <= (float("inf") if high is None else high)
