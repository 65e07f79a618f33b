"""A video API with jobs: create one, ask until it is done, download the clip.

The defaults are those of OpenAI's `/v1/videos`, which vLLM-Omni and SGLang serve too; paths and fields can be
set for others. Times are those of this client: they hold the server's queue and the network, and up to
`poll_s` until the end is noticed. Memory is unknown.
"""

from __future__ import annotations

import ipaddress
import os
import re
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from vbench_lite.adapters.external.clip_file import emit_clip_file
from vbench_lite.adapters.external.declared import DeclaredMaker, declared_info
from vbench_lite.adapters.external.http_client import Client, Patience
from vbench_lite.adapters.external.template import (
    REQUEST_NAMES,
    as_text,
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

Json = Any


class JobFields(BaseModel):
    """Where the answers say what; a path such as `data.0.url` goes into objects and lists.

    Attributes:
        id: of the job.
        status: of the job.
        progress: percent, if it is told.
        error: why a job failed.
        url: address of the clip; None: it is at the `download` path.
        cost: what the clip cost, if it is told.
        done: values of the status that mean success.
        failed: values of the status that mean failure; any other means that the job goes on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = "id"
    status: str = "status"
    progress: str = "progress"
    error: str = "error.message"
    url: str | None = None
    cost: str | None = None
    done: tuple[str, ...] = ("completed", "succeeded", "success")
    failed: tuple[str, ...] = ("failed", "error", "cancelled", "canceled", "expired", "rejected")


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
        download_hosts: hosts beside the API's that clips may come from.
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
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"base_url {self.base_url!r} must begin with https://HOST")
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError("base_url holds a user, a query or a fragment; keys are named in key_env")
        if parts.scheme == "http" and self.key_env and not _is_loopback(parts.hostname):
            raise ValueError("a key is sent over https only; http is for servers on this machine")
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
        values = {**values_of(request, self.device), "model": config.model}
        job = client.ask("POST", config.create, patience, **self._sent(values))
        name = self._id(job)
        try:
            job = self._await(job, name, patience, context)
            context.phase("download")
            address = None if config.fields.url is None else look_up(job, config.fields.url)
            if config.fields.url is not None and not isinstance(address, str):
                raise GeneratorError(f"job {name} is done and its {config.fields.url} holds no address")
            client.download(address or _with_id(config.download, name), path, config.max_clip_bytes, patience)
        except (Cancelled, GeneratorError):
            if config.cancel is not None:
                client.forget(_with_id(config.cancel, name))
            raise
        context.note(job=name, tries_again=client.tries_again - before, poll_s=config.poll_s)
        cost = config.cost_per_clip if config.fields.cost is None else look_up(job, config.fields.cost)
        if isinstance(cost, (int, float)) and not isinstance(cost, bool):
            context.note(cost_per_clip=float(cost), currency=config.currency)

    def _sent(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The create request as `requests` takes it; a key shared by all tries lets the API make it once."""
        body = fill_json(self.config.body, values)
        once = {"headers": {"Idempotency-Key": str(uuid.uuid4())}}
        if self.config.encoding == "json":
            return {"json": body, **once}
        return {"files": {field: (None, as_text(value)) for field, value in body.items()}, **once}

    def _await(self, job: Json, name: str, patience: Patience, context: GenerationContext) -> Json:
        """Ask until the job is done; returns its last description."""
        assert self._client is not None
        fields = self.config.fields
        phase = ""
        while True:
            status = look_up(job, fields.status)
            if not isinstance(status, str):
                raise GeneratorError(f"job {name} has no text under {fields.status!r}; set fields.status")
            status = self._client.shown(status)
            if status.lower() in fields.done:
                return job
            if status.lower() in fields.failed:
                why = look_up(job, fields.error)
                told = f": {self._client.shown(why)}" if isinstance(why, str) and why else ""
                raise GeneratorError(f"job {name} ended as {status}{told}")
            entered = "queue" if status.lower() in _WAITING else "work"
            if entered != phase:
                phase = entered
                context.phase(phase)
            progress = look_up(job, fields.progress)
            if isinstance(progress, (int, float)) and not isinstance(progress, bool):
                context.step(int(min(max(progress, 0), 100)), 100)
            patience.pause(self.config.poll_s, f"job {name} is {status}")
            job = self._client.ask("GET", _with_id(self.config.job, name), patience)

    def _id(self, job: Json) -> str:
        name = look_up(job, self.config.fields.id)
        if isinstance(name, bool) or not isinstance(name, (str, int)) or name == "":
            raise GeneratorError(f"the answer to create has no {self.config.fields.id!r}; set fields.id")
        if self._client is None or self._client.shown(str(name)) != str(name):
            raise GeneratorError(
                "the answer to create holds an id that is none: too long, or with a key in it"
            )
        return str(name)


def look_up(data: Json, path: str) -> Json:
    """What lies at a path such as `data.0.url` within JSON; None where there is nothing."""
    for part in path.split("."):
        if isinstance(data, Mapping):
            data = data.get(part)
        elif isinstance(data, list) and part.isdecimal() and int(part) < len(data):
            data = data[int(part)]
        else:
            return None
    return data


def _with_id(path: str, name: str) -> str:
    return path.replace("{id}", quote(name, safe=""))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
