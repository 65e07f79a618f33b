"""Measure video generators on the same requests, with the same clock, and say which one to choose.

Nothing heavy is imported here: `import vbench_lite` must stay fast, since every command pays for it.
"""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    """`__version__`, read from the installed metadata only when somebody asks."""
    if name == "__version__":
        from importlib.metadata import version

        return version("vbench-lite")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
