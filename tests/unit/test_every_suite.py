"""Every shipped suite has a leaderboard, an answer, a comparison, a report and all pages."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fabricated import fabricate, store_run, world_of
from opened import open_page

from vbench_lite import registry
from vbench_lite.cli.main import call
from vbench_lite.dashboard.pages import PAGES
from vbench_lite.suite import Suite, load_suite

# Unlike one another: without axes, a sweep, every axis.
UNLIKE = ("use-cases", "scaling", "open")
BETTER, WORSE = "reference/latent-diffusion", "reference/autoregressive"


ALL = registry.names("suites")
TAKEN_FIRST = (*UNLIKE, "quick", "standard", "vbench", "interactive", "alignment", "reconstruction")


@pytest.mark.parametrize("name", ALL)
def test_a_suite_times_in_rounds_enough_to_judge(name: str) -> None:
    timed = load_suite(name).performance
    assert timed is None or timed.rounds >= 2, "calls of one process do not say how others would differ"


def often(names: Sequence[str]) -> list[Any]:
    """Every suite; those of other names once a day."""
    return [name if name in names else pytest.param(name, marks=pytest.mark.slow) for name in ALL]


@cache
def stored(name: str, folder: Path) -> tuple[Suite, Path]:
    """A suite and a root with one run of it, made of numbers."""
    suite = load_suite(name)
    root = folder / name
    store_run(fabricate(world_of(suite), suite=suite, prompts=4), root)
    return suite, root


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("suites")


def said(root: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and everything that a verb said."""
    stream = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
    with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
        code = call([*arguments, "--root", str(root)])
    text = stream.buffer.getvalue().decode()
    assert "Traceback" not in text and "unexpected" not in text, text
    return code, text


@pytest.mark.parametrize("name", often(TAKEN_FIRST))
def test_a_suite_has_a_leaderboard_an_answer_and_a_gate(name: str, folder: Path) -> None:
    suite, root = stored(name, folder)
    code, text = said(root, "leaderboard", "latest", "--brief")
    assert code == 0 and suite.name in text, text
    code, text = said(root, "advise", "latest")
    assert code == (0 if suite.axes else 2), text
    assert suite.axes or "--require" in text, text
    code, text = said(root, "compare", f"latest:{BETTER}", f"latest:{WORSE}", "--gate")
    assert code == 1 and "REGRESSED" in text, text


@pytest.mark.parametrize("name", often(UNLIKE))
def test_a_suite_has_a_report(name: str, folder: Path) -> None:
    _, root = stored(name, folder)
    code, text = said(root, "report", "latest", "-o", str(root / "report.html"))
    assert code == 0, text
    assert WORSE in (root / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", often(UNLIKE))
def test_every_page_opens(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, root = stored(name, folder)
    for page in PAGES:
        app = open_page(root, page.name, monkeypatch)
        assert not app.exception, (page.name, app.exception)
