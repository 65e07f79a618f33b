"""Pictures of every page, for the documentation.

    python -m tools.screenshots --root DIR --out docs/images

Serves the root on a free port of loopback, opens every page in the chromium found on PATH with Playwright
(imported when it is needed) at desktop and phone width, and writes dashboard-PAGE-WIDTH.png (with --dark
dashboard-PAGE-WIDTH-dark.png), reduced to a palette so that the pictures stay small, and the upper part of
the leaderboard as leaderboard.png, for the README. Pages that need a suite of their own show the newest
finished run of it, the others that of `quick`.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from vbench_lite.dashboard import server
from vbench_lite.dashboard.data import read_index
from vbench_lite.dashboard.pages import PAGES, PageEntry, page_named
from vbench_lite.errors import SpecError, VBenchLiteError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WIDTHS = {1280: 900, 390: 844}
BROWSER_FLAGS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
_START_S = 60.0
_POLL_MS = 50  # a look at each frame would have frames drawn for it
_FRONT = ("leaderboard", 1280, 1160)  # picture, its width, and the rows of it that the README shows
_FREQUENT = 176  # of the 256 colours of a picture's palette: those that it has most of


@dataclass(frozen=True)
class Shot:
    """One picture: its name, the page, the suite whose newest finished run is shown, the page's state."""

    name: str
    page: PageEntry
    suite: str = "quick"
    state: str = ""


_SHOWN = {
    "advisor": Shot("advisor", page_named("advisor"), state="use=live-streaming"),
    "clips": Shot("clips", page_named("clips"), state="difference=true"),
    "leaderboard": Shot("leaderboard", page_named("leaderboard"), state="w_quality=2&w_speed=1"),
    "over_time": Shot("over_time", page_named("over_time"), "stage-long", "drift=horizon/motion_drift"),
    "scaling": Shot("scaling", page_named("scaling"), "scaling"),
}
SHOTS = (
    *(_SHOWN.get(page.name, Shot(page.name, page)) for page in PAGES),
    Shot("arrivals", page_named("over_time")),
)


@contextmanager
def serving(root: Path) -> Iterator[str]:
    """Serve a root on a free port of loopback; yields the address, and ends the server afterwards.

    Raises:
        SpecError: the server did not start; the message has the end of its output.
    """
    with socket.socket() as probe:
        probe.bind((server.LOOPBACK, 0))
        port = int(probe.getsockname()[1])
    address = f"http://{server.LOOPBACK}:{port}"
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        process = subprocess.Popen(
            server.command(root, port=port, headless=True), stdout=said, stderr=subprocess.STDOUT, text=True
        )
        try:
            _wait(process, address, said)
            yield address
        finally:
            process.terminate()
            process.wait()


def _wait(process: subprocess.Popen[str], address: str, said: IO[str]) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)  # not listening yet
    said.seek(0)
    raise SpecError(
        f"the dashboard did not start within {_START_S:.0f} s: {' '.join(said.read().split())[-300:]}"
    )


@contextmanager
def chromium() -> Iterator[Browser]:
    """The chromium on PATH, headless, with its own background traffic off.

    Raises:
        SpecError: there is no chromium on PATH.
    """
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    if path is None:
        raise SpecError("no chromium is on PATH; install one, for example: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(BROWSER_FLAGS))
        try:
            yield browser
        finally:
            browser.close()


# The page of a title is there, its script run has ended and its charts are drawn.
_SETTLED = """(title) => {
  const every = (name) => [...document.querySelectorAll(`[data-testid=${name}]`)];
  return every('stApp').some((app) => app.dataset.testScriptState === 'notRunning')
    && [...document.querySelectorAll('h1')].some((heading) => heading.innerText.includes(title))
    && every('stSkeleton').length === 0
    && every('stVegaLiteChart').every((chart) => chart.querySelector('canvas, svg'));
}"""

# The clips that are in view are there; one that is not is not loaded.
_LOADED = """(videos) => Promise.all(videos.map((video) => new Promise((done) => {
  if (video.readyState >= 2) done();
  ['loadeddata', 'error'].forEach((kind) => video.addEventListener(kind, done));
  setTimeout(done, 3000);
})))"""


def settle(page: Page, title: str, timeout_ms: float = 30_000) -> None:
    """Wait until the page of this title is there, its script run has ended and its charts are drawn."""
    page.wait_for_function(_SETTLED, arg=title, timeout=timeout_ms, polling=_POLL_MS)


def take(root: Path, out: Path, shots: Sequence[Shot], dark: bool = False, query: str = "") -> list[Path]:
    """Write each picture at each width and return their paths.

    query: what stands after the question mark of every address, such as "run=ID".
    """
    out.mkdir(parents=True, exist_ok=True)
    written = []
    with serving(root) as address, chromium() as browser:
        for width, height in WIDTHS.items():
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
            )
            page = context.new_page()
            for shot in shots:
                entry = shot.page
                state = "&".join(part for part in (_state(root, shot), query) if part)
                page.goto(f"{address}/{entry.path}?{state}")
                settle(page, entry.title)
                target = out / f"dashboard-{shot.name}-{width}{'-dark' if dark else ''}.png"
                _whole(page, entry.title, width, height)
                page.screenshot(path=str(target))
                _reduce(target)
                if (shot.name, width) == _FRONT[:2] and not dark:
                    _crop(target, out / "leaderboard.png", _FRONT[2])
                page.set_viewport_size({"width": width, "height": height})
                written.append(target)
            context.close()
    return written


def _state(root: Path, shot: Shot) -> str:
    """The run and the state that a picture shows, as the end of an address."""
    runs = [r for r in read_index(root).runs if r.status == "finished" and shot.suite in r.suites]
    return "&".join([*(f"run={r.run_id}" for r in runs[:1]), *([shot.state] if shot.state else [])])


def _crop(picture: Path, target: Path, rows: int) -> None:
    """Write the upper part of a picture."""
    from PIL import Image

    with Image.open(picture) as found:
        found.crop((0, 0, found.width, rows)).save(target, optimize=True)


def _reduce(picture: Path) -> None:
    """Write a picture again with a palette: its most frequent colours as they are, the others spread.

    Grounds keep their exact colour, and colours of small marks, which mean something, are not merged away.
    """
    import numpy as np
    from PIL import Image

    with Image.open(picture) as found:
        full = found.convert("RGB")
    colours, counts = np.unique(np.asarray(full).reshape(-1, 3), axis=0, return_counts=True)
    frequent = colours[np.argsort(-counts, kind="stable")[:_FREQUENT]].ravel().tolist()
    spread = full.quantize(256 - _FREQUENT, method=Image.Quantize.MAXCOVERAGE).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette([*frequent, *spread])
    full.quantize(palette=palette, dither=Image.Dither.NONE).save(picture, optimize=True)


def _whole(page: Page, title: str, width: int, height: int) -> None:
    """Make the window as tall as the page, whose middle scrolls by itself."""
    full = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": width, "height": max(height, min(int(full) + 20, 6000))})
    settle(page, title)
    for frame in page.frames:
        frame.locator("video").evaluate_all(_LOADED)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(description="pictures of every dashboard page")
    parser.add_argument("--root", type=Path, default=server.DEFAULT_ROOT, help="results folder")
    parser.add_argument("--out", type=Path, default=Path("docs/images"), help="folder for the pictures")
    parser.add_argument(
        "--shot", action="append", choices=[s.name for s in SHOTS], help="only this one; may be repeated"
    )
    parser.add_argument("--query", default="", help="further state of the pages, such as axis=speed")
    parser.add_argument("--dark", action="store_true", help="dark colours")
    given = parser.parse_args(arguments)
    try:
        written = take(
            given.root,
            given.out,
            [shot for shot in SHOTS if shot.name in (given.shot or [shot.name])],
            given.dark,
            given.query,
        )
    except VBenchLiteError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    for path in written:
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
