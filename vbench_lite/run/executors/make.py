"""An executor by the name it is registered under."""

from __future__ import annotations

from vbench_lite import registry
from vbench_lite.errors import RegistryError
from vbench_lite.run.executors.contract import Executor


def make_executor(name: str, workers: int | None = None, address: str | None = None) -> Executor:
    """Return an executor that has not begun.

    Raises:
        RegistryError: the name is unknown or stands for something else.
        SpecError: the executor cannot be had so.
    """
    found = registry.load("executors", name)
    if not (isinstance(found, type) and issubclass(found, Executor)):
        raise RegistryError(f"executor {name!r} is {found!r}, which is no subclass of Executor")
    return found(workers=workers, address=address)
