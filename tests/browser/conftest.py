"""The browser that every test of a page shares."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tools.screenshots import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The chromium on PATH; without one the tests are skipped, but never in CI."""
    if shutil.which("chromium") is None and os.environ.get("CI") != "true":
        pytest.skip("no chromium is on PATH")
    with chromium() as found:
        yield found
