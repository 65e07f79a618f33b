"""One clock for every generator: monotonic, and right for devices that compute asynchronously.

A device such as a CUDA GPU returns from a call before the work is done, so a bare wall clock reads
too early. `Clock.read` first waits for the device and then reads. Host time after a wait is used
rather than device events: it includes what the host does between kernels, which a caller waits for
too, and it means the same on every kind of device. The wait is only made at the borders that are
reported (arrival of frames, change of phase), because each one drains the device's queue.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


def _nothing_to_wait_for() -> None:
    return


@dataclass(frozen=True)
class Clock:
    """Seconds on a monotonic clock, read after the device has finished.

    Attributes:
        now: seconds since an arbitrary start, never going backwards.
        synchronise: returns when the device has done all that was asked of it.
        sleep: returns after so many seconds of this clock.
    """

    now: Callable[[], float] = time.perf_counter
    synchronise: Callable[[], None] = _nothing_to_wait_for
    sleep: Callable[[float], None] = time.sleep

    def read(self) -> float:
        """Wait for the device, then return the time in seconds."""
        self.synchronise()
        return self.now()


def device_clock(device: str = "cpu") -> Clock:
    """Return the clock for a torch device name such as "cpu", "cuda:1" or "mps"."""
    kind = device.split(":")[0]
    if kind == "cuda":
        import torch

        return Clock(synchronise=lambda: torch.cuda.synchronize(device))
    if kind == "mps":
        import torch

        return Clock(synchronise=torch.mps.synchronize)
    return Clock()
