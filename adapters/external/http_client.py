"""Requests to a video API: patient, bounded, and careful with keys.

- Failures that may pass (connection, time-out, 408, 425, 429, 5xx) are tried again after a pause that
  doubles, with jitter; Retry-After is obeyed where the server sends it. 202 means: ask again.
- A key is read from the environment, goes to the API's own origin only, and is taken out of every message.
- Redirects and downloads go nowhere but to that origin, and hosts that the user names for downloads; the
  address that is compared is the object that is opened (`addresses`).
- Every body has a limit, and is counted while it arrives: a length that a server states is not trusted.
- Messages name host and path, never a query: download links carry signatures there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_exponential_jitter

from vbench_lite.adapters.external.addresses import host_and_port, is_loopback, origin, parse_address
from vbench_lite.adapters.external.answers import message_in, read_json, retry_after_s, shown
from vbench_lite.adapters.external.http_config import HttpConfig
from vbench_lite.adapters.external.patience import Patience, Sockets, Watch
from vbench_lite.adapters.external.tls import is_untrusted, trusted
from vbench_lite.errors import GeneratorError

_JSON_BYTES = 2**20
_CHUNK_BYTES = 2**16
_HEAD_BYTES = 1024  # that show whether an answer is a text
_MAY_PASS = frozenset((408, 425, 429, 500, 502, 503, 504))
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_MOST_REDIRECTS = 5
_FORGET_S = 1.0
# What httpx expands at most a thousandfold for a piece; nothing is asked for, and some servers send it.
_ENCODINGS = frozenset(("", "identity", "gzip", "x-gzip", "deflate"))

Made = TypeVar("Made")


class _Passing(Exception):
    """A failure that may pass; the message says what it was. `wait_s` is what the server asks for."""

    def __init__(self, what: str, wait_s: float | None = None) -> None:
        super().__init__(what)
        self.wait_s = wait_s


class Answer:
    """What the API said.

    Attributes:
        data: the JSON; None where the answer was empty.
        address: where it came from, which relative addresses in it are resolved against.
        wait_s: how long the server wants to be left alone; None if it does not say.
    """

    def __init__(self, data: Any, address: httpx.URL, wait_s: float | None) -> None:
        self.data, self.address, self.wait_s = data, address, wait_s


class Client:
    """Requests to one API.

    Args:
        config: of which its address, headers, hosts, times and tries are read; download hosts get no key.
        key: of the API, if it has one.

    Attributes:
        secrets: texts that may appear in no message.
        tries_again: requests that were repeated so far.
    """

    def __init__(self, config: HttpConfig, key: str | None) -> None:
        self._base_url = config.base_url.rstrip("/")
        self._origin = origin(parse_address(self._base_url))
        self._key_headers = config.key_headers(key)
        self.secrets = () if key is None else (key,)
        self.tries_again = 0
        self._download_hosts = frozenset(map(host_and_port, config.download_hosts))
        self._request_timeout_s, self._retries = config.request_timeout_s, config.retries
        self._backoff = wait_exponential_jitter(
            multiplier=config.backoff_s, max=config.backoff_max_s, jitter=config.backoff_s
        )
        self._sockets = Sockets()
        self._client = httpx.Client(
            headers={"Accept-Encoding": "identity", **config.headers},
            verify=trusted(config.ca_file),
            # A proxy of the environment would get what is meant for this machine, the key included.
            trust_env=not is_loopback(self._origin[1]),
        )

    def close(self) -> None:
        self._client.close()

    def at(self, path: str) -> httpx.URL:
        """The address of a path of the API."""
        return self._parsed(self._base_url + path)

    def address_in(self, answer: Answer, text: str, downloads: bool = True) -> httpx.URL:
        """The address that an answer names; a relative one is resolved against where the answer came from.

        Args:
            downloads: whether it may be on a download host.

        Raises:
            GeneratorError: it is no address, or it leads to another host.
        """
        found = self._parsed(text, answer.address)
        self._check_host(found, downloads)
        return found

    def ask(
        self,
        method: str,
        address: httpx.URL,
        patience: Patience,
        *,
        may_pass: Callable[[Any], str | None] = lambda _: None,
        max_bytes: int = _JSON_BYTES,
        **body: Any,
    ) -> Answer:
        """Send a request to the API and return its answer; `body` as httpx takes it.

        Args:
            may_pass: says of the JSON why it is to be asked for again, or None where it is an answer.
            max_bytes: of the answer.

        Raises:
            GeneratorError: refused, unreachable after every try, or no JSON.
        """

        def once() -> Answer:
            with self._open(method, address, patience, **body) as response:
                data = b"".join(self._body(response, max_bytes, patience))
                wait_s = retry_after_s(response.headers.get("Retry-After"))
            if not data.strip() and response.status_code == httpx.codes.ACCEPTED:
                return Answer(None, response.url, wait_s)
            try:
                found = read_json(data)
            except ValueError:
                said = self.shown(data.decode("utf-8", "replace"))
                raise GeneratorError(f"{_named(method, address)}: the answer is no JSON: {said}") from None
            if (why := may_pass(found)) is not None:
                raise _Passing(f"{_named(method, address)}: {why}", wait_s)
            return Answer(found, response.url, wait_s)

        return self._patiently(once, _named(method, address), patience)

    def download(
        self, address: httpx.URL, path: Path, max_bytes: int, patience: Patience, poll_s: float
    ) -> None:
        """Fetch a clip; while the server answers 202, ask again after `poll_s`, or the time that it names.

        Raises:
            GeneratorError: from another host, too large, cut short in every try, refused, or no clip.
        """
        self._check_host(address, downloads=True)

        def once() -> float | None:
            with self._open("GET", address, patience, downloads=True) as response:
                if response.status_code == httpx.codes.ACCEPTED:
                    wait_s = retry_after_s(response.headers.get("Retry-After"))
                    return poll_s if wait_s is None else wait_s
                if response.status_code not in (200, 203):
                    raise GeneratorError(
                        f"{_named('GET', address)}: status {response.status_code}, which brings no whole clip"
                    )
                self._write(response, path, max_bytes, patience)
                return None

        while (wait_s := self._patiently(once, "download", patience)) is not None:
            patience.pause(wait_s, f"{_named('GET', address)}: the clip is not ready (status 202)")

    def forget(self, method: str, address: httpx.URL) -> None:
        """Ask the API to drop a job that nobody wants; whether that works changes nothing."""
        try:
            with self._open(method, address, Patience(_FORGET_S, lambda: None)):
                return
        except (GeneratorError, _Passing):
            return

    def shown(self, text: str) -> str:
        """A text of the server as messages show it: one line, no keys, no more than a little."""
        return shown(text, self.secrets)

    # --- one try and the next -------------------------------------------------------------------

    def _patiently(self, once: Callable[[], Made], doing: str, patience: Patience) -> Made:
        def failure(state: RetryCallState) -> _Passing:
            error = state.outcome.exception() if state.outcome is not None else None
            assert isinstance(error, _Passing)
            return error

        def wait_s(state: RetryCallState) -> float:
            stated = failure(state).wait_s
            return self._backoff(state) if stated is None else stated

        def pause(state: RetryCallState) -> None:
            self.tries_again += 1
            patience.pause(state.upcoming_sleep, str(failure(state)))

        def give_up(state: RetryCallState) -> Made:
            count = state.attempt_number
            tries = "one try" if count == 1 else f"{count} tries"
            raise GeneratorError(f"{failure(state)}, after {tries}") from None

        tries = Retrying(
            retry=retry_if_exception_type(_Passing),
            stop=stop_after_attempt(self._retries + 1),
            wait=wait_s,
            before=lambda _: patience.check(doing),
            before_sleep=pause,
            sleep=lambda _: None,  # `pause` has waited, and looked at a request to stop meanwhile
            retry_error_callback=give_up,
        )
        return tries(once)

    @contextmanager
    def _open(
        self, method: str, address: httpx.URL, patience: Patience, downloads: bool = False, **body: Any
    ) -> Iterator[httpx.Response]:
        """The answer to a request with its body still to come; raises `_Passing` or GeneratorError.

        Args:
            downloads: whether redirects may lead to download hosts.
        """
        with Watch(patience, self._sockets, _named(method, address)):
            for _ in range(_MOST_REDIRECTS + 1):
                response = self._send(method, address, patience, body)
                if response.status_code not in _REDIRECTS:
                    break
                response.close()
                if method != "GET":
                    raise GeneratorError(
                        f"{_named(method, address)}: redirected ({response.status_code}); check base_url"
                    )
                address = self._parsed(response.headers.get("Location", ""), address)
                self._check_host(address, downloads)
            else:
                raise GeneratorError(f"{_named(method, address)}: more than {_MOST_REDIRECTS} redirects")
            with closing(response):
                self._check_status(method, response)
                yield response

    def _check_status(self, method: str, response: httpx.Response) -> None:
        status = response.status_code
        if 200 <= status < 300:
            encoding = response.headers.get("Content-Encoding", "").strip().lower()
            if encoding not in _ENCODINGS:
                raise GeneratorError(
                    f"{_named(method, response.url)}: the answer is encoded as {self.shown(encoding)}, "
                    "though none was asked for"
                )
            return
        said = self._first_words(response)
        what = f"{_named(method, response.url)}: status {status}" + (f": {said}" if said else "")
        if status in _MAY_PASS:
            raise _Passing(what, retry_after_s(response.headers.get("Retry-After")))
        raise GeneratorError(what)

    def _first_words(self, response: httpx.Response) -> str:
        """The beginning of an error's body; an error without a readable body is told by its status."""
        try:
            data = next(response.iter_bytes(_HEAD_BYTES), b"")
        except httpx.HTTPError:
            return ""
        return self.shown(data.decode("utf-8", "replace"))

    def _send(
        self, method: str, address: httpx.URL, patience: Patience, body: Mapping[str, Any]
    ) -> httpx.Response:
        timeout_s = max(min(self._request_timeout_s, patience.left_s), 0.01)
        limits = {"timeout": httpx.Timeout(timeout_s).as_dict(), "trace": self._sockets.trace}
        request = self._client.build_request(method, address, extensions=limits, **body)
        if origin(request.url) == self._origin:
            request.headers.update(self._key_headers)
        try:
            return self._client.send(request, auth=None, follow_redirects=False, stream=True)
        except httpx.InvalidURL:  # httpx reads the address of a redirect before it is asked to
            raise GeneratorError(f"{_named(method, address)}: redirected to what is no address") from None
        except httpx.RequestError as error:
            if is_untrusted(error):
                raise GeneratorError(
                    f"{_named(method, address)}: its TLS certificate is not trusted"
                ) from None
            raise _Passing(f"{_named(method, address)}: {_plain(error, timeout_s)}") from None

    def _write(self, response: httpx.Response, path: Path, max_bytes: int, patience: Patience) -> None:
        """Keep the body as a file, unless it is a text."""
        with path.open("wb") as file:
            for number, block in enumerate(self._body(response, max_bytes, patience)):
                kind = response.headers.get("Content-Type", "")
                if number == 0 and (said := message_in(kind, block[:_HEAD_BYTES])) is not None:
                    raise GeneratorError(
                        f"{_named('GET', response.url)}: the answer is no clip: {self.shown(said)}"
                    )
                file.write(block)

    def _body(self, response: httpx.Response, max_bytes: int, patience: Patience) -> Iterator[bytes]:
        """The body in blocks; raises GeneratorError above the limit, `_Passing` when it is cut short."""
        where = _named("GET", response.url)
        stated = response.headers.get("Content-Length", "")
        if stated.isdecimal() and int(stated) > max_bytes:
            raise GeneratorError(f"{where}: {stated} bytes, above the limit of {max_bytes}")
        have = 0
        try:
            for block in response.iter_bytes(_CHUNK_BYTES):
                patience.check("download")
                have += len(block)
                if have > max_bytes:
                    raise GeneratorError(f"{where}: more bytes than the limit of {max_bytes}")
                yield block
        except httpx.TimeoutException:
            raise _Passing(f"{where}: no more bytes within {self._request_timeout_s:g} s") from None
        except httpx.DecodingError:
            raise GeneratorError(f"{where}: the answer is not encoded as it says") from None
        except httpx.RequestError:
            have = response.num_bytes_downloaded
            raise _Passing(f"{where}: cut short after {have} of {stated or 'unknown'} bytes") from None

    # --- where ----------------------------------------------------------------------------------

    def _parsed(self, text: str, against: httpx.URL | None = None) -> httpx.URL:
        try:
            return parse_address(text, against)
        except ValueError as error:
            raise GeneratorError(f"the API gives the address {self.shown(text)!r}: {error}") from None

    def _check_host(self, address: httpx.URL, downloads: bool) -> None:
        """Raise GeneratorError unless the address is on the API's origin or, for a clip, a download host."""
        found = origin(address)
        if found == self._origin:
            return
        if downloads and found[0] == "https" and found[1:] in self._download_hosts:
            return
        raise GeneratorError(
            f"the API sends the client to another host, {address.scheme}://{address.netloc.decode('ascii')}; "
            "name it under download_hosts if clips come from there (https only)"
        )


def _named(method: str, address: httpx.URL) -> str:
    return f"{method} {address.host}{address.raw_path.partition(b'?')[0].decode('ascii')}"


def _plain(error: httpx.RequestError, timeout_s: float) -> str:
    """What happened, in words that hold no address."""
    if isinstance(error, httpx.TimeoutException):
        return f"no answer within {timeout_s:g} s"
    if isinstance(error, httpx.NetworkError):
        return "it cannot be reached, or closed the connection"
    if isinstance(error, httpx.RemoteProtocolError):
        return "its answer breaks HTTP, or it closed the connection"
    return type(error).__name__
