"""What a specification may say of a server of realtime video."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from vbench_lite.adapters.external.answers import Json
from vbench_lite.adapters.external.server_config import ServerConfig
from vbench_lite.adapters.external.template import REQUEST_NAMES, check_template, texts_of
from vbench_lite.generator import Streaming


class RealtimeConfig(ServerConfig):
    """Configuration of `realtime`.

    Attributes:
        protocol: what the server speaks.
        path: where it does; default: the protocol's own path.
        body: further fields of the message that opens a session, over those of the protocol; {prompt},
            {seed}, {num_frames}, {width}, {height}, {fps}, {params.NAME} ... are filled in, and a null takes
            a field away.
        chunk_frames: of every chunk but the first, if it is known: a server is then asked for no chunk that
            nobody wants.
        first_chunk_frames: of the first chunk; default: as many as of the others.
        actions: what the model behind the server can be told while it runs: "prompt" and, of `sglang`, keys
            (W A S D, up left down right).
        chunks_ahead: chunks that are in the making when one has come, and so are made without what is told
            then.
        streaming: the smallest piece that arrives before the clip is done.
        max_message_bytes: of one message.
    """

    protocol: Literal["vllm-omni", "sglang"]
    path: Annotated[str, Field(pattern=r"^/[^?#\s\\]*$")] | None = None
    body: dict[str, Json] = Field(default_factory=dict)
    chunk_frames: Annotated[int, Field(ge=1)] | None = None
    first_chunk_frames: Annotated[int, Field(ge=1)] | None = None
    actions: tuple[str, ...] = ()
    chunks_ahead: Annotated[int, Field(ge=0)] = 1
    streaming: Streaming = Streaming.CHUNK
    max_message_bytes: Annotated[int, Field(gt=0)] = 2**27

    @model_validator(mode="after")
    def _fits_the_request(self) -> RealtimeConfig:
        for text in texts_of(self.body):
            check_template(text, (*REQUEST_NAMES, "model"))
        if self.first_chunk_frames is not None and self.chunk_frames is None:
            raise ValueError("first_chunk_frames needs chunk_frames")
        return self

    def chunks_for(self, num_frames: int) -> int | None:
        """Chunks that hold so many frames; None if their lengths are not known."""
        if self.chunk_frames is None:
            return None
        rest = num_frames - (self.first_chunk_frames or self.chunk_frames)
        return 1 + max(0, -(-rest // self.chunk_frames))
