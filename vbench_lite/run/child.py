"""What every process that works for a runner does first: end with it, keep to its limits."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

_PR_SET_PDEATHSIG = 1  # prctl(2)


class Stop:
    """A request to end."""


def die_with(parent: int) -> None:
    """Have Linux kill this process with its runner, even inside a call that never lets Python run."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)


def limit_memory(limit_bytes: int | None) -> None:
    """Have allocations above the limit fail in this process and in those that an adapter starts.

    RLIMIT_DATA counts private writable memory; address space would also count what an accelerator's
    driver reserves and never uses.
    """
    if limit_bytes is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (limit_bytes, limit_bytes))


def pin_threads(threads: int) -> None:
    """Compute threads of torch, if it is loaded; other libraries read them from the environment."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)
