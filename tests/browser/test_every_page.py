"""Every page in every state of a root, in a real browser: no error, no other host, no serious barrier.

Skipped only where no chromium is on PATH, and never in CI.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest
from fabricate import HOSTILE, STATES
from special_runs import STEERED, SWEEP
from visit import Dashboard, Theme

from vbench_lite.dashboard.pages import PAGES, page_named
from vbench_lite.store.rundir import RunDir

# The states with most on their pages are looked at for accessibility, in each theme and width.
LOOKED_AT: dict[str, tuple[int, Theme]] = {"hostile": (1280, "light"), "one": (390, "dark")}
LONG = ("glossary",)  # every metric, in every state: opened without a run, and where pages are looked at


@pytest.mark.parametrize("state", STATES)
def test_every_page_keeps_the_rules(state: str, dashboard: Dashboard) -> None:
    width, theme = LOOKED_AT.get(state, (1280, "light"))
    with dashboard.over(state) as root, dashboard.look(width, theme) as visit, held(root, state):
        visit.open("", PAGES[0].title)
        for entry in PAGES:
            if entry.name in LONG and state not in ("none", *LOOKED_AT):
                continue
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
