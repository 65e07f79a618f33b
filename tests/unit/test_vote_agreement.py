"""Ratings of three raters, imported and bound to a run: order, ceiling and agreement of a metric by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from fabricated import default_world, fabricate, store_run

from vbench_lite.cli.main import call
from vbench_lite.votes.agreement import agreements
from vbench_lite.votes.ballot import OVERALL, Shown, Vote
from vbench_lite.votes.board import vote_board
from vbench_lite.votes.clips import run_clips

NAMES = AR, LD, HYBRID = "reference/autoregressive", "reference/latent-diffusion", "reference/hybrid"
METRIC = "frames/sharpness"
VALUES = {"p000": (3.0, 2.0, 1.0), "p001": (1.0, 2.0, 3.0)}


def test_ratings_and_a_metric_by_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The metric says AR > LD > HYBRID on one prompt and the reverse on the other. Raters say AR 5, LD 3,
    HYBRID 1 on both, but the third says the reverse on the second.

    Decided votes: 9 on the first prompt, all as the metric says; 9 on the second, of which 3 are: 12 of 18.
    Couples of raters: 9 of 9 agree on the first prompt, one of three on each pair of the second: 12 of 18.
    Points by prompt: 1, 0, -1 with the metric, and 1/3, 0, -1/3 against it: tau-b 1 and -1.
    """
    world = replace(default_world(), mean={METRIC: default_world().mean[METRIC]}, sets=(), calls={})
    made = fabricate(world, prompts=2)
    rows = [
        replace(row, value=VALUES[str(row.prompt_id)][NAMES.index(row.generator)])
        if row.metric == METRIC and row.generator in NAMES
        else row
        for row in made.score_rows
    ]
    run = store_run(replace(made, score_rows=rows), tmp_path)
    lines = ["rater,generator,prompt,score"]
    for prompt in VALUES:
        for rater in ("r1", "r2", "r3"):
            scores = (1, 3, 5) if (rater, prompt) == ("r3", "p001") else (5, 3, 1)
            rated = zip(NAMES, scores, strict=True)
            lines += [f"{rater},{name},{prompt},{score}" for name, score in rated]
    (tmp_path / "ratings.csv").write_text("\n".join(lines) + "\n")
    where = ["--root", str(tmp_path), "--json"]
    assert call(["vote", "import", str(tmp_path / "ratings.csv"), "--run", run.run_id, *where]) == 0
    assert json.loads(capsys.readouterr().out) == {"votes": 18, "known": 0, "unbound": 0}
    assert call(["vote", "board", run.run_id, *where]) == 0
    board = json.loads(capsys.readouterr().out)
    assert [row["generator"] for row in board["rows"]] == [AR, LD, HYBRID]  # means 4.33, 3, 1.67
    (found,) = board["agreement"]
    assert found["metric"] == METRIC
    assert (found["accuracy"]["value"], found["accuracy"]["n"]) == (pytest.approx(12 / 18), 18)
    assert (found["ceiling"]["value"], found["ceiling"]["n"]) == (pytest.approx(12 / 18), 18)
    assert found["tau_b"]["value"] == pytest.approx(0.0)
    assert found["verdict"] == "not surely better than chance" and board["order_effect"] is None


def test_a_generator_that_always_stood_left_is_told_from_its_side(tmp_path: Path) -> None:
    """Votes on a fixed order have no side to fit, here as on the board: both are sure who is better."""
    clips = run_clips(store_run(fabricate(prompts=24), tmp_path))
    votes = []
    for n, (prompt, seed) in enumerate(sorted(clips.of(AR))):
        left, right = (Shown(name, clips.of(name)[prompt, seed]) for name in (AR, LD))
        votes.append(Vote(f"v{n % 6}", prompt, left, right, "left" if n % 8 else "right", seed=seed))
    (pair,) = vote_board(votes, OVERALL).pairs
    (sharp,) = (one for one in agreements(votes, OVERALL, clips) if one.metric == METRIC)
    assert pair.decision == "separated" and pair.lead > 0
    assert sharp.soft is not None and sharp.soft > 0.95  # which scores AR above LD on nearly every prompt
