"""A suite that brings others along: what is asked of whom, and one board for all of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fabricated import FakeRun, fabricate

from vbench_lite.metric import Axis
from vbench_lite.results.board import build_board
from vbench_lite.run.plan.plan import build_plan
from vbench_lite.run.plan.spec import GeneratorSpec, RunSpec
from vbench_lite.run.timing.timed_requests import suite_cases
from vbench_lite.store.run_names import title
from vbench_lite.store.schema import SampleStatus
from vbench_lite.suite import load_suite

LATE, SOURCE = "horizon/late_identity", "coherence/shapes_identity"


def asked(**fields: object) -> dict[str, int]:
    """Samples of each suite for the first of the generators that the default run asks."""
    plan = build_plan(RunSpec.model_validate({"controls": False, **fields}))
    first = plan.generators[0].label
    counts: dict[str, int] = {}
    for batch in plan.batches:
        if batch.generator == first:
            counts[batch.suite] = counts.get(batch.suite, 0) + len(batch.samples)
    return counts


def test_the_default_run_asks_its_own_generators_and_brings_longer_clips() -> None:
    quick = load_suite("quick")
    assert asked() == {name: load_suite(name).samples for name in ("quick", *quick.also)}
    plan = build_plan(RunSpec(controls=False))
    assert [entry.label for entry in plan.generators] == list(quick.generators)
    assert {entry.batch for entry in plan.generators} == {quick.batch} != {1}
    assert suite_cases(quick)[0].batch == 1  # latency is that of one clip
    other = build_plan(RunSpec(suites=("quick-shapes",), controls=False))
    assert [entry.label for entry in other.generators] == list(load_suite("quick-shapes").generators)


def test_samples_of_a_brought_suite_are_in_proportion() -> None:
    assert asked(samples=8) == {"quick": 8, "stage-long": 1, "stage-detail": 1}
    assert asked(suites=["stage-long", "quick"], samples=320)["stage-long"] == 24
    assert asked(suites=["stage-long"], samples=3) == {"stage-long": 3}


def test_other_prompts_bring_nothing_along() -> None:
    plan = build_plan(RunSpec(prompts=("film",), controls=False))
    assert [suite.name for suite in plan.suites] == ["quick-film"]


def test_a_brought_suite_leaves_out_who_cannot_take_what_it_gives_and_fails_nobody() -> None:
    """A generator without an encoder: the codec's suite says so in a note, and its run is whole."""
    generators = (GeneratorSpec(label="stripes", adapter="vbench_lite_waves.stripes:Stripes"),)
    plan = build_plan(RunSpec(generators=generators, samples=8, controls=False))
    assert plan.refused == ()
    asked_of = {batch.suite for batch in plan.batches}
    assert asked_of == {"quick", "stage-long"}
    assert [note for note in plan.notes if "stage-detail" in note] == [
        "suite stage-detail leaves out stripes: "
        "it has no encoder and decoder that clips could be passed through"
    ]


def with_long_clips(run: FakeRun, failed: str = "") -> FakeRun:
    """The run with a second suite, of its first eight prompts, that measures one axis."""
    main = {**run.doc.suites[0], "also": ["long"]}
    long = {
        **main, "name": "long", "also": [], "metrics": [LATE], "performance": None,
        "axes": {"horizon": {"metrics": {LATE: 1}}},
    }  # fmt: skip
    few = {f"p{place:03d}" for place in range(8)}
    samples = [replace(row, suite="long") for row in run.sample_rows if row.prompt_id in few]
    samples = [
        replace(row, status=SampleStatus.FAILED, reason="out of memory") if row.generator == failed else row
        for row in samples
    ]
    scores = [
        replace(row, suite="long", metric=LATE)
        for row in run.score_rows
        if row.metric == SOURCE and row.prompt_id in few and row.generator != failed
    ]
    document = replace(run.doc, suites=[main, long])
    return replace(
        run, doc=document, sample_rows=run.sample_rows + samples, score_rows=run.score_rows + scores
    )


def test_an_axis_of_a_brought_suite_stands_on_the_board_with_its_rank() -> None:
    run = with_long_clips(fabricate())
    board = build_board([run], suite="quick")
    axes = list(board.suite.axes)
    assert axes.index(Axis.HORIZON) < axes.index(Axis.SPEED)
    alone = {row.arm.generator: row for row in build_board([run], suite="long").rows}
    for row in board.rows:
        other = alone[row.arm.generator]
        assert row.axes[Axis.HORIZON].value == other.axes[Axis.HORIZON].value
        assert (row.axes[Axis.HORIZON].n, row.axes[Axis.COHERENCE].n) == (8, 16)
        assert row.ranks[Axis.HORIZON] == other.ranks[Axis.HORIZON]
        assert row.arm.estimates[LATE].value == other.arm.estimates[LATE].value
    assert title(run.doc).startswith("quick · ")


def test_without_its_long_clips_a_generator_has_no_long_axis() -> None:
    board = build_board([with_long_clips(fabricate(), failed="reference/hybrid")], suite="quick")
    scores = {row.arm.generator: row.axes[Axis.HORIZON] for row in board.rows}
    assert scores["reference/hybrid"].value is None
    assert scores["reference/hybrid"].reason == "8 of 8 samples of suite long are not ok"
    assert scores["reference/autoregressive"].value is not None


def test_an_arm_that_a_brought_suite_knows_nothing_of_keeps_its_own_axes() -> None:
    run = with_long_clips(fabricate())
    run = replace(
        run,
        sample_rows=[row for row in run.sample_rows if (row.suite, row.generator) != ("long", "noise")],
        score_rows=[row for row in run.score_rows if (row.suite, row.generator) != ("long", "noise")],
    )
    (noise,) = [row for row in build_board([run], suite="quick").controls if row.arm.generator == "noise"]
    assert noise.axes[Axis.HORIZON].reason == (
        "there is no sample of suite long; it may not take what that suite gives"
    )
    assert noise.axes[Axis.COHERENCE].value is not None and LATE not in noise.arm.estimates


def test_boards_with_and_without_the_brought_suite_are_two_protocols() -> None:
    whole = with_long_clips(fabricate())
    alone = replace(whole, run_id="b", doc=replace(whole.doc, run_id="b", suites=whole.doc.suites[:1]))
    board = build_board([whole, alone], suite="quick")
    assert len({row.protocol for row in board.rows}) == 2
    assert {bool(row.axes.get(Axis.HORIZON)) for row in board.rows} == {True, False}


@pytest.mark.parametrize("name", ["quick", "stage-long", "stage-detail"])
def test_suites_of_the_stage_world_ask_generators_of_it(name: str) -> None:
    assert all(one.startswith("stage/") for one in load_suite(name).generators)


def test_every_brought_suite_is_registered_and_brings_none() -> None:
    for other in load_suite("quick").also:
        assert load_suite(other).also == ()
