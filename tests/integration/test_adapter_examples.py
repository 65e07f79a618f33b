"""The examples of docs/adapters: quoted as they are, valid, and run."""

from __future__ import annotations

from pathlib import Path

import pytest
from adapter_examples import DOCS, lay_out
from command_line import vbench_lite

from vbench_lite.store.rundir import resolve_run

EXAMPLES = sorted((DOCS / "examples").iterdir())


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The examples as the working directory."""
    folder = lay_out(tmp_path / "examples")
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_pages_quote_or_link_the_examples(path: Path) -> None:
    text = path.read_text()
    for page in DOCS.glob("*.md"):
        lines = [line.removeprefix("   ") for line in page.read_text().splitlines()]
        if text.strip() in "\n".join(lines) or f"(examples/{path.name})" in "\n".join(lines):
            return
    pytest.fail(f"no page of docs/adapters quotes or links {path.name}")


@pytest.mark.parametrize("path", [p for p in EXAMPLES if p.suffix == ".yaml"], ids=lambda path: path.name)
def test_specifications_are_valid(here: Path, path: Path) -> None:
    answer = vbench_lite("validate", path.name)
    assert answer.code == 0, answer.err


def test_clips_are_scored_and_not_timed(here: Path) -> None:
    answer = vbench_lite("run", "clips.yaml", "--json", "--root", here / "results")
    assert answer.code == 0, answer.err
    (row,) = answer.json["leaderboard"]["rows"]
    assert (row["generator"], row["family"], row["coverage"]) == ("model-a", "external", 1.0)
    assert row["metrics"]["alignment/shapes_shape"]["value"] == 1.0
    for metric in ("speed/latency_s", "speed/load_s", "memory/peak_bytes"):
        assert row["metrics"][metric]["value"] is None
        assert row["metrics"][metric]["reason"] == "these clips were made elsewhere"
    assert row["axes"]["speed"]["value"] is None
    run = resolve_run(here / "results", answer.json["run"])
    made = [r for r in run.rows("sample") if r["generator"] == "model-a"]
    assert [(r["total_s"], r["first_frame_s"], r["peak_bytes"]) for r in made] == [(None, None, None)] * 2
