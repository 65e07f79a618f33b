"""What is recorded of a server under load: a record for each request, a step for each load."""

from __future__ import annotations

from dataclasses import dataclass

from vbench_lite.measure.playback import Arrivals


@dataclass(frozen=True)
class LoadStep:
    """A load that is held for some time.

    Attributes:
        seconds: how long requests are sent.
        rate: requests a second that are due, whatever the server does (open loop); None in a closed one.
        concurrency: requests that are under way at a time, each followed by the next one (closed loop);
            None in an open one.
    """

    seconds: float
    rate: float | None = None
    concurrency: int | None = None


@dataclass(frozen=True)
class LoadRequest:
    """One request; all times in seconds since the load began.

    Attributes:
        step: in which step it was due, from 0.
        due_s: when it was to be sent; in a closed loop, when it was.
        sent_s: when it was.
        ended_s: when it was over, well or not.
        queue_s: that it waited in the server's queue, as far as the server told; None if it did not.
        arrivals: (seconds since it was sent, frames in the piece); empty if it failed.
        fps: at which its frames are shown.
        reason: why it failed; None if it did not.
    """

    step: int
    due_s: float
    sent_s: float
    ended_s: float
    queue_s: float | None
    arrivals: Arrivals
    fps: float
    reason: str | None = None

    @property
    def latency_s(self) -> float | None:
        """From the time when it was due to its last frame; None if it failed."""
        return None if self.reason is not None else self.wait_s + self.arrivals[-1][0]

    @property
    def first_frame_s(self) -> float | None:
        """From the time when it was due to its first frame; None if it failed."""
        return None if self.reason is not None else self.wait_s + self.arrivals[0][0]

    @property
    def wait_s(self) -> float:
        """From the time when it was due until it was sent: as long as this client had no place for it."""
        return max(self.sent_s - self.due_s, 0.0)

    @property
    def work_s(self) -> float | None:
        """Its latency without both waits; None if it failed or the server does not tell of its queue."""
        if self.reason is not None or self.queue_s is None:
            return None
        return max(self.arrivals[-1][0] - self.queue_s, 0.0)
