"""What a specification may say of a video API: paths, bodies, and where the answers say what."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from vbench_lite.adapters.external.addresses import host_and_port, is_loopback
from vbench_lite.adapters.external.answers import Json, Word
from vbench_lite.adapters.external.server_config import ServerConfig
from vbench_lite.adapters.external.template import REQUEST_NAMES, check_template, laid_over, texts_of
from vbench_lite.yaml_text import read_yaml

_SERVICES = Path(__file__).with_name("services")
_IMAGE_NAMES = ("image", "image_base64")


class JobFields(BaseModel):
    """Where the answers say what; a path such as `data.0.url` goes into objects and lists.

    Attributes:
        id: of the job.
        status: of the job; where only `true` means success, it may be absent until then.
        progress: percent, if it is told.
        error: why a job failed.
        url: address of the clip, or a list that begins with it; None: it is at the `download` path.
        data: the clip itself, as base64.
        file: id of the clip's file, which {file} stands for in `result`.
        job_url, result_url, cancel_url: addresses in the answer to create that take the place of the paths
            `job`, `result` and `cancel`.
        cost: what the clip cost, if it is told.
        seconds_billed: what the clip is billed for, in seconds, if it is told.
        code: a number that every answer has; None if answers have none.
        code_ok: values of it that are no error.
        code_retry: values of it that may pass, so that the question is asked again.
        done: values of the status that mean success: texts in any case, numbers, true or false.
        failed: values of the status that mean failure; any other means that the job goes on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = "id"
    status: str = "status"
    progress: str = "progress"
    error: str = "error.message"
    url: str | None = None
    data: str | None = None
    file: str | None = None
    job_url: str | None = None
    result_url: str | None = None
    cancel_url: str | None = None
    cost: str | None = None
    seconds_billed: str | None = None
    code: str | None = None
    code_ok: tuple[Word, ...] = (0,)
    code_retry: tuple[Word, ...] = ()
    done: tuple[Word, ...] = ("completed", "succeeded", "success")
    failed: tuple[Word, ...] = ("failed", "error", "cancelled", "canceled", "expired", "rejected")


class HttpConfig(ServerConfig):
    """Configuration of `http`.

    Attributes:
        preset: a service whose paths and fields are known; every other key goes over what it says.
        model: what {model} stands for in `body`.
        create: path that takes the request for a clip.
        job: path that describes a job; {id} is the job's, and {id_path} one that is a path itself.
        job_body: what is sent (POST) to ask after a job, where a GET is not enough; {id} is filled in.
        result: path that is asked when a job is done, whose answer then names the clip; {id} and {file}.
        download: path of the finished clip.
        cancel: path that drops a job; None if jobs cannot be dropped.
        cancel_method: with which it is asked.
        body: fields of the create request; {prompt}, {seed}, {num_frames}, {width}, {height}, {fps},
            {seconds}, {params.NAME} ... are filled in; {image} is the first frame as a data: address of a
            PNG, and {image_base64} the PNG alone.
        encoding: of `body`: "form" (multipart) or "json", where a value of one name alone stays a number.
        fields: where the answers say what.
        download_hosts: "HOST" or "HOST:PORT" beside the API's that clips may come from, over https.
        output: suffix of the clip.
        poll_s: seconds between two questions after a job.
        retries: further tries after a failure that may pass.
        backoff_s: seconds of the first pause between tries; each next one is twice as long.
        backoff_max_s: seconds of the longest pause.
        durations: lengths in seconds that can be asked for; {seconds} is the first that is long enough.
        cost_per_clip: what a clip costs, for the record.
        cost_per_second: what a second costs, of those that are billed or else asked for.
        currency: of the cost.
    """

    preset: Literal["openai", "replicate", "fal", "veo", "minimax"] | None = None
    create: str = "/v1/videos"
    job: str = "/v1/videos/{id}"
    job_body: dict[str, Json] | None = None
    result: str | None = None
    download: str = "/v1/videos/{id}/content"
    cancel: str | None = None
    cancel_method: Literal["DELETE", "POST", "PUT"] = "DELETE"
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
    download_hosts: tuple[str, ...] = ()
    output: Annotated[str, Field(pattern=r"^\.[a-z0-9]+$")] = ".mp4"
    poll_s: Annotated[float, Field(gt=0)] = 1.0
    retries: Annotated[int, Field(ge=0)] = 5
    backoff_s: Annotated[float, Field(gt=0)] = 0.5
    backoff_max_s: Annotated[float, Field(gt=0)] = 30.0
    durations: tuple[Annotated[float, Field(gt=0)], ...] = ()
    cost_per_clip: Annotated[float, Field(ge=0)] | None = None
    cost_per_second: Annotated[float, Field(ge=0)] | None = None
    currency: str = "USD"

    @model_validator(mode="before")
    @classmethod
    def _over_its_preset(cls, data: Any) -> Any:
        """The preset's values under those of the user; what comes out stands for itself, and names none."""
        if not isinstance(data, Mapping) or data.get("preset") is None:
            return data
        name = str(data["preset"])
        if not (_SERVICES / f"{name}.yaml").is_file():
            known = ", ".join(sorted(path.stem for path in _SERVICES.glob("*.yaml")))
            raise ValueError(f"preset {name!r} is unknown; there are: {known}")
        return {**laid_over(_preset(name), data), "preset": None}

    @model_validator(mode="after")
    def _templates_name_what_there_is(self) -> HttpConfig:
        for host in self.download_hosts:
            host_and_port(host)
        ids = ("id", "id_path")
        for path, names in (
            (self.create, ("model",)),
            (self.job, ids),
            (self.result or "", (*ids, "file")),
            (self.download, ids),
            (self.cancel or "", ids),
        ):
            check_template(path, names)
        for text in texts_of(self.body):
            check_template(text, (*REQUEST_NAMES, "model", *_IMAGE_NAMES))
        if self.encoding == "form" and any(isinstance(value, (dict, list)) for value in self.body.values()):
            raise ValueError("body has nested values, which only encoding: json can send")
        return self

    def other_hosts(self) -> list[str]:
        """Those of the API and of its clips."""
        downloads = [host_and_port(host)[0] for host in self.download_hosts]
        return list(dict.fromkeys(super().other_hosts() + [h for h in downloads if not is_loopback(h)]))

    @property
    def sends_images(self) -> bool:
        """Whether the body has a place for the first frame of a request."""
        return any(f"{{{name}}}" in text for text in texts_of(self.body) for name in _IMAGE_NAMES)


@cache
def _preset(name: str) -> dict[str, Any]:
    path = _SERVICES / f"{name}.yaml"
    found = read_yaml(path, str(path))
    assert isinstance(found, dict)
    return found
