"""What every registered metric declares of itself. Imports no streamlit."""

from __future__ import annotations

from vbench_lite import registry
from vbench_lite.errors import RegistryError
from vbench_lite.metric import MetricInfo


def metrics() -> list[MetricInfo]:
    """Every registered metric that can be imported here, by id."""
    found = []
    for name in registry.names("metrics"):
        try:
            found.append(registry.load("metrics", name).info)
        except RegistryError:
            continue  # listed by `broken`
    return sorted(found, key=lambda info: info.id)


def broken() -> list[str]:
    """One reason for each registered metric that cannot be imported here."""
    reasons = []
    for name in registry.names("metrics"):
        try:
            registry.load("metrics", name)
        except RegistryError as error:
            reasons.append(str(error))
    return reasons


def bounds(info: MetricInfo) -> str:
    """The closed interval of a metric, as text; a side that is open is infinite."""
    low, high = info.bounds
    return f"{'−∞' if low is None else f'{low:g}'} to {'∞' if high is None else f'{high:g}'}"
