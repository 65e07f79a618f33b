"""Comparisons of runs that a suite keeps small: too few rounds or prompts leave a question open."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fabricated import FakeRun, fabricate, world_of

from vbench_lite.compare.comparison import Comparison, RunArm, compare
from vbench_lite.compare.judging import MetricResult
from vbench_lite.report.charts.comparisons import table
from vbench_lite.report.terminal.comparison import open_question
from vbench_lite.stats.noninferiority import Verdict
from vbench_lite.suite import Suite, load_suite

HYBRID = "reference/hybrid"


def two_runs(suite: Suite, prompts: int) -> Comparison:
    """Two runs of one generator, with as many rounds as the suite makes."""
    rounds = suite.performance.rounds if suite.performance is not None else 0

    def run(seed: int) -> FakeRun:
        made = fabricate(world_of(suite), suite=suite, prompts=prompts, run_id=f"r{seed}", noise_seed=seed)
        kept = [
            r for r in made.score_rows if r.level != "call" or int(str(r.sample_id).split("/")[1]) < rounds
        ]
        return replace(made, score_rows=kept)

    return compare(RunArm(run(0), HYBRID), RunArm(run(1), HYBRID))


@pytest.mark.parametrize("name", ["open", "image-to-video", "interactive", "control", "quick", "vbench"])
def test_runs_of_a_shipped_suite_can_be_compared(name: str) -> None:
    """A gate would stop at INCOMPARABLE whatever the candidate."""
    found = two_runs(load_suite(name), prompts=8)
    assert [one.metric for one in found.metrics if one.verdict is Verdict.INCOMPARABLE] == []
    assert not found.fails or found.verdict is Verdict.REGRESSED


def test_one_round_or_one_prompt_leaves_the_question_open_and_says_why() -> None:
    suite = load_suite("open")
    assert suite.performance is not None
    suite = suite.model_copy(update={"performance": suite.performance.model_copy(update={"rounds": 1})})
    found = {one.metric: one for one in two_runs(suite, prompts=1).metrics}
    for metric, units in (("speed/latency_s", "rounds"), ("frames/brisque", "prompts")):
        one = found[metric]
        assert one.verdict is Verdict.INCONCLUSIVE and one.delta is None and one.ci is None
        assert one.baseline is not None and one.candidate is not None
        assert units in open_question(one) and open_question(one).startswith("n: ")


def test_what_is_open_only_because_many_are_judged_says_so() -> None:
    """Its interval, which is not adjusted, lies above the margin: it does exclude the loss."""
    seen = MetricResult(
        "memory/peak_bytes", True, "call", Verdict.INCONCLUSIVE, delta=0.66, ci=(0.006, 1.3), margin=0.0488,
        scale="log_ratio", units="rounds", more_units=3,
    )  # fmt: skip
    assert open_question(seen) == (
        "excludes a loss of 5% alone, but not as one of many metrics that are judged; "
        "about 3 more rounds would settle it"
    )
    assert open_question(replace(seen, ci=(-0.06, 1.3))).startswith("cannot exclude a loss of 5%;")
    assert open_question(replace(seen, delta=-0.3, ci=(-0.5, -0.07), more_units=1)) == (
        "a loss if judged alone, but not surely as one of many metrics; about 1 more round would settle it"
    )


def test_what_no_number_of_rounds_would_settle_says_what_would() -> None:
    """Two runs are two occasions; the page says it as the terminal does."""
    found = two_runs(load_suite("open"), prompts=8)
    latency = next(one for one in found.metrics if one.metric == "speed/latency_s")
    assert latency.verdict is Verdict.INCONCLUSIVE and latency.more_units is None
    said = "more rounds would not: time both in one pass (compare --remeasure)"
    assert open_question(latency).endswith(said)
    shown = table(found).table.set_index("metric")
    assert shown.loc["speed/latency_s", "remark"] == f"margin: a change of 5%; {said}"
    open_ones = [m for m in found.metrics if m.verdict is Verdict.INCONCLUSIVE and m.more_units is not None]
    assert open_ones and all("would settle it" in str(shown.loc[m.metric, "remark"]) for m in open_ones)


def test_a_description_that_is_not_comparable_decides_nothing() -> None:
    """A gate fails on INCOMPARABLE; motion is neither good nor bad."""
    motion = "coherence/motion_amount"
    first, second = fabricate(prompts=20), fabricate(prompts=20, run_id="b")
    few = [r for r in second.score_rows if r.metric != motion or str(r.prompt_id) > "p002"]
    none = [r for r in second.score_rows if r.metric != motion]
    whole = compare(RunArm(first, HYBRID), RunArm(second, HYBRID))
    for rows in (few, none):
        found = compare(RunArm(first, HYBRID), RunArm(replace(second, score_rows=rows), HYBRID))
        assert found.verdict is whole.verdict is not Verdict.INCOMPARABLE and not found.fails
        (lacks,) = (one for one in found.metrics if one.metric == motion)
        assert lacks.verdict is None and lacks.reason


def test_a_set_of_many_prompts_is_counted_in_prompts() -> None:
    """Its jackknife leaves out blocks: fifty, whatever the number of prompts."""
    first, second = fabricate(prompts=160), fabricate(prompts=160, run_id="b", noise_seed=3)
    found = compare(RunArm(first, HYBRID), RunArm(second, HYBRID)).metrics
    sets = [one for one in found if one.level == "set"]
    assert sets and {(one.n, one.units) for one in sets} == {(160, "prompts")}
