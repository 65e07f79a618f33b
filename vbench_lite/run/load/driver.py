"""Many clients at work on one server: sends what is due, and records how each request ended.

Every client is a thread with a connection of its own. Requests that are due while all are busy wait here, and
that is recorded. Everything is bounded: the time of each step, the requests in all, those under way, and the
time that the last ones have to end.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from vbench_lite.errors import Cancelled, one_line
from vbench_lite.measure.load import LoadRequest, LoadStep
from vbench_lite.measure.playback import Arrivals

UNFINISHED = "not finished when the load ended"
_LOOK_S = 0.1  # between two looks at what else has happened, while something is waited for
_TELL_S = 0.5
_JOIN_S = 5.0  # for clients to leave when they were asked to stop
_HOPELESS = 10  # failures at the start, without one success, after which nobody is asked any more


@dataclass(frozen=True)
class Served:
    """What a request brought; see `LoadRequest`."""

    arrivals: Arrivals
    fps: float
    queue_s: float | None = None


class Client(Protocol):
    """One connection to a server, used by one thread."""

    def ask(self, number: int, cancelled: Callable[[], bool]) -> Served:
        """Have one clip made; raises whatever went wrong, and Cancelled soon after `cancelled` turns true."""

    def close(self) -> None:
        """Let the connection go."""


@dataclass(frozen=True)
class Load:
    """A load as it was.

    Attributes:
        requests: in the order in which they ended.
        begins_s, ends_s: of each step that was begun, in seconds since the load began.
        interrupted: whether somebody pressed Ctrl-C.
        notes: what ended it before its time.
    """

    requests: tuple[LoadRequest, ...]
    begins_s: tuple[float, ...]
    ends_s: tuple[float, ...]
    interrupted: bool
    notes: tuple[str, ...]


class Driver:
    """Puts one server under load, once.

    Args:
        connect: makes a client.
        most_under_way, most_requests: bounds.
        drain_s: how long the last requests may take after the last step.
        tell: hears how many requests have ended, how many were sent, and how many seconds are gone.
    """

    def __init__(
        self,
        connect: Callable[[], Client],
        *,
        most_under_way: int,
        most_requests: int,
        drain_s: float,
        tell: Callable[[int, int, float], None] = lambda ended, sent, seconds: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect, self._clock, self._tell = connect, clock, tell
        self._most_under_way, self._most_requests, self._drain_s = most_under_way, most_requests, drain_s
        self._due: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._records: list[LoadRequest] = []
        self._taken = 0  # requests given out in all
        self._open: dict[int, tuple[int, float]] = {}  # step and due time of those that have not ended
        self._closed_step: int | None = None  # whose requests are each followed by another
        self._succeeded = False
        self._notes: list[str] = []
        self._begin_s = 0.0
        self._told_s = 0.0

    def run(
        self,
        steps: Sequence[LoadStep],
        due: Callable[[int, LoadStep], Iterator[float]],
        goes_on: Callable[[Load], bool] = lambda so_far: True,
    ) -> Load:
        """Hold each load for its time.

        Args:
            due: for a step of an open loop, the seconds since its begin at which requests are due, rising.
            goes_on: whether another step follows, by what came so far.
        """
        self._begin_s = self._clock()
        begins: list[float] = []
        ends: list[float] = []
        interrupted = False
        try:
            for place, step in enumerate(steps):
                begins.append(ends[-1] if ends else self._now())
                try:
                    self._hold(place, step, begins[-1], due)
                    last = self._over() or place + 1 == len(steps)
                    last = last or not goes_on(self._load(begins, [*ends, self._now()]))
                finally:
                    ends.append(self._now())  # a step lasts until the next one is decided on
                if last:
                    break
            self._closed_step = None
            until_s = self._now() + self._drain_s
            while self._open and not self._stop.is_set() and self._now() < until_s:
                self._look(until_s)
        except KeyboardInterrupt:
            interrupted = True
        finally:
            self._closed_step = None
            self._end()
        return self._load(begins, ends, interrupted)

    # --- the thread that asks -------------------------------------------------------------------

    def _hold(
        self, place: int, step: LoadStep, begin_s: float, due: Callable[[int, LoadStep], Iterator[float]]
    ) -> None:
        end_s = begin_s + step.seconds
        if step.concurrency is not None:
            with self._lock:
                self._closed_step = place
                for _ in range(step.concurrency - len(self._open)):
                    self._give(place, self._now())
        else:
            for after_s in due(place, step):
                self._await(begin_s + after_s)
                if self._over():
                    return
                self._give(place, begin_s + after_s)
        self._await(end_s)

    def _await(self, until_s: float) -> None:
        """Wait until a time has come, or the load is over."""
        while not self._over() and self._now() < until_s:
            self._look(until_s)

    def _look(self, until_s: float) -> None:
        """Wait a little, and tell now and then how far it is."""
        if self._now() - self._told_s > _TELL_S:
            self._told_s = self._now()
            self._tell(len(self._records), self._taken, self._told_s)
        self._stop.wait(min(max(until_s - self._now(), 0.0), _LOOK_S))

    def _over(self) -> bool:
        """Whether no further request is to be given out."""
        return self._stop.is_set() or self._taken >= self._most_requests

    def _give(self, step: int, due_s: float) -> None:
        """Have a request sent by whoever is free, now or as soon as somebody is."""
        with self._lock:
            if self._taken >= self._most_requests:
                return
            number, self._taken = self._taken, self._taken + 1
            self._open[number] = (step, due_s)
            if len(self._open) > len(self._threads) < self._most_under_way:
                name = f"client-{len(self._threads)}"
                self._threads.append(threading.Thread(target=self._serve, name=name, daemon=True))
                self._threads[-1].start()
        self._due.put(number)

    def _end(self) -> None:
        """Stop whoever is at work, and record what is left as unfinished."""
        self._stop.set()
        for _ in self._threads:
            self._due.put(None)
        deadline_s = self._now() + _JOIN_S
        for thread in self._threads:
            thread.join(max(deadline_s - self._now(), 0.0))
        if self._taken >= self._most_requests:
            self._notes.append(f"stopped after {self._taken} requests; --requests allows more")

    def _load(self, begins: Sequence[float], ends: Sequence[float], interrupted: bool = False) -> Load:
        """What came so far; requests that have not ended stand at the end, as unfinished."""
        with self._lock:
            now_s = self._now()
            left = [
                LoadRequest(step, due_s, now_s, now_s, None, (), 0.0, UNFINISHED)
                for step, due_s in self._open.values()
            ]
            requests = (*self._records, *left)
            return Load(requests, tuple(begins), tuple(ends), interrupted, tuple(self._notes))

    def _now(self) -> float:
        return self._clock() - self._begin_s

    # --- the threads that send ------------------------------------------------------------------

    def _serve(self) -> None:
        client: Client | None = None
        try:
            while (number := self._due.get()) is not None:
                sent_s = self._now()
                if self._stop.is_set():
                    return  # what was not begun stays open
                try:
                    client = client or self._connect()
                    served = client.ask(number, self._stop.is_set)
                except Cancelled:
                    self._record(number, sent_s, UNFINISHED)
                except Exception as error:
                    self._record(number, sent_s, one_line(error))
                else:
                    self._record(number, sent_s, None, served)
        finally:
            if client is not None:
                client.close()

    def _record(self, number: int, sent_s: float, reason: str | None, served: Served | None = None) -> None:
        found = served or Served((), 0.0)
        with self._lock:
            step, due_s = self._open.pop(number)
            times = (step, due_s, sent_s, self._now())
            self._records.append(LoadRequest(*times, found.queue_s, found.arrivals, found.fps, reason))
            self._succeeded = self._succeeded or reason is None
            if not self._succeeded and len(self._records) == _HOPELESS and not self._stop.is_set():
                self._notes.append(f"stopped: the first {_HOPELESS} requests failed, the last by: {reason}")
                self._stop.set()
            if self._closed_step is not None and not self._over():  # at once, or a step would give out more
                self._give(self._closed_step, self._now())
