"""The line of `cite`, and whether numbers under two such lines may be compared."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fabricated import fabricate

from vbench_lite.errors import SpecError
from vbench_lite.results.signature import comparable, is_signature, parse, signature
from vbench_lite.store.schema import GeneratorEntry


def test_the_line_names_what_the_numbers_depend_on() -> None:
    document = fabricate().document()
    controls = [
        GeneratorEntry(name, name, {}, "cpu", 1, {"family": "control"}, name) for name in ("real", "frozen")
    ]
    line = signature(replace(document, generators=[*document.generators, *controls]))
    assert is_signature(line) and "\n" not in line
    fields = parse(line)
    assert fields["suite"].startswith("quick@1#")
    assert (fields["prompts"], fields["seed"], fields["scale"]) == ("16", "0", "real and floors")
    assert "reference/hybrid#" in fields["generators"] and "real#" not in fields["generators"]


def test_equal_protocols_compare_and_other_hardware_forbids_speed_alone() -> None:
    one = fabricate().document()
    other = replace(one, hardware={**one.hardware, "cpu_model": "another | CPU: two"})
    found = comparable(signature(one), signature(other))
    assert (found.quality, found.speed) == ((), ("device",))
    assert found.lines() == [
        "quality may be compared",
        "speed and memory may not be compared: device differs",
    ]


def test_other_prompts_and_seed_forbid_both() -> None:
    one, other = fabricate().document(), fabricate(prompts=8, seed=3).document()
    found = comparable(signature(one), signature(other))
    assert found.quality == ("prompts", "seed")
    assert found.lines()[0] == "quality may not be compared: prompts, seed differ"


def test_what_is_no_line_is_refused() -> None:
    assert not is_signature("latest:hybrid")
    with pytest.raises(SpecError, match="prompts is missing"):
        parse("suite:quick@1|seed:0")
