"""The dashboard in a real browser: pages, deep links, the player, hostile text, no other host.

Skipped only where no chromium is on PATH, and never in CI.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fabricate import make_run
from fabricated import vote_on

from tools.screenshots import serving, settle
from vbench_lite.dashboard.pages import PAGES, page_named
from vbench_lite.report.html.run import run_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ORDINARY, HOSTILE = "a" * 16, "e" * 16


_UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def serious(page: Page) -> list[tuple[str, str]]:
    """What axe-core calls serious or worse on a page: the rule, and the first element that breaks it."""
    page.evaluate(AXE)
    rules = "{runOnly: ['wcag2a', 'wcag2aa'], resultTypes: ['violations']}"
    found = page.evaluate(f"axe.run(document, {rules})")["violations"]
    grave = [fault for fault in found if fault["impact"] in ("serious", "critical")]
    return [(fault["id"], fault["nodes"][0]["html"][:200]) for fault in grave]


class Visit:
    """A page with what it did wrong: console errors, and requests that left the server."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.errors: list[str] = []
        self.strangers: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._heard)
        page.on("request", lambda request: self._sent(request.url))

    def _heard(self, message: object) -> None:
        kind, where = message.type, message.location.get("url", "")  # type: ignore[attr-defined]
        if kind == "error" and "/_stcore/" not in where:
            self.errors.append(f"{message.text} ({where})")  # type: ignore[attr-defined]

    def _sent(self, url: str) -> None:
        if not url.startswith((self.address, self.address.replace("http", "ws", 1), "data:", "blob:")):
            self.strangers.append(url)

    def open(self, path: str, title: str) -> Page:
        self.page.goto(f"{self.address}/{path}")
        settle(self.page, title)
        return self.page

    def follow(self, title: str) -> Page:
        """Go to another page by its link at the side."""
        self.page.get_by_test_id("stSidebar").get_by_role("link", name=title, exact=True).click()
        settle(self.page, title)
        return self.page


@pytest.fixture(scope="module")
def served(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dashboard over two runs: an ordinary one and a newer one with hostile text."""
    root = tmp_path_factory.mktemp("served")
    make_run(root, "a" * 16)
    newer = make_run(root, "e" * 16, created="2026-03-05T10:00:00+00:00", hostile=True, failed=1)
    for winner, loser in pairwise(entry.label for entry in newer.document().generators):
        vote_on(newer, winner, loser)
    with serving(root) as address:
        yield address


@pytest.fixture
def visit(browser: Browser, served: str) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield Visit(context.new_page(), served)
    context.close()


def test_every_page_opens_with_hostile_text_as_text_and_without_other_hosts(visit: Visit) -> None:
    visit.open(f"?run={HOSTILE}", PAGES[0].title)
    for entry in PAGES:
        page, name = visit.follow(entry.title), entry.name
        assert page.locator("[data-testid=stException]").count() == 0, name
        assert page.locator("h1").count() == 1, name
        assert page.evaluate("window.hostile") is None, name
        assert serious(page) == [], name
        page.set_viewport_size({"width": 390, "height": 844})
        page.wait_for_function(_FITS)  # charts are drawn again for the new width
        page.set_viewport_size({"width": 1280, "height": 900})
        assert page.locator("[data-testid=stMain] script, [data-testid=stMain] img[src='x']").count() == 0, (
            name
        )
    page = visit.follow("Clips")
    assert page.get_by_text("<script>window.hostile = 1</script>").count() > 0
    assert visit.errors == []
    assert visit.strangers == []


@pytest.mark.parametrize("name", ["clips", "leaderboard", "advisor", "votes"])
def test_the_dark_theme_is_read_too(browser: Browser, served: str, name: str) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="dark")
    visit = Visit(context.new_page(), served)
    assert serious(visit.open(f"{name}?run={ORDINARY}", page_named(name).title)) == []
    context.close()


def test_a_report_opens_without_a_server_and_asks_no_host(browser: Browser, tmp_path: Path) -> None:
    run = make_run(tmp_path, HOSTILE, hostile=True, failed=1, prompts=3)
    vote_on(run, *[entry.label for entry in run.document().generators][:2])
    report = tmp_path / "report.html"
    report.write_text(run_report(run), encoding="utf-8")
    assert 'href="#votes"' in report.read_text(encoding="utf-8")
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    visit = Visit(context.new_page(), report.as_uri())
    visit.page.goto(report.as_uri())
    visit.page.wait_for_function("[...document.images].every((i) => i.complete && i.naturalWidth > 0)")
    visit.page.wait_for_function(
        "document.querySelectorAll('video').length > 0 &&"
        "[...document.querySelectorAll('video')].every((video) => video.readyState >= 2)"
    )
    assert visit.page.evaluate("document.documentElement.scrollWidth") == 390
    assert serious(visit.page) == []
    assert visit.page.evaluate("window.hostile") is None
    assert visit.errors == []
    assert visit.strangers == []
    context.close()


def test_a_foreign_host_name_is_refused(served: str) -> None:
    host, _, port = served.removeprefix("http://").partition(":")
    answers = {}
    for name in (host, "localhost", "elsewhere.example"):
        connection = http.client.HTTPConnection(host, int(port), timeout=30)
        headers = {"Host": f"{name}:{port}", "Origin": f"http://{name}:{port}", **_UPGRADE}
        connection.request("GET", "/_stcore/stream", headers=headers)
        answers[name] = connection.getresponse().status
        connection.close()
    assert answers == {host: 101, "localhost": 101, "elsewhere.example": 403}


def test_a_deep_link_restores_the_state(visit: Visit) -> None:
    page = visit.open(f"tradeoffs?run={ORDINARY}&x=memory/peak_bytes&y=coherence&controls=true", "Trade-offs")
    shown = page.locator("[data-testid=stMain]")
    values = [shown.locator("input").nth(i).input_value() for i in range(shown.locator("input").count())]
    assert "memory/peak_bytes" in values or shown.get_by_text("memory/peak_bytes", exact=True).count() > 0
    assert f"run={ORDINARY}" in page.url
    visit.follow("Leaderboard")
    assert f"run={ORDINARY}" in page.url


def test_the_player_keeps_clips_within_one_frame(visit: Visit) -> None:
    page = visit.open(f"clips?run={ORDINARY}", "Clips")
    page.wait_for_function("document.querySelector('[data-testid=stMain]')")
    player = page.locator(".player")
    player.wait_for()
    page.wait_for_function(_READY)
    offsets = page.evaluate(_WATCH, 10_000)
    assert offsets["samples"] > 50
    assert offsets["worst"] <= 1
    assert offsets["advanced"]
    for frame in (0, 7, 15, 3):
        seen = page.evaluate(_SEEK, frame)
        assert seen == [frame] * len(seen), (frame, seen)
    player.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("(" + _ROOT + ").dataset.frame === '4'")
    page.keyboard.press(" ")
    page.wait_for_function("(" + _ROOT + ").dataset.playing === 'true'")
    page.keyboard.press(" ")
    page.wait_for_function("(" + _ROOT + ").dataset.playing === 'false'")
    assert visit.errors == []


# Whether nothing stands beyond the right edge of the page's middle.
_FITS = """(() => {
  const main = document.querySelector('[data-testid=stMain]');
  return main.scrollWidth <= main.clientWidth;
})()"""

# The player lives in a shadow root, which a plain selector does not enter.
_ROOT = """(() => {
  const find = (node) => {
    const here = node.querySelector('.player');
    if (here) return here;
    for (const child of node.querySelectorAll('*')) {
      const inside = child.shadowRoot && find(child.shadowRoot);
      if (inside) return inside;
    }
    return null;
  };
  return find(document);
})()"""

_READY = f"""() => {{
  const root = {_ROOT};
  return root && [...root.querySelectorAll('video')].every((video) => video.readyState >= 2);
}}"""

# Plays for a while, with two seeks on the way, and compares the frame that each video shows.
_WATCH = f"""async (milliseconds) => {{
  const root = {_ROOT};
  const videos = [...root.querySelectorAll('video')];
  const frame = (video) => Math.floor(video.currentTime * Number(video.dataset.fps) + 1e-3);
  const seek = root.querySelector('input[type=range]');
  const button = root.querySelector('button.main');
  button.click();
  const begun = performance.now();
  let worst = 0, samples = 0, seeks = 0;
  const seen = new Set();
  while (performance.now() - begun < milliseconds) {{
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (seeks < 2 && performance.now() - begun > (seeks + 1) * milliseconds / 3) {{
      seeks += 1;
      seek.value = '11';
      seek.dispatchEvent(new Event('input'));
      button.click();
    }}
    if (videos.some((video) => video.seeking)) continue;
    const frames = videos.map(frame);
    const apart = Math.max(...frames) - Math.min(...frames);
    const last = Number(seek.max);
    if (!(Math.min(...frames) <= 1 && Math.max(...frames) >= last - 1)) worst = Math.max(worst, apart);
    samples += 1;
    frames.forEach((number) => seen.add(number));
  }}
  button.click();
  return {{ worst, samples, advanced: seen.size > 8 }};
}}"""

_SEEK = f"""async (number) => {{
  const root = {_ROOT};
  const seek = root.querySelector('input[type=range]');
  seek.value = String(number);
  seek.dispatchEvent(new Event('input'));
  const videos = [...root.querySelectorAll('video')];
  while (videos.some((video) => video.seeking)) await new Promise((resolve) => setTimeout(resolve, 10));
  return videos.map((video) => Math.floor(video.currentTime * Number(video.dataset.fps)));
}}"""
