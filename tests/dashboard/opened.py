"""A page of the dashboard, opened without a browser, and what it says."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from vbench_lite.dashboard import server
from vbench_lite.dashboard.pages import VIEWS

# It reads the metadata of every installed package, for each page that is opened: ten times the page itself.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)


def open_page(root: Path, name: str, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    monkeypatch.setenv(server.ROOT_VARIABLE, str(root))
    app = AppTest.from_file(str(server.APP), default_timeout=60)
    app.switch_page(str(VIEWS / f"{name}.py"))
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def html(app: AppTest) -> str:
    """The tables and cards that templates made."""
    return "".join(element.proto.body for element in app.get("html"))


def said(app: AppTest) -> str:
    """All text that the page shows as Markdown or in boxes."""
    kinds = ("title", "header", "subheader", "caption", "markdown", "error", "warning", "info", "success")
    return "\n".join(str(element.value) for kind in kinds for element in getattr(app, kind))
