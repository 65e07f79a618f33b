"""The driver of loads keeps its bounds, whatever the server does; the clients do what a test tells them."""

from __future__ import annotations

import _thread
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from vbench_lite.errors import Cancelled, GeneratorError
from vbench_lite.measure.load import LoadStep
from vbench_lite.run.load.driver import UNFINISHED, Driver, Load, Served

DONE = Served([(0.1, 8)], 8.0, 0.0)


class Server:
    """Clients that answer as they are told.

    Attributes:
        most: that were at work at a time. numbers: of the requests, in the order in which they came.
    """

    def __init__(self, answer: Callable[[int, Callable[[], bool]], Served] = lambda number, cancelled: DONE):
        self._answer, self._lock = answer, threading.Lock()
        self.now = self.most = self.opened = self.closed = 0
        self.numbers: list[int] = []

    def connect(self) -> Server:
        with self._lock:
            self.opened += 1
        return self

    def ask(self, number: int, cancelled: Callable[[], bool]) -> Served:
        with self._lock:
            self.numbers.append(number)
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            return self._answer(number, cancelled)
        finally:
            with self._lock:
                self.now -= 1

    def close(self) -> None:
        with self._lock:
            self.closed += 1


def at(*times: float) -> Callable[[int, LoadStep], Iterator[float]]:
    return lambda place, step: iter(times)


def load(
    server: Server,
    steps: Sequence[LoadStep],
    due: Callable[[int, LoadStep], Iterator[float]] = lambda place, step: iter(()),
    goes_on: Callable[[Load], bool] = lambda so_far: True,
    under_way: int = 8,
    requests: int = 100,
    drain_s: float = 60.0,
) -> Load:
    driver = Driver(server.connect, most_under_way=under_way, most_requests=requests, drain_s=drain_s)
    return driver.run(steps, due, goes_on)


def until_stopped(number: int, cancelled: Callable[[], bool]) -> Served:
    """A request that never ends by itself."""
    while not cancelled():
        threading.Event().wait(0.001)
    raise Cancelled("asked to stop")


def test_an_open_loop_sends_what_is_due_whatever_the_server_does() -> None:
    everyone = threading.Barrier(5)  # nobody is answered before all five have asked

    def answer(number: int, cancelled: Callable[[], bool]) -> Served:
        everyone.wait(30)
        return DONE

    server = Server(answer)
    found = load(server, [LoadStep(0.01, rate=5)], at(0.0, 0.001, 0.002, 0.003, 0.004))
    due = sorted(request.due_s - found.begins_s[0] for request in found.requests)
    assert due == pytest.approx([0, 0.001, 0.002, 0.003, 0.004])
    assert {request.reason for request in found.requests} == {None}
    assert all(request.sent_s >= request.due_s for request in found.requests)
    assert (server.most, server.opened, server.closed) == (5, 5, 5)


def test_more_than_may_be_under_way_wait_here() -> None:
    server = Server()
    found = load(server, [LoadStep(0.01, rate=5)], at(*[0.0] * 20), under_way=2)
    assert len(found.requests) == 20
    assert server.most <= 2
    assert server.opened <= 2


def test_a_closed_loop_keeps_so_many_under_way_and_ends_with_its_requests() -> None:
    pair = threading.Barrier(2)  # two at a time, always: the third would have nobody to go with

    def answer(number: int, cancelled: Callable[[], bool]) -> Served:
        pair.wait(30)
        return DONE

    server = Server(answer)
    found = load(server, [LoadStep(3600.0, concurrency=2)], requests=10, under_way=2)
    assert len(found.requests) == 10
    assert server.most == 2
    assert sorted(server.numbers) == list(range(10))
    assert found.notes == ("stopped after 10 requests; --requests allows more",)


def test_steps_follow_each_other_and_end_when_enough_is_known() -> None:
    seen: list[int] = []

    def goes_on(so_far: Load) -> bool:
        seen.append(len(so_far.begins_s))
        assert so_far.ends_s[:-1] == so_far.begins_s[1:]
        return len(so_far.begins_s) < 2

    steps = [LoadStep(0.01, rate=1), LoadStep(0.01, rate=2), LoadStep(3600.0, rate=4)]
    found = load(Server(), steps, at(0.0), goes_on)
    assert seen == [1, 2]
    assert [request.step for request in found.requests] == [0, 1]


def test_what_has_not_ended_is_seen_while_the_load_goes_on_and_at_its_end() -> None:
    """Or a server that answers nobody would look as if nobody had asked it."""
    open_ones: list[int] = []

    def goes_on(so_far: Load) -> bool:
        open_ones.append(sum(request.reason == UNFINISHED for request in so_far.requests))
        return False

    steps = [LoadStep(0.01, rate=1)] * 2
    found = load(Server(until_stopped), steps, at(0.0, 0.0, 0.0), goes_on, under_way=2, drain_s=0.001)
    assert open_ones == [3]
    assert [request.reason for request in found.requests] == [UNFINISHED] * 3


def test_ctrl_c_ends_it_with_what_there_is() -> None:
    def answer(number: int, cancelled: Callable[[], bool]) -> Served:
        if number < 3:
            return DONE
        if number == 3:
            _thread.interrupt_main()
        return until_stopped(number, cancelled)

    server = Server(answer)
    found = load(server, [LoadStep(3600.0, concurrency=1)], under_way=1)
    assert found.interrupted
    assert [request.reason for request in found.requests] == [None, None, None, UNFINISHED]
    assert (server.opened, server.closed) == (1, 1)


def test_a_server_that_only_fails_is_soon_left_alone() -> None:
    def answer(number: int, cancelled: Callable[[], bool]) -> Served:
        raise GeneratorError("no GPU")

    found = load(Server(answer), [LoadStep(3600.0, concurrency=1)], under_way=1)
    assert len(found.requests) == 10
    assert found.notes == ("stopped: the first 10 requests failed, the last by: GeneratorError: no GPU",)


def test_one_failure_is_a_record_and_the_rest_goes_on() -> None:
    def answer(number: int, cancelled: Callable[[], bool]) -> Served:
        if number == 1:
            raise GeneratorError("broken")
        return DONE

    found = load(Server(answer), [LoadStep(3600.0, concurrency=1)], requests=4, under_way=1)
    assert [request.reason for request in found.requests] == [None, "GeneratorError: broken", None, None]


def test_a_client_that_cannot_be_made_is_a_failure_of_its_request() -> None:
    class Closed(Server):
        def connect(self) -> Server:
            raise GeneratorError("no key")

    found = load(Closed(), [LoadStep(3600.0, concurrency=1)], under_way=1)
    assert {request.reason for request in found.requests} == {"GeneratorError: no key"}
