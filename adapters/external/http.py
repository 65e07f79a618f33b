"""A video API with jobs: create one, ask until it is done, download the clip.

The defaults are those of OpenAI's `/v1/videos`, which vLLM-Omni and SGLang serve too; paths and fields can be
set for others. Times are those of this client: they hold the server's queue and the network, and up to
`poll_s` until the end is noticed. Memory is unknown.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from vbench_lite.adapters.external.addresses import host_and_port, is_loopback, parse_address
from vbench_lite.adapters.external.answers import (
    Json,
    Word,
    error_text,
    finite,
    identifier,
    look_up,
    word,
    words,
)
from vbench_lite.adapters.external.clip_file import emit_clip_file
from vbench_lite.adapters.external.declared import DeclaredMaker, declared_info
from vbench_lite.adapters.external.http_client import Answer, Client
from vbench_lite.adapters.external.patience import Patience
from vbench_lite.adapters.external.template import (
    REQUEST_NAMES,
    as_text,
    check_params,
    check_template,
    fill_json,
    texts_of,
    values_of,
)
from vbench_lite.errors import Cancelled, GeneratorError, RequestError, SpecError
from vbench_lite.generator import GenerationContext, GenerationRequest, Generator, GeneratorInfo, Site
from vbench_lite.video.packets import Limits

_SECRET = re.compile(r"(?i)auth|key|token|secret|cookie|passw")
_WAITING = frozenset(("queued", "pending", "submitted", "created", "accepted"))


class JobFields(BaseModel):
    """Where the answers say what; a path such as `data.0.url` goes into objects and lists.

    Attributes:
        id: of the job.
        status: of the job.
        progress: percent, if it is told.
        error: why a job failed.
        url: address of the clip; None: it is at the `download` path.
        cost: what the clip cost, if it is told.
        done: values of the status that mean success: texts in any case, numbers, true or false.
        failed: values of the status that mean failure; any other means that the job goes on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = "id"
    status: str = "status"
    progress: str = "progress"
    error: str = "error.message"
    url: str | None = None
    cost: str | None = None
    done: tuple[Word, ...] = ("completed", "succeeded", "success")
    failed: tuple[Word, ...] = ("failed", "error", "cancelled", "canceled", "expired", "rejected")


class HttpConfig(DeclaredMaker):
    """Configuration of `http`.

    Attributes:
        base_url: begins every address of the API, such as https://api.example.com.
        model: what {model} stands for in `body`.
        create: path that takes the request for a clip.
        job: path that describes a job; {id} is the job's.
        download: path of the finished clip.
        cancel: path of the DELETE that drops a job; None if jobs cannot be dropped.
        body: fields of the create request; {prompt}, {seed}, {num_frames}, {width}, {height}, {fps},
            {seconds}, {params.NAME} ... are filled in.
        encoding: of `body`: "form" (multipart) or "json", where a value of one name alone stays a number.
        fields: where the answers say what.
        key_env: variable of the environment that holds the key.
        key_header: header that the key is sent in.
        key_format: value of that header; {key} is the key.
        headers: further headers without secrets.
        download_hosts: "HOST" or "HOST:PORT" beside the API's that clips may come from, over https.
        output: suffix of the clip.
        poll_s: seconds between two questions after a job.
        timeout_s: seconds for one clip, from the request to its last byte.
        request_timeout_s: seconds for an answer to begin, or to go on.
        retries: further tries after a failure that may pass.
        backoff_s: seconds of the first pause between tries; each next one is twice as long.
        backoff_max_s: seconds of the longest pause.
        max_clip_bytes: of the file.
        cost_per_clip: what a clip costs, for the record.
        currency: of the cost.
        ca_file: certificates to trust in place of the usual ones; TLS is always verified.
    """

    base_url: str
    create: str = "/v1/videos"
    job: str = "/v1/videos/{id}"
    download: str = "/v1/videos/{id}/content"
    cancel: str | None = None
    body: dict[str, Json] = Field(
        default_factory=lambda: {
            "model": "{model}",
            "prompt": "{prompt}",
            "size": "{width}x{height}",
            "seconds": "{seconds}",
        }
    )
    encoding: Literal["form", "json"] = "form"
    fields: JobFields = JobFields()
    key_env: str | None = None
    key_header: str = "Authorization"
    key_format: str = "Bearer {key}"
    headers: dict[str, str] = Field(default_factory=dict)
    download_hosts: tuple[str, ...] = ()
    output: Annotated[str, Field(pattern=r"^\.[a-z0-9]+$")] = ".mp4"
    poll_s: Annotated[float, Field(gt=0)] = 1.0
    timeout_s: Annotated[float, Field(gt=0)] = 600.0
    request_timeout_s: Annotated[float, Field(gt=0)] = 60.0
    retries: Annotated[int, Field(ge=0)] = 5
    backoff_s: Annotated[float, Field(gt=0)] = 0.5
    backoff_max_s: Annotated[float, Field(gt=0)] = 30.0
    max_clip_bytes: Annotated[int, Field(gt=0)] = 2**29
    cost_per_clip: Annotated[float, Field(ge=0)] | None = None
    currency: str = "USD"
    ca_file: Path | None = None

    @field_validator("headers")
    @classmethod
    def _headers_hold_no_secrets(cls, headers: dict[str, str]) -> dict[str, str]:
        for name in headers:
            if _SECRET.search(name):
                raise ValueError(
                    f"header {name} would be written into run.json; name its variable in key_env"
                )
        return headers

    @field_validator("key_format")
    @classmethod
    def _format_has_a_place_for_the_key(cls, text: str) -> str:
        if text.count("{key}") != 1:
            raise ValueError("key_format needs {key} once; the key itself stays in the environment")
        return text

    @model_validator(mode="after")
    def _address_is_plain_and_safe(self) -> HttpConfig:
        try:
            address = parse_address(self.base_url)
        except ValueError as error:
            raise ValueError(f"base_url {self.base_url!r}: {error}") from None
        if address.query or "?" in self.base_url or "#" in self.base_url:
            raise ValueError("base_url holds a query or a fragment; keys are named in key_env")
        if address.scheme == "http" and self.key_env and not is_loopback(address.host):
            raise ValueError("a key is sent over https only; http is for servers on this machine")
        for host in self.download_hosts:
            host_and_port(host)
        for text in texts_of(self.body):
            check_template(text, (*REQUEST_NAMES, "model"))
        if self.encoding == "form" and any(isinstance(value, (dict, list)) for value in self.body.values()):
            raise ValueError("body has nested values, which only encoding: json can send")
        return self


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
        config = self.config
        key = None if config.key_env is None else os.environ.get(config.key_env, "").strip()
        if key == "":
            raise SpecError(f"{config.key_env} is not set; export the API's key under that name")
        if key is not None and not (key.isascii() and key.isprintable()):
            raise SpecError(f"{config.key_env} holds characters that no header can carry")
        if config.ca_file is not None and not config.ca_file.is_file():
            raise SpecError(f"ca_file {config.ca_file}: no such file")
        self._client = Client(
            config.base_url,
            headers=config.headers,
            key_header=(config.key_header, config.key_format.replace("{key}", key)) if key else None,
            secrets=[key] if key else [],
            download_hosts=config.download_hosts,
            request_timeout_s=config.request_timeout_s,
            retries=config.retries,
            backoff_s=config.backoff_s,
            backoff_max_s=config.backoff_max_s,
            ca_file=config.ca_file,
        )

    def check(self, request: GenerationRequest) -> None:
        if request.image is not None or request.past_frames is not None:
            raise RequestError("the http adapter sends texts only: no image, no frames to continue")
        check_params(request, texts_of(self.config.body))

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
        config, client = self.config, self._client

        def stop_if_asked() -> None:
            if context.cancelled:
                raise Cancelled("the runner asked the generator to stop")

        patience = Patience(config.timeout_s, stop_if_asked)
        before = client.tries_again
        context.phase("create")
        values = {**values_of(request, self.device, config.native_fps), "model": config.model}
        answer = client.ask("POST", client.at(config.create), patience, **self._sent(values))
        name = self._id(answer)
        try:
            answer = self._await(answer, name, patience, context)
            context.phase("download")
            if config.fields.url is None:
                source = client.at(_with_id(config.download, name))
            else:
                address = look_up(answer.data, config.fields.url)
                if not isinstance(address, str):
                    raise GeneratorError(f"job {name} is done and its {config.fields.url} holds no address")
                source = client.address_in(answer, address)
            client.download(source, path, config.max_clip_bytes, patience, config.poll_s)
        except (Cancelled, GeneratorError):
            if config.cancel is not None:
                client.forget(_with_id(config.cancel, name))
            raise
        context.note(job=name, tries_again=client.tries_again - before, poll_s=config.poll_s)
        told = None if config.fields.cost is None else finite(look_up(answer.data, config.fields.cost))
        cost = config.cost_per_clip if config.fields.cost is None else told
        if cost is not None:
            context.note(cost_per_clip=float(cost), currency=config.currency)

    def _sent(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The create request as httpx takes it; a key shared by all tries lets the API make it once."""
        body = fill_json(self.config.body, values)
        once = {"Idempotency-Key": str(uuid.uuid4())}
        if self.config.encoding == "json":
            return {"content": json.dumps(body), "headers": {"Content-Type": "application/json", **once}}
        try:
            fields = {field: (None, as_text(value).encode()) for field, value in body.items()}
        except UnicodeEncodeError:
            raise RequestError("the request holds a lone surrogate, which no form can carry") from None
        return {"files": fields, "headers": once}

    def _await(self, answer: Answer, name: str, patience: Patience, context: GenerationContext) -> Answer:
        """Ask until the job is done; returns its last description."""
        assert self._client is not None
        fields, client = self.config.fields, self._client
        done, failed = words(fields.done), words(fields.failed)
        phase, status = "", "unknown"
        while True:
            if answer.data is not None:
                status = self._status(answer.data, name)
                found = word(status)
                why = look_up(answer.data, fields.error) if found in done else None
                if found in failed or why:
                    said = error_text(answer.data, fields.error)
                    told = f": {client.shown(said)}" if said else ""
                    raise GeneratorError(f"job {name} ended as {status}{told}")
                if found in done:
                    return answer
                entered = "queue" if found in _WAITING else "work"
                if entered != phase:
                    phase = entered
                    context.phase(phase)
                progress = finite(look_up(answer.data, fields.progress))
                if progress is not None:
                    context.step(int(min(max(progress, 0), 100)), 100)
            wait_s = self.config.poll_s if answer.wait_s is None else max(answer.wait_s, self.config.poll_s)
            patience.pause(wait_s, f"job {name} is {status}")
            answer = client.ask("GET", client.at(_with_id(self.config.job, name)), patience)

    def _status(self, job: Json, name: str) -> str:
        """The status of a job as messages show it."""
        assert self._client is not None
        found = look_up(job, self.config.fields.status)
        if word(found) is None:
            raise GeneratorError(
                f"job {name} has no status under {self.config.fields.status!r}; set fields.status"
            )
        return self._client.shown(found if isinstance(found, str) else str(word(found)))

    def _id(self, answer: Answer) -> str:
        assert self._client is not None
        where = self.config.fields.id
        found = look_up(answer.data, where)
        if found is None and (said := error_text(answer.data, self.config.fields.error)) is not None:
            raise GeneratorError(f"the API made no job: {self._client.shown(said)}")
        return identifier(found, where, self._client.secrets)


def _with_id(path: str, name: str) -> str:
    return path.replace("{id}", quote(name, safe=""))
