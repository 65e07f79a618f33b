"""How many compute threads a process of a generator has, and how every library is told."""

from __future__ import annotations

THREADS = 1  # of a worker, timed or not: with one, sums are in one order on every machine
_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


def thread_variables(threads: int) -> dict[str, str]:
    """Environment variables for a process that is to have so many; libraries read them when imported."""
    return dict.fromkeys(_VARIABLES, str(threads))
