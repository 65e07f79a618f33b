"""Roots with made-up runs, made once for all tests of the dashboard."""

from __future__ import annotations

from pathlib import Path

import pytest
from fabricate import STATES, make_root


@pytest.fixture(scope="session")
def roots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A root for each state."""
    return {state: make_root(tmp_path_factory.mktemp(state), state) for state in STATES}
