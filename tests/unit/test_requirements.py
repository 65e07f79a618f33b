"""Limits that a user states: read, held against intervals, and taken from named uses."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from fabricated import fabricate

from vbench_lite.advise import Verdict, advise, load_use, parse_requirement, use_names
from vbench_lite.advise.quantities import Numbers
from vbench_lite.advise.requirements import Quantity, Status, check
from vbench_lite.errors import SpecError
from vbench_lite.metric import Axis
from vbench_lite.results.axes import AxisScore

LD, AR, HYBRID = "reference/latent-diffusion", "reference/autoregressive", "reference/hybrid"


# --- requirements ----------------------------------------------------------------------------


def test_requirements_read_units_and_both_directions() -> None:
    found = parse_requirement("memory/peak_bytes<=8GB")
    assert (found.name, found.at_most, found.value) == ("memory/peak_bytes", True, 8e9)
    assert parse_requirement("speed/latency_s < 500 ms").value == pytest.approx(0.5)
    assert parse_requirement("quality >= .7").at_most is False


@pytest.mark.parametrize("text", ["speed/latency_s", "speed/latency_s=1", "<=1", "a<=b", "a<=1 parsec", ""])
def test_a_requirement_in_another_form_is_one_clear_error(text: str) -> None:
    with pytest.raises(SpecError, match="requirement"):
        parse_requirement(text)


@pytest.mark.parametrize(
    ("low", "high", "status"),
    [(0.5, 0.9, Status.MEETS), (0.8, 1.2, Status.MAY), (1.1, 1.5, Status.FAILS)],
)
def test_the_interval_decides_whether_a_limit_is_met(low: float, high: float, status: Status) -> None:
    value = (low + high) / 2
    found = check(parse_requirement("speed/latency_s<=1"), Quantity("speed/latency_s", value, low, high, 16))
    assert found.status is status
    mirrored = Quantity("speed/frames_per_s", -value, -high, -low, 16)
    assert check(parse_requirement("speed/frames_per_s>=-1"), mirrored).status is status


def test_the_chance_of_meeting_a_limit_is_the_normal_one() -> None:
    half = 1.959964 * 0.1
    found = check(parse_requirement("a<=1"), Quantity("a", 0.9, 0.9 - half, 0.9 + half, 25))
    assert found.status is Status.MAY
    assert found.probability == pytest.approx(0.8413, abs=1e-3)
    # sd 0.5, effect 0.1, one-sided 2.5%, power 80%: (2.8 * 5)^2 = 197 in all
    assert found.more == pytest.approx(197 - 25, abs=3)
    at_limit = check(parse_requirement("a<=1"), Quantity("a", 1.0, 0.9, 1.1, 25))
    assert at_limit.more is None and at_limit.probability == pytest.approx(0.5)


def test_what_never_varied_is_settled_by_more_clips_as_well() -> None:
    """All of 16 are right: the interval shrinks as 1 / n, so 90% is excluded from about 26 clips on."""
    perfect = Quantity("coverage", 1.0, 0.84, 1.0, 16, on_bound=True)
    assert check(parse_requirement("coverage>=0.9"), perfect).more == 26 - 16
    assert check(parse_requirement("coverage>=1"), perfect).more is None


@pytest.mark.parametrize(("text", "status"), [("a<1", Status.FAILS), ("a<=1", Status.MEETS)])
def test_a_strict_limit_is_not_met_at_the_limit(text: str, status: Status) -> None:
    """One stall in every round is not fewer than one."""
    for at_limit in (Quantity("a", 1.0, 1.0, 1.0, 3), Quantity("a", 1.0, exact=True)):
        assert check(parse_requirement(text), at_limit).status is status


def test_a_limit_counts_in_prompts_and_votes_as_their_intervals_do() -> None:
    """Four seeds of six prompts are six units, and votes are not clips."""
    run = fabricate(prompts=6, seeds=4)
    row = advise([run]).standings[0].row
    for name in ("coverage", "alignment/shapes_shape", "quality"):
        found = Numbers([run]).of(row, name)
        assert (found.n, found.units) == (6, "prompts")
    voted = AxisScore(0.6, 0.4, 0.8, 40)
    row = replace(row, axes={**row.axes, Axis.PREFERENCE: voted})
    found = Numbers([run]).of(row, "preference")
    assert (found.n, found.units) == (40, "votes")


def test_what_is_not_known_is_said_and_never_passes() -> None:
    missing = check(parse_requirement("a<=1"), Quantity("a", None, reason="no row"))
    assert (missing.status, missing.reason) == (Status.UNMEASURED, "no row")
    once = check(parse_requirement("a<=1"), Quantity("a", 0.1, n=1))
    assert once.status is Status.MAY and once.reason
    open_end = check(
        parse_requirement("a>=10"), Quantity("a", 2.0, 2.0, math.inf, 16, reason="not asked for")
    )
    assert open_end.status is Status.MAY and open_end.reason == "not asked for"
    declared = check(parse_requirement("a>=10"), Quantity("a", 2.0, exact=True))
    assert declared.status is Status.FAILS


# --- uses ------------------------------------------------------------------------------------


def test_the_clips_of_a_call_share_its_cost() -> None:
    """A call of four clips takes the machine once; a suite that times single clips says so."""
    run = fabricate()
    four = replace(run, doc=replace(run.doc, generators=[replace(e, batch=4) for e in run.doc.generators]))
    suite = json.loads(json.dumps(four.doc.suites[0]))
    single = replace(four, doc=replace(four.doc, suites=[{**suite, "performance": {"batch": 1}}]))
    costs = [
        {s.generator: s.cost.value for s in advise([made], price_per_hour=3.6).standings if s.cost}
        for made in (run, four, single)
    ]
    assert costs[2] == costs[0] and len(costs[0]) == 3
    assert costs[1] == {name: pytest.approx((cost or 0.0) / 4) for name, cost in costs[0].items()}


def test_no_one_is_taken_who_is_not_known_to_meet_a_limit() -> None:
    run = fabricate(prompts=32)
    (leader,) = advise([run], weights={Axis.QUALITY: 1.0}).leaders
    untimed = [r for r in run.score_rows if (r.generator, r.metric) != (leader, "speed/latency_s")]
    others = {entry.label for entry in run.doc.generators} - {leader}
    alone = [r for r in run.score_rows if r.generator not in others or not r.metric.startswith("alignment/")]
    for rows, weights, limit in (
        (untimed, {Axis.QUALITY: 1.0}, "speed/latency_s <= 1000"),
        (alone, None, "speed/stalls <= 0"),  # the only one with a score on every axis
    ):
        cut = replace(run, score_rows=rows)
        found = advise([cut], weights=weights, require=[parse_requirement(limit)])
        assert next(s for s in found.standings if s.generator == leader).status is Status.UNMEASURED
        assert found.verdict is (Verdict.CANNOT_TELL if weights else Verdict.DEPENDS)
        assert found.leaders == (leader,) and f"nothing measured says whether it meets {limit}" in found.words


def test_every_named_use_loads_and_says_why() -> None:
    names = use_names()
    assert {"live-streaming", "interactive-game", "film-previs", "social-clip"} <= set(names)
    assert {"education", "medical-training", "batch-marketing"} <= set(names)
    for name in names:
        use = load_use(name)
        assert use.name == name and use.summary and use.requirements() is not None
        assert all(limit.why for limit in use.limits) and all(w.why for w in use.weights.values())


def test_a_use_of_ones_own_is_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "name: mine\ntitle: my show\nsummary: s\nweights: {quality: {weight: 1, why: it is all}}\n"
        "limits: [{limit: 'speed/latency_s<=1s', why: impatience}]\n"
    )
    assert advise([fabricate()], use=load_use(str(file))).candidates == ()  # all take over a second
    file.write_text("name: mine\ntitle: t\nsummary: s\nweights: {quality: {weight: 1, why: w}}\nlimit: 3\n")
    with pytest.raises(SpecError, match="limit: there is no such key"):
        load_use(str(file))
    file.write_text("name: mine\ntitle: t\nsummary: s\nweights: {quality: {weight: 0, why: w}}\n")
    with pytest.raises(SpecError, match="weight above 0"):
        load_use(str(file))
    with pytest.raises(SpecError, match="film-previs"):
        load_use("film")
    with pytest.raises(SpecError, match="No such file"):
        load_use(str(tmp_path / "none.yaml"))
