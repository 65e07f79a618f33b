"""Requests to a video API: patient, bounded, and careful with keys.

- Failures that may pass (connection, time-out, 408, 425, 429, 5xx) are tried again after a pause that
  doubles, with jitter; Retry-After is obeyed where the server sends it.
- A key is read from the environment, goes to the API's own origin only, and is taken out of every message.
- Redirects and downloads go nowhere but to that origin, and hosts that the user names for downloads.
- Every body has a limit, and is counted while it arrives: a length that a server states is not trusted.
- Messages name host and path, never a query: download links carry signatures there.
"""

from __future__ import annotations

import email.utils
import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from vbench_lite.errors import GeneratorError

_JSON_BYTES = 2**20
_CHUNK_BYTES = 2**16
_MAY_PASS = frozenset((408, 425, 429, 500, 502, 503, 504))
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_MOST_REDIRECTS = 5
_SHOWN_CHARACTERS = 200
_LOOK_S = 0.1  # between two looks at a request to stop, while waiting


class _Passing(Exception):
    """A failure that may pass; the message says what it was. `wait_s` is what the server asks for."""

    def __init__(self, what: str, wait_s: float | None = None) -> None:
        super().__init__(what)
        self.wait_s = wait_s


@dataclass
class Patience:
    """How long one clip may take, and whether it is still wanted.

    Attributes:
        timeout_s: for everything from the first request to the last byte.
        stop_if_asked: raises when the call is to stop.
        sleep, now: replaced by tests.
    """

    timeout_s: float
    stop_if_asked: Callable[[], None]
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.monotonic
    _began_s: float = field(init=False)

    def __post_init__(self) -> None:
        self._began_s = self.now()

    def check(self, doing: str) -> None:
        """Raise if the call is to stop, or its time is over."""
        self.stop_if_asked()
        if self.now() - self._began_s > self.timeout_s:
            raise GeneratorError(f"no clip within timeout_s = {self.timeout_s:g} ({doing})")

    def pause(self, seconds: float, doing: str) -> None:
        """Wait; raises at once if the time would be over before that."""
        ends_s = self.now() + seconds
        if ends_s - self._began_s > self.timeout_s:
            raise GeneratorError(
                f"no clip within timeout_s = {self.timeout_s:g} ({doing}; the next try is in {seconds:.3g} s)"
            )
        while (left_s := ends_s - self.now()) > 0:
            self.check(doing)
            self.sleep(min(left_s, _LOOK_S))


class Client:
    """Requests to one API.

    Args:
        base_url: scheme, host and path that every path of the API begins with.
        headers: sent with every request. key_header: name and value of the header with the key, if any.
        secrets: texts that may appear in no message.
        download_hosts: hosts beside the API's that clips may come from; they never get the key.
        ca_file: certificates to trust in place of the usual ones; TLS is always verified.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str],
        key_header: tuple[str, str] | None,
        secrets: Sequence[str],
        download_hosts: Sequence[str],
        request_timeout_s: float,
        retries: int,
        backoff_s: float,
        backoff_max_s: float,
        ca_file: Path | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._headers = {"Accept-Encoding": "identity", **headers}
        self._key_header, self._secrets = key_header, tuple(secrets)
        self._download_hosts = frozenset(download_hosts)
        self._request_timeout_s, self._retries = request_timeout_s, retries
        self._backoff_s, self._backoff_max_s = backoff_s, backoff_max_s
        self._verify: bool | str = True if ca_file is None else str(ca_file)
        self._session = requests.Session()
        self.tries_again = 0  # of this client so far

    def close(self) -> None:
        self._session.close()

    def ask(self, method: str, path: str, patience: Patience, **body: Any) -> Any:
        """Send a request to the API and return the JSON of its answer; `body` as `requests` takes it.

        Raises:
            GeneratorError: refused, unreachable after every try, or no JSON.
        """
        url = self._base_url + path

        def once() -> Any:
            with closing(self._open(method, url, **body)) as response:
                data = b"".join(self._body(response, _JSON_BYTES, patience))
            try:
                return json.loads(data)
            except (ValueError, RecursionError):
                said = self.shown(data.decode("utf-8", "replace"))
                raise GeneratorError(f"{_named(method, url)}: the answer is no JSON: {said}") from None

        return self._patiently(once, f"{method} {path}", patience)

    def download(self, source: str, path: Path, max_bytes: int, patience: Patience) -> None:
        """Fetch a file from a path of the API, or from an address that it gave.

        Raises:
            GeneratorError: from another host, too large, cut short in every try, or refused.
        """
        url = urljoin(self._base_url + "/", source) if "://" in source else self._base_url + source
        self._check_host(url)

        def once() -> None:
            with closing(self._open("GET", url)) as response, path.open("wb") as file:
                for block in self._body(response, max_bytes, patience):
                    file.write(block)

        self._patiently(once, "download", patience)

    def forget(self, path: str) -> None:
        """Ask the API to drop a job that nobody wants; whether that works changes nothing."""
        try:
            with closing(self._open("DELETE", self._base_url + path, timeout_s=1.0)):
                return
        except (GeneratorError, _Passing):
            return

    # --- one try and the next -------------------------------------------------------------------

    def _patiently(self, once: Callable[[], Any], doing: str, patience: Patience) -> Any:
        for attempt in range(self._retries + 1):
            patience.check(doing)
            try:
                return once()
            except _Passing as failure:
                if attempt == self._retries:
                    tries = f"{attempt + 1} tries" if attempt else "one try"
                    raise GeneratorError(f"{failure}, after {tries}") from None
                self.tries_again += 1
                wait_s = self._wait_s(attempt) if failure.wait_s is None else failure.wait_s
                patience.pause(wait_s, str(failure))
        raise AssertionError("the last try returns or raises")

    def _wait_s(self, attempt: int) -> float:
        """Half to the whole of a time that doubles, so that many clients do not come back together."""
        whole_s = min(self._backoff_max_s, self._backoff_s * 2**attempt)
        return float(whole_s * random.uniform(0.5, 1.0))

    def _open(self, method: str, url: str, timeout_s: float | None = None, **body: Any) -> requests.Response:
        """The answer to a request with its body still to come; raises `_Passing` or GeneratorError."""
        for _ in range(_MOST_REDIRECTS + 1):
            response = self._send(method, url, timeout_s or self._request_timeout_s, body)
            if response.status_code not in _REDIRECTS:
                break
            response.close()
            if method != "GET":
                raise GeneratorError(
                    f"{_named(method, url)}: redirected ({response.status_code}); check base_url"
                )
            url = urljoin(url, response.headers.get("Location", ""))
            self._check_host(url)
        else:
            raise GeneratorError(f"{_named(method, url)}: more than {_MOST_REDIRECTS} redirects")
        status = response.status_code
        if status < 400:
            return response
        with closing(response):
            said = self._first_words(response)
        what = f"{_named(method, url)}: status {status}" + (f": {said}" if said else "")
        if status in _MAY_PASS:
            raise _Passing(what, _retry_after_s(response.headers.get("Retry-After")))
        raise GeneratorError(what)

    def _first_words(self, response: requests.Response) -> str:
        """The beginning of an error's body; an error without a readable body is told by its status."""
        try:
            data: bytes = next(response.iter_content(_SHOWN_CHARACTERS * 4), b"")
        except requests.RequestException:
            return ""
        return self.shown(data.decode("utf-8", "replace"))

    def _send(self, method: str, url: str, timeout_s: float, body: Mapping[str, Any]) -> requests.Response:
        headers = {**self._headers, **body.get("headers", {})}
        if self._key_header is not None and _origin(url) == _origin(self._base_url):
            headers[self._key_header[0]] = self._key_header[1]
        rest = {name: value for name, value in body.items() if name != "headers"}
        try:
            return self._session.request(
                method,
                url,
                headers=headers,
                auth=_no_netrc,
                allow_redirects=False,
                stream=True,
                timeout=timeout_s,
                verify=self._verify,
                **rest,
            )
        except requests.exceptions.SSLError:
            raise GeneratorError(f"{_named(method, url)}: its TLS certificate is not trusted") from None
        except requests.RequestException as error:
            raise _Passing(f"{_named(method, url)}: {_plain(error, timeout_s)}") from None

    def _body(self, response: requests.Response, max_bytes: int, patience: Patience) -> Iterator[bytes]:
        """The body in blocks; raises GeneratorError above the limit, `_Passing` when it is cut short."""
        where = _named("GET", response.url)
        stated = response.headers.get("Content-Length", "")
        if stated.isdecimal() and int(stated) > max_bytes:
            raise GeneratorError(f"{where}: {stated} bytes, above the limit of {max_bytes}")
        have = 0
        try:
            for block in response.iter_content(_CHUNK_BYTES):
                patience.check("download")
                have += len(block)
                if have > max_bytes:
                    raise GeneratorError(f"{where}: more bytes than the limit of {max_bytes}")
                yield block
        except requests.exceptions.Timeout as error:
            raise _Passing(f"{where}: {_plain(error, self._request_timeout_s)}") from None
        except requests.RequestException as error:
            if "timed out" in str(error).lower():
                raise _Passing(f"{where}: no more bytes within {self._request_timeout_s:g} s") from None
            raise _Passing(f"{where}: cut short after {have} of {stated or 'unknown'} bytes") from None
        if stated.isdecimal() and have < int(stated):
            raise _Passing(f"{where}: cut short after {have} of {stated} bytes")

    # --- where and what -------------------------------------------------------------------------

    def _check_host(self, url: str) -> None:
        """Raise GeneratorError unless the address is on the API's origin or a download host."""
        if _origin(url) == _origin(self._base_url):
            return
        parts = urlsplit(url)
        if parts.scheme == "https" and parts.hostname in self._download_hosts:
            return
        raise GeneratorError(
            f"the API sends the client to another host, {parts.scheme}://{parts.hostname}; "
            "name it under download_hosts if clips come from there (https only)"
        )

    def shown(self, text: str) -> str:
        """A text of the server as messages show it: one line, no keys, no more than a little."""
        text = " ".join(text.split())
        for secret in self._secrets:
            text = text.replace(secret, "[hidden]")
        return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "..."


def _no_netrc(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """In place of credentials that `requests` would otherwise look up in ~/.netrc."""
    return request


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _named(method: str, url: str) -> str:
    parts = urlsplit(url)
    return f"{method} {parts.hostname}{parts.path}"


def _plain(error: requests.RequestException, timeout_s: float) -> str:
    """What happened, in words that hold no address."""
    if isinstance(error, requests.exceptions.Timeout):
        return f"no answer within {timeout_s:g} s"
    if isinstance(error, requests.exceptions.ConnectionError):
        return "it cannot be reached, or closed the connection"
    return type(error).__name__


def _retry_after_s(header: str | None) -> float | None:
    """Seconds of a Retry-After header, which holds a number or a date; None without one."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    date = email.utils.parsedate_tz(header)
    return None if date is None else max(0.0, email.utils.mktime_tz(date) - time.time())
