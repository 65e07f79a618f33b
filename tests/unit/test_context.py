"""The recording context: what is timed, what is off the clock, what is refused."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from vbench_lite import registry
from vbench_lite.errors import Cancelled, ClipError
from vbench_lite.generator import GenerationRequest
from vbench_lite.measure.clock import Clock
from vbench_lite.measure.context import RecordingContext
from vbench_lite.measure.playback import playback
from vbench_lite.metric import Measurement


@dataclass
class ScriptedDevice:
    """A device whose work takes scripted time; asynchronous work only shows after a wait."""

    time_s: float = 0.0
    queued_s: float = 0.0
    waits: list[float] = field(default_factory=list)

    def work(self, seconds: float) -> None:
        self.time_s += seconds

    def queue(self, seconds: float) -> None:
        self.queued_s += seconds

    def synchronise(self) -> None:
        self.time_s, self.queued_s = self.time_s + self.queued_s, 0.0
        self.waits.append(self.time_s)

    def clock(self) -> Clock:
        return Clock(now=lambda: self.time_s, synchronise=self.synchronise)


def request(name: str = "a", frames: int = 16) -> GenerationRequest:
    return GenerationRequest(name, "a prompt", frames, 8, 8, 8.0, 0)


def frames(count: int, value: int = 0) -> np.ndarray:
    return np.full((count, 8, 8, 3), value, np.uint8)


def test_a_stream_and_a_whole_clip_have_equal_totals_and_their_own_first_frames() -> None:
    device = ScriptedDevice()
    stream = RecordingContext([request()], clock=device.clock())
    for _ in range(4):
        device.work(0.5)
        stream.emit(0, frames(4))
    whole_device = ScriptedDevice()
    whole = RecordingContext([request()], clock=whole_device.clock())
    whole_device.work(2.0)
    whole.emit(0, frames(16))

    streamed, at_once = stream.result(), whole.result()
    assert streamed.total_s == at_once.total_s == 2.0
    assert streamed.arrivals == (((0.5, 4), (1.0, 4), (1.5, 4), (2.0, 4)),)
    assert streamed.num_frames == at_once.num_frames == (16,)
    # At 8 frames a second each piece plays for as long as the next takes: no stall, start at once.
    assert playback(streamed.arrivals[0], 8.0).startup_delay_s == 0.5
    assert playback(streamed.arrivals[0], 8.0).stalls == 0
    # At 16 frames a second piece k is wanted at D + k/4 and comes at (k+1)/2: D = 1.25.
    fast = playback(streamed.arrivals[0], 16.0)
    assert (fast.startup_delay_s, fast.stalls, fast.stalled_s) == (1.25, 3, 0.75)
    assert playback(at_once.arrivals[0], 16.0).startup_delay_s == 2.0


def test_queued_work_is_waited_for_before_a_time_is_read() -> None:
    device = ScriptedDevice()
    context = RecordingContext([request()], clock=device.clock())
    context.phase("denoise")
    device.queue(3.0)
    context.phase("decode")
    device.queue(1.0)
    context.emit(0, frames(16))
    record = context.result()
    assert record.total_s == 4.0
    assert record.phases == {"denoise": 3.0, "decode": 1.0}


def test_stages_and_the_rest_add_up_to_the_latency() -> None:
    """What a generator does behind its last frame is in neither; what no phase names is the rest."""
    device = ScriptedDevice()
    context = RecordingContext([request()], clock=device.clock())
    device.work(0.25)  # before any phase
    for _ in range(2):
        context.phase("encode")
        device.work(0.5)
        context.phase("denoise")
        device.queue(4.0)
        context.phase("tidy up")
        device.work(0.5)
        context.phase("decode")
        device.work(1.0)
        context.emit(0, frames(8))
        device.work(2.0)
    record = context.result()
    call = Measurement(
        generator="g", case="base", round=0, call="warm", load_s=1.0, total_s=record.total_s,
        arrivals=record.arrivals[0], frames_generated=16, frames_returned=16, batch=1, height=32, width=32,
        fps=8.0, phases=record.phases,
    )  # fmt: skip
    assert record.total_s == 14.25
    stages = ("encode", "denoise", "decode", "other")
    found = {stage: registry.load("metrics", f"speed/stage_{stage}_s")().value(call) for stage in stages}
    assert found == {"encode": 1.0, "denoise": 8.0, "decode": 4.0, "other": 1.25}
    assert sum(found.values()) == record.total_s


def test_a_clock_that_does_not_wait_reads_too_early() -> None:
    """The fault that the waiting clock prevents; it shows that the test above can fail."""
    device = ScriptedDevice()
    context = RecordingContext([request()], clock=Clock(now=lambda: device.time_s))
    device.queue(3.0)
    context.emit(0, frames(16))
    assert context.result().total_s == 0.0


def test_work_queued_before_the_call_is_not_charged_to_it() -> None:
    device = ScriptedDevice()
    device.queue(7.0)
    context = RecordingContext([request()], clock=device.clock())
    device.work(1.0)
    context.emit(0, frames(16))
    assert context.result().total_s == 1.0


def test_the_device_is_waited_for_at_reported_borders_only() -> None:
    device = ScriptedDevice()
    context = RecordingContext([request()], clock=device.clock())
    for step in range(50):
        context.step(step, 50)
    assert len(device.waits) == 1
    context.emit(0, frames(16))
    assert len(device.waits) == 2


def test_what_the_harness_does_is_off_the_clock() -> None:
    device = ScriptedDevice()
    got: list[int] = []

    def slow_writer(index: int, piece: np.ndarray) -> None:
        device.work(10.0)
        got.append(len(piece))

    context = RecordingContext(
        [request()],
        clock=device.clock(),
        on_frames=slow_writer,
        on_progress=lambda phase, done, total: device.work(5.0),
    )
    context.phase("denoise")
    for _ in range(2):
        device.work(1.0)
        context.step(1, 2)
        context.emit(0, frames(8))
    record = context.result()
    assert record.arrivals == (((1.0, 8), (2.0, 8)),)
    assert record.phases == {"denoise": 2.0}
    assert got == [8, 8]
    assert record.frames == (None,)


def test_frames_are_kept_for_each_request_even_if_the_generator_reuses_its_buffer() -> None:
    context = RecordingContext([request("a"), request("b")])
    buffer = frames(2, 1)
    context.emit(0, buffer)
    buffer[:] = 9
    context.emit(0, buffer)
    context.emit(1, frames(3, 5))
    first, second = context.result().frames
    assert first is not None and second is not None
    assert first[:, 0, 0, 0].tolist() == [1, 1, 9, 9]
    assert second.shape == (3, 8, 8, 3)


def test_total_is_the_last_frame_of_the_slowest_clip() -> None:
    device = ScriptedDevice()
    context = RecordingContext([request("a"), request("b")], clock=device.clock())
    device.work(1.0)
    context.emit(0, frames(4))
    device.work(2.0)
    context.emit(1, frames(4))
    device.work(4.0)
    record = context.result()
    assert (record.arrivals, record.total_s) == ((((1.0, 4),), ((3.0, 4),)), 3.0)


def test_a_phase_entered_again_adds_up() -> None:
    device = ScriptedDevice()
    context = RecordingContext([request()], clock=device.clock())
    for seconds in (1.0, 2.0):
        context.phase("denoise")
        device.work(seconds)
        context.phase("decode")
        device.work(0.5)
        context.emit(0, frames(8))
    assert context.result().phases == {"denoise": 3.0, "decode": 1.0}


def test_counters_add_up_sizes_keep_the_largest_and_other_facts_the_last() -> None:
    context = RecordingContext([request()])
    context.note(nfe=10, tokens=64, kv_cache_bytes=200, effective_prompt="x", guided=True)
    context.note(nfe=10, tokens=64, kv_cache_bytes=100, effective_prompt="y", guided=False)
    context.emit(0, frames(1))
    assert context.result().facts == {
        "nfe": 20,
        "tokens": 128,
        "kv_cache_bytes": 200,
        "effective_prompt": "y",
        "guided": False,
    }


def test_a_call_that_is_asked_to_stop_stops_at_the_next_report() -> None:
    stop = False
    context = RecordingContext([request()], cancelled=lambda: stop)
    context.step(0, 2)
    context.emit(0, frames(1))
    stop = True
    assert context.cancelled
    with pytest.raises(Cancelled):
        context.step(1, 2)
    with pytest.raises(Cancelled):
        context.emit(0, frames(1))


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.zeros((2, 8, 8, 3), np.float32), "float32 with 0 non-finite"),
        (np.full((2, 8, 8, 3), np.nan, np.float32), "384 non-finite"),
        (np.zeros((8, 8, 3), np.uint8), r"uint8 \(8, 8, 3\)"),
        (np.zeros((0, 8, 8, 3), np.uint8), "at least one frame"),
        (np.zeros((2, 8, 8, 4), np.uint8), r"\(2, 8, 8, 4\)"),
        ([[1, 2]], "got list"),
    ],
)
def test_what_is_no_clip_is_refused_by_name(bad: object, message: str) -> None:
    context = RecordingContext([request("sample-7")])
    with pytest.raises(ClipError, match=f"sample-7.*{message}"):
        context.emit(0, bad)  # type: ignore[arg-type]


def test_a_clip_whose_size_changes_is_refused() -> None:
    context = RecordingContext([request()])
    context.emit(0, frames(1))
    with pytest.raises(ClipError, match="from 8x8 to 16x8"):
        context.emit(0, np.zeros((1, 8, 16, 3), np.uint8))


def test_an_unknown_request_and_a_missing_clip_are_errors() -> None:
    context = RecordingContext([request("a"), request("b")])
    with pytest.raises(ClipError, match="request 2"):
        context.emit(2, frames(1))
    context.emit(0, frames(1))
    with pytest.raises(ClipError, match="sample b"):
        context.result()


def test_the_peak_is_reset_when_the_call_starts_and_read_when_it_ends() -> None:
    class ScriptedMeter:
        def __init__(self) -> None:
            self.now = self.peak = 900

        def use(self, bytes_: int) -> None:
            self.now, self.peak = bytes_, max(self.peak, bytes_)

        def reset(self) -> None:
            self.peak = self.now

        def peak_bytes(self) -> int:
            return self.peak

        def facts(self) -> dict[str, int]:
            return {"peak_reserved_bytes": 1000}

        def close(self) -> None:
            return

    meter = ScriptedMeter()
    meter.use(5000)  # a warm-up's peak, before the call
    meter.use(100)
    context = RecordingContext([request()], memory=meter)  # type: ignore[arg-type]
    meter.use(700)
    meter.use(100)
    context.emit(0, frames(1))
    record = context.result()
    meter.use(9000)  # after the call
    assert record.peak_bytes == 700
    assert record.facts == {"peak_reserved_bytes": 1000}
