"""The dashboard and static pages in a real browser: deep links, clips on one clock, no other host.

Skipped only where no chromium is on PATH, and never in CI. Every page in every state: `test_every_page`.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import pytest
from visit import Dashboard, Visit, looking, make_state, window

from vbench_lite.report.html.publish import publish
from vbench_lite.report.html.run import run_report
from vbench_lite.results.choice import choose
from vbench_lite.store.rundir import RunDir

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ORDINARY, HOSTILE = "a" * 16, "e" * 16
PAGES_ON_DISK = ("report", "publication")
_UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture(scope="module")
def visit(dashboard: Dashboard) -> Iterator[Visit]:
    """A page of the dashboard over an ordinary run."""
    with dashboard.over("one"), dashboard.look() as opened:
        yield opened


@pytest.fixture(scope="module")
def on_disk(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Static pages of a run with hostile text."""
    root, folder = (tmp_path_factory.mktemp(name) for name in ("hostile", "static"))
    report = folder / "report.html"
    report.write_text(run_report(RunDir(make_state(root, "hostile"), HOSTILE)), encoding="utf-8")
    assert 'href="#votes"' in report.read_text(encoding="utf-8")
    publish(choose(root, [HOSTILE]), folder / "public", prompts=2)
    return dict(zip(PAGES_ON_DISK, (report, folder / "public" / "index.html"), strict=True))


@pytest.mark.parametrize("name", PAGES_ON_DISK)
def test_a_static_page_opens_from_disk_with_the_network_off(
    browser: Browser, on_disk: dict[str, Path], name: str
) -> None:
    address = on_disk[name].as_uri()
    with looking(window(browser, 390, "dark"), address.rpartition("/")[0]) as visit:
        visit.page.context.set_offline(True)
        visit.page.goto(address)
        visit.page.locator("video").first.scroll_into_view_if_needed()
        visit.page.evaluate(_LOADED)
        visit.check(name, axe=True)


def test_a_foreign_host_name_is_refused(dashboard: Dashboard) -> None:
    host, _, port = dashboard.address.removeprefix("http://").partition(":")
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


@pytest.mark.parametrize("page", ["Clips", "Compare"])
def test_the_player_keeps_clips_within_one_frame(visit: Visit, page: str) -> None:
    visit.open(f"{page.lower()}?run={ORDINARY}", page)
    player = visit.page.locator(".player")
    player.evaluate(_READY)
    offsets = player.evaluate(_WATCH, 3_000)
    assert offsets["samples"] > 20 and offsets["worst"] <= 1 and offsets["advanced"], offsets
    for frame in (0, 7, 15, 3):
        seen = player.evaluate(_SEEK, frame)
        assert seen == [frame] * len(seen), (frame, seen)
    player.focus()
    for key, state in (("ArrowRight", "frame='4'"), (" ", "playing='true'"), (" ", "playing='false'")):
        visit.page.keyboard.press(key)
        visit.page.locator(f".player[data-{state}]").wait_for()
    visit.check(page)


def test_the_wall_keeps_clips_within_one_frame(visit: Visit) -> None:
    visit.open(f"?run={ORDINARY}", "Overview")
    visit.page.locator(".wall a.cell").nth(4).scroll_into_view_if_needed()
    apart = visit.page.locator(".wall").evaluate(_WATCH_WALL)
    assert len(apart) == 20 and median(apart) <= 1, apart


# Pictures, and clips in view; by evaluation, as the page forbids scripts to make scripts.
_LOADED = """async () => {
  const waits = () =>
    [...document.images].some((image) => !image.complete || !image.naturalWidth) ||
    [...document.querySelectorAll('video')].every((video) => video.readyState < 2);
  while (waits()) await new Promise((done) => setTimeout(done, 20));
}"""

_READY = """async (root) => {
  const waits = () => [...root.querySelectorAll('video')].some((video) => video.readyState < 2);
  while (waits()) await new Promise((done) => setTimeout(done, 20));
}"""

# Plays for a while, with two seeks on the way, and compares the frame that each video shows.
_WATCH = """async (root, milliseconds) => {
  const videos = [...root.querySelectorAll('video')];
  const frame = (video) => Math.floor(video.currentTime * Number(video.dataset.fps) + 1e-3);
  const seek = root.querySelector('input[type=range]');
  const button = root.querySelector('button.main');
  button.click();
  const begun = performance.now();
  let worst = 0, samples = 0, seeks = 0;
  const seen = new Set();
  while (performance.now() - begun < milliseconds) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (seeks < 2 && performance.now() - begun > (seeks + 1) * milliseconds / 3) {
      seeks += 1;
      seek.value = '11';
      seek.dispatchEvent(new Event('input'));
      button.click();
    }
    if (videos.some((video) => video.seeking)) continue;
    const frames = videos.map(frame);
    const apart = Math.max(...frames) - Math.min(...frames);
    const last = Number(seek.max);
    if (!(Math.min(...frames) <= 1 && Math.max(...frames) >= last - 1)) worst = Math.max(worst, apart);
    samples += 1;
    frames.forEach((number) => seen.add(number));
  }
  button.click();
  return { worst, samples, advanced: seen.size > 8 };
}"""

_SEEK = """async (root, number) => {
  const seek = root.querySelector('input[type=range]');
  seek.value = String(number);
  seek.dispatchEvent(new Event('input'));
  const videos = [...root.querySelectorAll('video')];
  while (videos.some((video) => video.seeking)) await new Promise((resolve) => setTimeout(resolve, 10));
  return videos.map((video) => Math.floor(video.currentTime * Number(video.dataset.fps)));
}"""

# How many frames (of an eighth of a second) the first clip in view and another are apart at most, 20 times.
_WATCH_WALL = """async (root) => {
  const found = [];
  for (let look = 0; look < 600 && found.length < 20; look++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const shown = [...root.querySelectorAll('video')].filter((video) => video.readyState >= 2);
    const [first, ...others] = shown.filter((video) => !video.paused && !video.seeking);
    if (others.length < 3) continue;
    found.push(Math.max(...others.map((video) => {
      const off = Math.abs(video.currentTime - first.currentTime);
      return Math.min(off, first.duration - off) * 8;
    })));
  }
  return found;
}"""
