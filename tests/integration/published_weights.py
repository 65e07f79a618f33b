"""How tests have real weights and real clips, and when their absence may be skipped."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vbench_lite.errors import ClipError, WeightsError
from vbench_lite.video.samples import sample_clip
from vbench_lite.weights import files


def need(*keys: str) -> None:
    """Fetch weights; without an index the test is skipped with the reason, except under CI."""
    try:
        for key in keys:
            files.path(key)
    except WeightsError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


def need_clip(name: str) -> Path:
    """A sample clip, under the same rule."""
    try:
        return sample_clip(name)
    except ClipError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
