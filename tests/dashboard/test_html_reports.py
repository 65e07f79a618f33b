"""A run and a comparison as one HTML file: self-contained, nothing from a run as markup, the right clips."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from fabricate import GENERATORS, HOSTILE, make_run, make_scaling_run
from fabricated import vote_on

from vbench_lite.advise import use_names
from vbench_lite.advise.card import answer_card
from vbench_lite.cli.main import call
from vbench_lite.compare import RunArm, compare
from vbench_lite.errors import SpecError, StoreError
from vbench_lite.report.charts import boards, gallery, growth
from vbench_lite.report.html import clips as html_clips
from vbench_lite.report.html import markup
from vbench_lite.report.html.comparison import comparison_report
from vbench_lite.report.html.publish import publish
from vbench_lite.report.html.run import run_report
from vbench_lite.results.board import build_board
from vbench_lite.results.choice import choose
from vbench_lite.store.rundir import RunDir

LINKS = ("src", "srcset", "href", "data", "action", "poster", "background")


class Page(HTMLParser):
    """What a page holds: its tags, where they point, its words, and the titles of its clips."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.targets: list[str] = []
        self.handlers: list[str] = []
        self.words: list[str] = []
        self.policy = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = {name: value or "" for name, value in attrs}
        self.targets += [given[name] for name in LINKS if name in given]
        self.handlers += [name for name in given if name.startswith("on")]
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"]

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def said(self) -> str:
        return "".join(self.words)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ordinary run, one that is worse, a hostile one, and one in progress without clips."""
    folder = tmp_path_factory.mktemp("reports")
    make_run(folder, "a" * 16)
    make_run(folder, "b" * 16, created="2026-03-02T10:00:00+00:00", failed=1, shift=-0.1)
    make_run(folder, "e" * 16, created="2026-02-01T10:00:00+00:00", failed=1, hostile=True, prompts=3)
    make_run(folder, "f" * 16, created="2026-01-01T10:00:00+00:00", status="running", clips=False, prompts=4)
    return folder


@pytest.fixture(scope="module")
def ordinary(root: Path) -> Page:
    return Page(run_report(RunDir(root, "a" * 16)))


def against(root: Path, baseline: str, candidate: str, generator: str = "reference/hybrid") -> str:
    runs = RunDir(root, baseline * 16), RunDir(root, candidate * 16)
    found = compare(RunArm(runs[0], generator), RunArm(runs[1], generator))
    return comparison_report(found, *runs)


def self_contained(page: Page) -> bool:
    inside = all(target.startswith(("data:", "#")) for target in page.targets)
    forbidden = {"script", "iframe", "object", "embed", "form", "base"}
    return inside and not page.handlers and not forbidden & set(page.tags) and page.policy == markup.POLICY


def test_pages_ask_no_host_and_run_nothing(root: Path, ordinary: Page) -> None:
    assert self_contained(ordinary)
    assert self_contained(Page(against(root, "a", "b")))
    assert markup.POLICY.startswith("default-src 'none'")


def test_hostile_text_is_text(root: Path) -> None:
    page = Page(run_report(RunDir(root, "e" * 16)))
    assert self_contained(page)
    assert HOSTILE in page.said
    assert "Samples that did not end well" in page.said
    assert "x" not in page.targets


def test_the_page_says_what_the_board_says(root: Path, ordinary: Page) -> None:
    run = RunDir(root, "a" * 16)
    board = boards.table(build_board([run], suite="quick").as_dict())
    card = answer_card(build_board([run], suite="quick"), [run], use_names())
    assert "quality" in {fact.about for fact in card.facts} and card.take
    for fact in card.facts + card.take:  # who leads, and how sure that is
        assert f"{fact.sure} {fact.about}{fact.words}" in ordinary.said
    scores = boards.axis_table(board)
    for value in scores["quality"]:
        assert f"{value:.4g}" in ordinary.said
    for title in (
        "Axis scores",
        "Trade-offs",
        "What to take",
        "live-streaming – ",
        "Drift within clips",
        "Over time",
        "Metrics",
        "Metric trust",
        "Worst clips",
    ):
        assert title in ordinary.said


def test_a_run_with_a_sweep_shows_how_time_and_memory_grow(
    root: Path, ordinary: Page, tmp_path: Path
) -> None:
    run = make_scaling_run(tmp_path)
    page = Page(run_report(run))
    assert self_contained(page)
    assert "With frames" in page.said
    report = growth.read(run, "scaling")
    assert report is not None
    for sentence in growth.crossings(report, "frames"):
        assert sentence in page.said
    for power in growth.table(report, "frames")["time grows as size to the power"]:
        assert power in page.said
    assert "#scaling" in page.targets
    assert "#scaling" not in ordinary.targets


def test_the_worst_clips_are_those_of_generators_beside_the_real_ones(root: Path) -> None:
    run = RunDir(root, "a" * 16)
    shelf = html_clips.Shelf(root)
    board = boards.table(build_board([run], suite="quick").as_dict())
    parts = html_clips.worst(run, "quick", board, shelf, shown=1)
    first = Page("".join(parts[:3]))
    metric = first.words[0].removeprefix("Worst by ")
    scores = gallery.clip_scores(run)
    its = scores[(scores["metric"] == metric) & scores["generator"].isin(GENERATORS)]
    worst = its.sort_values("value").iloc[0]
    assert str(worst["generator"]) in first.said
    assert f"{worst['value']:.3f}" in first.said
    assert "the real clip of the same request" in first.said
    assert first.tags.count("video") == 2
    assert shelf.missing == []


def test_videos_end_where_the_share_of_the_page_does(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunDir(root, "a" * 16)
    board = boards.table(build_board([run], suite="quick").as_dict())
    monkeypatch.setattr(html_clips, "VIDEO_BYTES", 0)
    page = Page("".join(html_clips.worst(run, "quick", board, html_clips.Shelf(root))))
    assert "video" not in page.tags
    assert page.tags.count("img") > 0


def test_clips_that_are_gone_are_named(root: Path, tmp_path: Path) -> None:
    shelf = html_clips.Shelf(tmp_path)
    assert shelf.clip("a" * 64, "a clip", ()) == ""
    assert "a clip: clip aaaa" in shelf.missing[0]


def test_a_comparison_shows_what_decided_and_the_clips_that_lost_most(root: Path) -> None:
    page = Page(against(root, "a", "b"))
    assert "REGRESSED: worse than the baseline" in page.said
    assert "Lost most by" in page.said
    assert page.said.count("baseline: reference/hybrid") == page.said.count("candidate: reference/hybrid")
    better = Page(against(root, "b", "a"))
    assert "REGRESSED" not in better.said.split("Metrics")[0]


def test_equal_clips_are_said_to_be_equal(root: Path) -> None:
    page = Page(against(root, "a", "a"))
    assert "Both gave the same clip to every request." in page.said
    assert "Lost most by" not in page.said


def test_a_cell_shows_numbers_to_four_figures_counts_whole_and_dashes_for_nothing() -> None:
    assert '<td class="number">48</td>' in markup.table(pd.DataFrame({"votes": [48]}), "c")
    page = Page(markup.table(pd.DataFrame({"a": [0.123456, float("nan")], "b<": ["<b>", None]}), "c"))
    assert page.words == ["c", "a", "b<", "0.1235", "<b>", "–", "–"]


def test_the_verbs_write_the_files(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "run.html"
    assert call(["report", "f" * 16, "-o", str(target), "--root", str(root)]) == 0
    assert str(target) in capsys.readouterr().out
    page = Page(target.read_text(encoding="utf-8"))
    assert self_contained(page)
    assert "The run is not finished" in page.said
    target = tmp_path / "comparison.html"
    sides = [f"{name * 16}:reference/hybrid" for name in "aa"]
    assert call(["compare", *sides, "--html", str(target), "--root", str(root)]) == 0
    assert "Both gave the same clip" in target.read_text(encoding="utf-8")
    assert call(["report", "nowhere", "--root", str(root)]) == 2
    with pytest.raises(StoreError, match="no run has the suite"):
        run_report(RunDir(root, "a" * 16), "film")


def test_a_published_folder_needs_nothing_else_and_says_why_a_clip_is_missing(
    root: Path, tmp_path: Path
) -> None:
    """Of the hostile run, whose first sample failed: its text is text, its clips lie beside the page."""
    folder = tmp_path / "public"
    done = publish(choose(root, ["e" * 16]), folder, prompts=2)
    page = Page((folder / "index.html").read_text(encoding="utf-8"))
    assert (folder / "badge.svg").read_text(encoding="utf-8").startswith("<svg")
    clips = [target for target in page.targets if not target.startswith(("data:", "#"))]
    assert clips == [] and done.clips > 0  # loaded by the script when they come into view
    assert len(list((folder / "clips").glob("*.mp4"))) == done.clips
    assert not page.handlers and page.tags.count("script") == 1
    assert "script-src 'sha256-" in page.policy and "http" not in page.policy
    assert HOSTILE in page.said and "no clip" in page.said
    assert "suite:quick@1#" in page.said
    assert done.bytes - sum(path.stat().st_size for path in (folder / "clips").iterdir()) < 2_000_000
    assert "#votes" not in page.targets
    first, second = [entry.label for entry in RunDir(root, "e" * 16).document().generators][:2]
    vote_on(RunDir(root, "e" * 16), first, second)
    publish(choose(root, ["e" * 16]), folder, prompts=0)  # again, in its place
    assert not (folder / "clips").exists()
    page = Page((folder / "index.html").read_text(encoding="utf-8"))
    assert "#votes" in page.targets and "2 votes on overall" in page.said
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("mine", encoding="utf-8")
    with pytest.raises(SpecError, match="give another folder"):
        publish(choose(root, ["e" * 16]), tmp_path / "mine", prompts=0)


def test_the_first_prompts_are_shown_real_first(root: Path, ordinary: Page) -> None:
    board = boards.table(build_board([RunDir(root, "b" * 16)]).as_dict())
    shelf = html_clips.Shelf(root)
    parts = [str(part) for part in html_clips.first_prompts(RunDir(root, "b" * 16), "quick", board, shelf)]
    groups = [part for part in parts if "<figure" in part]
    assert 0 < len(groups) <= html_clips.SHOWN
    assert all(group.index("real") < group.index("reference/") for group in groups if "real" in group)


def test_a_publication_compares_the_first_row_with_the_others(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "public"
    publish(choose(root, ["b" * 16]), folder, prompts=0)
    page = (folder / "index.html").read_text()
    assert 'id="compare"' in page
    assert "against reference/" in page
    assert "REGRESSED:" not in page  # two models are no update of one another


def test_a_published_wall_has_the_generators_of_every_run_on_the_board(tmp_path: Path) -> None:
    hybrid, other = "reference/hybrid", "reference/autoregressive"
    for run_id in ("1" * 16, "2" * 16):
        make_run(tmp_path, run_id, prompts=1)
    publish(choose(tmp_path, [f"{'1' * 16}:{hybrid}", f"{'2' * 16}:{other}"]), tmp_path / "public", prompts=1)
    page = (tmp_path / "public" / "index.html").read_text(encoding="utf-8")
    shown = re.findall(r'<video data-src=[^>]* aria-label="([^:]*):', page)
    assert shown[0] == "real" and sorted(shown[1:]) == ["autoregressive", "hybrid"]
