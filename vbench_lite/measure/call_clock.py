"""Which clock and which meter fit a call: those of this process, or none where the work is done elsewhere.

A generator in a process of its own, or on a server, is timed by the arrival of its frames here: to wait for
the device of its work would make this process take memory on it.
"""

from __future__ import annotations

from vbench_lite.generator import Generator, Site
from vbench_lite.measure.clock import Clock, device_clock
from vbench_lite.measure.memory import PeakMeter, device_meter


def call_clock(generator: Generator) -> Clock:
    """The clock for calls of a generator."""
    return device_clock(generator.device) if generator.info.site is Site.PROCESS else Clock()


def call_meter(generator: Generator) -> PeakMeter | None:
    """The meter of this process's peak, or None where the work is not done in it."""
    return device_meter(generator.device) if generator.info.site is Site.PROCESS else None
