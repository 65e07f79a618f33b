"""A model in another environment, in a process that stays: loaded once, streaming, its memory known.

The process runs a program of the user that imports `vbench_lite_worker` (folder `foreign`), which lies on its
module path. Frames count from the moment that they have reached this process.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import Field, field_validator

from vbench_lite.adapters.external.command import Program, ProgramConfig
from vbench_lite.adapters.external.declared import declared_info
from vbench_lite.adapters.external.foreign import WORKER_FILE
from vbench_lite.adapters.external.worker_session import WorkerSession
from vbench_lite.control import ACTIONS
from vbench_lite.errors import SpecError
from vbench_lite.generator import (
    GenerationContext,
    GenerationRequest,
    GeneratorInfo,
    Site,
    Streaming,
)
from vbench_lite.video.limits import Limits

_PATH = "PYTHONPATH"


class WorkerConfig(ProgramConfig):
    """Configuration of `worker`.

    Attributes:
        argv: the interpreter of the other environment and the program that calls `serve`.
        streaming: the smallest piece that the program emits.
        max_clip_bytes: of one clip's frames.
        actions: what the program understands of context.control(): keys (W A S D, up left down right),
            "prompt" and "camera".
    """

    streaming: Streaming = Streaming.NONE
    max_clip_bytes: Annotated[int, Field(gt=0)] = Limits().max_clip_bytes
    actions: tuple[str, ...] = ()

    @field_validator("actions")
    @classmethod
    def _actions_are_known(cls, actions: tuple[str, ...]) -> tuple[str, ...]:
        for action in actions:
            if action not in ACTIONS:
                raise ValueError(f"there is no action {action!r}; there are: {', '.join(ACTIONS)}")
        return actions


class Worker(Program):
    """A process that serves `vbench_lite_worker`."""

    Config: ClassVar[type[WorkerConfig]] = WorkerConfig
    config: WorkerConfig
    _session: WorkerSession | None = None

    @property
    def info(self) -> GeneratorInfo:
        return declared_info(
            self.config,
            "worker",
            Site.WORKER,
            "a model in another environment, held by a process that stays",
            streaming=self.config.streaming,
            actions=self.config.actions,
        )

    def load(self) -> None:
        """Start the process and have it load its model."""
        super().load()
        self._start()

    def generate(self, requests: Sequence[GenerationRequest], context: GenerationContext) -> None:
        if self._session is not None and self._session.alive and not self._session.quiet:
            context.note(stray_output=True)  # frames that no call asked for; nobody knows how many follow
            self._session.close()
        if self._session is None or not self._session.alive:
            # The process before it died in a call. Its successor's load is charged to this one, and named.
            context.phase("load")
            context.note(restarted=True)
            self._start()
        assert self._session is not None
        if (fps := self.config.native_fps) is not None:
            requests = [replace(request, fps=fps) for request in requests]
        self._session.call(requests, context)

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def environment(self) -> dict[str, str]:
        """As for every program; `vbench_lite_worker` can be imported in it."""
        env = super().environment()
        folders = [str(WORKER_FILE.parent), *filter(None, [env.get(_PATH)])]
        return {**env, _PATH: os.pathsep.join(folders)}

    def _start(self) -> None:
        child = self.start(self.config.argv, pipes=True)
        try:
            session = WorkerSession(child, self.config.max_clip_bytes)
            if self.config.actions and session.protocol == 1:
                raise SpecError(
                    "the worker speaks protocol 1, which knows no controls; copy the file anew, or drop "
                    "actions (python -m vbench_lite.adapters.external.foreign says where it lies)"
                )
            session.load(self.device, int(self.environment().get("OMP_NUM_THREADS", "1")))
        except BaseException:
            child.end()
            raise
        self._session = session
