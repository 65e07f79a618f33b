"""Sample ids, seeds and batch keys are those of every stored run: a change would make it all again."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from vbench_lite.run.plan.plan import Plan, build_plan
from vbench_lite.run.plan.spec import GeneratorSpec, RunSpec

LISTED: dict[str, Any] = {"texts": ["a dog runs", "snow falls on a road", "a dog runs"]}
SHAPES: dict[str, Any] = {"dataset": "shapes", "count": 3, "seed": 4}
# What is asked for, and how; then hashes of the keys of the batches, and of all samples with their requests.
CASES: dict[str, tuple[Any, Any, Any, str, str]] = {
    "texts": (LISTED, {}, {}, "9e52c5b9e72d11f1", "2b2d73b1d3a7f106"),
    "texts in batches, snapped": (
        LISTED,
        {"params": {"steps": 4, "guidance": 1.5}},
        {"batch": 3, "config": {"multiple": 4, "side": 24}},
        "63c2317e9fe5edf5",
        "2c07fba67b4196c9",
    ),
    "a closed vocabulary": (
        {"texts": ["a red circle moves up slowly", "a dog runs"]},
        {},
        {"adapter": "reference/hybrid"},
        "4dcb27fa54c32ebd",
        "77fad327352a9dcc",
    ),
    "edited captions": (
        {**SHAPES, "edits": True},
        {},
        {"adapter": "control/noise", "batch": 2},
        "b1d8ee3a046cd12a",
        "25e3fcedb57520b6",
    ),
    "a first frame": (
        SHAPES,
        {"given": "image"},
        {"adapter": "control/real"},
        "321ddd8a4135b300",
        "00d7bf1a9bbf21aa",
    ),
    "past frames": (
        SHAPES,
        {"given": "past_frames", "given_frames": 3},
        {"adapter": "control/real"},
        "984065db30ae3708",
        "df618224bbebf796",
    ),
    "a clip": (
        SHAPES,
        {"given": "clip"},
        {"adapter": "control/real"},
        "35b444f516869349",
        "02aa22dd8256fdcf",
    ),
}


def plan_of(folder: Path, prompts: Any, request: Any, generator: Any) -> Plan:
    content = {
        "name": "known",
        "version": 1,
        "description": "a test",
        "samples": 7,
        "axes": {},
        "prompts": prompts,
        "metrics": ["frames/sharpness"],
        "request": {"num_frames": 6, "height": 32, "width": 32, "fps": 8, **request},
    }
    path = folder / "known.yaml"
    path.write_text(json.dumps(content), encoding="utf-8")
    entry = GeneratorSpec(**{"label": "g", "adapter": "faulty:Faulty", **generator})
    return build_plan(RunSpec(generators=(entry,), suites=(str(path),), controls=False, seed=5))


_NOT_HASHED = (
    "dataset",
    "script",
    "control_clip",
    "control_kind",
)  # the last three came when runs were stored


def digest(plan: Plan) -> str:
    """Over every sample in order: its ids and both of its requests, frames and noise included."""
    facts = [
        [sample.sample_id, sample.prompt_id, *(_plain(request) for request in (sample.asked, sample.made))]
        for batch in plan.batches
        for sample in batch.samples
    ]
    refused = [[record.sample_id, record.prompt_id, record.seed] for record in plan.refused]
    return hashlib.sha256(json.dumps([facts, refused], sort_keys=True).encode()).hexdigest()[:16]


def _plain(request: Any) -> dict[str, Any]:
    asked = {name: value for name, value in vars(request).items() if name not in _NOT_HASHED}
    assert request.script is None
    return {
        name: hashlib.sha256(value.tobytes()).hexdigest() if hasattr(value, "tobytes") else value
        for name, value in asked.items()
    }


@pytest.mark.parametrize("case", CASES)
def test_a_plan_is_the_one_that_stored_runs_were_made_by(tmp_path: Path, case: str) -> None:
    prompts, request, generator, keys, samples = CASES[case]
    plan = plan_of(tmp_path, prompts, request, generator)
    assert hashlib.sha256(" ".join(batch.key for batch in plan.batches).encode()).hexdigest()[:16] == keys
    assert digest(plan) == samples
