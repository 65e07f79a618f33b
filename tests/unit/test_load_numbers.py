"""The arithmetic of loads against closed forms: queues whose waiting times and capacities are known."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from vbench_lite.errors import NotApplicable, SpecError
from vbench_lite.measure.load import LoadRequest, LoadStep
from vbench_lite.results.load import Objective, StepSummary, on_time_share, seconds, step_summaries
from vbench_lite.results.saturation import levels_off, piles_up, saturation
from vbench_lite.run.load.driver import UNFINISHED, Load
from vbench_lite.run.load.schedule import due_times, steps
from vbench_lite.stats.rates import quantile, rate_estimate

WORK_S = 0.5


def served(
    due_s: Sequence[float], places: int = 1, step: int = 0, free: list[float] | None = None
) -> list[LoadRequest]:
    """Requests to a server that works on so many at a time, first come first served, each for WORK_S."""
    free = [0.0] * places if free is None else free
    made = []
    for at_s in due_s:
        begin_s = max(at_s, heapq.heappop(free))
        heapq.heappush(free, begin_s + WORK_S)
        took_s = begin_s + WORK_S - at_s
        made.append(LoadRequest(step, at_s, at_s, at_s + took_s, begin_s - at_s, [(took_s, 8)], 8.0))
    return made


def summed(
    loads: Sequence[LoadStep], requests: Sequence[LoadRequest], objective: Objective | None = None
) -> list[StepSummary]:
    """The steps of a load, one after another."""
    edges = np.cumsum([0.0, *(step.seconds for step in loads)]).tolist()
    cut = [r if r.ended_s <= edges[-1] else unfinished(r) for r in requests]
    load = Load(tuple(cut), tuple(edges[:-1]), tuple(edges[1:]), False, ())
    return step_summaries(loads, load, objective or Objective())


def unfinished(request: LoadRequest) -> LoadRequest:
    return LoadRequest(
        request.step, request.due_s, request.sent_s, request.ended_s, None, (), 0.0, UNFINISHED
    )


def md1_waits_at_most(rho: float, t: float) -> float:
    """P(wait <= t) in an M/D/1 queue with work 1 (Erlang 1909)."""
    parts = [
        (-rho * (t - k)) ** k / math.factorial(k) * math.exp(rho * (t - k)) for k in range(math.floor(t) + 1)
    ]
    return (1 - rho) * sum(parts)


def test_waiting_times_of_a_random_open_loop_are_those_of_an_m_d_1_queue() -> None:
    rho, length = 0.7, 40_000.0
    requests = served(list(due_times(rho / WORK_S, length, "poisson", seed=1)))
    (found,) = summed([LoadStep(length, rate=rho / WORK_S)], requests)
    assert found.queue is not None and found.work is not None
    for share, waited in ((0.5, found.queue.p50), (0.95, found.queue.p95), (0.99, found.queue.p99)):
        assert waited is not None
        assert md1_waits_at_most(rho, waited / WORK_S) == pytest.approx(share, abs=0.01)
    assert [found.work.p50, found.work.p99] == pytest.approx([WORK_S, WORK_S])
    assert found.queue.p95 is not None
    assert found.latency.p95 == pytest.approx(found.queue.p95 + WORK_S)
    assert found.finished is not None
    assert found.finished.value == pytest.approx(rho / WORK_S, rel=0.02)
    assert not piles_up(found)
    assert not saturation([found]).reached


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("places", [1, 4])
def test_a_rising_open_loop_finds_the_capacity(seed: int, places: int) -> None:
    capacity = places / WORK_S
    loads = steps(600.0, rate=(capacity / 8, capacity * 2), concurrency=None)
    free = [0.0] * places
    requests, begin_s = [], 0.0
    for place, step in enumerate(loads):
        assert step.rate is not None
        due = [begin_s + at_s for at_s in due_times(step.rate, step.seconds, "poisson", seed + place)]
        requests += served(due, places, place, free)
        begin_s += step.seconds
    found = saturation(summed(loads, requests))
    assert found.reached and found.rate is not None
    assert found.rate.value == pytest.approx(capacity, rel=0.1)
    assert found.rate.low is not None and found.rate.high is not None
    assert found.rate.low <= capacity * 1.02 and found.rate.high >= capacity * 0.98


def closed(loads: Sequence[LoadStep], places: int) -> list[LoadRequest]:
    """A closed loop against such a server: each request is followed by another, at once."""
    free, requests, begin_s = [0.0] * places, [], 0.0
    under_way: list[float] = []
    for place, step in enumerate(loads):
        assert step.concurrency is not None
        for _ in range(step.concurrency - len(under_way)):
            heapq.heappush(under_way, begin_s)
        begin_s += step.seconds
        while under_way[0] < begin_s:
            (made,) = served([heapq.heappop(under_way)], step=place, free=free)
            requests.append(made)
            heapq.heappush(under_way, made.ended_s)
    return requests


@pytest.mark.parametrize("places", [1, 3])
def test_a_rising_closed_loop_finds_the_capacity(places: int) -> None:
    loads = steps(200.0, rate=None, concurrency=(1, 16))
    found = summed(loads, closed(loads, places))
    assert [step.concurrency for step in found] == [1, 2, 4, 8, 16]
    point = saturation(found)
    assert point.reached and point.rate is not None
    assert point.rate.value == pytest.approx(places / WORK_S, rel=0.03)
    assert levels_off(found)
    assert not levels_off(found[:2])
    for step in found:  # all of what was done was good, and no more
        assert step.finished is not None and 0.9 < step.goodput / (step.finished.value or 0) <= 1
    lone = saturation(found[:1])
    assert lone.rate is None and "give a range" in lone.words
    if places == 3:
        assert "not reached: 2 under way" in saturation(found[:2]).words


def test_the_last_step_of_a_range_may_be_small() -> None:
    """Nine under way are an eighth more than eight, and bring no more than that."""
    loads = steps(200.0, rate=None, concurrency=(1, 9))
    assert [step.concurrency for step in loads] == [1, 2, 4, 8, 9]
    point = saturation(summed(loads, closed(loads, places=100)))
    assert not point.reached and point.words == "not reached: 9 under way still brought more than fewer did"
    assert saturation(summed(loads, closed(loads, places=6))).reached


def test_a_server_of_many_places_is_not_taken_for_saturated() -> None:
    """In the first half requests pile up until the first have ended; that says nothing."""
    loads = [LoadStep(20 * WORK_S, rate=40.0)]
    found = summed(loads, served(list(due_times(40.0, 20 * WORK_S, "fixed", 0)), places=1000))
    assert found[0].backlog[1] == pytest.approx(40 * WORK_S, abs=1)
    assert not piles_up(found[0])


def test_latency_counts_from_when_a_request_was_due() -> None:
    """It waited two seconds here, one in the server's queue, and was worked on for half of one."""
    request = LoadRequest(0, 1.0, 3.0, 4.5, 1.0, [(1.2, 2), (1.5, 2)], 2.0)
    assert [request.latency_s, request.first_frame_s] == pytest.approx([3.5, 3.2])
    assert (request.wait_s, request.work_s) == (2.0, 0.5)
    # Its frames came at 3.2 and 3.5 s; from 3 s on, they were due at 3, 3.5, 4 and 4.5 s.
    assert on_time_share(request, 3.0) == 0.75


def test_goodput_counts_what_met_every_objective() -> None:
    loads = [LoadStep(8.0, rate=1.0)]
    requests = served([0, 0, 0, 1, 2, 3, 4, 7.9])  # latencies .5 1 1.5 1 .5 .5 .5, and one not finished
    (found,) = summed(loads, requests, Objective(latency_s=0.5))
    assert (found.sent, found.failed, found.unfinished) == (8, 0, 1)
    assert found.goodput == pytest.approx(4 / 8)
    assert summed(loads, requests, Objective(latency_s=1.0, first_frame_s=0.5))[0].goodput == 4 / 8
    assert summed(loads, requests, Objective(on_time=1.0))[0].goodput == 6 / 8
    assert summed(loads, requests)[0].goodput == 7 / 8


def test_what_did_not_end_is_slower_than_all_that_did() -> None:
    (found,) = summed([LoadStep(8.0, rate=1.0)], served([0, 2, 4, 7.9]))
    assert found.latency.p50 == 0.5
    assert (found.latency.p95, found.latency.p99) == (None, None)
    assert quantile([], 0.5) is None
    assert quantile([3.0, 1.0, 2.0, 4.0], 0.5) == 2.0
    assert quantile([3.0, 1.0], 0.5, unfinished=2) == 3.0


def test_failures_are_counted_and_are_no_latency() -> None:
    bad = LoadRequest(0, 1.0, 1.0, 1.1, None, (), 0.0, "GeneratorError: no GPU")
    (found,) = summed([LoadStep(8.0, rate=1.0)], [*served([0.0]), bad, bad])
    assert (found.sent, found.failed, dict(found.reasons)) == (3, 2, {"GeneratorError: no GPU": 2})
    assert found.latency.p99 == 0.5
    (none,) = summed([LoadStep(8.0, rate=1.0)], [bad])
    assert (none.finished, none.latency.p50, none.on_time, none.goodput) == (None, None, None, 0.0)
    assert "no request ended well" in saturation([none]).words


def test_a_server_that_refuses_half_did_not_keep_up() -> None:
    """What is refused at once piles up nowhere."""
    kept = served(list(due_times(2.0, 60.0, "fixed", 0)), places=2)
    assert saturation(summed([LoadStep(60.0, rate=2.0)], kept)).words.endswith("kept up with 2 a second")
    refused = [
        replace(one, ended_s=one.due_s, arrivals=(), reason="503") if place % 2 else one
        for place, one in enumerate(kept)
    ]
    found = saturation(summed([LoadStep(60.0, rate=2.0)], refused))
    assert found.words == "not known: nothing piled up at 2 a second, but 60 of 120 requests failed"
    assert not found.reached and found.rate is None


def test_a_rate_has_the_interval_of_its_blocks() -> None:
    even = rate_estimate([0.5 * k for k in range(1, 41)], 0.0)
    assert [even.value, even.low, even.high] == pytest.approx([2.0, 2.0, 2.0])
    few = rate_estimate([1.0, 2.0], 0.0)
    assert (few.value, few.low, few.note) == (1.0, None, "no interval: only 2 were finished")
    with pytest.raises(NotApplicable):
        rate_estimate([], 0.0)


def test_the_interval_of_a_rate_covers() -> None:
    """95% intervals of a Poisson stream's rate hold the true one in about 95 of 100 draws."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(400):
        found = rate_estimate(np.cumsum(rng.exponential(0.5, 60)).tolist(), 0.0)
        assert found.low is not None and found.high is not None
        held += found.low <= 2.0 <= found.high
    assert 0.91 <= held / 400 <= 0.98


def test_arrivals_are_random_or_even_and_fixed_by_their_seed() -> None:
    fixed = list(due_times(4.0, 2.0, "fixed", 0))
    assert fixed == [0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75]
    drawn = list(due_times(4.0, 5000.0, "poisson", 3))
    gaps = np.array([after - before for before, after in pairwise(drawn)])
    assert gaps.mean() == pytest.approx(0.25, rel=0.03)
    assert gaps.std() == pytest.approx(0.25, rel=0.03)
    assert drawn == list(due_times(4.0, 5000.0, "poisson", 3)) != list(due_times(4.0, 5000.0, "poisson", 4))


def test_steps_double_up_to_the_last_and_share_the_time() -> None:
    assert [step.rate for step in steps(9.0, rate=(1.0, 6.0), concurrency=None)] == [1, 2, 4, 6]
    assert {step.seconds for step in steps(9.0, rate=(1.0, 6.0), concurrency=None)} == {2.25}
    assert [step.concurrency for step in steps(9.0, rate=None, concurrency=(3, 3))] == [3]
    with pytest.raises(SpecError, match="at most 16"):
        steps(9.0, rate=(0.001, 1000.0), concurrency=None)


@pytest.mark.parametrize(
    ("text", "value"), [("2", 2), ("2s", 2), ("500ms", 0.5), ("1.5min", 90), ("1h", 3600)]
)
def test_times_are_read_as_people_write_them(text: str, value: float) -> None:
    assert seconds(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "s", "-1s", "0", "3d", "nan", "inf"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        seconds(text)


@pytest.mark.parametrize("text", ["latency", "latency=", "speed=2s", "on_time=95", "on_time=0"])
def test_what_is_no_objective_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match=f"objective '{text}' is none: give latency=2s"):
        Objective.of([text])
