"""From the press of a key to the picture: how long a control waits, and how long it takes to be answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from vbench_lite.errors import NotApplicable
from vbench_lite.measure.steering import answers_of
from vbench_lite.metric import Axis, CallMetric, Measurement, MetricInfo, SummaryMetric
from vbench_lite.suites.timed_call import call_info

RESPONSE, WAIT, ONSET = "interaction/response_s", "interaction/wait_s", "interaction/onset_s"
_NOT_STEERED = "no control reached it while its clip was made"


class Response(CallMetric):
    """Seconds from the moment a control is sampled to the arrival of the first frame made with it.

    Of the paced clock: a viewer watches at the clip's rate and presses by wall time.

    Formula: mean over the changes of control that were sampled after the first of (arrival of the first frame
        made with it - sampling); where none came after it, of the first: the whole clip, for a generator that
        samples once.
    Traps: a piece of many frames is answered when its first frame arrives, with its last one: a quick rate of
        frames hides a slow answer. What the control waited before is `interaction/wait_s`.
    """

    info: ClassVar[MetricInfo] = call_info(
        id=RESPONSE,
        unit="s",
        summary="Seconds from sampling a control to the arrival of the first frame made with it.",
        source="arrival less sampling, paced clock; vbench_lite.measure.steering",
    )

    def value(self, call: Measurement) -> float:
        changes = answers_of(call.controls, call.arrivals, call.fps)
        if not changes:
            raise NotApplicable(_NOT_STEERED)
        return float(np.mean([one.arrived_s - one.sampled_s for one in changes[1:] or changes]))


class Wait(CallMetric):
    """Seconds that a control waits: until it is sampled, and until its frame's turn to be shown comes.

    The second part is how far the generator runs ahead of its viewer. Of the paced clock.

    Formula: mean over the changes of control that were sampled after the first of (sampling - press) +
        (show of the first frame made with it - its arrival).
    Traps: a generator that samples once, before its clip, has no wait and no value: no control ever reached
        it. Presses after the last sampling are not counted, as nobody knows how long they would have waited.
    """

    info: ClassVar[MetricInfo] = call_info(
        id=WAIT,
        unit="s",
        summary="Seconds a control waits to be sampled, and its frame to be shown.",
        source="sampling less press, and show less arrival, paced clock; vbench_lite.measure.steering",
        may_be_zero=True,
    )

    def value(self, call: Measurement) -> float:
        changes = answers_of(call.controls, call.arrivals, call.fps)[1:]
        if not changes:
            raise NotApplicable(_NOT_STEERED)
        return float(np.mean([one.sampled_s - one.issued_s + one.shown_s - one.arrived_s for one in changes]))


class ActionToPhoton(SummaryMetric):
    """Seconds from the press of a key to the picture that shows it.

    Formula: wait + response + onset. Wait and response are of timed sessions on the paced clock, onset of the
        pixels on the lock-step clock.
    Traps: its interval takes its parts to err together, so that it is rather too wide; read its parts.
    """

    parts = (WAIT, RESPONSE, ONSET)
    info: ClassVar[MetricInfo] = MetricInfo(
        id="interaction/action_to_photon_s",
        axis=Axis.SPEED,
        unit="s",
        bounds=(0.0, None),
        higher_is_better=False,
        summary="Seconds from the press of a key to the first picture that shows it.",
        source="definition: wait + response + onset",
    )

    def summarise(self, values: Mapping[str, float]) -> float:
        if missing := [part for part in self.parts if part not in values]:
            raise NotApplicable(f"{missing[0]} has no value")
        return sum(values[part] for part in self.parts)
