"""How a session of realtime video is steered: a control is looked at when a chunk has come, and told if new.

A server takes a control up at its next boundary. When a chunk has come, the next one is in the making
already, so the first frame that can show the control is `chunks_ahead` chunks later. Some servers tell which
chunk was the first to use it; that is noted beside.
"""

from __future__ import annotations

from dataclasses import replace

from vbench_lite.adapters.external.realtime_config import RealtimeConfig
from vbench_lite.adapters.external.realtime_protocol import Protocol
from vbench_lite.adapters.external.websocket import Session
from vbench_lite.control import Action
from vbench_lite.generator import GenerationContext, GenerationRequest


class Steering:
    """The controls of one session; does nothing where its request has no script."""

    def __init__(
        self,
        session: Session,
        protocol: Protocol,
        context: GenerationContext,
        index: int,
        request: GenerationRequest,
        config: RealtimeConfig,
    ) -> None:
        self._session, self._protocol, self._context = session, protocol, context
        self._index, self._request, self._config = index, request, config
        self._first = self._held = Action()  # at the begin, and as far as it has been told
        self._told = 0
        self._before = 0  # frames that had come at the last look

    def first_request(self) -> GenerationRequest:
        """The request with what is held at its begin, as far as the opening message can say it."""
        if self._request.script is None:
            return self._request
        self._first = self._context.control(self._index)
        self._held = Action(prompt=self._first.prompt)
        return replace(self._request, prompt=self._first.prompt or self._request.prompt)

    def begin(self) -> None:
        """Tell the rest of it, right after the session was opened."""
        if self._request.script is not None:
            self._tell(self._first)

    def look(self, have: int) -> None:
        """See what is held now that so many frames have come, and tell a change."""
        if self._request.script is None:
            return
        chunk = self._config.chunk_frames or have - self._before
        self._before = have
        self._tell(self._context.control(self._index, ahead=chunk * self._config.chunks_ahead))

    def facts(self) -> dict[str, str]:
        """`controls_applied`: the frames at which the server said that it began to use each change."""
        frames = " ".join(str(frame) for _, frame in sorted(self._protocol.applied.items()))
        return {"controls_applied": frames} if frames else {}

    def _tell(self, action: Action) -> None:
        if action == self._held:
            return
        self._told += 1
        for message in self._protocol.control(self._told, self._held, action, self._request.prompt):
            self._session.send(message)
        self._held = action
