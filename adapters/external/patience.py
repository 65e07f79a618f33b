"""How long one clip of a server may take, held in every state of the exchange.

A time-out of a socket bounds one read: a server that drips a byte a second never meets it. So a thread looks
at the clock, and at a request to stop, during every exchange, and shuts the sockets when it is time.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from vbench_lite.errors import Cancelled, GeneratorError
from vbench_lite.generator import GenerationContext

_LOOK_S = 0.1  # between two looks at a request to stop, while waiting


def stop_if_cancelled(context: GenerationContext) -> None:
    """Raise `Cancelled` where the runner asked the generator to stop."""
    if context.cancelled:
        raise Cancelled("the runner asked the generator to stop")


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

    @property
    def left_s(self) -> float:
        """Seconds that are left; never negative."""
        return max(self._began_s + self.timeout_s - self.now(), 0.0)

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


class Sockets:
    """The sockets that a client has opened, told by httpx while it opens them (its `trace` extension)."""

    def __init__(self) -> None:
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()

    def add(self, opened: socket.socket) -> None:
        """Take one that was opened in another way."""
        with self._lock:
            self._open.append(opened)

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """Take news of a connection."""
        if not event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            return
        found = info["return_value"].get_extra_info("socket")
        if found is not None:
            with self._lock:
                self._open = [each for each in self._open if each.fileno() >= 0] + [found]

    def shut(self) -> None:
        """End every exchange: whoever reads or writes gets an error at once."""
        with self._lock:
            for each in self._open:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)


class Watch:
    """Shuts the sockets when patience ends within its block, and raises what ended it.

    The block may end in any error of a connection that was shut: what is raised is why.
    """

    def __init__(self, patience: Patience, sockets: Sockets, doing: str) -> None:
        self._patience, self._sockets, self._doing = patience, sockets, doing
        self._done = threading.Event()
        self._ended: BaseException | None = None
        self._thread = threading.Thread(target=self._look, name="watch", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()
        if self._ended is not None and error is not self._ended:
            raise self._ended from None

    def _look(self) -> None:
        while not self._done.wait(_LOOK_S):
            try:
                self._patience.check(self._doing)
            except Exception as ended:
                self._ended = ended
                self._sockets.shut()
                while not self._done.wait(_LOOK_S):  # also sockets that are opened only now
                    self._sockets.shut()
                return
