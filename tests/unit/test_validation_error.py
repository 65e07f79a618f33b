"""What does not fit a contract is said in one line: where, what, and what would fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from vbench_lite import registry
from vbench_lite.compare.policy import load_policy
from vbench_lite.errors import SpecError
from vbench_lite.run.plan.spec import parse_spec, read_spec
from vbench_lite.suite import parse_suite

SUITE = """
name: s
version: 1
description: x
prompts: {dataset: shapes, count: 4}
request: {num_frames: 16, height: 32, width: 32, fps: 8}
samples: 4
metrics: [frames/sharpness]
axes: {}
"""


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("generator: []", "f: generator: there is no such key; did you mean generators?"),
        ("samples: many", "f: samples: a whole number is needed, not 'many'"),
        ("seed: null", "f: seed: a whole number is needed, not nothing"),
        ("samples: {a: 1}", "f: samples: a whole number is needed, not keys with values"),
        ("controls: 7.5", "f: controls: true or false is needed, not 7.5"),
        ("just text", "f: top level: keys with values are needed (key: value), not 'just text'"),
        ("[1, 2]", "f: top level: keys with values are needed (key: value), not a list"),
        (
            "generators: [{label: a, adapter: x, device: gpu}]",
            "f: generators.0.device: torch has no device 'gpu'; it has cpu, cuda, cuda:1, mps ...",
        ),
        ("generators: [{label: a}]", "f: generators.0.adapter: is missing"),
        (
            "generators: [{label: a, adapter: x, configuration: {}}]",
            "f: generators.0.configuration: there is no such key; did you mean config?",
        ),
    ],
)
def test_a_specification(document: str, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_spec(yaml.safe_load(document), "f")
    assert str(caught.value) == said


def test_a_place_is_a_path_of_keys_even_behind_a_union() -> None:
    document = yaml.safe_load(SUITE)
    document["prompts"]["count"] = "many"
    with pytest.raises(SpecError, match=r"^f: prompts\.count: a whole number is needed, not 'many'$"):
        parse_suite(document, "f")


def test_a_key_that_resembles_none_comes_with_those_there_are(tmp_path: Path) -> None:
    policy = tmp_path / "p.yaml"
    policy.write_text("name: p\nzzz: 1\n")
    with pytest.raises(SpecError, match=r"zzz: there is no such key; there are: name, .*primary"):
        load_policy(policy)


def test_a_key_of_free_choice_is_part_of_the_place(tmp_path: Path) -> None:
    policy = tmp_path / "p.yaml"
    policy.write_text("name: p\nmargins: {alignment/shapes_colour: big}\n")
    with pytest.raises(SpecError, match=r"margins\.alignment/shapes_colour: a number is needed, not 'big'"):
        load_policy(policy)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"stepz": 4}, "config of Hybrid: stepz: there is no such key; did you mean steps?"),
        ({"steps": "x" * 100}, f"config of Hybrid: steps: a whole number is needed, not '{'x' * 39}…"),
    ],
)
def test_the_configuration_of_an_adapter(config: dict[str, Any], said: str) -> None:
    with pytest.raises(SpecError) as caught:
        registry.load("generators", "reference/hybrid")(config)
    assert str(caught.value) == said


def test_the_reference_generators_do_not_pretend_to_use_another_device() -> None:
    with pytest.raises(SpecError, match="compute on the processor; device 'cuda' is not for them"):
        registry.load("generators", "reference/hybrid")({}, device="cuda")


def test_a_slip_in_yaml_has_a_line_and_a_column(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("generators:\n  - {label: a, adapter: b\nsamples: 3\n")
    with pytest.raises(SpecError, match=r"is no YAML: line 3, column 8: expected ',' or '}', but got ':'$"):
        read_spec(file)


@pytest.mark.parametrize(("name", "option"), [("reference/hybrid", "-g"), ("quick", "--suite")])
def test_a_name_in_the_place_of_a_file_says_which_option_takes_it(name: str, option: str) -> None:
    with pytest.raises(SpecError, match=f"No such file or directory; .*: {option} {name}$"):
        read_spec(Path(name))
