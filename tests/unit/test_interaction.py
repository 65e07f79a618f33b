"""Metrics of steered sessions: control arms of known scores, and latencies in closed form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from fabricated import fabricate, world_of

from vbench_lite import registry
from vbench_lite.clip import ClipInfo, Frames
from vbench_lite.compare.comparison import RunArm, compare
from vbench_lite.control import parse_script
from vbench_lite.dataset import load_dataset, reference_to
from vbench_lite.datasets.shapes import judge
from vbench_lite.errors import NotApplicable
from vbench_lite.generator import GenerationRequest
from vbench_lite.measure.clock import Clock
from vbench_lite.measure.context import RecordingContext
from vbench_lite.measure.steering import timed
from vbench_lite.metric import Measurement, SampleInfo
from vbench_lite.results.arms import read_arms
from vbench_lite.stats.noninferiority import Verdict
from vbench_lite.suite import load_suite

FRAMES, FPS = 76, 8.0
PROMPTS = (
    "a green cross moves up slowly",
    "a red arrow moves right slowly",
    "a blue bar moves down-left slowly",
)
SCRIPTS = ("D*7 0*5 A*7 W*7 0*5 S*7", "D*7 0*5 S*7 A*7 0*5 W*7")


@dataclass(frozen=True)
class Made:
    """A session of an arm as the scorer sees it."""

    frames: Frames
    rows: np.ndarray
    sample: SampleInfo


@cache
def sessions(arm: str) -> tuple[Made, ...]:
    dataset = load_dataset("shapes")
    generator = registry.load("generators", f"control/{arm}")({})
    made = []
    for place, prompt in enumerate(PROMPTS):
        for number, text in enumerate(SCRIPTS):
            request = GenerationRequest(
                "s",
                prompt,
                FRAMES,
                32,
                32,
                FPS,
                place,
                dataset=reference_to(dataset),
                script=parse_script(text),
            )
            context = RecordingContext([request])
            generator.generate([request], context)
            call = context.result()
            frames = call.frames[0]
            assert frames is not None
            sampled = tuple((one.change, one.frame) for one in call.sampled[0])
            sample = SampleInfo(
                arm, f"{place}-{number}", f"p{place}", prompt, place, script=request.script, sampled=sampled
            )
            made.append(Made(frames, judge.per_frame(frames), sample))
    return tuple(made)


def of_clips(arm: str, metric: str) -> list[float]:
    """The values of an arm's sessions that have one."""
    values = []
    for made in sessions(arm):
        one = registry.load("metrics", f"interaction/{metric}")()
        one.start(ClipInfo("c", FRAMES, 32, 32, FPS), made.sample)
        one.push(made.frames, np.arange(FRAMES))
        try:
            values.append(float(one.finish({"shapes-judge": made.rows})))
        except NotApplicable:
            continue
    return values


def divergence(arm: str) -> float:
    one = registry.load("metrics", "interaction/divergence")()
    for made in sessions(arm):
        one.update({"shapes-judge": made.rows}, made.sample, "generated")
    return float(one.compute().value)


def test_the_oracle_follows_stops_and_comes_back_at_once() -> None:
    assert of_clips("oracle", "followed") == of_clips("oracle", "stopped") == [1.0] * 6
    assert of_clips("oracle", "idle_drift") == of_clips("oracle", "onset_s") == [0.0] * 6
    assert of_clips("oracle", "revisit") == of_clips("oracle", "frame_accuracy") == [1.0] * 6


def test_an_arm_that_is_late_follows_three_frames_later() -> None:
    assert of_clips("delayed-3", "followed") == [1.0] * 6
    assert of_clips("delayed-3", "onset_s") == pytest.approx([3 / FPS] * 6)
    # Three of the seven frames of each hold; of the first one, which a given frame begins, three of six.
    for share in of_clips("delayed-3", "frame_accuracy"):
        assert 3 / 6 <= share <= 4 / 7


def test_who_ignores_actions_diverges_by_exactly_nothing() -> None:
    assert divergence("action-blind") == divergence("copy-last") == 0.0
    assert divergence("oracle") > 2


def test_the_divergence_of_the_world_is_that_of_its_paths() -> None:
    held = {"D": (1, 0), "A": (-1, 0), "W": (0, -1), "S": (0, 1), "0": (0, 0)}
    tracks = []
    for text in SCRIPTS:
        script = parse_script(text)
        steps = np.array([held[script.at(frame).label] for frame in range(FRAMES)])
        steps[0] = 0
        tracks.append(steps.cumsum(axis=0))
    expected = np.linalg.norm(tracks[0] - tracks[1], axis=1)[12:].mean()
    assert divergence("oracle") == pytest.approx(expected, abs=1e-6)


def test_swapped_keys_are_worse_than_none_and_chance_is_between() -> None:
    swapped, blind = of_clips("swapped-keys", "followed"), of_clips("action-blind", "followed")
    assert swapped == of_clips("swapped-keys", "frame_accuracy") == [0.0] * 6 and 0 < np.mean(blind) < 0.7
    assert 0 < np.mean(of_clips("action-blind", "frame_accuracy")) < 0.7
    assert of_clips("swapped-keys", "onset_s") == []  # no response, no onset


def test_what_does_not_move_has_no_memory_to_judge() -> None:
    assert of_clips("copy-last", "revisit") == [] and of_clips("copy-last", "followed") == [0.0] * 6


def test_a_thing_that_is_another_when_it_comes_back_is_seen() -> None:
    made = sessions("oracle")[0]
    other = made.frames.copy()
    other[FRAMES // 2 :] = np.roll(other[FRAMES // 2 :], 1, axis=3)  # another colour
    one = registry.load("metrics", "interaction/revisit")()
    one.start(ClipInfo("c", FRAMES, 32, 32, FPS), made.sample)
    one.push(other, np.arange(FRAMES))
    assert float(one.finish({"shapes-judge": made.rows})) < 0.8


# --- latencies on the paced clock -----------------------------------------------------------------

RATE = 10.0


def call_of(pieces: Iterator[tuple[int, float]], frames: int = 80, script: str = "D*13 A*9") -> Measurement:
    """A timed session of a generator that makes pieces of so many frames in so many seconds each."""
    now = [0.0]

    def spend(seconds: float) -> None:
        now[0] += seconds

    asked = GenerationRequest("a", "a prompt", frames, 8, 8, RATE, 0, script=parse_script(script))
    context = RecordingContext([asked], clock=Clock(now=lambda: now[0], sleep=spend), paced=True)
    left = frames
    while left > 0:
        count, seconds = next(pieces)
        context.control(0)
        spend(seconds)
        context.emit(0, np.zeros((min(count, left), 8, 8, 3), np.uint8))
        left -= count
    call = context.result()
    return Measurement(
        "g", "base", 0, "warm", None, call.total_s, call.arrivals[0], frames, frames, 1, 8, 8, RATE,
        controls=timed(call.sampled[0]),
    )  # fmt: skip


def always(count: int, seconds: float) -> Iterator[tuple[int, float]]:
    while True:
        yield count, seconds


def value(metric: str, call: Measurement) -> float:
    found: Any = registry.load("metrics", f"interaction/{metric}")()
    return float(found.value(call))


@pytest.mark.parametrize("seconds", [0.004, 0.03, 0.08])
def test_frame_by_frame_a_control_is_answered_in_the_time_of_a_frame(seconds: float) -> None:
    call = call_of(always(1, seconds))
    assert value("response_s", call) == pytest.approx(seconds)
    # Pressed as a frame comes on show; the next but one is made from it, and shown a frame later.
    assert value("wait_s", call) == pytest.approx(1 / RATE - seconds)


@pytest.mark.parametrize(("count", "seconds"), [(4, 0.3), (8, 0.2)])
def test_in_chunks_a_control_waits_for_the_next_chunk(count: int, seconds: float) -> None:
    call = call_of(always(count, seconds))
    assert value("response_s", call) == pytest.approx(seconds)
    changes = [c for c in (13, 22, 35, 44, 57, 66) if -(-c // count) + 1 < 80 // count]
    waits = [(-c % count) / RATE + count / RATE - seconds for c in changes]
    assert value("wait_s", call) == pytest.approx(np.mean(waits))


def test_a_whole_clip_answers_with_its_end_and_no_control_reaches_it() -> None:
    call = call_of(always(80, 3.0))
    assert value("response_s", call) == pytest.approx(3.0)
    with pytest.raises(NotApplicable, match="no control reached it"):
        value("wait_s", call)


def test_a_generator_slower_than_the_show_answers_in_its_own_time() -> None:
    call = call_of(always(1, 0.25))
    assert value("response_s", call) == pytest.approx(0.25)
    assert 0 <= value("wait_s", call) <= 0.25  # until it looks again


def test_from_the_press_to_the_picture_is_the_sum_of_three() -> None:
    total = registry.load("metrics", "interaction/action_to_photon_s")()
    parts = {f"interaction/{part}_s": 0.1 * n for n, part in enumerate(("wait", "response", "onset"), 1)}
    assert total.summarise(parts) == pytest.approx(0.6)
    with pytest.raises(NotApplicable, match="interaction/onset_s has no value"):
        total.summarise({name: x for name, x in parts.items() if "onset" not in name})


def test_a_sum_of_metrics_is_compared_and_ranked_by_its_parts() -> None:
    """Its interval and its difference join those of the parts, as if they erred together."""
    suite = load_suite("interactive")
    runs = [
        fabricate(
            world_of(suite), suite=suite, prompts=8, seeds=2, run_id=f"r{n}", noise_seed=n, controls=False
        )
        for n in range(2)
    ]
    total, *parts = (f"interaction/{part}_s" for part in ("action_to_photon", "wait", "response", "onset"))
    arm = read_arms(runs[0], suite.name)[0]
    its = [arm.estimates[part] for part in parts]
    whole = arm.estimates[total]
    assert whole.low == pytest.approx(sum(part.low or 0.0 for part in its))
    assert whole.high == pytest.approx(sum(part.high or 0.0 for part in its))
    found = compare(*(RunArm(run, "reference/hybrid") for run in runs))
    results = {result.metric: result for result in found.metrics}
    told = results[total]
    assert told.verdict is not None and told.verdict is not Verdict.INCOMPARABLE
    assert found.verdict is not Verdict.INCOMPARABLE
    moved = [(results[part].baseline or 0.0) - (results[part].candidate or 0.0) for part in parts]
    assert told.delta == pytest.approx(sum(moved))  # + is sooner
    assert told.ci is not None and told.ci[0] < (told.delta or 0.0) < told.ci[1]
    lost = replace(runs[1], score_rows=[r for r in runs[1].score_rows if r.metric != parts[1]])
    without = compare(RunArm(runs[0], "reference/hybrid"), RunArm(lost, "reference/hybrid"))
    reasons = {result.metric: result.reason or "" for result in without.metrics}
    assert f"{parts[1]} has no value" in reasons[total]
