"""A server of realtime video: a WebSocket session for each clip, whose chunks are taken as they come.

Times are those of this client: a frame has arrived when it is decoded. They hold the network and the server's
queue. Memory is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

from vbench_lite.adapters.external.addresses import parse_address
from vbench_lite.adapters.external.declared import declared_info
from vbench_lite.adapters.external.patience import Patience, stop_if_cancelled
from vbench_lite.adapters.external.realtime_config import RealtimeConfig
from vbench_lite.adapters.external.realtime_protocol import Protocol
from vbench_lite.adapters.external.realtime_sglang import Sglang
from vbench_lite.adapters.external.realtime_steering import Steering
from vbench_lite.adapters.external.realtime_vllm import VllmOmni
from vbench_lite.adapters.external.template import (
    check_no_clips,
    check_params,
    fill_json,
    laid_over,
    texts_of,
    values_of,
)
from vbench_lite.adapters.external.websocket import Message, Session
from vbench_lite.control import ACTIONS
from vbench_lite.errors import GeneratorError, SpecError
from vbench_lite.generator import GenerationContext, GenerationRequest, Generator, GeneratorInfo, Site
from vbench_lite.video.limits import Limits

PROTOCOLS: Mapping[str, type[Protocol]] = {"vllm-omni": VllmOmni, "sglang": Sglang}


class Realtime(Generator):
    """A server of realtime video."""

    Config: ClassVar[type[RealtimeConfig]] = RealtimeConfig
    config: RealtimeConfig
    _key: str | None = None
    _ready = False

    def __init__(self, config: Mapping[str, Any] | None = None, device: str = "cpu") -> None:
        """Raises SpecError also where the protocol has no words for an action."""
        super().__init__(config, device)
        spoken = PROTOCOLS[self.config.protocol].actions
        for action in self.config.actions:
            if action not in spoken:
                known = ", ".join(name for name in ACTIONS if name in spoken)
                raise SpecError(f"{self.config.protocol} has no word for {action!r}; it has: {known}")

    @property
    def info(self) -> GeneratorInfo:
        return declared_info(
            self.config,
            "realtime",
            Site.REMOTE,
            f"a server of realtime video ({self.config.protocol}); its times hold the queue and the network",
            streaming=self.config.streaming,
            actions=self.config.actions,
        )

    def load(self) -> None:
        """Read the key; nothing is sent before the first clip is wanted."""
        self._key, self._ready = self.config.key(), True

    def check(self, request: GenerationRequest) -> None:
        """Refuse what the protocols have no place for."""
        check_no_clips(request, "realtime")
        check_params(request, texts_of(self.config.body))

    def hosts(self) -> Sequence[str]:
        return self.config.other_hosts()

    def generate(self, requests: Sequence[GenerationRequest], context: GenerationContext) -> None:
        for index, request in enumerate(requests):
            context.step(index, len(requests))
            self._make(index, request, context)

    # --- inside ---------------------------------------------------------------------------------

    def _make(self, index: int, request: GenerationRequest, context: GenerationContext) -> None:
        """Have one clip made, and hand over its pieces as they come."""
        assert self._ready, "load() comes before generate()"
        config = self.config

        patience = Patience(config.timeout_s, partial(stop_if_cancelled, context))
        kind = PROTOCOLS[config.protocol]
        address = parse_address(config.base_url.rstrip("/") + (config.path or kind.path))
        context.phase("connect")
        with closing(Session(address, config, self._key, patience)) as session:
            protocol = kind(str(address.host), session.shown, Limits())
            session.keep_alive = protocol.keep_alive()
            steering = Steering(session, protocol, context, index, request, config)
            session.send(self._opening(protocol, steering.first_request()))
            steering.begin()
            context.phase("first_chunk")
            have = self._receive(session, protocol, index, request, context, steering)
            if have < request.num_frames:
                raise GeneratorError(
                    f"{protocol.name}: the stream ended after {have} of {request.num_frames} frames"
                )
        context.note(chunks=protocol.chunks, **steering.facts())

    def _opening(self, protocol: Protocol, request: GenerationRequest) -> Message:
        config = self.config
        values = values_of(request, self.device, config.native_fps) | {"model": config.model}
        request = replace(request, fps=config.native_fps or request.fps)
        fields = protocol.opening(request, config.model, config.chunks_for(request.num_frames))
        return protocol.packed(laid_over(fields, fill_json(config.body, values)))

    def _receive(
        self,
        session: Session,
        protocol: Protocol,
        index: int,
        request: GenerationRequest,
        context: GenerationContext,
        steering: Steering,
    ) -> int:
        """Take what comes until the clip is whole or the stream has ended; returns the frames that came."""
        have = chunks = 0
        try:
            while have < request.num_frames and not protocol.ended:
                message = session.receive(f"{have} of {request.num_frames} frames have come")
                frames = None if message is None else protocol.take(message)
                if message is None:
                    protocol.ended = True
                if protocol.ended:
                    frames = protocol.finish()
                if frames is not None:
                    context.emit(index, frames)
                    if have == 0:
                        context.phase("stream")
                    have += len(frames)
                if protocol.chunks > chunks and have < request.num_frames and not protocol.ended:
                    chunks = protocol.chunks
                    steering.look(have)
        finally:
            if not protocol.ended and (word := protocol.stop()) is not None:
                session.send(word)
        return have
