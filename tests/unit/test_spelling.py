"""British spellings are read for one version: in specifications, plug-ins and stored documents."""

from __future__ import annotations

import pytest

from vbench_lite import registry
from vbench_lite.errors import SpecError
from vbench_lite.generator import Family, GeneratorInfo
from vbench_lite.spelling import american


def test_a_specification_may_say_licence() -> None:
    made = registry.load("generators", "clips")(
        {"clips": "list.csv", "licence": "MIT", "weights_licence": "CC0-1.0"}
    )
    assert (made.config.license, made.config.weights_license) == ("MIT", "CC0-1.0")


def test_both_spellings_of_one_key_are_one_error() -> None:
    with pytest.raises(SpecError, match="licence and license are one key: keep license"):
        registry.load("generators", "clips")({"clips": "list.csv", "licence": "MIT", "license": "MIT"})


def test_a_plug_in_of_before_gets_a_warning_and_its_value() -> None:
    with pytest.warns(DeprecationWarning, match="GeneratorInfo: write license for licence"):
        info = GeneratorInfo("old", Family.EXTERNAL, licence="MIT")  # type: ignore[call-arg]
    assert info.license == "MIT"
    assert "licence" not in info.as_dict()


def test_what_is_no_mapping_stays() -> None:
    assert american(3) == 3
    assert american({"license": "MIT"}) == {"license": "MIT"}
