"""The lint configuration itself: a bare import of a top folder must be refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["adapters", "suites", "dashboard"])
def test_ruff_refuses_the_bare_name(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--stdin-filename", "vbench_lite/x.py", "-"],
        input=f'"""Text."""\n\nimport {name}\n\n{name}\n',
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "TID251" in done.stdout
