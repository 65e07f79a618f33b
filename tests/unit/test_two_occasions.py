"""Times of two runs say less than times of one: ranks, card, advice and beliefs agree with `compare`."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fabricated import FAMILIES, FakeRun, World, default_world, fabricate, only

from vbench_lite.advise.advice import advise
from vbench_lite.advise.answer import Verdict
from vbench_lite.advise.beliefs import BeliefVerdict
from vbench_lite.advise.card import answer_card
from vbench_lite.compare import RunArm, compare
from vbench_lite.metric import Axis
from vbench_lite.report.charts import boards, comparisons
from vbench_lite.results.board import build_board

LATENT, AUTO, _ = FAMILIES


def world(slower: float) -> World:
    """The autoregressive generator takes so many times as long as the latent one."""
    known = default_world()
    calls = {metric: dict(levels) for metric, levels in known.calls.items()}
    for metric, levels in calls.items():
        rate = metric.endswith(("per_s", "factor"))
        moved = 1.0 if "bytes" in metric else 1 / slower if rate else slower
        levels[AUTO] = levels[LATENT] * moved
    return replace(known, calls=calls)


def timed(slower: float, *, apart: bool) -> list[FakeRun]:
    """Both generators in one run, or each in its own, newest first."""
    whole = fabricate(world(slower))
    if not apart:
        return [only(whole, LATENT, AUTO)]
    other = fabricate(world(slower), run_id="run-b", created="2026-01-02T00:00:00Z")
    return [only(other, AUTO), only(whole, LATENT)]


@pytest.mark.parametrize(
    ("slower", "apart", "known"), [(1.12, False, True), (1.12, True, False), (1.5, True, True)]
)
def test_every_face_says_how_sure_a_difference_in_speed_is(slower: float, apart: bool, known: bool) -> None:
    runs = timed(slower, apart=apart)
    board = build_board(runs)
    ranks = {row.arm.generator: row.ranks[Axis.SPEED] for row in board.rows}
    assert ranks == ({LATENT: (1, 1), AUTO: (2, 2)} if known else {LATENT: (1, 2), AUTO: (1, 2)})
    clip = next(fact for fact in answer_card(board, runs).facts if fact.about == "whole clip")
    assert (clip.sure == "sure") is known and clip.leaders[0].startswith("latent-diffusion")
    found = advise(runs, weights={Axis.SPEED: 1.0})
    assert found.verdict is (Verdict.TAKE if known else Verdict.CANNOT_TELL)
    assert ("time both in one run" in found.words) is not known
    faster = next(belief for belief in found.beliefs if belief.id == "speed")
    assert faster.verdict is (BeliefVerdict.SUPPORTED if known else BeliefVerdict.OPEN)
    compared = compare(RunArm(runs[-1], LATENT), RunArm(runs[0], AUTO))
    latency = next(one for one in compared.metrics if one.metric == "speed/latency_s")
    assert latency.ci is not None and (latency.ci[1] < 0) is known


@pytest.mark.parametrize(("slower", "step"), [(1.12, ""), (1.6, "yes")])
@pytest.mark.parametrize("measure", ["speed", "speed/latency_s"])
def test_a_history_calls_no_step_what_two_runs_differ_by(slower: float, step: str, measure: str) -> None:
    """One generator, timed again."""
    tables = [
        boards.table(build_board([run]).as_dict())
        for run in (
            fabricate(world(1.0)),
            fabricate(world(slower), run_id="run-b", created="2026-01-02T00:00:00Z"),
        )
    ]
    assert list(comparisons.history(tables, measure, [AUTO])["step"]) == ["", step]


def test_what_moves_all_times_of_a_run_parts_none_of_its_own() -> None:
    """Of three, two share a run: they are as far apart as without the third."""
    whole = only(fabricate(world(1.12)), LATENT, AUTO)
    other = only(fabricate(run_id="run-b", created="2026-01-02T00:00:00Z"), "reference/hybrid")
    board = build_board([other, whole])
    found = advise([other, whole], board=board, weights={Axis.SPEED: 1.0})
    (chance,) = (s.place.best for s in found.standings if s.place is not None and s.generator == AUTO)
    assert chance == pytest.approx(0.0, abs=0.01)
