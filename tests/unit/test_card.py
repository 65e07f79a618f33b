"""The answer card: who is first at what, how sure, and what a reader must know first."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fabricated import CONTROLS, FakeRun, default_world, fabricate, only, store_run
from rich.console import Console

from vbench_lite.advise.card import Card, answer_card, prompts_to_part
from vbench_lite.metric import Axis
from vbench_lite.report.terminal.card import card_text
from vbench_lite.results.axes import AxisScore, difference, differences
from vbench_lite.results.board import Board, build_board
from vbench_lite.results.choice import choose
from vbench_lite.results.labels import row_titles
from vbench_lite.stats.ranks import ranks_of
from vbench_lite.stats.student import quantile

LATENT, AUTO, HYBRID = "reference/latent-diffusion", "reference/autoregressive", "reference/hybrid"


def _fact(card: Card, about: str) -> Any:
    return next(fact for fact in card.facts if fact.about == about)


def _board(*runs: FakeRun) -> Board:
    return build_board(list(runs), every=True)


@cache
def _default() -> Board:
    return _board(fabricate())


def test_a_clear_lead_is_sure_and_says_by_how_much_in_seconds_and_factors() -> None:
    card = answer_card(_default())
    assert card.title == "quick · 3 generators · 16 clips each"
    whole = _fact(card, "whole clip")
    assert (whole.sure, whole.leaders) == ("sure", ("hybrid",))
    said = re.fullmatch(
        r"hybrid: ([.\d]+) s, (\d+)% sooner than latent-diffusion \(([.\d]+) s\)", whole.words
    )
    assert said is not None and said[1] == "1.39"
    assert float(said[2]) == pytest.approx(100 * (1 - float(said[1]) / float(said[3])), abs=1)
    quality = _fact(card, "quality")
    assert (quality.sure, quality.leaders) == ("sure", ("autoregressive",))


def test_a_lead_that_the_scores_do_not_show_says_by_how_much() -> None:
    """Two scores whose intervals overlap, of which one is higher on every prompt."""
    world = default_world()
    level = {**world.mean["frames/sharpness"], LATENT: 0.6, AUTO: 0.65, HYBRID: 0.2}
    world = replace(world, mean={**world.mean, "frames/sharpness": level}, spread=0.3)
    board = _board(fabricate(world))
    fact = _fact(answer_card(board), "quality")
    by_name = {row.arm.generator: row.axes[Axis.QUALITY] for row in board.rows}
    found = difference(by_name[AUTO], by_name[LATENT])
    assert (by_name[AUTO].low or 0) < (by_name[LATENT].high or 0)
    assert fact.sure != "open"
    shown = re.search(r" by (\S+) ±(\S+)$", fact.words)
    assert shown is not None
    assert float(shown[1]) == pytest.approx(found.value, abs=0.005)
    assert float(shown[2]) == pytest.approx(found.se * quantile(0.975, found.dof), abs=0.005)


def test_a_tie_names_who_ties_and_how_many_more_prompts_would_part_them() -> None:
    world = default_world()
    level = dict(world.mean["frames/sharpness"])
    kernel = dict(world.mean["distribution/kvd_shapes"])
    for name in (LATENT, AUTO, HYBRID):
        level[name], kernel[name] = 0.6, 1.0
    level[LATENT] = 0.605
    world = replace(
        world, mean={**world.mean, "frames/sharpness": level, "distribution/kvd_shapes": kernel}, spread=0.3
    )
    fact = _fact(answer_card(_board(fabricate(world))), "quality")
    assert fact.sure == "open"
    assert len(fact.leaders) > 1
    assert fact.words.startswith("a tie: 16 prompts cannot part ") and "more would" in fact.words


def test_rows_that_were_picked_are_ranked_among_themselves(tmp_path: Path) -> None:
    """Without the first of the run, the next are first: on the board, on the card and in advice."""
    stored = store_run(fabricate(), tmp_path)
    whole = choose(tmp_path).board()
    assert [row.arm.generator for row in whole.rows if row.ranks[Axis.SPEED] == (1, 1)] == [AUTO]
    board = choose(tmp_path, [f"run-a:{HYBRID}", f"run-a:{LATENT}"]).board()
    assert {row.arm.generator: row.ranks[Axis.SPEED] for row in board.rows} == {
        HYBRID: (1, 1),
        LATENT: (2, 2),
    }
    assert _fact(answer_card(board, [stored]), "quality").leaders


def test_an_answer_names_the_run_of_a_generator(tmp_path: Path) -> None:
    """Two runs of one generator, of which one is clearly better."""
    worse = default_world()
    level = {**worse.mean["alignment/shapes_direction"], AUTO: 0.2}
    worse = replace(worse, mean={**worse.mean, "alignment/shapes_direction": level})
    for run in (
        fabricate(prompts=64, created="2026-01-01T00:00:00Z"),
        fabricate(worse, run_id="run-b", prompts=64, created="2026-01-02T00:00:00Z"),
    ):
        store_run(only(run, AUTO, *CONTROLS), tmp_path)
    choice = choose(tmp_path, every=True)
    (take,) = answer_card(choice.board(), choice.runs, ["education"]).take
    assert take.sure == "sure" and take.leaders == ("autoregressive · 1 Jan 00:00",)


def test_more_generators_must_be_parted_more_surely() -> None:
    """As many prompts as said part the first of five from the next in 4 of 5 boards, by the board's ranks."""
    (base, *_), rng = _board(fabricate()).rows, np.random.default_rng(0)
    means, prompts = np.array([0.65, 0.6, 0.6, 0.6, 0.6]), len(base.arm.prompts)

    def scores(count: int, *, exact: bool = False) -> list[AxisScore]:
        values = rng.normal(0, 0.1, (len(means), count))
        if exact:  # what is seen is the truth
            values -= values.mean(axis=1, keepdims=True)
            values *= 0.1 / values.std(axis=1, ddof=1, keepdims=True)
        values += means[:, None]
        own = values.mean(axis=1)
        left_out = (count * own[:, None] - values) / (count - 1)
        return [
            AxisScore(float(mean), 0.0, 1.0, count, replicates=out)
            for mean, out in zip(own, left_out, strict=True)
        ]

    rows = [replace(base, axes={Axis.QUALITY: one}) for one in scores(prompts, exact=True)]
    more = prompts_to_part(rows[0], rows[1], Axis.QUALITY, rows)
    alone = prompts_to_part(rows[0], rows[1], Axis.QUALITY, rows[:2])
    assert more is not None and alone is not None and more > 1.4 * alone
    parted = [ranks_of(5, differences(scores(prompts + more)))[1][0] > 1 for _ in range(300)]
    assert np.mean(parted) == pytest.approx(0.8, abs=0.12)


@pytest.mark.parametrize("noise_seed", range(4))
def test_whoever_is_named_first_is_not_behind(noise_seed: int) -> None:
    """Near ties: nobody leads by less than nothing."""
    world = default_world()
    same = dict.fromkeys((LATENT, AUTO, HYBRID), 0.6) | {"real": 0.8, "noise": 0.9, "frozen": 0.7}
    world = replace(world, mean={**world.mean, "frames/sharpness": same}, spread=0.3)
    board = _board(fabricate(world, noise_seed=noise_seed))
    for fact in answer_card(board).facts:
        assert not re.search(r"(?<![\w.])[-−]\d", fact.words), fact.words
    scores = {row_titles([row])[0]: row.axes[Axis.QUALITY].value or 0.0 for row in board.rows}
    assert _fact(answer_card(board), "quality").leaders[0] == max(scores, key=lambda name: scores[name])


def test_who_is_within_five_percent_ties() -> None:
    world = default_world()
    calls = {**world.calls, "speed/latency_s": dict.fromkeys((LATENT, AUTO, HYBRID), 2.0)}
    fact = _fact(answer_card(_board(fabricate(replace(world, calls=calls)))), "whole clip")
    assert fact.sure == "open" and fact.words.startswith("a tie: ")


def test_values_that_read_alike_are_written_once() -> None:
    """33.8 to 33.9 MB is a range, 33.9 to 33.9 MB is none."""
    run = fabricate()
    peak = "memory/peak_bytes"
    rows = [replace(one, value=one.value if one.metric != peak else 33.9e6) for one in run.score_rows]
    assert _fact(answer_card(_board(replace(run, score_rows=rows))), "peak memory").words.endswith(
        ", 33.9 MB"
    )


def test_one_generator_is_never_the_best() -> None:
    card = answer_card(_board(only(fabricate(), LATENT, "real", "frozen", "noise", "shuffled")))
    assert {fact.sure for fact in card.facts} == {"open"}
    assert all("no other to compare with" in fact.words for fact in card.facts if fact.leaders)
    assert card.take == ()


def test_who_lacks_clips_is_no_candidate_and_is_a_doubt() -> None:
    card = answer_card(_board(fabricate(failed={LATENT: 2})))
    assert not any("latent-diffusion" in fact.leaders for fact in card.facts)
    assert any(doubt.startswith("latent-diffusion has no clip for 2 of 16 requests") for doubt in card.doubts)


def test_without_generators_the_card_says_so() -> None:
    card = answer_card(_board(only(fabricate(), "real", "frozen", "noise", "shuffled")))
    assert card.facts == () and "no generator" in card.title


@pytest.mark.parametrize("width", [80, 120])
def test_the_card_fits_the_terminal_and_colours_only_what_is_sure(width: int) -> None:
    card = answer_card(_default())
    stream = io.StringIO()
    console = Console(file=stream, width=width, color_system="standard", force_terminal=True)
    console.print(card_text(card, [("vbench-lite dashboard", "clips and charts in a browser")]))
    green = [line for line in stream.getvalue().splitlines() if "\x1b[32m" in line]
    assert len(green) == sum(fact.sure == "sure" for fact in (*card.facts, *card.take))
    plain = io.StringIO()
    Console(file=plain, width=width, no_color=True).print(card_text(card))
    assert max(map(len, plain.getvalue().splitlines())) <= width


def test_rows_of_one_label_are_told_apart_by_the_setting_that_differs() -> None:
    first = fabricate(run_id="a")
    entries = [
        replace(entry, config={"detail": "coarse"}) if entry.label == HYBRID else entry
        for entry in first.doc.generators
    ]
    second = fabricate(run_id="b")
    second = replace(second, doc=replace(second.doc, generators=entries))
    names = row_titles(_board(first, second).rows)
    assert len(set(names)) == len(names) == 6
    assert "hybrid · coarse" in names and "hybrid · default" in names
    assert sum(name.startswith("latent-diffusion · ") for name in names) == 2


def test_labels_with_one_last_part_keep_their_whole_name() -> None:
    run = fabricate()
    entries = [replace(e, label="mine/hybrid") if e.label == AUTO else e for e in run.doc.generators]
    rows = [
        replace(row, generator="mine/hybrid") if row.generator == AUTO else row for row in run.sample_rows
    ]
    scores = [
        replace(row, generator="mine/hybrid") if row.generator == AUTO else row for row in run.score_rows
    ]
    renamed = replace(run, doc=replace(run.doc, generators=entries), sample_rows=rows, score_rows=scores)
    assert row_titles(_board(renamed).rows) == ["latent-diffusion", "mine/hybrid", "reference/hybrid"]
