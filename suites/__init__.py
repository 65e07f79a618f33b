"""Metrics, extractors and suite files that ship with the package.

A folder per area holds the metrics, one idea a file; `extractors/` holds the shared networks; a YAML file
here is a suite, registered as a path under its name. Nothing here is imported by the core: everything is
found through entry points.
"""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent


def yaml_file(module: str, folder: Path, name: str) -> Path:
    """The file of a folder by its name in capitals: `QUICK_SHAPES` is `quick-shapes.yaml`.

    Raises:
        AttributeError: it has none; `module` is the one that was asked.
    """
    path = folder / f"{name.lower().replace('_', '-')}.yaml"
    if not (name.isupper() and path.is_file()):
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    return path


def __getattr__(name: str) -> Path:
    return yaml_file(__name__, _HERE, name)
