"""Prompt sets: YAML lists of prompts, each with what to look for in its clips.

A set is registered as a path under its name (entry point group `vbench_lite.prompts`). These seven were
written for this project, twenty prompts for each use.
"""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent


def __getattr__(name: str) -> Path:
    """The file of a set by its name in capitals: `LIVE_STREAMING` is `live-streaming.yaml`."""
    path = _HERE / f"{name.lower().replace('_', '-')}.yaml"
    if not (name.isupper() and path.is_file()):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return path
