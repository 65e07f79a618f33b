"""Quality and speed judged apart, and what the policies that ship make of both."""

from __future__ import annotations

import pytest
from test_compare import _busy, _compare, _run

from vbench_lite.compare import load_policy
from vbench_lite.compare.policy import SHIPPED
from vbench_lite.errors import SpecError
from vbench_lite.stats.noninferiority import Verdict


def test_a_busy_machine_warns_and_quality_is_judged() -> None:
    worse = {"coherence/shapes_identity": 0.6}
    for changes, quality in (({}, Verdict.INCONCLUSIVE), (worse, Verdict.REGRESSED)):
        busy = _busy(_run(changes, run_id="b", noise_seed=1))
        comparison = _compare(_run(), busy)
        assert comparison.parts == {"quality": quality, "speed": Verdict.INCOMPARABLE}
        assert comparison.verdict is quality
        assert comparison.fails == (quality is Verdict.REGRESSED)
        assert any("speed is not comparable and decided nothing" in note for note in comparison.notes)
        strict = _compare(_run(), busy, policy=load_policy("strict"))
        assert strict.fails
        assert not any("decided nothing" in note for note in strict.notes)


def test_the_same_clips_on_a_busy_machine_pass() -> None:
    run = _run()
    comparison = _compare(run, _busy(run))
    assert comparison.identical
    assert comparison.verdict is Verdict.PASS and not comparison.fails


def test_quality_only_leaves_speed_out_of_the_verdict() -> None:
    slower = _run({"speed/latency_s": 2.0}, run_id="b", noise_seed=1)
    assert _compare(_run(), slower).verdict is Verdict.REGRESSED
    shown = _compare(_run(), slower, policy=load_policy("quality-only"))
    assert shown.parts["speed"] is Verdict.REGRESSED
    assert shown.verdict is shown.parts["quality"] and not shown.fails


@pytest.mark.parametrize("name", SHIPPED)
def test_every_policy_that_ships_is_found_by_its_name(name: str) -> None:
    assert load_policy(name).name == name


def test_a_policy_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(SpecError, match="policies that ship: default, quality-only, strict"):
        load_policy("quality")
