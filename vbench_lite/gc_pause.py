"""Building very many objects that all stay: the garbage collector would walk over them again and again."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

VERY_MANY = 100_000  # objects; below, a walk over them takes a few milliseconds


@contextmanager
def uncollected() -> Iterator[None]:
    """No collection within the block, and no later one of what it made, if that is very much.

    Reference counts free everything as always. A plan of 200,000 samples is built in half the time.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if gc.get_count()[0] > VERY_MANY:
            gc.freeze()
        if was:
            gc.enable()
