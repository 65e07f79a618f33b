"""Prompt sets: YAML lists of prompts, each with what to look for in its clips.

A set is registered as a path under its name (entry point group `vbench_lite.prompts`). These seven were
written for this project, twenty prompts for each use.
"""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent

ANIMATION: Path = _HERE / "animation.yaml"
EDUCATION: Path = _HERE / "education.yaml"
FILM: Path = _HERE / "film.yaml"
GAMES: Path = _HERE / "games.yaml"
LIVE_STREAMING: Path = _HERE / "live-streaming.yaml"
MARKETING: Path = _HERE / "marketing.yaml"
MEDICAL_IMAGING: Path = _HERE / "medical-imaging.yaml"
