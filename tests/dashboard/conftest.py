"""A root with runs for the tests that only read it."""

from __future__ import annotations

from pathlib import Path

import pytest
from fabricate import make_run, make_scaling_run

from vbench_lite.report.charts import (
    boards,
)
from vbench_lite.results.board import build_board
from vbench_lite.store.rundir import RunDir


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two finished runs; the newer one is better, failed once and was disturbed."""
    folder = tmp_path_factory.mktemp("data")
    make_run(folder, "a" * 16)
    make_run(folder, "b" * 16, created="2026-03-02T10:00:00+00:00", failed=1, contended=True, shift=0.03)
    make_scaling_run(folder)
    return folder


@pytest.fixture(scope="module")
def board(root: Path) -> boards.BoardTable:
    return boards.table(build_board([RunDir(root, "b" * 16)], suite="quick").as_dict())
