"""A page in a real browser, what it did wrong, and the rules that every page keeps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache, partial
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from fabricate import make_root
from fabricated import vote_on
from special_runs import make_steered_run, make_sweep

from tools.screenshots import WIDTHS, settle
from vbench_lite.store.rundir import RunDir

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

Theme = Literal["light", "dark"]

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
_PATIENCE_MS = 120_000  # a machine at work on other things is slow at random
_MOST_ABOVE_PX = 60  # of a title
RESULTS = ("samples did not end well", "REGRESSED", "INCOMPARABLE")  # these may stand in red

# Of the middle of a dashboard's page, which scrolls by itself, or of a whole static page.
_SEEN = """() => {
  const dashboard = document.querySelector('[data-testid=stMain]');
  const main = dashboard ?? document.documentElement;
  const ids = [];
  for (const walk = document.createTreeWalker(main, NodeFilter.SHOW_TEXT); dashboard && walk.nextNode();)
    if (!walk.currentNode.parentElement.closest('pre, code, style, script, [data-testid=stAlert]'))
      ids.push(...(walk.currentNode.data.match(/\\b[0-9a-f]{12,}\\b/g) ?? []));
  const box = main.querySelector('[data-testid=stMainBlockContainer]')?.getBoundingClientRect();
  const title = main.querySelector('h1')?.getBoundingClientRect();
  return {
    ids,
    above: box && title ? title.top - box.top : 0,
    unused: box ? 1 - box.width / main.clientWidth : 0,
    exceptions: main.querySelectorAll('[data-testid=stException]').length,
    titles: main.querySelectorAll('h1').length,
    red: [...main.querySelectorAll('[data-testid=stAlertContentError]')].map((box) => box.innerText),
    injected: main.querySelectorAll("img[src='x']").length + Number(window.hostile !== undefined),
    beyond: Math.max(0, main.scrollWidth - main.clientWidth),
  };
}"""


class Visit:
    """A page with its console errors and the requests that left its server or folder."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.errors: list[str] = []
        self.strangers: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._heard)
        page.on("request", lambda request: self._sent(request.url))

    def _heard(self, message: Any) -> None:
        where = message.location.get("url", "")
        if message.type == "error" and "/_stcore/" not in where:
            self.errors.append(f"{message.text} ({where})")

    def _sent(self, url: str) -> None:
        if not url.startswith((self.address, self.address.replace("http", "ws", 1), "data:", "blob:")):
            self.strangers.append(url)

    def open(self, path: str, title: str) -> Page:
        self.page.goto(f"{self.address}/{path}")
        settle(self.page, title, _PATIENCE_MS)
        return self.page

    def follow(self, title: str) -> Page:
        """Go to another page by its link at the side, which a phone keeps folded."""
        side = self.page.get_by_test_id("stSidebar")
        side.locator("a", has=self.page.get_by_text(title, exact=True)).dispatch_event("click")
        settle(self.page, title, _PATIENCE_MS)
        return self.page

    def check(self, name: str, *, axe: bool = False) -> None:
        """Hold the page to the rules: nothing broke, text of a run is text, nothing stands beyond the edge.

        axe: look for serious faults of accessibility too, which takes longer than the rest.
        """
        seen = self.page.evaluate(_SEEN)
        # Nothing empty above the title, and the width is used; runs have names, and ids are for commands
        # and for warnings: a damaged run has no other name.
        assert seen["above"] <= _MOST_ABOVE_PX and seen["unused"] <= 0 and not seen["ids"], (name, seen)
        red = [text for text in seen.pop("red") if not any(said in text for said in RESULTS)]
        found = {key: seen[key] for key in ("exceptions", "titles", "injected", "beyond")}
        assert found == {"exceptions": 0, "titles": 1, "injected": 0, "beyond": 0}, (name, found)
        assert (name, red, self.errors, self.strangers) == (name, [], [], [])
        if axe:
            assert (name, serious(self.page)) == (name, [])


def window(browser: Browser, width: int = 1280, theme: Theme = "light") -> BrowserContext:
    """A window of a width, by a reader's theme; its pages share what the browser keeps of them."""
    size = {"width": width, "height": WIDTHS[width]}
    context = browser.new_context(viewport=size, color_scheme=theme)  # type: ignore[arg-type]  # a plain dict
    context.set_default_timeout(_PATIENCE_MS)
    return context


@contextmanager
def looking(context: BrowserContext, address: str) -> Iterator[Visit]:
    """A page of its own in a window."""
    page = context.new_page()
    yield Visit(page, address)
    page.close()


def make_state(root: Path, state: str) -> Path:
    """Fill a folder with the runs of a state, and votes on the clips of those with most to show."""
    if state == "special":
        make_steered_run(root)
        make_sweep(root)
        return root
    make_root(root, state)
    if state in ("one", "hostile"):
        run = RunDir(root, {"one": "a", "hostile": "e"}[state] * 16)
        for winner, loser in pairwise(entry.label for entry in run.document().generators):
            vote_on(run, winner, loser)
    return root


class Dashboard:
    """A dashboard over a root in which folders of runs take turns."""

    def __init__(self, browser: Browser, address: str, folder: Path) -> None:
        self.address, self._folder = address, folder
        self._window = cache(partial(window, browser))  # programs of pages are read once for all states

    @contextmanager
    def over(self, state: str) -> Iterator[Path]:
        """Put the runs of a state into the root; they are made once."""
        made, root = self._folder / state, self._folder / "served"
        if not made.exists():
            made.mkdir()
            make_state(made, state)
        made.rename(root)
        try:
            yield root
        finally:
            root.rename(made)

    def look(self, width: int = 1280, theme: Theme = "light") -> AbstractContextManager[Visit]:
        """Open a page of it."""
        return looking(self._window(width, theme), self.address)


def serious(page: Page) -> list[tuple[str, str]]:
    """What axe-core calls serious or worse on a page: the rule, and the first element that breaks it."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE)
    rules = "{runOnly: ['wcag2a', 'wcag2aa'], resultTypes: ['violations']}"
    found = page.evaluate(f"axe.run(document, {rules})")["violations"]
    grave = [fault for fault in found if fault["impact"] in ("serious", "critical")]
    return [(fault["id"], fault["nodes"][0]["html"][:200]) for fault in grave]
