"""The blind page in a real browser: thirty votes by keyboard, its server killed between, no name anywhere."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fabricate import make_run

from vbench_lite.votes.ballot import read_votes
from vbench_lite.votes.clips import RunClips, run_clips
from vbench_lite.votes.server import Poll, server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

KEYS = ("ArrowLeft", "ArrowRight", "ArrowDown", "b")
POLL_MS = 20
VIDEOS = "document.querySelectorAll('video')"
GIVEN_AWAY = re.compile(r"reference|hybrid|autoregressive|diffusion|control|[0-9a-f]{32}", re.IGNORECASE)


@contextmanager
def served(root: Path, run: RunClips) -> Iterator[str]:
    poll = Poll(root, run, question="Which clip is better?", seed=3)
    serving = server(poll)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{serving.server_address[1]}/"
    finally:
        serving.shutdown()
        serving.server_close()
        poll.close()


@contextmanager
def killed(root: Path, run: RunClips) -> Iterator[str]:
    """`vbench-lite vote RUN` in a process of its own, which ends without a chance to tidy up."""
    command = ["vote", run.run_id, "--headless", "--root", str(root)]
    with subprocess.Popen(
        [sys.executable, "-m", "vbench_lite.cli.main", *command], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        try:
            addresses = (re.search(r"http://127\.0\.0\.1:\d+/", line) for line in process.stderr)
            yield next(found[0] for found in addresses if found is not None)
        finally:
            process.kill()


def vote(page: Page, answers: int, seen: list[str]) -> None:
    """Answer by keyboard; playing is quickened, or thirty clips of two seconds would take a minute."""
    for number in range(answers):
        page.wait_for_function("document.body.dataset.loaded === 'true'", polling=POLL_MS)
        sought = page.evaluate(f"[...{VIDEOS}].every((v) => v.seekable.end(0) === v.duration)")
        assert sought, "one clock needs clips to seek in"
        page.evaluate(f"for (const v of {VIDEOS}) v.currentTime = v.duration * .95;")
        page.wait_for_function("document.body.dataset.ready === 'true'", polling=POLL_MS)
        seen.append(page.content())
        with page.expect_response(re.compile("answer")):
            page.keyboard.press(KEYS[number % len(KEYS)])


def test_thirty_votes_by_keyboard_killed_and_resumed(browser: Browser, tmp_path: Path) -> None:
    run = run_clips(make_run(tmp_path, prompts=12))
    seen: list[str] = []
    page = browser.new_page(bypass_csp=True)  # for the waiting below
    page.on("request", lambda request: seen.append(request.url.partition("?")[0]))
    with killed(tmp_path, run) as address:
        page.goto(f"{address}?voter=ann")
        vote(page, 15, seen)
    before = read_votes(tmp_path)
    assert len(before) == 15
    other = browser.new_page(bypass_csp=True)
    with served(tmp_path, run) as address:  # nothing but the journal is left
        page.goto(f"{address}?voter=ann")
        other.goto(f"{address}?voter=bob")
        for _ in range(2):  # both at once
            vote(page, 1, seen)
            vote(other, 1, seen)
        vote(page, 13, seen)
        with page.expect_response(re.compile("undo")):
            page.keyboard.press("u")
    other.close()
    page.close()
    votes = read_votes(tmp_path)
    assert [sum(v.voter == name for v in votes) for name in ("ann", "bob")] == [29, 2]
    assert len({v.id for v in votes}) == 31 and [v for v in votes if v.voter == "ann"][:15] == before
    asked = [(v.prompt, v.seed, v.pair) for v in votes if v.voter == "ann" and v.check is None]
    assert len(asked) == len(set(asked)), "no pair is asked twice, but as a check"
    assert {v.check for v in votes} >= {"control"}
    assert [text for text in seen if GIVEN_AWAY.search(text)] == []
