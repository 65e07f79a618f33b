"""Two arms brought to one verdict: what regresses, what passes, what cannot be compared."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fabricated import FakeRun, default_world, fabricate

from vbench_lite.compare import Comparison, RunArm, compare, load_policy
from vbench_lite.errors import SpecError, StoreError
from vbench_lite.results.arms import read_arms
from vbench_lite.stats.noninferiority import Verdict, worst

HYBRID = "reference/hybrid"


def _run(changes: Mapping[str, float] | None = None, **options: object) -> FakeRun:
    """A run in which the hybrid's level of some metrics is changed by a factor."""
    world = default_world()
    changes = changes or {}
    mean = {
        metric: {**levels, HYBRID: levels[HYBRID] * changes.get(metric, 1.0)}
        for metric, levels in world.mean.items()
    }
    calls = {
        metric: {**levels, HYBRID: levels[HYBRID] * changes.get(metric, 1.0)}
        for metric, levels in world.calls.items()
    }
    return fabricate(replace(world, mean=mean, calls=calls), **options)  # type: ignore[arg-type]


def _compare(first: FakeRun, second: FakeRun, **options: object) -> Comparison:
    return compare(RunArm(first, HYBRID), RunArm(second, HYBRID), **options)  # type: ignore[arg-type]


def _verdicts(comparison: Comparison) -> dict[str, Verdict | None]:
    return {result.metric: result.verdict for result in comparison.metrics}


def test_the_same_clips_differ_by_nothing_at_once() -> None:
    run = fabricate()
    comparison = _compare(run, run)
    assert comparison.identical
    for result in comparison.metrics:
        if result.metric != "frames/degenerate":
            assert result.delta == 0.0 and result.ci == (0.0, 0.0)
            assert result.verdict in (Verdict.PASS, None)
    assert comparison.environment == []


def test_a_clear_loss_is_regressed_and_fails_the_gate() -> None:
    comparison = _compare(_run(), _run({"coherence/shapes_identity": 0.6}, run_id="b", noise_seed=1))
    assert _verdicts(comparison)["coherence/shapes_identity"] is Verdict.REGRESSED
    assert comparison.verdict is Verdict.REGRESSED
    assert comparison.fails
    result = next(r for r in comparison.metrics if r.metric == "coherence/shapes_identity")
    assert result.delta is not None and result.ci is not None
    assert result.delta < -0.2 and result.ci[1] < 0


def test_a_clear_gain_is_improved_where_less_is_better() -> None:
    comparison = _compare(_run(), _run({"distribution/kvd_shapes": 0.3}, run_id="b", noise_seed=1))
    result = next(r for r in comparison.metrics if r.metric == "distribution/kvd_shapes")
    assert result.verdict is Verdict.IMPROVED
    assert result.delta is not None and result.delta > 0
    assert result.baseline is not None and result.candidate is not None
    assert result.candidate < result.baseline


def test_slower_by_a_third_is_regressed_and_by_two_percent_is_not() -> None:
    slower = _compare(_run(), _run({"speed/latency_s": 1.33}, run_id="b", noise_seed=1))
    assert _verdicts(slower)["speed/latency_s"] is Verdict.REGRESSED
    result = next(r for r in slower.metrics if r.metric == "speed/latency_s")
    assert result.scale == "log_ratio"
    assert result.margin == pytest.approx(math.log(1.05))
    near = _compare(_run(), _run({"memory/peak_bytes": 1.02}, run_id="b", noise_seed=1))
    assert _verdicts(near)["memory/peak_bytes"] is Verdict.PASS


def test_a_candidate_that_fails_more_often_has_regressed_on_coverage() -> None:
    comparison = _compare(_run(), _run(run_id="b", failed={HYBRID: 2}))
    verdicts = _verdicts(comparison)
    assert verdicts["coverage"] is Verdict.REGRESSED
    assert verdicts["distribution/kvd_shapes"] is Verdict.INCOMPARABLE
    assert verdicts["coherence/shapes_identity"] is Verdict.INCOMPARABLE  # 14 of 16 is below 90%
    assert comparison.verdict is Verdict.REGRESSED


def test_sample_metrics_pair_on_the_intersection_above_nine_in_ten() -> None:
    comparison = _compare(_run(prompts=30), _run(run_id="b", prompts=30, failed={HYBRID: 2}))
    result = next(r for r in comparison.metrics if r.metric == "coherence/shapes_identity")
    assert result.n == 28 and result.verdict is not Verdict.INCOMPARABLE
    kernel = next(r for r in comparison.metrics if r.metric == "distribution/kvd_shapes")
    assert kernel.verdict is Verdict.INCOMPARABLE
    assert kernel.reason == (
        "n: 30 and 28 clips; a value over a set depends on how many "
        "(on the 28 in common: the features of their clips are not at hand)"
    )


@pytest.mark.parametrize(
    ("options", "metric", "reason"),
    [
        ({"fingerprint": "metric=a@2"}, "coherence/shapes_identity", "metric: a@1 and a@2"),
        ({"fingerprint": "metric=a@1;extractors=e#2"}, "distribution/kvd_shapes", "extractors: none and e#2"),
        ({"hardware": "other"}, "speed/latency_s", "hardware.cpu: cpu-one and other"),
    ],
)
def test_what_may_not_be_subtracted_names_the_field(
    options: dict[str, Any], metric: str, reason: str
) -> None:
    first = _run(fingerprint="metric=a@1")
    second = _run(run_id="b", **({"fingerprint": "metric=a@1"} | options))
    comparison = _compare(first, second)
    result = next(r for r in comparison.metrics if r.metric == metric)
    assert (result.verdict, result.reason, result.delta) == (Verdict.INCOMPARABLE, reason, None)
    assert comparison.fails


def test_other_hardware_leaves_quality_comparable() -> None:
    comparison = _compare(_run(), _run(run_id="b", hardware="other", noise_seed=1))
    assert _verdicts(comparison)["distribution/kvd_shapes"] is not Verdict.INCOMPARABLE
    assert {"field": "hardware.cpu", "baseline": "cpu-one", "candidate": "other"} in comparison.environment


def _busy(run: FakeRun) -> FakeRun:
    """The run with most of its timed calls disturbed by other processes."""
    rows = [
        replace(
            row,
            contended=not str(row.sample_id).endswith("/1"),
        )
        if row.generator == HYBRID and row.level == "call"
        else row
        for row in run.score_rows
    ]
    return replace(run, score_rows=rows)


def test_calls_timed_on_a_busy_machine_are_not_comparable() -> None:
    busy = _busy(_run(run_id="b", noise_seed=1))
    verdicts = {r.metric: r for r in _compare(_run(), busy).metrics}
    assert verdicts["speed/latency_s"].verdict is Verdict.INCOMPARABLE
    assert (verdicts["speed/latency_s"].reason or "").startswith("contended: another process")
    assert verdicts["memory/peak_bytes"].verdict is not Verdict.INCOMPARABLE  # a peak is the process's own
    itself = {r.metric: r for r in _compare(busy, busy).metrics}
    assert itself["speed/latency_s"].delta == 0 and itself["speed/latency_s"].verdict is Verdict.PASS


def test_other_requests_are_refused() -> None:
    few = _run(run_id="b", prompts=8)
    comparison = _compare(_run(), few)
    assert comparison.verdict is Verdict.INCOMPARABLE
    assert "8 of 16" in (comparison.metrics[0].reason or "")


def test_new_weights_are_the_treatment_and_are_shown() -> None:
    second = _run(run_id="b", noise_seed=1)
    entries = [replace(e, fingerprint="new") if e.label == HYBRID else e for e in second.doc.generators]
    second = replace(second, doc=replace(second.doc, generators=entries))
    comparison = _compare(_run(), second)
    assert Verdict.INCOMPARABLE not in [
        r.verdict for r in comparison.metrics if r.primary and r.metric != "frames/degenerate"
    ]
    assert [e["candidate"] for e in comparison.environment if e["field"] == "generator.fingerprint"] == [
        "new"
    ]


def test_two_generators_of_one_run_can_be_compared() -> None:
    run = fabricate()
    comparison = compare(RunArm(run, "reference/latent-diffusion"), RunArm(run, HYBRID))
    result = next(r for r in comparison.metrics if r.metric == "speed/latency_s")
    assert result.verdict is Verdict.IMPROVED


def test_inconclusive_says_about_how_many_more_prompts_settle_it() -> None:
    comparison = _compare(_run(), _run(run_id="b", noise_seed=3))
    unclear = [r for r in comparison.metrics if r.verdict is Verdict.INCONCLUSIVE]
    assert unclear
    assert all(r.more_units is None or r.more_units > 0 for r in unclear)
    assert any(r.more_units for r in unclear)


def test_the_json_form_is_plain_and_complete() -> None:
    document = _compare(_run(), _run(run_id="b", noise_seed=1)).as_dict()
    json.dumps(document, allow_nan=False)
    assert {"verdict", "metrics", "baseline", "candidate", "environment", "notes"} <= document.keys()
    wanted = {"metric", "baseline", "candidate", "delta", "ci", "margin", "p_value", "verdict"}
    assert all(wanted <= result.keys() for result in document["metrics"])


def test_a_policy_chooses_primary_metrics_margins_and_what_fails(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(
        "name: strict\nprimary: [frames/sharpness]\nmargins: {frames/sharpness: 0.5}\n"
        "fail_on: [REGRESSED, INCOMPARABLE, INCONCLUSIVE]\n"
    )
    policy = load_policy(file)
    comparison = _compare(_run(), _run({"coherence/shapes_identity": 0.6}, run_id="b"), policy=policy)
    primary = [r.metric for r in comparison.metrics if r.primary]
    assert primary == ["coverage", "frames/sharpness"]
    sharp = comparison.metrics[1]
    assert (sharp.margin, sharp.verdict) == (0.5, Verdict.PASS)
    # A loss outside the primary metrics is no failure of theirs, and still no PASS.
    assert comparison.verdict is Verdict.INCONCLUSIVE
    assert any("coherence/shapes_identity" in note for note in comparison.notes)
    # Of speed and memory nothing decides; what is shown of them is what was found, which could be compared.
    found = [r.verdict for r in comparison.metrics if r.part == "speed" and r.verdict is not None]
    assert comparison.parts["speed"] is worst(found) is not Verdict.INCOMPARABLE


@pytest.mark.parametrize(
    ("text", "message"),
    [("name: x\nfoo: 1", "foo"), ("name: x\nalpha: 2", "alpha"), ("{", "no YAML"), ("- 1", "top level")],
)
def test_a_bad_policy_is_refused_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(text)
    with pytest.raises(SpecError, match=message):
        load_policy(file)


def test_unknown_names_are_refused() -> None:
    run = fabricate()
    with pytest.raises(StoreError, match="it has"):
        compare(RunArm(run, "nobody"), RunArm(run, HYBRID))
    with pytest.raises(StoreError, match="no suite"):
        compare(RunArm(run, HYBRID), RunArm(run, HYBRID), suite="nope")
    with pytest.raises(SpecError, match="primary metric"):
        _compare(run, run, policy=load_policy().model_copy(update={"primary": ("nope/metric",)}))


def test_one_failure_in_ten_is_regressed_though_enough_is_left_to_subtract() -> None:
    comparison = _compare(_run(prompts=20), _run(run_id="b", prompts=20, failed={HYBRID: 2}))
    coverage = comparison.metrics[0]
    assert (coverage.metric, coverage.verdict) == ("coverage", Verdict.REGRESSED)
    assert coverage.delta == pytest.approx(-0.1)
    assert comparison.verdict is Verdict.REGRESSED and comparison.fails
    identity = next(r for r in comparison.metrics if r.metric == "coherence/shapes_identity")
    assert identity.n == 18  # exactly 90% in common is enough


def test_fewer_than_nine_prompts_in_ten_in_common_are_refused() -> None:
    few = _run(run_id="b", prompts=20, failed={HYBRID: 3})
    for result in _compare(_run(prompts=20), few).metrics:
        if result.level in ("sample", "set") and result.metric not in ("coverage", "frames/degenerate"):
            description = (
                result.metric == "coherence/motion_amount"
            )  # neither good nor bad, whatever it lacks
            assert (result.verdict, result.delta) == (None if description else Verdict.INCOMPARABLE, None)
            assert (result.reason or "").startswith(("requests: 17 of 20", "value:"))


def test_requests_that_a_metric_does_not_judge_are_not_missing() -> None:
    name = "alignment/shapes_shape"

    def only_for(run: FakeRun, prompts: int) -> FakeRun:
        """The run with values of one metric for its first prompts, as if the others did not speak of it."""
        kept = [r for r in run.score_rows if r.metric != name or str(r.prompt_id) < f"p{prompts:03d}"]
        return replace(run, score_rows=kept)

    first, second = _run(prompts=24), _run(run_id="b", prompts=24, noise_seed=1)
    alike = _compare(only_for(first, 8), only_for(second, 8))
    (found,) = [r for r in alike.metrics if r.metric == name]
    assert found.n == 8 and found.verdict is not Verdict.INCOMPARABLE
    (found,) = [r for r in _compare(only_for(first, 8), only_for(second, 6)).metrics if r.metric == name]
    assert found.verdict is Verdict.INCOMPARABLE
    assert found.reason == "requests: 6 of 8 have a value from both, at least 90% are needed"


def test_a_library_bump_is_compared_and_shown() -> None:
    second = _run(run_id="b", noise_seed=1)
    bumped = replace(second, doc=replace(second.doc, environment={"python": "3.11", "torch": "2.9"}))
    comparison = _compare(_run(), bumped)
    assert {"field": "environment.torch", "baseline": None, "candidate": "2.9"} in comparison.environment
    assert all(r.verdict is not Verdict.INCOMPARABLE for r in comparison.metrics)
    (missing,) = [r for r in comparison.metrics if r.metric == "frames/degenerate"]  # neither run has it
    assert missing.verdict is None and (missing.reason or "").startswith("value: neither has one")


def test_speed_and_memory_need_the_same_hardware() -> None:
    comparison = _compare(_run(), _run(run_id="b", hardware="other", noise_seed=1))
    calls = [r for r in comparison.metrics if r.metric.startswith(("speed/", "memory/"))]
    assert len(calls) == 5
    for result in calls:
        assert (result.verdict, result.delta, result.ci) == (Verdict.INCOMPARABLE, None, None)
        assert result.reason == "hardware.cpu: cpu-one and other"


def test_another_length_of_clip_or_another_reference_is_refused() -> None:
    def of(requests: str, reference: str) -> str:
        return f"metric=m@1;extractors=e@1#aa;requests={requests};reference={reference}"

    first = _run(fingerprint=of("16x32x32@8", "shapes:256#r"))
    for second, reason in (
        (of("32x32x32@8", "shapes:256#r"), "requests: 16x32x32@8 and 32x32x32@8"),
        (of("16x32x32@8", "shapes:128#s"), "reference: shapes:256#r and shapes:128#s"),
        (of("16x32x32@8", "shapes:256#r").replace("#aa", "#bb"), "extractors: e@1#aa and e@1#bb"),
    ):
        results = _compare(first, _run(run_id="b", fingerprint=second)).metrics
        measured = [r for r in results if r.metric != "coverage" and r.higher_is_better is not None]
        measured = [r for r in measured if r.metric != "frames/degenerate"]
        assert {(r.verdict, r.delta) for r in measured} == {(Verdict.INCOMPARABLE, None)}
        assert {(r.reason or "").split(" (on the 16 in common")[0] for r in measured} == {reason}


def test_what_is_better_everywhere_is_improved() -> None:
    policy = load_policy().model_copy(update={"primary": ("distribution/kvd_shapes",)})
    better = _compare(_run(), _run({"distribution/kvd_shapes": 0.3}, run_id="b", noise_seed=1), policy=policy)
    assert better.verdict is Verdict.IMPROVED


def test_a_gate_that_judges_nothing_does_not_pass() -> None:
    run = _run()
    empty = replace(run, score_rows=[])
    comparison = _compare(empty, replace(_run(run_id="b", noise_seed=1), score_rows=[]))
    assert comparison.verdict is Verdict.INCOMPARABLE and comparison.fails
    assert any("no metric was judged" in note for note in comparison.notes)
    only_coverage = load_policy().model_copy(update={"primary": ("coverage",)})
    assert _compare(run, _run(run_id="b", noise_seed=1), policy=only_coverage).metrics[0].primary


def test_margins_use_the_floor_that_the_suite_names() -> None:
    run = _run()
    suite = json.loads(json.dumps(run.doc.suites[0]))
    suite["axes"]["quality"]["floors"] = {"distribution/kvd_shapes": "frozen"}
    named = replace(run, doc=replace(run.doc, suites=[suite]))
    other = replace(_run(run_id="b", noise_seed=1), doc=replace(named.doc, run_id="b"))
    result = next(r for r in _compare(named, other).metrics if r.metric == "distribution/kvd_shapes")
    assert result.margin == pytest.approx(0.05 * (3.0 - 0.02), rel=0.15)  # noise lies three times as far
    assert (result.reason or "").endswith("from frozen to real clips")


def test_board_and_comparison_take_a_published_rule_alike() -> None:
    """Every clip counts once under this rule, however many a prompt has: prompts of 1 and of 3 clips."""
    run = _run(prompts=8, seeds=3)
    keep = {row.sample_id for row in run.sample_rows if row.seed == 0 or row.prompt_id < "p004"}
    some = [
        replace(
            one,
            sample_rows=[row for row in one.sample_rows if row.sample_id in keep],
            score_rows=[row for row in one.score_rows if row.level != "sample" or row.sample_id in keep],
        )
        for one in (run, _run(prompts=8, seeds=3, run_id="b", noise_seed=1))
    ]
    metric = "vbench/temporal_flickering"
    result = next(r for r in _compare(*some).metrics if r.metric == metric)
    for one, value in zip(some, (result.baseline, result.candidate), strict=True):
        arm = next(a for a in read_arms(one, one.doc.suites[0]["name"]) if a.generator == HYBRID)
        assert value == pytest.approx(arm.estimates[metric].value)
    assert result.baseline is not None and result.candidate is not None
    assert result.delta == pytest.approx(result.candidate - result.baseline)


def test_a_set_metric_that_failed_once_is_read_after_the_fix() -> None:
    run = _run()
    broken = [
        replace(
            row, level="sample", metric="distribution/kvd_shapes", status="error", value=None, reason="broken"
        )
        for row in run.score_rows
        if row.generator == HYBRID and row.metric == "frames/sharpness"
    ]
    mended = replace(run, score_rows=[*broken, *run.score_rows])
    arm = next(a for a in read_arms(mended, run.doc.suites[0]["name"]) if a.generator == HYBRID)
    measured = arm.estimates["distribution/kvd_shapes"]
    assert (measured.level, measured.missing) == ("set", {})
    assert measured.value is not None and measured.low is not None


def test_numbers_that_may_be_zero_are_subtracted() -> None:
    """A stream that never stalls against one that never stalls is no change; three stalls a clip are."""
    never, often = (
        replace(
            run,
            score_rows=[
                replace(row, metric="speed/stalls", value=stalls)
                if row.metric == "speed/frames_per_s" and row.generator == HYBRID
                else row
                for row in run.score_rows
            ],
        )
        for run, stalls in ((_run(), 0.0), (_run(run_id="b", noise_seed=1), 3.0))
    )
    policy = load_policy().model_copy(update={"primary": ("speed/latency_s",)})
    same = replace(never, doc=replace(never.doc, run_id="c"), run_id="c")
    for candidate, verdict, delta in ((same, Verdict.PASS, 0.0), (often, Verdict.REGRESSED, -3.0)):
        results = {one.metric: one for one in _compare(never, candidate, policy=policy).metrics}
        stalls = results["speed/stalls"]
        assert (stalls.verdict, stalls.delta, stalls.scale) == (verdict, delta, "difference")
