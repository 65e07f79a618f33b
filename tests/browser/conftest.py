"""The browser and the dashboard that the tests of pages share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from visit import Dashboard

from tools.screenshots import chromium, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The chromium on PATH; without one the tests are skipped, but never in CI."""
    if shutil.which("chromium") is None and os.environ.get("CI") != "true":
        pytest.skip("no chromium is on PATH")
    with chromium() as found:
        yield found


@pytest.fixture(scope="session")
def dashboard(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """One server for all pages; its root is what a test puts there."""
    folder = tmp_path_factory.mktemp("states")
    with serving(folder / "served") as address:
        yield Dashboard(browser, address, folder)
