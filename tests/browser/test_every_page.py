"""Every page in every state of a root, in a real browser: no error, no other host, no serious barrier.

Skipped only where no chromium is on PATH, and never in CI.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest
from fabricate import HOSTILE, STATES
from special_runs import STEERED, SWEEP
from visit import Dashboard, Theme

from vbench_lite.dashboard.pages import PAGES, PageEntry, page_named
from vbench_lite.store.rundir import RunDir

# The states with most on their pages are looked at for accessibility, in each theme and width.
LOOKED_AT: dict[str, tuple[int, Theme]] = {"hostile": (1280, "light"), "one": (390, "dark")}
LONG = ("glossary",)  # every metric, in every state: opened without a run, and where pages are looked at
# Pages on which these states show; on the others, which look as in `one`, they are visited once a day.
SHOWN = {
    "damaged": ("overview", "leaderboard", "trust"),
    "many": ("overview", "timeline", "compare"),
    "failing": ("overview", "leaderboard", "clips"),
    "axisless": ("leaderboard", "tradeoffs", "advisor"),
}


def pages_of(state: str) -> list[PageEntry]:
    """Those that are visited in a state each time."""
    if state in SHOWN:
        return [page_named(name) for name in SHOWN[state]]
    return [page for page in PAGES if page.name not in LONG or state in ("none", *LOOKED_AT)]


@pytest.mark.parametrize("state", STATES)
def test_every_page_keeps_the_rules(state: str, dashboard: Dashboard) -> None:
    keeps_the_rules(state, pages_of(state), dashboard)


@pytest.mark.slow
@pytest.mark.parametrize("state", SHOWN)
def test_the_other_pages_keep_the_rules(state: str, dashboard: Dashboard) -> None:
    others = [page for page in PAGES if page.name not in (*SHOWN[state], *LONG)]
    keeps_the_rules(state, others, dashboard)


def keeps_the_rules(state: str, pages: Sequence[PageEntry], dashboard: Dashboard) -> None:
    """Go from page to page and hold each to the rules."""
    width, theme = LOOKED_AT.get(state, (1280, "light"))
    with dashboard.over(state) as root, dashboard.look(width, theme) as visit, held(root, state):
        visit.open("", PAGES[0].title)
        for entry in pages:
            visit.follow(entry.title)
            visit.check(entry.name, axe=state in LOOKED_AT)
            if (state, entry.name) == ("hostile", "clips"):
                assert visit.page.get_by_text(HOSTILE[:20]).count() > 0  # shown as text


@pytest.mark.parametrize(("name", "run"), [("settings", SWEEP), ("live_use", STEERED)])
def test_a_page_for_runs_of_one_kind_keeps_the_rules(name: str, run: str, dashboard: Dashboard) -> None:
    entry = page_named(name)
    with dashboard.over("special"), dashboard.look(390, "dark") as visit:
        visit.open(f"{entry.path}?run={run}", entry.title)
        visit.check(name, axe=True)


def held(root: Path, state: str) -> AbstractContextManager[None]:
    """A process works on the run that is going."""
    return RunDir(root, "b" * 16).lock() if state == "running" else nullcontext()
