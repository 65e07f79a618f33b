"""What the command line's exit codes mean."""

from __future__ import annotations

FINE = 0
GATE_FAILED = 1
WRONG_USE = 2  # or nothing could be done: one line on stderr
SOME_FAILED = 3  # done, but some samples or clips failed; they are listed
INTERRUPTED = 130  # 128 + SIGINT, as shells count
