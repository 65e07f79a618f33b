"""The estimate of the time left, and the words for what changed between runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vbench_lite.run.plan.changes import differences
from vbench_lite.run.progress import TimeLeft
from vbench_lite.store.schema import GeneratorEntry, RunDocument


def test_nothing_is_estimated_before_something_is_known() -> None:
    left = TimeLeft({"a": 3})
    left.loaded("a", 5.0)
    assert left.remaining_s() is None


def test_known_generators_count_by_their_mean_and_others_by_the_mean_of_means() -> None:
    left = TimeLeft({"a": 3, "b": 2, "c": 4})
    left.loaded("a", 10.0)
    left.made("a", 1.0)
    left.made("a", 3.0)
    left.loaded("b", 20.0)
    left.made("b", 6.0)
    # a: 1 x 2 s; b: 1 x 6 s; c: 4 x mean(2, 6) s and a load of mean(10, 20) s.
    assert left.remaining_s() == pytest.approx(2 + 6 + 4 * 4 + 15)


def test_nothing_is_left_at_the_end() -> None:
    left = TimeLeft({"a": 1})
    left.loaded("a", 1.0)
    left.made("a", 1.0)
    assert left.remaining_s() == 0.0


ENTRY = GeneratorEntry("g", "toy", {"steps": 8}, "cpu", 1, {"weights_sha256": "a" * 64}, "f1")
RUN = RunDocument(
    "r",
    "finished",
    "2026",
    None,
    0,
    4,
    [ENTRY],
    [{"name": "quick", "version": 1}],
    True,
    {"torch": "2.9"},
    {},
)


def test_equal_runs_do_not_differ() -> None:
    assert differences(RUN, replace(RUN, run_id="s", created="2027")) == []


def test_differences_are_named_with_both_values() -> None:
    entry = replace(ENTRY, config={"steps": 4}, info={"weights_sha256": "b" * 64}, fingerprint="f2")
    later = replace(RUN, samples=8, generators=[entry], environment={"torch": "2.10"})
    assert differences(RUN, later) == [
        "samples: 4 -> 8",
        "environment.torch: 2.9 -> 2.10",
        "generator g.weights: aaaaaaaaaaaa -> bbbbbbbbbbbb",
        "generator g.config.steps: 8 -> 4",
    ]


def test_a_fingerprint_that_changes_alone_means_the_code() -> None:
    later = replace(RUN, generators=[replace(ENTRY, fingerprint="f2")])
    assert differences(RUN, later) == ["generator g: the code of its adapter, or what it declares"]


def test_arms_and_suites_that_one_run_lacks_are_named() -> None:
    later = replace(RUN, seed=1, generators=[ENTRY, replace(ENTRY, label="h")], suites=[])
    assert differences(RUN, later, most=2) == [
        "seed: 0 -> 1",
        "suite quick: only in the earlier run",
        "and 1 more",
    ]
