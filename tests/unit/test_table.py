"""The leaderboard on a terminal: 80 columns, no escapes, what cannot be ranked."""

from __future__ import annotations

import io
import json
from dataclasses import replace

from fabricated import default_world, fabricate
from rich.console import Console

from vbench_lite.metric import Estimate
from vbench_lite.report.terminal.board import print_board
from vbench_lite.results.board import Board, build_board
from vbench_lite.results.catalogue import metric_facts
from vbench_lite.results.estimates import MetricEstimate
from vbench_lite.store.schema import Level


def _printed(board: Board, width: int = 80) -> str:
    stream = io.StringIO()
    print_board(board, Console(file=stream, width=width, no_color=True))
    return stream.getvalue()


def _metric_estimate(estimate: Estimate) -> MetricEstimate:
    facts = metric_facts("x/y", {})
    return MetricEstimate("x/y", Level.SET, facts, estimate.value, estimate.low, estimate.high, estimate.n)


def test_the_board_fits_eighty_columns_without_escapes() -> None:
    text = _printed(build_board([fabricate()]))
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80
    for part in ("latent-diffusion", "16 of 16 ok", "rank 1", "controls, never ranked", " MB", "n: 16 clips"):
        assert part in text
    assert text.index("\nhybrid") < text.index("controls, never ranked") < text.index("shuffled")


def test_what_cannot_be_trusted_or_ranked_is_said() -> None:
    world = default_world()
    sharp = dict(world.mean["frames/sharpness"], noise=5.0)
    run = fabricate(
        replace(world, mean={**world.mean, "frames/sharpness": sharp}), failed={"reference/hybrid": 2}
    )
    text = " ".join(_printed(build_board([run])).split())
    assert "frames/sharpness cannot be trusted on this data" in text
    assert "reference/hybrid is not ranked: 14 of 16 samples are ok" in text
    assert "frames/degenerate: no row for it in this run" in text


def test_distances_that_disagree_on_an_order_are_named_where_that_is_beyond_noise() -> None:
    world = default_world()
    turned = {name: -value for name, value in world.mean["distribution/kvd_shapes"].items()}
    world = replace(world, mean={**world.mean, "distribution/frechet_shapes": turned})

    def said(spread: float) -> tuple[str, list[dict[str, object]]]:
        board = build_board([fabricate(replace(world, spread=spread), controls=False)])
        return " ".join(_printed(board).split()), json.loads(json.dumps(board.as_dict()))["conflicts"]

    text, conflicts = said(spread=0.001)
    pairs = [
        ("reference/autoregressive", "reference/hybrid"),
        ("reference/autoregressive", "reference/latent-diffusion"),
        ("reference/hybrid", "reference/latent-diffusion"),
    ]
    assert [(c["generator"], c["other_generator"]) for c in conflicts] == pairs
    for one in conflicts:
        assert (one["distance"], one["other_distance"]) == (
            "distribution/frechet_shapes",
            "distribution/kvd_shapes",
        )
        assert one["firm"] is True
        who = f"{one['generator']} and {one['other_generator']}"
        assert f"kvd_shapes order {who} differently, beyond noise" in text

    text, conflicts = said(spread=5.0)
    assert not any(c["firm"] for c in conflicts)
    assert "beyond noise" not in text

    agreeing = build_board([fabricate()])
    assert agreeing.as_dict()["conflicts"] == []
    assert "beyond noise" not in _printed(agreeing)


def test_without_controls_the_reason_is_printed_once() -> None:
    text = _printed(build_board([fabricate(controls=False)]))
    assert text.count("quality: the run has no real control to scale by") == 1
    assert "never ranked" not in text
