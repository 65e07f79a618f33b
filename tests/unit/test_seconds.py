"""Requests in seconds: frames at the rate of each generator, in clips and in timed calls."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vbench_lite.dataset import parse_size
from vbench_lite.errors import SpecError
from vbench_lite.run.plan.data import with_size
from vbench_lite.run.plan.plan import Plan, build_plan
from vbench_lite.run.plan.spec import GeneratorSpec, RunSpec
from vbench_lite.run.timing.timed_requests import suite_cases
from vbench_lite.suite import Suite, parse_suite


def content(**request: Any) -> dict[str, Any]:
    return {
        "name": "timed", "version": 1, "description": "", "open": True, "samples": 2, "axes": {},
        "prompts": {"dataset": "shapes", "count": 2}, "metrics": ["frames/sharpness"],
        "request": {"fps": 8, **request},
        "performance": {"sweep": {"frames": [30]}},
    }  # fmt: skip


def suite(**request: Any) -> Suite:
    return parse_suite(content(**request), "here")


def plan_of(folder: Path, **request: Any) -> Plan:
    (folder / "s.yaml").write_text(json.dumps(content(**request)))
    generators = tuple(
        GeneratorSpec(label=label, adapter="faulty:Faulty", config={"native_fps": fps})
        for label, fps in (("films", 24.0), ("knows-none", None))
    )
    return build_plan(RunSpec(generators=generators, suites=(str(folder / "s.yaml"),)))


def test_each_generator_makes_the_frames_of_its_own_rate(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, seconds=2)
    frames = {b.generator: {s.asked.num_frames for s in b.samples} for b in plan.batches}
    assert frames["films"] == {48} and frames["knows-none"] == frames["real"] == {16}
    cases = {
        entry.label: [
            case.for_generator(entry, plan.suites[0].request).num_frames
            for case in suite_cases(plan.suites[0])
        ]
        for entry in plan.generators
    }
    assert cases["films"] == [48, 30] and cases["knows-none"] == [16, 30]


def test_seconds_are_part_of_the_content() -> None:
    assert suite(seconds=2).request.num_frames == suite().request.num_frames == 16
    assert suite(seconds=2).content_sha256() != suite().content_sha256()
    stored = suite(seconds=2.3).model_dump(mode="json")
    assert parse_suite(stored, "a run").request.num_frames == 18


def test_seconds_and_frames_are_not_given_together() -> None:
    with pytest.raises(SpecError, match="give either seconds or num_frames"):
        suite(seconds=2, num_frames=20)


def test_a_run_may_ask_for_seconds_in_its_size() -> None:
    size = parse_size("2.5sx64x96@8")
    assert (size.num_frames, size.height, size.width, size.seconds) == (20, 64, 96, 2.5)
    assert with_size(suite(), size).request.seconds == 2.5
    frames = with_size(suite(seconds=2), parse_size("9x64x96@8")).request
    assert (frames.seconds, frames.num_frames) == (None, 9)
    for text in ("0sx8x8@8", "2s x8x8@8", "sx8x8@8"):
        with pytest.raises(SpecError, match="is not FRAMESxHEIGHTxWIDTH@FPS"):
            parse_size(text)
