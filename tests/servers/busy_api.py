"""A video API that works on so many jobs at a time, each for a known time, first come first served.

Nothing waits inside: when a job begins and ends is computed when it is made, so that its capacity is exact.
"""

from __future__ import annotations

import heapq
import json
import time
from collections.abc import Callable

from clip_files import moving_square
from video_api import Answer, Asked, VideoApi

from vbench_lite.clip import Clip


class BusyApi(VideoApi):
    """The server; its capacity is `places / work_s` jobs a second."""

    def __init__(
        self, work_s: float, places: int = 1, clock: Callable[[], float] = time.monotonic, fps: float = 8.0
    ) -> None:
        frames = moving_square(4, 48, 64)
        super().__init__(lambda asked: Clip(frames, fps))
        self._work_s, self._clock = work_s, clock
        self._free = [0.0] * places
        self._jobs: dict[str, tuple[float, float]] = {}

    def _describe(self, name: str) -> Answer:
        now = self._clock()
        if name not in self._jobs:
            begin = max(now, heapq.heappop(self._free))
            self._jobs[name] = begin, begin + self._work_s
            heapq.heappush(self._free, begin + self._work_s)
        begin, end = self._jobs[name]
        status = "queued" if now < begin else "in_progress" if now < end else "completed"
        return Answer(body=json.dumps({"id": name, "status": status}).encode())


def spec_of(api: VideoApi, **config: object) -> Asked:
    """A specification whose one generator is a server."""
    given = {"base_url": api.url, "model": "m", "output": ".mkv", "poll_s": 0.01, **config}
    return {
        "generators": [{"label": "server", "adapter": "http", "config": given}],
        "suites": ["open"],
        "size": "4x48x64@8",
        "samples": 4,
    }
