"""Metrics, extractors and suite files that ship with the package.

A folder per area holds the metrics, one idea a file; `extractors/` holds the shared networks; a YAML file
here is a suite, registered as a path under its name. Nothing here is imported by the core: everything is
found through entry points.
"""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent


def __getattr__(name: str) -> Path:
    """The file of a suite by its name in capitals: `QUICK_SHAPES` is `quick-shapes.yaml`."""
    path = _HERE / f"{name.lower().replace('_', '-')}.yaml"
    if not (name.isupper() and path.is_file()):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return path
