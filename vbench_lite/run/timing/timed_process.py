"""The runner's side of a timed worker: starts it, asks one call at a time, and always ends it."""

from __future__ import annotations

from typing import Any

from vbench_lite.run.timing.timed_worker import Call, Failed, Profiled, Ready, Setup, Timed
from vbench_lite.run.worker_process import Settings, WorkerProcess
from vbench_lite.store.schema import GeneratorEntry


class TimedProcess:
    """A generator in a fresh interpreter: nothing of this process but its import path is handed on.

    Args:
        settings: `timeout_s` holds for each call, `load_timeout_s` for the load; after it the process is
            killed.
    """

    def __init__(self, entry: GeneratorEntry, settings: Settings) -> None:
        self._settings = settings
        self._process = WorkerProcess("timing.timed_worker", f"timed-{entry.label}", settings)
        self.pid = self._process.pid
        self._process.send(Setup(entry, settings.threads))

    def ready(self) -> Ready | Failed:
        """Wait until the generator is loaded."""
        answer: Ready | Failed = self._answer("load", self._settings.load_timeout_s)
        return answer

    def ask(self, call: Call) -> Timed | Profiled | Failed:
        """Make one call and wait for its answer."""
        self._process.send(call)
        answer: Timed | Profiled | Failed = self._answer("generate", self._settings.timeout_s)
        return answer

    def close(self) -> None:
        """End the process: politely, then by force."""
        self._process.end()

    def _answer(self, phase: str, timeout_s: float) -> Any:
        try:
            answer = self._process.receive(timeout_s)
        except TimeoutError:
            self._process.end(kill=True)
            return Failed(f"{phase}: no answer within {timeout_s:g} s", oom=False)
        if answer is None:
            reason, oom = self._process.death()
            return Failed(f"{phase}: {reason}", oom)
        return answer
