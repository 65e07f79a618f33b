"""A sweep written down once becomes the arms of a run: base, base again, other seeds, settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vbench_lite.errors import SpecError
from vbench_lite.run.plan.plan import Plan, build_plan
from vbench_lite.run.plan.spec import RunSpec, parse_spec, read_spec
from vbench_lite.run.plan.sweep import merged

BASE = {"adapter": "faulty:Faulty", "params": {"steps": 8, "guidance": 2}}
SUITE = """
name: tiny
version: 1
description: a test
prompts: {texts: [one, two, three]}
request: {num_frames: 6, height: 32, width: 32, fps: 8}
samples: 4
metrics: [frames/sharpness]
axes: {}
"""


def spec(**sweep: Any) -> RunSpec:
    return parse_spec({"sweep": {"base": BASE, **sweep}}, "test")


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    suite = tmp_path / "tiny.yaml"
    suite.write_text(SUITE)
    data = {"base": BASE, "settings": {"few": {"params": {"steps": 2}}}}
    return build_plan(parse_spec({"sweep": data, "suites": [str(suite)], "controls": False}, "test"))


def made(plan: Plan, label: str) -> list[Any]:
    return [one.made for batch in plan.batches if batch.generator == label for one in batch.samples]


def test_the_arms_come_in_order_and_products_are_written_out() -> None:
    found = spec(
        settings={"plain": {}},
        products={"q": {"params.steps": [2, 4], "config.call.scale": [0.5], "device": ["cpu"]}},
    )
    made = found.generators or ()
    assert [g.label for g in made] == [
        "base", "base-again", "base-seeds", "plain", "q-2-0.5-cpu", "q-4-0.5-cpu"
    ]  # fmt: skip
    last = made[-1]
    assert last.params == {"steps": 4, "guidance": 2} and last.config == {"call": {"scale": 0.5}}
    assert [g.draw for g in made] == [0, 0, 1, 0, 0, 0]


def test_keys_within_keys_are_merged() -> None:
    first = {"call": {"steps": 8, "scale": 5}, "dtype": "float32"}
    assert merged(first, {"call": {"steps": 2}}) == {"call": {"steps": 2, "scale": 5}, "dtype": "float32"}
    assert merged(first, {"call": None})["call"] is None


def test_settings_ask_with_their_parameters_and_other_seeds_for_the_same_prompts(plan: Plan) -> None:
    base, again = made(plan, "base"), made(plan, "base-again")
    seeds, few = made(plan, "base-seeds"), made(plan, "few")
    assert [r.seed for r in base] == [r.seed for r in again] == [r.seed for r in few]
    assert not {r.seed for r in base} & {r.seed for r in seeds}
    assert [(r.prompt, r.sample_id) for r in base] == [(r.prompt, r.sample_id) for r in seeds]
    assert {r.params["steps"] for r in base} == {8} and {r.params["steps"] for r in few} == {2}
    assert {r.params["guidance"] for r in few} == {2}


def test_a_further_setting_leaves_the_calls_of_the_others_as_they_are(tmp_path: Path) -> None:
    suite = tmp_path / "tiny.yaml"
    suite.write_text(SUITE)

    def calls(**settings: Any) -> set[tuple[str, str, str]]:
        data = {"sweep": {"base": BASE, "settings": settings}, "suites": [str(suite)], "controls": False}
        plan = build_plan(parse_spec(data, "test"))
        prints = {entry.label: entry.fingerprint for entry in plan.generators}
        return {(batch.generator, prints[batch.generator], batch.key) for batch in plan.batches}

    few: Any = {"params": {"steps": 2}}
    assert calls(few=few) < calls(few=few, more={"params": {"steps": 4}})


def test_the_suite_measures_what_a_sweep_shows_under_a_name_of_its_own(plan: Plan) -> None:
    (suite,) = plan.suites
    assert suite.name == "tiny-sweep" and suite.baseline == "first" and suite.performance is not None
    assert set(suite.metrics) >= {
        "frames/sharpness", "reconstruction/psnr", "reconstruction/ssim", "reconstruction/lpips",
        "fidelity/tlpips", "speed/latency_s", "speed/stage_decode_s", "memory/peak_bytes",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("sweep", "said"),
    [
        ({}, "at least one setting"),
        ({"settings": {"base": {}}}, "'base'"),
        ({"settings": {"a-1": {}}, "products": {"a": {"config.x": [1]}}}, "'a-1'"),
        ({"settings": {"A b": {}}}, "may hold only"),
        ({"products": {"a": {"steps": [1]}}}, "config.KEY, params.KEY or device"),
        ({"products": {"a": {"config.x": []}}}, "products"),
        ({"settings": {"a": {"confg": {}}}}, "did you mean config"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(sweep: dict[str, Any], said: str) -> None:
    with pytest.raises(SpecError, match=said) as caught:
        spec(**sweep)
    assert "\n" not in str(caught.value)


def test_a_sweep_leaves_no_place_for_generators(tmp_path: Path) -> None:
    path = tmp_path / "both.yaml"
    path.write_text("sweep: {base: {adapter: a}, settings: {b: {}}}\ngenerators: [{label: a, adapter: a}]\n")
    with pytest.raises(SpecError, match="leave generators out"):
        read_spec(path)
