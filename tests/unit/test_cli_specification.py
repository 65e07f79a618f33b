"""Flags and YAML are two spellings of one specification."""

from __future__ import annotations

from pathlib import Path

import pytest

from vbench_lite.cli.specification import build_spec
from vbench_lite.errors import SpecError
from vbench_lite.run.plan.spec import RunSpec

YAML = """
generators:
  - {label: one, adapter: control/noise}
  - {label: two, adapter: control/frozen, batch: 2}
suites: [quick]
samples: 4
seed: 7
controls: false
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "spec.yaml"
    path.write_text(YAML)
    return path


def test_nothing_given_is_the_default_benchmark() -> None:
    assert build_spec(None) == RunSpec()


def test_a_registered_name_is_its_own_label() -> None:
    (entry,) = build_spec(None, generators=["control/noise"]).generators or ()
    assert (entry.label, entry.adapter) == ("control/noise", "control/noise")


def test_flags_and_yaml_give_equal_objects(tmp_path: Path) -> None:
    path = tmp_path / "same.yaml"
    path.write_text(
        "generators: [{label: control/noise, adapter: control/noise}]\nsamples: 4\nseed: 2\ncontrols: false\n"
    )
    flags = build_spec(None, generators=["control/noise"], samples=4, seed=2, controls=False)
    assert flags == build_spec(path)


def test_flags_take_the_place_of_what_the_file_says(file: Path) -> None:
    spec = build_spec(file, samples=9, seed=0, controls=True)
    assert (spec.samples, spec.seed, spec.controls) == (9, 0, True)
    assert [entry.label for entry in spec.generators or ()] == ["one", "two"]


def test_g_chooses_among_the_labels_of_a_file(file: Path) -> None:
    (entry,) = build_spec(file, generators=["two"]).generators or ()
    assert (entry.label, entry.batch) == ("two", 2)


def test_an_unknown_label_names_those_there_are(file: Path) -> None:
    with pytest.raises(SpecError, match="no such label; it has: one, two"):
        build_spec(file, generators=["three"])


def test_the_same_generator_twice_is_refused() -> None:
    with pytest.raises(SpecError, match="used twice"):
        build_spec(None, generators=["control/noise", "control/noise"])


def test_an_empty_file_is_refused_and_says_what_to_give(tmp_path: Path) -> None:
    path = tmp_path / "empty.yaml"
    path.write_text("# nothing\n")
    with pytest.raises(SpecError, match=r"empty\.yaml is empty; give at least one of: generators"):
        build_spec(path)
