"""A plan fixes every seed, batch and identity before anything is made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vbench_lite.dataset import with_ids
from vbench_lite.errors import PromptError, RegistryError, SpecError
from vbench_lite.generator import GenerationRequest
from vbench_lite.run.plan.build import build_generator
from vbench_lite.run.plan.plan import build_plan, sample_seed
from vbench_lite.run.plan.prompts import read_prompts, set_path
from vbench_lite.run.plan.spec import GeneratorSpec, RunSpec
from vbench_lite.suite import ListedPrompts
from vbench_lite.turns import made_size

SUITE = """
name: {name}
version: 1
description: a test
prompts: {prompts}
request: {{num_frames: 6, height: 32, width: 32, fps: 8}}
samples: 4
metrics: [frames/sharpness]
axes: {{}}
"""


@pytest.fixture
def suite(tmp_path: Path) -> Any:
    def write(name: Any = "tiny", prompts: Any = "{texts: [one, two, three]}") -> Any:
        path = tmp_path / f"{name}.yaml"
        path.write_text(SUITE.format(name=name, prompts=prompts))
        return str(path)

    return write


def spec(*suites: Any, label: str = "g", batch: Any = 1, config: Any = None, **fields: Any) -> Any:
    generator = GeneratorSpec(label=label, adapter="faulty:Faulty", batch=batch, config=config or {})
    return RunSpec(**{"generators": (generator,), "suites": suites, "controls": False, **fields})


def samples(plan: Any, label: str = "g") -> Any:
    return [sample for batch in plan.batches if batch.generator == label for sample in batch.samples]


def test_all_prompts_come_with_one_seed_and_then_with_the_next(suite: Any) -> None:
    plan = build_plan(spec(suite(), samples=7))
    assert [sample.asked.prompt for sample in samples(plan)] == ["one", "two", "three"] * 2 + ["one"]
    assert [sample.sample_id[-2:] for sample in samples(plan)] == ["s0"] * 3 + ["s1"] * 3 + ["s2"]
    assert len({sample.asked.seed for sample in samples(plan)}) == 7


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_a_longer_plan_begins_with_the_shorter_one(suite: Any, batch: Any) -> None:
    short = build_plan(spec(suite(), samples=6, batch=batch))
    long = build_plan(spec(suite(), samples=9, batch=batch))
    assert long.batches[: len(short.batches)] == short.batches
    assert long.run_id != short.run_id


def test_every_generator_gets_the_same_seeds(suite: Any) -> None:
    two = [GeneratorSpec(label=name, adapter="faulty:Faulty", batch=n) for name, n in (("a", 1), ("b", 3))]
    plan = build_plan(spec(suite(), generators=tuple(two), samples=6))
    asked = [[sample.asked for sample in samples(plan, name)] for name in ("a", "b")]
    assert asked[0] == asked[1]


def test_seeds_are_fixed_for_ever() -> None:
    # Changing these would make every stored run incomparable with its repetition.
    assert sample_seed(0, "abc", 0) == 2007998159
    assert sample_seed(0, "abc", 1) != sample_seed(0, "abc", 0) != sample_seed(1, "abc", 0)
    assert all(0 <= sample_seed(0, "abc", index) < 2**31 for index in range(100))


def test_prompt_ids_follow_the_text_and_not_the_place() -> None:
    first, second = with_ids(["x", "y"]), with_ids(["y", "x", "y"])
    assert first[0].prompt_id == second[1].prompt_id
    assert first[1].prompt_id == second[0].prompt_id
    assert second[2].prompt_id == f"{second[0].prompt_id}-2"


def test_the_same_command_has_the_same_run_id_in_any_order(suite: Any) -> None:
    tiny, other = suite(), suite("other")
    a, b = (GeneratorSpec(label=name, adapter="faulty:Faulty") for name in "ab")
    one = build_plan(spec(tiny, other, generators=(a, b)))
    assert build_plan(spec(other, tiny, generators=(b, a))).run_id == one.run_id


def test_whatever_changes_the_clips_changes_the_run_id(suite: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = suite()
    base = {
        "seed": spec(path, seed=1),
        "samples": spec(path, samples=5),
        "config": spec(path, config={"strength": 2.0}),
        "batch": spec(path, batch=2),
        "label": spec(path, label="h"),
        "timeout": spec(path, timeout_s=5.0),
        "nothing": spec(path),
    }
    ids = {name: build_plan(changed).run_id for name, changed in base.items()}
    ids["suite"] = build_plan(spec(suite("tiny", "{texts: [one, two, four]}"))).run_id
    suite()
    monkeypatch.setattr("vbench_lite.run.plan.plan.environment", lambda threads: {"torch": "0.0"})
    ids["library"] = build_plan(spec(path)).run_id
    assert len(set(ids.values())) == len(ids)


def test_code_of_an_adapter_is_part_of_its_fingerprint(
    suite: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    ids = []
    for name, comment in (("first_version", "# a"), ("second_version", "# b")):
        (tmp_path / f"{name}.py").write_text(
            f"from faulty import Faulty as Base\n{comment}\nclass G(Base): pass\n"
        )
        generator = GeneratorSpec(label="g", adapter=f"{name}:G")
        ids.append(build_plan(spec(suite(), generators=(generator,))).generators[0].fingerprint)
    assert ids[0] != ids[1]


def test_requests_are_snapped_one_by_one_and_both_are_kept(suite: Any) -> None:
    plan = build_plan(spec(suite(), config={"multiple": 4, "side": 24}, samples=5))
    info = build_generator("faulty:Faulty", {"multiple": 4, "side": 24}, "cpu").info
    for number, sample in enumerate(samples(plan)):
        prompt = with_ids(["one", "two", "three"])[number % 3]
        asked = GenerationRequest(
            prompt.sample_id(number // 3), prompt.text, 6, 32, 32, 8.0,
            sample_seed(0, prompt.prompt_id, number // 3), repeat=number // 3,
        )  # fmt: skip
        assert (sample.asked, sample.made) == (asked, made_size(info, asked))
        assert sample.made == replace(asked, num_frames=9, height=24, width=24)


def test_a_generator_for_other_tasks_is_not_applicable(suite: Any) -> None:
    plan = build_plan(spec(suite(), config={"tasks": ["i2v"]}))
    assert plan.batches == ()
    assert [record.status for record in plan.refused] == ["failed"] * 4
    assert "not applicable: it makes i2v only" in str(plan.refused[0].reason)
    assert plan.samples == 4


def test_prompts_outside_a_closed_vocabulary_are_not_applicable(suite: Any) -> None:
    path = suite(prompts="{texts: [a red circle moves up slowly, a dog runs]}")
    plan = build_plan(
        spec(path, generators=(GeneratorSpec(label="g", adapter="reference/hybrid"),), samples=3)
    )
    assert [sample.asked.prompt for sample in samples(plan)] == ["a red circle moves up slowly"] * 2
    assert len(plan.refused) == 1
    assert "not applicable: prompt outside vocabulary: 'a dog runs'" in str(plan.refused[0].reason)


def test_controls_come_with_a_data_set_and_else_the_plan_says_so(suite: Any) -> None:
    shapes = suite("shapes", "{dataset: shapes, count: 8}")
    plan = build_plan(spec(shapes, suite(), controls=True))
    assert [entry.label for entry in plan.generators] == ["g", "real", "frozen", "noise", "shuffled"]
    assert {batch.suite for batch in plan.batches if batch.generator == "real"} == {"shapes"}
    assert plan.notes == ("suite tiny has no data set, so it has no control arms",)
    only = build_plan(spec(suite(), controls=True))
    assert [entry.label for entry in only.generators] == ["g"]
    with pytest.raises(SpecError, match="label 'noise' is that of a control arm"):
        build_plan(spec(shapes, label="noise", controls=True))


def test_prompts_from_a_file_beside_the_suite_are_kept_in_the_plan(suite: Any, tmp_path: Path) -> None:
    (tmp_path / "list.yaml").write_text("[first, second]")
    plan = build_plan(spec(suite(prompts="{file: list.yaml}")))
    kept = plan.suites[0].prompts
    assert isinstance(kept, ListedPrompts)
    assert kept.texts == ("first", "second")
    assert [sample.asked.prompt for sample in samples(plan)] == ["first", "second"] * 2


def test_a_text_file_has_a_prompt_a_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("a cat\n\n  a dog: runs \n")
    assert read_prompts(set_path(str(path))).texts == ("a cat", "a dog: runs")
    path.write_text("\n")
    with pytest.raises(PromptError, match="has no prompt; write one a line"):
        read_prompts(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "No such file"),
        ("[a", "is no YAML"),
        ('generators: [{label: "\\uD800", adapter: control/noise}]', "half of a surrogate pair"),
        ("{a: b}", "must be a list of texts, got dict"),
        ("[]", "must be a list"),
        ("[a, 3]", "entry 2 is no text: 3"),
        ("[a, '  ']", "entry 2 is no text"),
    ],
)
def test_bad_prompt_files_are_named(tmp_path: Path, text: str, message: Any) -> None:
    path = tmp_path / "list.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(PromptError, match=message) as caught:
        read_prompts(path)
    assert str(path) in str(caught.value)


def test_adapters_that_do_not_fit_are_errors(suite: Any) -> None:
    for adapter, message in (
        ("faulty:Nothing", "cannot be imported"),
        ("no_such_module:G", "cannot be imported"),
        ("faulty:LONG_S", "no subclass of Generator"),
        ("refrence/hybrid", "did you mean reference/hybrid"),
    ):
        with pytest.raises(RegistryError, match=message):
            build_plan(spec(suite(), generators=(GeneratorSpec(label="g", adapter=adapter),)))
    with pytest.raises(SpecError, match="stregnth"):
        build_plan(spec(suite(), config={"stregnth": 1}))
    with pytest.raises(SpecError, match="suite 'tiny' is given twice"):
        build_plan(spec(suite(), suite()))
