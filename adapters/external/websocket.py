"""One WebSocket session with a server: patient, bounded, and careful with keys.

- The address that is opened is the object that was compared (`addresses`). No redirect is followed and no
  proxy asked, so the key goes to the server's own origin only, and it is taken out of every message.
- Messages are not compressed, so that none can expand; each has a limit, and all of them together one.
- Every wait ends: when nothing comes for a while, when the clip's time is over, when the call is to stop.
"""

from __future__ import annotations

import contextlib
import socket
from contextlib import ExitStack

import httpx
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import connect

from vbench_lite.adapters.external.addresses import origin
from vbench_lite.adapters.external.answers import shown
from vbench_lite.adapters.external.patience import Patience, Sockets, Watch
from vbench_lite.adapters.external.realtime_config import RealtimeConfig
from vbench_lite.adapters.external.tls import is_untrusted, trusted
from vbench_lite.errors import GeneratorError

Message = str | bytes

_LOOK_S = 0.1  # between two looks at a request to stop, while the server is silent
_CLOSE_S = 1.0  # for the server to agree to the end of a session
_PING_S = 20.0  # well below the minute after which vLLM-Omni takes a session for dead
_FINE = frozenset((1000, 1001))  # codes of a close that is no fault
_TOO_BIG = 1009
_SCHEMES = {"http": "ws", "https": "wss"}


class Session:
    """An open session; to be closed.

    Args:
        address: where; http stands for ws, https for wss.
        config: of which the headers, the limits of a message and of all that come, and the seconds for an
            answer to begin and between two messages are read.
        key: sent with the handshake, and in no message of an error.

    Attributes:
        keep_alive: sent now and then while nothing comes; None where the protocol has no such word.

    Raises:
        GeneratorError: it cannot be opened, or not in time.
    """

    keep_alive: Message | None = None

    def __init__(
        self, address: httpx.URL, config: RealtimeConfig, key: str | None, patience: Patience
    ) -> None:
        self._where = f"{address.host}{address.raw_path.decode('ascii')}"
        self._config, self._patience, self._received = config, patience, 0
        self._secrets = () if key is None else (key,)
        self._stack, self._sockets = ExitStack(), Sockets()
        patience.check("connect")
        limit_s = max(min(config.request_timeout_s, patience.left_s), 0.01)
        link: socket.socket | None = None
        try:
            link = socket.create_connection(origin(address)[1:], limit_s)
            # A socket that is open already: websockets then follows no redirect, and asks no proxy.
            opened = connect(
                str(address.copy_with(scheme=_SCHEMES[address.scheme])),
                sock=link,
                ssl=trusted(config.ca_file) if address.scheme == "https" else None,
                compression=None,
                additional_headers={**config.headers, **config.key_headers(key)},
                proxy=None,
                open_timeout=limit_s,
                ping_interval=_PING_S,
                ping_timeout=None,
                close_timeout=_CLOSE_S,
                max_size=config.max_message_bytes,
            )
            self._connection = self._stack.enter_context(opened)
            self._sockets.add(self._connection.socket)
        except (OSError, WebSocketException, EOFError, ValueError) as error:
            if link is not None:
                link.close()
            raise GeneratorError(f"{self._where}: {self._why(error, limit_s)}") from None

    def send(self, message: Message) -> None:
        """Send a message; a session that is closed says so when it is read.

        Raises:
            GeneratorError: the clip's time was over before the server had taken it. Cancelled.
        """
        watch = Watch(self._patience, self._sockets, "the server takes no message")
        with watch, contextlib.suppress(ConnectionClosed, OSError):
            self._connection.send(message)

    def receive(self, doing: str) -> Message | None:
        """The next message; None when the server has ended the session in good order.

        Raises:
            GeneratorError: silence, the end of the clip's time, a broken session, or too much. Cancelled.
        """
        began_s = told_s = self._patience.now()
        silence_s, most = self._config.request_timeout_s, self._config.max_clip_bytes
        while True:
            self._patience.check(doing)
            if self.keep_alive is not None and self._patience.now() - told_s > _PING_S:
                self.send(self.keep_alive)
                told_s = self._patience.now()
            try:
                message = self._connection.recv(timeout=_LOOK_S)
            except TimeoutError:
                if self._patience.now() - began_s > silence_s:
                    raise GeneratorError(
                        f"{self._where}: no message within request_timeout_s = {silence_s:g} ({doing})"
                    ) from None
                continue
            except ConnectionClosed as closed:
                self._check_end(closed, doing)
                return None
            self._received += len(message)
            if self._received > most:
                raise GeneratorError(f"{self._where}: more bytes than max_clip_bytes = {most}")
            return message

    def close(self) -> None:
        """End the session, whatever the server says to it."""
        with contextlib.suppress(OSError, WebSocketException):
            self._stack.close()

    def shown(self, text: str) -> str:
        """A text of the server as messages show it: one line, no keys, no more than a little."""
        return shown(text, self._secrets)

    def _check_end(self, closed: ConnectionClosed, doing: str) -> None:
        """Raise GeneratorError unless the server ended the session in good order."""
        told = closed.rcvd
        if closed.sent is not None and closed.sent.code == _TOO_BIG and not closed.rcvd_then_sent:
            raise GeneratorError(
                f"{self._where}: a message above max_message_bytes = {self._config.max_message_bytes}"
            ) from None
        if told is not None and told.code in _FINE:
            return
        if told is None:
            why = "without a word"
        else:
            why = f"with code {told.code}" + (f": {self.shown(told.reason)}" if told.reason else "")
        raise GeneratorError(f"{self._where}: the server ended the session {why} ({doing})") from None

    def _why(self, error: Exception, limit_s: float) -> str:
        """What happened, in words that hold no address."""
        if is_untrusted(error):
            return "its TLS certificate is not trusted"
        if isinstance(error, TimeoutError):
            return f"no answer within {limit_s:g} s"
        refused = error if isinstance(error, InvalidStatus) else error.__cause__
        if isinstance(refused, InvalidStatus):
            said = self.shown(bytes(refused.response.body or b"").decode("utf-8", "replace"))
            status = refused.response.status_code
            if 300 <= status < 400:
                return f"redirected ({status}); check base_url"
            return f"status {status} in place of a session" + (f": {said}" if said else "")
        if isinstance(error, WebSocketException | EOFError | ValueError):
            return "it does not speak WebSocket there; check base_url and path"
        return "it cannot be reached, or closed the connection"
