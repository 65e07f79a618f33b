"""Which registered metrics have no page here, and why. Imports no streamlit."""

from __future__ import annotations

from vbench_lite import registry
from vbench_lite.errors import RegistryError


def broken() -> list[str]:
    """One reason for each registered metric that cannot be imported here."""
    reasons = []
    for name in registry.names("metrics"):
        try:
            registry.load("metrics", name)
        except RegistryError as error:
            reasons.append(str(error))
    return reasons
