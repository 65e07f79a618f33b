"""A video API with jobs: create one, ask until it is done, download the clip.

The defaults are those of OpenAI's `/v1/videos`, which vLLM-Omni and SGLang serve too; `preset` names other
services, and paths and fields can be set for any. Times are those of this client: they hold the server's
queue and the network, and up to `poll_s` until the end is noticed. Memory is unknown.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from vbench_lite.adapters.external.clip_file import emit_clip_file
from vbench_lite.adapters.external.declared import declared_info
from vbench_lite.adapters.external.http_client import Client
from vbench_lite.adapters.external.http_config import HttpConfig
from vbench_lite.adapters.external.job import Job
from vbench_lite.adapters.external.patience import Patience, stop_if_cancelled
from vbench_lite.adapters.external.pictures import png_address, png_base64
from vbench_lite.adapters.external.template import check_no_clips, check_params, texts_of, values_of
from vbench_lite.errors import RequestError
from vbench_lite.generator import (
    GenerationContext,
    GenerationRequest,
    Generator,
    GeneratorInfo,
    Site,
)
from vbench_lite.video.limits import Limits


class Http(Generator):
    """A video API with jobs, in the style of OpenAI's /v1/videos."""

    Config: ClassVar[type[HttpConfig]] = HttpConfig
    config: HttpConfig
    _client: Client | None = None

    @property
    def info(self) -> GeneratorInfo:
        return declared_info(
            self.config, "http", Site.REMOTE, "a video API; its times hold the queue and the network"
        )

    def load(self) -> None:
        """Read the key; nothing is sent before the first clip is wanted."""
        self._client = Client(self.config, self.config.key())

    def check(self, request: GenerationRequest) -> None:
        """Refuse what the body has no place for, and lengths that cannot be asked for."""
        check_no_clips(request, "http")
        if request.image is not None and not self.config.sends_images:
            raise RequestError("the body has no place for an image; put {image} or {image_base64} into it")
        check_params(request, texts_of(self.config.body))
        self._seconds(request)

    def hosts(self) -> Sequence[str]:
        return self.config.other_hosts()

    def remarks(self, requests: Sequence[GenerationRequest]) -> Sequence[str]:
        """What the clips will cost, as far as it is declared, and seconds that are paid for and not used."""
        config, told = self.config, []
        if not requests:
            return ()
        asked = [self._seconds(request) for request in requests]
        price = config.cost_per_clip
        total = None if price is None else price * len(requests)
        if price is None and config.cost_per_second is not None:
            total = config.cost_per_second * sum(asked)
        if total is not None:
            told.append(
                f"{len(requests)} clips for about {total:.6g} {config.currency}; timed calls come on top"
            )
        if not any("{seed}" in text for text in texts_of(config.body)):
            told.append(
                "its requests hold no {seed}: where it answers a prompt again from what it kept, its times "
                "are those of a cache"
            )
        used = sum(self._needed(request) for request in requests)
        if sum(asked) > 1.5 * used:
            told.append(
                f"{sum(asked):.6g} seconds are asked for and {used:.6g} are used, as it makes "
                f"{', '.join(f'{each:g}' for each in config.durations)} s"
            )
        return told

    def generate(self, requests: Sequence[GenerationRequest], context: GenerationContext) -> None:
        for index, request in enumerate(requests):
            context.step(index, len(requests))
            with tempfile.TemporaryDirectory(prefix="vbench-lite-") as scratch:
                path = Path(scratch) / f"clip{self.config.output}"
                self._make(request, path, context)
                emit_clip_file(path, path.name, index, request, self.info, context, Limits())

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    # --- inside ---------------------------------------------------------------------------------

    def _make(self, request: GenerationRequest, path: Path, context: GenerationContext) -> None:
        """Have the clip of a request made, and download it."""
        assert self._client is not None, "load() comes before generate()"

        seconds = self._seconds(request)
        patience = Patience(self.config.timeout_s, partial(stop_if_cancelled, context))
        job = Job(self._client, self.config, self._values(request, seconds), seconds, patience)
        job.make(path, context)

    def _values(self, request: GenerationRequest, seconds: float) -> Mapping[str, Any]:
        """What stands for each name in the body."""
        known = values_of(request, self.device, self.config.native_fps)
        known |= {"seconds": int(seconds) if seconds.is_integer() else seconds, "model": self.config.model}
        if request.image is not None:
            known |= {"image": png_address(request.image), "image_base64": png_base64(request.image)}
        return known

    def _needed(self, request: GenerationRequest) -> float:
        return round(request.num_frames / (self.config.native_fps or request.fps), 6)

    def _seconds(self, request: GenerationRequest) -> float:
        """The length to ask for.

        Raises:
            RequestError: none that can be asked for is long enough.
        """
        needed = self._needed(request)
        if not self.config.durations:
            return needed
        enough = [each for each in self.config.durations if each >= needed]
        if not enough:
            raise RequestError(
                f"{request.sample_id}: {needed:g} s are asked for, at most {max(self.config.durations):g} "
                "can be made"
            )
        return min(enough)
