"""One clip from a video API: its job is created, watched until it is done, and the clip is fetched."""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from vbench_lite.adapters.external.answers import Json, error_text, finite, identifier, look_up, word, words
from vbench_lite.adapters.external.http_client import Answer, Client
from vbench_lite.adapters.external.http_config import HttpConfig
from vbench_lite.adapters.external.patience import Patience
from vbench_lite.adapters.external.template import as_text, fill, fill_json
from vbench_lite.errors import Cancelled, GeneratorError, RequestError
from vbench_lite.generator import GenerationContext

_WAITING = frozenset(
    ("queued", "pending", "submitted", "created", "accepted", "starting", "in_queue", "queueing", "preparing")
)
_TRUE = frozenset(("true",))


class Job:
    """A clip that is being made by a service.

    Args:
        values: what stands for each name in the body and in the path of create.
        seconds: that are asked for.
    """

    def __init__(
        self,
        client: Client,
        config: HttpConfig,
        values: Mapping[str, Any],
        seconds: float,
        patience: Patience,
    ) -> None:
        self._client, self._config, self._fields = client, config, config.fields
        self._values, self._seconds, self._patience = values, seconds, patience
        self._name = ""
        self._made: Answer | None = None  # the answer to create, which may name addresses

    def make(self, path: Path, context: GenerationContext) -> None:
        """Have the clip made and write it to `path`; facts about it are noted.

        Raises:
            GeneratorError: the service refused, failed, or took too long. Cancelled: the call is to stop.
        """
        client, config = self._client, self._config
        before = client.tries_again
        context.phase("create")
        made = self._ask("POST", client.at(fill(config.create, self._in_path(self._values))), **self._sent())
        self._made, self._name = made, self._id(made.data)
        try:
            answer = self._await(made, context)
            facts = self._billed(answer.data)
            context.phase("download")
            result = self._result(answer)
            facts |= self._billed(result.data)
            self._fetch(result, path)
        except (Cancelled, GeneratorError):
            if (address := self._place("cancel_url", config.cancel)) is not None:
                client.forget(config.cancel_method, address)
            raise
        context.note(job=self._name, tries_again=client.tries_again - before, poll_s=config.poll_s, **facts)
        if (cost := self._cost(facts)) is not None:
            context.note(cost_per_clip=cost, currency=config.currency)

    # --- the questions --------------------------------------------------------------------------

    def _sent(self) -> dict[str, Any]:
        """The create request as httpx takes it; a key shared by all tries lets the API make it once."""
        body = fill_json(self._config.body, self._values)
        once = {"Idempotency-Key": str(uuid.uuid4())}
        if self._config.encoding == "json":
            return _as_json(body, once)
        try:
            fields = {field: (None, as_text(value).encode()) for field, value in body.items()}
        except UnicodeEncodeError:
            raise RequestError("the request holds a lone surrogate, which no form can carry") from None
        return {"files": fields, "headers": once}

    def _await(self, answer: Answer, context: GenerationContext) -> Answer:
        """Ask until the job is done; returns its last description."""
        fields, config = self._fields, self._config
        done, failed = words(fields.done), words(fields.failed)
        phase, status = "", "unknown"
        while True:
            if answer.data is not None:
                # Operations are not done until they say so, and some services answer create by an id alone.
                found = self._status(answer.data, may_be_absent=done <= _TRUE or answer is self._made)
                status = self._client.shown(found)
                why = look_up(answer.data, fields.error) if fields.code is None else None
                ended = word(found) in done or word(found) in failed
                if word(found) in failed or (ended and why):
                    said = error_text(answer.data, fields.error)
                    told = f": {self._client.shown(said)}" if said else ""
                    raise GeneratorError(f"job {self._name} ended as {status}{told}")
                if ended:
                    return answer
                entered = "queue" if word(found) in _WAITING else "work"
                if entered != phase:
                    phase = entered
                    context.phase(phase)
                progress = finite(look_up(answer.data, fields.progress))
                if progress is not None:
                    context.step(int(min(max(progress, 0), 100)), 100)
            wait_s = config.poll_s if answer.wait_s is None else max(answer.wait_s, config.poll_s)
            self._patience.pause(wait_s, f"job {self._name} is {status}")
            where = self._place("job_url", config.job)
            assert where is not None
            if config.job_body is None:
                answer = self._ask("GET", where)
            else:
                answer = self._ask("POST", where, **_as_json(fill_json(config.job_body, {"id": self._name})))

    def _status(self, job: Json, may_be_absent: bool) -> str:
        found = look_up(job, self._fields.status)
        if found is None and may_be_absent:
            return "created"
        if word(found) is None:
            raise GeneratorError(
                f"job {self._name} has no status under {self._fields.status!r}; set fields.status"
            )
        return found if isinstance(found, str) else str(word(found))

    def _result(self, answer: Answer) -> Answer:
        """The answer that names the clip: the job's last one, or that of a second question."""
        file = None
        if self._fields.file is not None:
            found = look_up(answer.data, self._fields.file)
            file = identifier(found, self._fields.file, self._client.secrets)
        where = self._place("result_url", self._config.result, file)
        if where is None:
            return answer
        result = self._ask("GET", where)
        while result.data is None:  # 202
            self._patience.pause(result.wait_s or self._config.poll_s, f"the result of job {self._name}")
            result = self._ask("GET", where)
        return result

    def _fetch(self, result: Answer, path: Path) -> None:
        client, config, fields = self._client, self._config, self._fields
        if fields.data is not None:
            path.write_bytes(self._decoded(_first(look_up(result.data, fields.data))))
            return
        if fields.url is None:
            source = client.at(fill(config.download, self._in_path({"id": self._name})))
        else:
            address = _first(look_up(result.data, fields.url))
            if not isinstance(address, str):
                raise self._without("address", fields.url, result.data)
            source = client.address_in(result, address)
        client.download(source, path, config.max_clip_bytes, self._patience, config.poll_s)

    def _decoded(self, text: Json) -> bytes:
        """The clip in base64, or in a data: address."""
        if not isinstance(text, str) or not text:
            raise self._without("clip", str(self._fields.data), None)
        try:
            clip = base64.b64decode(text.partition("base64,")[2] or text, validate=True)
        except (binascii.Error, ValueError):
            raise GeneratorError(f"job {self._name}: its {self._fields.data} is no base64") from None
        if len(clip) > self._config.max_clip_bytes:
            raise GeneratorError(
                f"job {self._name}: {len(clip)} bytes, above the limit of {self._config.max_clip_bytes}"
            )
        return clip

    # --- what the answers hold ------------------------------------------------------------------

    def _ask(self, method: str, address: httpx.URL, **body: Any) -> Answer:
        """An answer whose code is no error; what may pass is asked again."""
        fields = self._fields
        most = 2**20
        if fields.data is not None:
            most += self._config.max_clip_bytes * 4 // 3
        ok, retry = words(fields.code_ok), words(fields.code_retry)

        def may_pass(data: Json) -> str | None:
            code = None if fields.code is None else word(look_up(data, fields.code))
            if code is None or code in ok:
                return None
            said = self._client.shown(error_text(data, fields.error) or "")
            what = f"code {self._client.shown(code)}" + (f": {said}" if said else "")
            if code in retry:
                return what
            raise GeneratorError(f"{method} {address.host}: {what}")

        return self._client.ask(method, address, self._patience, may_pass=may_pass, max_bytes=most, **body)

    def _place(self, field: str, path: str | None, file: str | None = None) -> httpx.URL | None:
        """Where to ask: the address that the answer to create names, or else a path of the API."""
        assert self._made is not None
        where = getattr(self._fields, field)
        found = None if where is None else look_up(self._made.data, where)
        if isinstance(found, str):
            return self._client.address_in(self._made, found, downloads=False)
        if path is None:
            return None
        return self._client.at(fill(path, self._in_path({"id": self._name, "file": file or ""})))

    def _in_path(self, values: Mapping[str, Any]) -> dict[str, str]:
        """Values as they may stand in a path: an id is one segment; {id_path} and {model} may be several.

        Raises:
            GeneratorError: segments would lead elsewhere.
        """
        found = {name: quote(str(value), safe="") for name, value in values.items()}
        for name, source in (("id_path", "id"), ("model", "model")):
            if source in values:
                parts = str(values[source]).split("/")
                if len(parts) > 1 and any(part in ("", ".", "..") for part in parts):
                    raise GeneratorError(f"{source} {self._client.shown(str(values[source]))!r} is no path")
                found[name] = "/".join(quote(part, safe="") for part in parts)
        return found

    def _id(self, data: Json) -> str:
        found = look_up(data, self._fields.id)
        if found is None and (said := error_text(data, self._fields.error)) is not None:
            raise GeneratorError(f"the API made no job: {self._client.shown(said)}")
        return identifier(found, self._fields.id, self._client.secrets)

    def _billed(self, data: Json) -> dict[str, float]:
        """What an answer says of money: `cost` and `seconds_billed`, where it does."""
        found = {}
        for name, where in (("cost", self._fields.cost), ("seconds_billed", self._fields.seconds_billed)):
            value = None if where is None else finite(look_up(data, where))
            if value is not None:
                found[name] = value
        return found

    def _cost(self, facts: dict[str, float]) -> float | None:
        """Of the clip: as the service told, or by the declared price; None if nobody knows."""
        config = self._config
        if self._fields.cost is not None or config.cost_per_clip is not None:
            return facts.get("cost", None if self._fields.cost is not None else config.cost_per_clip)
        if config.cost_per_second is None:
            return None
        return config.cost_per_second * facts.get("seconds_billed", self._seconds)

    def _without(self, what: str, where: str, data: Json) -> GeneratorError:
        said = "" if data is None else f"; it said: {self._client.shown(json.dumps(data))}"
        return GeneratorError(f"job {self._name} is done and its {where} holds no {what}{said}")


def _as_json(body: Json, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    return {"content": json.dumps(body), "headers": {"Content-Type": "application/json", **(headers or {})}}


def _first(value: Json) -> Json:
    """The first of a list, and what a description of a file says is its address."""
    while isinstance(value, list) and value:
        value = value[0]
    return look_up(value, "url") if isinstance(value, Mapping) else value
