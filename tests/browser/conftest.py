"""One server and one browser for all browser tests. Skipped only where no chromium is, and never in CI."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "dashboard"))

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The chromium on PATH."""
    from vbench_lite.dashboard.screenshots import chromium

    if shutil.which("chromium") is None and os.environ.get("CI") != "true":
        pytest.skip("no chromium is on PATH")
    with chromium() as found:
        yield found


@pytest.fixture(scope="session")
def served(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dashboard over two runs: an ordinary one and a newer one with hostile text."""
    from fabricate import make_run

    from vbench_lite.dashboard.screenshots import serving

    root = tmp_path_factory.mktemp("served")
    make_run(root, "a" * 16)
    make_run(root, "e" * 16, created="2026-03-05T10:00:00+00:00", hostile=True, failed=1)
    with serving(root) as address:
        yield address
