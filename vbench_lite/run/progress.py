"""What a run tells while it works, and how it estimates the time left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from vbench_lite.secrets import redact

Stage = Literal["prepare", "generate", "measure", "score", "finish", "check", "load"]


@dataclass(frozen=True)
class Event:
    """One piece of news.

    Attributes:
        stage: what the run is doing; stages follow one another.
        text: one line: a generator and its phase, a sample that failed, a message; secrets are hidden.
        done, total: units of this stage (samples, timed processes, clips).
        remaining_s: estimate of the seconds left in this stage; None while nothing is known.
        lasting: worth a line of its own that stays (a failure, a message), not only a status.
    """

    stage: Stage
    text: str
    done: int
    total: int
    remaining_s: float | None = None
    lasting: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", redact(self.text))


class Progress(Protocol):
    """Shows a run to somebody; called from the thread that runs it."""

    def on_event(self, event: Event) -> None:
        """Take one event; many may come in a second."""


class Silent:
    """Shows nothing."""

    def on_event(self, event: Event) -> None:
        """Let the event go."""


class TimeLeft:
    """Estimates the rest of a stage from the loads and batches that are done.

    A generator's mean so far stands for its remaining batches; one that has not begun is taken to load
    and to work as fast as the mean of the others.

    Args:
        pending: batches to make by generator.
    """

    def __init__(self, pending: Mapping[str, int]) -> None:
        self._pending = dict(pending)
        self._unloaded = set(pending)
        self._loads_s: list[float] = []
        self._batches_s: dict[str, list[float]] = defaultdict(list)

    def loaded(self, generator: str, seconds: float) -> None:
        """A generator's process was started and loaded in so long."""
        self._unloaded.discard(generator)
        self._loads_s.append(seconds)

    def made(self, generator: str, seconds: float) -> None:
        """A batch of this generator took so long."""
        self._pending[generator] -= 1
        self._batches_s[generator].append(seconds)

    def remaining_s(self) -> float | None:
        """Seconds left, or None before the first batch is done."""
        means = {name: _mean(spent) for name, spent in self._batches_s.items()}
        if not means:
            return None
        usual = _mean(list(means.values()))
        batches_s = sum(count * means.get(name, usual) for name, count in self._pending.items())
        return batches_s + (len(self._unloaded) * _mean(self._loads_s) if self._loads_s else 0.0)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
