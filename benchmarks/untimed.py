"""The default suite without its timed pass, for benchmarks that repeat it with many seeds."""

from __future__ import annotations

from pathlib import Path

import yaml

from vbench_lite.suite import load_suite

SUITE = "quick"


def untimed_suite(path: Path, name: str = SUITE, also: tuple[str, ...] | None = None) -> Path:
    """Write a suite without its performance pass and its axes of speed and memory, as NAME-untimed.

    Args:
        also: suites that it brings along in place of its own.
    """
    content = load_suite(name).model_dump(mode="json", exclude_none=True, exclude={"performance"})
    content["name"] = f"{name}-untimed"
    for axis in ("speed", "memory"):
        content["axes"].pop(axis)
    content["metrics"] = [name for name in content["metrics"] if not name.startswith(("speed/", "memory/"))]
    if also is not None:
        content["also"] = list(also)
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path
