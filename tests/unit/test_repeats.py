"""A generator that ignores its seed is told from one that does not, by the hashes of its clips."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fabricated import fabricate

from vbench_lite.compare.environment import broken_promise
from vbench_lite.results.arms import Arm, read_arms
from vbench_lite.results.board import build_board
from vbench_lite.results.repeats import same_for_every_seed, seed_remark, unequal_repeats


@pytest.fixture(scope="module")
def arm() -> Arm:
    run = fabricate()
    return read_arms(run, run.document().suites[0]["name"])[0]


def test_clips_that_differ_by_seed_are_no_remark(arm: Arm) -> None:
    assert same_for_every_seed(arm) == 0
    assert seed_remark(arm) is None


def test_one_clip_a_prompt_whatever_the_seed_is_told(arm: Arm) -> None:
    alike = {sample: arm.requests[sample][0] for sample in arm.clips}
    seeds = {sample: (prompt, index) for index, (sample, (prompt, _)) in enumerate(arm.requests.items())}
    several = {prompt for prompt, _ in seeds.values()}
    deaf = replace(arm, clips=alike, requests={**seeds, "again": (next(iter(several)), 10**6)})
    deaf = replace(deaf, clips={**alike, "again": next(iter(several))})
    assert same_for_every_seed(deaf) >= 1
    assert "ignores its seed" in str(seed_remark(deaf))
    assert same_for_every_seed(replace(deaf, clips={**deaf.clips, "again": "another"})) == 0
    assert seed_remark(replace(deaf, control="frozen")) is None


def test_one_seed_a_prompt_says_nothing(arm: Arm) -> None:
    first: dict[str, str] = {}
    for sample in arm.clips:
        first.setdefault(arm.requests[sample][0], sample)
    alone = replace(arm, clips=dict.fromkeys(first.values(), "x"))
    assert same_for_every_seed(alone) == 0


def test_equal_requests_with_other_clips_are_counted(arm: Arm) -> None:
    assert unequal_repeats(arm, arm) == (0, len(arm.clips))
    sample = next(iter(arm.clips))
    assert unequal_repeats(arm, replace(arm, clips={**arm.clips, sample: "other"})) == (1, len(arm.clips))
    one = replace(arm, clips={sample: arm.clips[sample]})
    assert unequal_repeats(arm, one) == (0, 1)


def test_a_declaration_that_is_broken_is_told_unless_something_else_differs(arm: Arm) -> None:
    document = fabricate().document()
    entry = next(entry for entry in document.generators if entry.label == arm.generator)
    promising = replace(document, generators=[replace(entry, info={**entry.info, "deterministic": True})])
    sample = next(iter(arm.clips))
    other = replace(arm, clips={**arm.clips, sample: "other"})
    told = broken_promise((promising, arm), (promising, other), [])
    assert told is not None and "declares deterministic: true, and 1 of" in told
    assert broken_promise((promising, arm), (promising, arm), []) is None
    assert broken_promise((promising, arm), (promising, other), [{"field": "environment.torch"}]) is None
    free = replace(document, generators=[replace(entry, info={**entry.info, "deterministic": False})])
    assert broken_promise((free, arm), (free, other), []) is None


def test_the_board_tells() -> None:
    assert not any("ignores its seed" in note for note in build_board([fabricate()]).notes)
