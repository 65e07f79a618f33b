"""What a specification may say of any server: its address, its key, and how long and how much it may send."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated

import httpx
from pydantic import Field, field_validator, model_validator

from vbench_lite.adapters.external.addresses import is_loopback, parse_address
from vbench_lite.adapters.external.declared import DeclaredMaker
from vbench_lite.errors import SpecError

_SECRET = re.compile(r"(?i)auth|key|token|secret|cookie|passw")


class ServerConfig(DeclaredMaker):
    """What every adapter for a server is told.

    Attributes:
        base_url: begins every address of the server, such as https://api.example.com.
        key_env: variable of the environment that holds the key.
        key_header: header that the key is sent in.
        key_format: value of that header; {key} is the key.
        headers: further headers without secrets.
        timeout_s: seconds for one clip, from the request to its last byte.
        request_timeout_s: seconds for an answer to begin, or to go on.
        max_clip_bytes: that may be received for one clip.
        ca_file: certificates to trust in place of the usual ones; TLS is always verified.
    """

    base_url: str
    key_env: str | None = None
    key_header: str = "Authorization"
    key_format: str = "Bearer {key}"
    headers: dict[str, str] = Field(default_factory=dict)
    timeout_s: Annotated[float, Field(gt=0)] = 600.0
    request_timeout_s: Annotated[float, Field(gt=0)] = 60.0
    max_clip_bytes: Annotated[int, Field(gt=0)] = 2**29
    ca_file: Path | None = None

    @property
    def address(self) -> httpx.URL:
        """The address that `base_url` means, as it is compared and opened."""
        return parse_address(self.base_url)

    def other_hosts(self) -> list[str]:
        """Machines beside this one that its requests go to."""
        return [] if is_loopback(self.address.host) else [self.address.host]

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
    def _address_is_plain_and_safe(self) -> ServerConfig:
        try:
            address = self.address
        except ValueError as error:
            raise ValueError(f"base_url {self.base_url!r}: {error}") from None
        if address.query or "?" in self.base_url or "#" in self.base_url:
            raise ValueError("base_url holds a query or a fragment; keys are named in key_env")
        if address.scheme == "http" and self.key_env and not is_loopback(address.host):
            raise ValueError("a key is sent over https only; http is for servers on this machine")
        return self

    def key(self) -> str | None:
        """The key of the server, read from the environment; None where it needs none.

        Raises:
            SpecError: it is not there, or no header can carry it; or `ca_file` is missing.
        """
        key = None if self.key_env is None else os.environ.get(self.key_env, "").strip()
        if key == "":
            raise SpecError(f"{self.key_env} is not set; export the API's key under that name")
        if key is not None and not (key.isascii() and key.isprintable()):
            raise SpecError(f"{self.key_env} holds characters that no header can carry")
        if self.ca_file is not None and not self.ca_file.is_file():
            raise SpecError(f"ca_file {self.ca_file}: no such file")
        return key

    def key_headers(self, key: str | None) -> dict[str, str]:
        """The header that carries a key; none without one."""
        return {} if key is None else {self.key_header: self.key_format.replace("{key}", key)}
