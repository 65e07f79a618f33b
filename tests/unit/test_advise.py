"""Which generator to take: limits, weights and their doubt turned into an answer."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fabricated import FakeRun, World, default_world, fabricate, only

from vbench_lite.advise import Verdict, advise, load_use, parse_requirement, use_names
from vbench_lite.advise.requirements import Status
from vbench_lite.errors import SpecError, StoreError
from vbench_lite.metric import Axis, Measurement
from vbench_lite.results.board import build_board
from vbench_lite.stats.pareto import best_probability, joint_draws
from vbench_lite.store import tables
from vbench_lite.store.run_names import in_words
from vbench_lite.suite import load_suite

LD, AR, HYBRID = "reference/latent-diffusion", "reference/autoregressive", "reference/hybrid"


def copied(world: World | None = None, of: str = HYBRID) -> FakeRun:
    """A run in which `copy` made the very clips of a generator, with its very scores."""
    run = fabricate(world)
    entry = next(e for e in run.doc.generators if e.label == of)
    mine = [row for row in run.sample_rows if row.generator == of]
    scores = [row for row in run.score_rows if row.generator == of]
    return replace(
        run,
        doc=replace(run.doc, generators=[*run.doc.generators, replace(entry, label="copy")]),
        sample_rows=[*run.sample_rows, *(replace(r, generator="copy") for r in mine)],
        score_rows=[*run.score_rows, *(replace(r, generator="copy") for r in scores)],
    )


# --- the answer ------------------------------------------------------------------------------


def test_streaming_and_film_get_different_explained_answers() -> None:
    world = default_world()
    soft = {**world.mean, "frames/sharpness": {**world.mean["frames/sharpness"], HYBRID: 0.4}}
    run = fabricate(replace(world, mean=soft), prompts=32)
    stream = advise([run], use=load_use("live-streaming"))
    film = advise([run], use=load_use("film-previs"))
    # in this world: the hybrid is the only one that is faster than real time with a quick first frame
    assert (stream.verdict, stream.leaders) == (Verdict.TAKE, (HYBRID,))
    assert (film.verdict, film.leaders) == (Verdict.TAKE, (LD,))
    assert f"{AR} does not meet speed/real_time_factor >= 1 (0.7" in stream.words
    assert f"take {LD}" in film.words and "coherence +" in film.words
    assert film.left_out == {"horizon": "suite quick does not measure it"}


def test_two_copies_of_a_generator_cannot_be_told_apart() -> None:
    run = only(copied(), HYBRID, "copy")
    for use in use_names():
        found = advise([run], use=load_use(use))
        if not found.candidates:
            continue
        assert found.verdict is Verdict.CANNOT_TELL
        if use == "interactive-game":  # neither copy was steered
            assert "vbench-lite run --suite interactive" in found.words
            continue
        assert set(found.leaders) == {HYBRID, "copy"}
        assert found.gap is not None and found.gap.value == 0 and found.gap.more is None
        assert "take either" in found.words
        assert [s.place.rank for s in found.candidates if s.place] == [(1, 2), (1, 2)]


def test_copies_on_other_seeds_are_seldom_told_apart() -> None:
    """Twelve pairs of equal generators with their own noise: at 95%, one may be called apart."""
    world = default_world()
    twins = {metric: {**levels, "twin": levels[LD]} for metric, levels in world.mean.items()}
    calls = {metric: {**levels, "twin": levels[LD]} for metric, levels in world.calls.items()}
    told = 0
    for seed in range(12):
        run = only(fabricate(replace(world, mean=twins, calls=calls), noise_seed=seed), LD, "twin")
        weights = dict.fromkeys(load_suite("quick").axes, 1.0)
        told += advise([run], weights=weights).verdict is Verdict.TAKE
    assert told <= 2


def test_a_close_race_says_how_many_more_clips_would_tell() -> None:
    world = default_world()
    close = {
        metric: {**levels, LD: levels[HYBRID] + 0.06 * (metric == "frames/sharpness")}
        for metric, levels in world.mean.items()
    }
    found = advise([only(fabricate(replace(world, mean=close)), LD, HYBRID)], use=load_use("film-previs"))
    assert found.verdict is Verdict.CANNOT_TELL and found.gap is not None
    assert found.gap.more is not None and found.gap.more > 16
    assert "more clips of each would tell" in found.words


def test_without_weights_there_is_a_front_and_no_total() -> None:
    found = advise([fabricate()])
    assert found.verdict is Verdict.DEPENDS and found.weights is None and found.gap is None
    assert all(s.place is not None and s.place.total is None for s in found.candidates)
    assert all(
        s.place is not None and (s.place.front or 0) > 0.5 for s in found.candidates if s.generator != LD
    )
    assert "--use or --weight" in found.words


def test_what_beats_all_on_every_axis_needs_no_weights() -> None:
    world = default_world()
    mean = {m: {**levels, LD: levels["real"]} for m, levels in world.mean.items()}
    calls = {
        m: {**levels, LD: levels[HYBRID] * (10 if m.endswith(("per_s", "factor")) else 0.1)}
        for m, levels in world.calls.items()
    }
    run = fabricate(replace(world, mean=mean, calls=calls, binary=()), prompts=32)
    found = advise([run])
    assert (found.verdict, found.leaders) == (Verdict.TAKE, (LD,))
    assert "whatever the weights" in found.words


def test_when_nobody_qualifies_each_failure_is_named() -> None:
    found = advise([fabricate()], require=[parse_requirement("speed/latency_s<=1ms")])
    assert found.verdict is Verdict.NONE_QUALIFIES and found.candidates == ()
    assert found.words.count("speed/latency_s <= 1 ms") == 3


def test_weights_replace_those_of_a_use_and_move_the_answer() -> None:
    run = fabricate(prompts=32)
    fast = advise([run], weights={Axis.SPEED: 100.0})
    assert fast.leaders == (AR,)
    with pytest.raises(SpecError, match="no axis horizon"):
        advise([run], weights={Axis.HORIZON: 1})
    with pytest.raises(SpecError, match="0 or more"):
        advise([run], weights={Axis.SPEED: -1})
    with pytest.raises(SpecError, match="all weights are 0"):
        advise([run], weights=dict.fromkeys((Axis.QUALITY, Axis.SPEED), 0.0))


def test_an_axis_that_is_not_named_does_not_count_and_every_weight_is_told() -> None:
    found = advise([fabricate(prompts=32)], weights={Axis.SPEED: 3.0, Axis.ALIGNMENT: 0.5})
    assert found.weights is not None
    assert found.weights.by_axis == {Axis.SPEED: 3.0, Axis.ALIGNMENT: 0.5}
    assert found.gap is not None and set(found.gap.by_axis) == set(found.weights.by_axis)
    assert "Weights: speed 3 and alignment 0.5." in found.words


def test_the_gap_is_the_sum_of_its_parts() -> None:
    found = advise([fabricate()], weights={Axis.QUALITY: 3})
    assert found.gap is not None
    assert sum(found.gap.by_axis.values()) == pytest.approx(found.gap.value)
    first, second = (s.place.total.value for s in found.candidates[:2] if s.place and s.place.total)
    assert first is not None and second is not None
    assert first - second == pytest.approx(found.gap.value)


def test_failed_samples_keep_a_generator_out_of_the_ranking() -> None:
    found = advise([fabricate(failed={LD: 2})], use=load_use("film-previs"))
    assert {s.generator for s in found.candidates} == {AR, HYBRID}
    assert f"{LD} is not ranked: 14 of 16 samples are ok" in found.words
    strict = advise([fabricate(failed={LD: 12})], require=[parse_requirement("coverage>=0.9")])
    assert next(s for s in strict.standings if s.generator == LD).status is Status.FAILS


def test_cost_is_the_price_of_the_time() -> None:
    found = advise([fabricate()], price_per_hour=3.6, require=[parse_requirement("cost_per_clip<=1")])
    for standing in found.standings:
        latency = standing.row.arm.estimates["speed/latency_s"]
        assert standing.cost is not None and latency.value is not None and latency.low is not None
        assert standing.cost.value == pytest.approx(latency.value / 1000)
        assert standing.cost.low == pytest.approx(latency.low / 1000)
        assert standing.status is Status.MEETS
    unknown = advise([fabricate()], require=[parse_requirement("cost_per_clip<=1")])
    assert unknown.standings[0].checks[0].reason == "give the price of an hour with --price-per-hour"


def test_what_a_service_takes_outranks_the_price_of_the_time() -> None:
    """The client's wait is no time of one's own machine."""
    run = fabricate()
    for index, sample in enumerate(run.sample_rows):
        if sample.generator == LD:
            run.sample_rows[index] = replace(sample, facts='{"cost_per_clip": 0.35}')
    found = advise([run], price_per_hour=3.6, require=[parse_requirement("cost_per_clip<=0.3")])
    costs = {standing.generator: standing.cost for standing in found.standings}
    told = costs[LD]
    assert told is not None and told.exact and told.value == pytest.approx(0.35)
    others = [cost for generator, cost in costs.items() if generator != LD]
    assert all(cost is not None and cost.value is not None and cost.value < 0.1 for cost in others)
    assert next(s for s in found.standings if s.generator == LD).status is Status.FAILS


def test_the_length_of_clips_is_known_from_what_was_made_and_declared() -> None:
    run = fabricate()
    made = [replace(row, num_frames=16, fps=8.0) for row in run.sample_rows]
    short = replace(run.doc.generators[0], info={**run.doc.generators[0].info, "frames": {"maximum": 16}})
    doc = replace(run.doc, generators=[short, *run.doc.generators[1:]])
    found = advise(
        [replace(run, sample_rows=made, doc=doc)],
        require=[parse_requirement("clip_seconds>=10"), parse_requirement("clip_seconds>=2")],
    )
    by_name = {s.generator: [c.status for c in s.checks] for s in found.standings}
    assert by_name[LD] == [Status.FAILS, Status.MEETS]
    assert by_name[AR] == [Status.MAY, Status.MEETS]


def test_a_metric_of_another_run_of_the_same_generators_answers_a_limit() -> None:
    run = fabricate()
    other = fabricate(run_id="run-b", created="2026-01-02T00:00:00Z")
    rows = [
        replace(row, metric="speed/stalls", value=row.value if row.generator == AR else 0.0)
        for row in other.score_rows
        if row.metric == "speed/latency_s"
    ]
    support = replace(other, score_rows=rows)
    limit = [parse_requirement("speed/stalls<=0")]
    alone = advise([run], require=limit)
    assert {s.status for s in alone.standings} == {Status.UNMEASURED}
    assert "--suite streaming" in alone.words
    both = advise([run], require=limit, support=[support])
    assert {s.generator: s.status for s in both.standings}[AR] is Status.FAILS
    assert {s.generator: s.status for s in both.standings}[LD] is Status.MEETS
    elsewhere = replace(support, doc=replace(support.doc, hardware={"cpu": "another"}))
    far = advise([run], require=limit, support=[elsewhere])
    assert {s.status for s in far.standings} == {Status.UNMEASURED}
    assert "other hardware" in (far.standings[0].checks[0].reason or "")


def long_range(run_id: str, level: dict[str, float]) -> FakeRun:
    """The same generators under a suite that measures the horizon axis instead of quality."""
    world = default_world()
    mean = {
        **world.mean,
        "frames/sharpness": {**world.mean["frames/sharpness"], **level, "frozen": 0.1, "shuffled": 0.1},
    }
    run = fabricate(replace(world, mean=mean), run_id=run_id)
    suite = json.loads(json.dumps(run.doc.suites[0]))
    suite["name"] = "long"
    suite["axes"] = {"horizon": {"metrics": {"frames/sharpness": 1}}}
    return replace(
        run,
        doc=replace(run.doc, suites=[suite]),
        sample_rows=[replace(row, suite="long") for row in run.sample_rows],
        score_rows=[replace(row, suite="long") for row in run.score_rows],
    )


def test_an_axis_that_another_suite_measured_is_borrowed_for_the_same_generators() -> None:
    far = long_range("run-long", {LD: 0.2, AR: 0.7, HYBRID: 0.3})
    alone = advise([fabricate()], use=load_use("film-previs"))
    both = advise([fabricate()], use=load_use("film-previs"), support=[far])
    assert "horizon" in alone.left_out and both.left_out == {}
    assert both.weights is not None and both.weights.by_axis[Axis.HORIZON] == 2
    assert both.notes[0] == f"horizon is that of suite long in {in_words(far.document())}"
    assert both.gap is not None and Axis.HORIZON in both.gap.by_axis
    best_far = {s.generator: s.place.best_on[Axis.HORIZON] for s in both.candidates if s.place}
    assert best_far[AR] > 0.99
    assert advise([fabricate()], weights={Axis.HORIZON: 100}, support=[far]).leaders == (AR,)
    entries = [replace(entry, fingerprint="edited") for entry in far.doc.generators]
    edited = replace(far, doc=replace(far.doc, generators=entries))
    assert "horizon" in advise([fabricate()], use=load_use("film-previs"), support=[edited]).left_out


def test_unknown_names_and_mixed_protocols_are_refused() -> None:
    with pytest.raises(SpecError, match="did you mean 'speed/latency_s'"):
        advise([fabricate()], require=[parse_requirement("speed/latency<=1")])
    with pytest.raises(StoreError, match="protocols"):
        advise([fabricate(), fabricate(run_id="run-b", prompts=8)])


def test_json_holds_no_infinity() -> None:
    found = advise(
        [fabricate()],
        use=load_use("live-streaming"),
        require=[parse_requirement("clip_seconds>=10")],
        price_per_hour=1.0,
    )
    document = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert document["verdict"] in [str(v) for v in Verdict]
    assert {"words", "standings", "beliefs", "gap", "left_out", "weights"} <= document.keys()
    assert len(document["beliefs"]) == 5


# --- probabilities ---------------------------------------------------------------------------


def test_the_chance_of_being_best_is_calibrated() -> None:
    """Two arms of equal truth: the chance that the data give to the first is uniform, to sampling error."""
    rng = np.random.default_rng(3)
    chances = []
    for trial in range(400):
        data = rng.normal(size=(12, 2)) + rng.normal(size=(12, 1))  # prompts that both share
        replicates = np.stack([(data.sum(axis=0) - row) / 11 for row in data], axis=1)
        drawn = joint_draws(data.mean(axis=0), replicates, np.zeros(2), draws=400, seed=trial)
        chances.append(best_probability(drawn)[0])
    share = np.mean(np.array(chances) >= 0.95)
    assert 0.02 <= share <= 0.085  # 5% +- 3 standard errors
    assert np.mean(np.array(chances) <= 0.5) == pytest.approx(0.5, abs=0.075)


def test_one_sided_doubt_falls_on_its_side() -> None:
    drawn = joint_draws(np.array([1.0]), np.empty((1, 0)), np.array([[0.2, 0.0]]), draws=20_000)
    assert drawn.max() == 1.0
    assert np.mean(drawn < 0.8) == pytest.approx(0.1587, abs=0.01)


def test_ties_are_split() -> None:
    totals = np.array([[1.0, 0.98, 0.5], [0.5, 0.9, 0.89]])
    assert best_probability(totals, 0.05).tolist() == [0.25, 0.5, 0.25]


def test_what_was_not_measured_decides_nothing() -> None:
    """Speed and memory alone, a fifth of the weight, must not choose."""
    run = fabricate(controls=False)  # without controls there is no scale of quality and its like
    found = advise([run], use=load_use("social-clip"))
    assert (found.verdict, found.leaders) == (Verdict.CANNOT_TELL, ())
    assert found.unmeasured > 0.8 and f"{found.unmeasured:.0%}" in found.words
    assert "Measure quality" in found.words and "By speed 1 alone" in found.words
    whole = advise([fabricate(prompts=32)], use=load_use("film-previs"))  # the horizon is 18% of it
    assert whole.verdict is not Verdict.CANNOT_TELL or whole.leaders


# --- from stored calls ------------------------------------------------------------------------


class Timed(FakeRun):
    """A run that stored its timed calls too: five rounds of one warm call of 16 frames at 8 a second."""

    pieces: Mapping[str, tuple[tuple[float, int], ...]] = {}

    def table(self, kind: str, columns: Collection[str] | None = None) -> Any:
        if kind != "measurement":
            return super().table(kind, columns)
        calls = [
            Measurement(name, "base", number, "warm", None, came[-1][0], came, 16, 16, 1, 32, 32, 8.0)
            for name, came in self.pieces.items()
            for number in range(5)
        ]
        suite = str(self.doc.suites[0]["name"])
        return tables.arrow(kind, [tables.measurement_row(call, suite) for call in calls], columns)


def timed(**pieces: tuple[tuple[float, int], ...]) -> FakeRun:
    run = fabricate()
    found = Timed(run.run_id, run.doc, run.sample_rows, run.score_rows)
    found.pieces = {HYBRID: pieces["hybrid"]}
    return found


def test_a_stream_that_misses_its_deadlines_is_not_advised() -> None:
    """Wanted from 1 s on at 8 a second: 16 frames at 0.9 s are on time, of those at 1.9 s eight are late."""
    late = advise([timed(hybrid=((1.9, 16),))], use=load_use("live-streaming"))
    assert f"{HYBRID} does not meet speed/deadline_share >= 95 % (0.500)" in late.words
    kept = advise([timed(hybrid=((0.9, 16),))], use=load_use("live-streaming"))
    mine = next(standing for standing in kept.standings if standing.row.arm.generator == HYBRID)
    assert "speed/deadline_share" in [found.requirement.name for found in mine.checks]
    assert kept.verdict is Verdict.TAKE and kept.leaders == (HYBRID,)
    nobody_knows = advise([fabricate()], use=load_use("live-streaming"))
    assert "speed/deadline_share" not in [asked.name for asked in nobody_knows.requirements]


def test_a_limit_takes_any_metric_of_timed_calls_from_the_calls() -> None:
    asked = [parse_requirement("speed/least_buffer_s <= 0.5")]
    run = timed(hybrid=((0.5, 4), (1.75, 12)))  # frame 4 is wanted at 1 s and comes 0.75 s after that
    found = {s.row.arm.generator: s.checks[0].quantity for s in advise([run], require=asked).standings}
    assert found[HYBRID].value == pytest.approx(0.75)
    assert found[AR].value is None and "vbench-lite run --suite streaming" in str(found[AR].reason)


def test_tables_are_read_once_however_many_generators_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[str] = []
    table = FakeRun.table

    def counted(self: FakeRun, kind: str, *rest: Any) -> Any:
        reads.append(kind)
        return table(self, kind, *rest)

    run = fabricate()
    board = build_board([run])
    monkeypatch.setattr(FakeRun, "table", counted)
    require = [parse_requirement(text) for text in ("speed/deadline_share>=0.5", "clip_seconds>=1")]
    counts = []
    for rows in (board.rows[:1], board.rows):
        reads.clear()
        found = advise([run], board=replace(board, rows=rows), require=require)
        assert len(found.standings) == len(rows)
        counts.append(sorted(reads))
    assert counts[0] == counts[1] and counts[0].count("measurement") == 2  # of the calls, and of their clips
