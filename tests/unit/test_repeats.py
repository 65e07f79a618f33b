"""A generator that ignores its seed is told from one that does not, by the hashes of its clips."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fabricated import fabricate

from vbench_lite.results.arms import Arm, read_arms
from vbench_lite.results.board import build_board
from vbench_lite.results.repeats import same_for_every_seed, seed_remark


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


def test_the_board_tells() -> None:
    assert not any("ignores its seed" in note for note in build_board([fabricate()]).notes)
