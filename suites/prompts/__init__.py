"""Prompt sets: YAML lists of prompts, each with what to look for in its clips.

A set is registered as a path under its name (entry point group `vbench_lite.prompts`). These seven were
written for this project, twenty prompts for each use.
"""

from __future__ import annotations

from pathlib import Path

from vbench_lite.suites import yaml_file

_HERE = Path(__file__).parent


def __getattr__(name: str) -> Path:
    return yaml_file(__name__, _HERE, name)
