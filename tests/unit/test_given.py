"""Frames that come with a prompt, edited prompts, and what the scorer tells metrics of both."""

from __future__ import annotations

import json
import math
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from faulty import Faulty

from vbench_lite.adapters.controls import Frozen, Real
from vbench_lite.adapters.reference.hybrid import Hybrid
from vbench_lite.dataset import load_dataset, reference_to
from vbench_lite.datasets import shapes
from vbench_lite.datasets.shapes.dataset import Shapes
from vbench_lite.errors import RequestError, SpecError
from vbench_lite.generator import GenerationRequest
from vbench_lite.measure.context import RecordingContext
from vbench_lite.run.plan.noise_walk import noise_on_walk
from vbench_lite.run.plan.plan import build_plan
from vbench_lite.run.plan.spec import GeneratorSpec, RunSpec
from vbench_lite.run.runner import run
from vbench_lite.run.scoring.sample_info import given_clip, sample_info
from vbench_lite.store.rundir import RunDir
from vbench_lite.suite import parse_suite

CAPTION = "a red circle moves right quickly"


def suite(**request: Any) -> dict[str, Any]:
    return {
        "name": "tiny", "version": 1, "description": "a test", "samples": 2, "axes": {},
        "prompts": {"dataset": "shapes", "count": 2},
        "request": {"num_frames": 8, **request}, "metrics": ["frames/sharpness"],
    }  # fmt: skip


def written(tmp_path: Path, content: dict[str, Any]) -> str:
    path = tmp_path / "tiny.yaml"
    path.write_text(json.dumps(content))  # JSON is YAML
    return str(path)


def plan_of(tmp_path: Path, adapter: str, content: dict[str, Any]) -> Any:
    generators = (GeneratorSpec(label="g", adapter=adapter),)
    return build_plan(RunSpec(generators=generators, suites=(written(tmp_path, content),), controls=False))


def test_an_image_is_the_first_frame_of_the_real_clip_of_the_same_seed(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, "control/real", suite(given="image"))
    for sample in (sample for batch in plan.batches for sample in batch.samples):
        real = Real().clip(sample.made)
        assert np.array_equal(sample.made.image, real[0])
        assert np.array_equal(Frozen().clip(sample.made)[-1], real[0])


def test_past_frames_and_their_real_continuation_are_one_clip(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, "control/real", suite(given="past_frames", given_frames=5))
    made = plan.batches[0].samples[0].made
    whole = shapes.held_out_clip(shapes.parse_caption(made.prompt), made.seed, 13)
    assert np.array_equal(np.concatenate([made.past_frames, Real().clip(made)]), whole)


def test_given_frames_are_part_of_what_a_batch_is(tmp_path: Path) -> None:
    keys = {
        plan_of(tmp_path, "control/real", suite(**request)).batches[0].key
        for request in ({}, {"given": "image"}, {"given": "past_frames"}, {"given": "clip"})
    }
    assert len(keys) == 4


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("image", "it makes t2v only, and this suite gives a first frame (i2v)"),
        ("past_frames", "it makes t2v only, and this suite gives past frames to continue (v2v)"),
        ("clip", "it has no encoder and decoder that clips could be passed through"),
    ],
)
def test_a_generator_that_cannot_take_them_is_recorded_with_the_reason(
    tmp_path: Path, given: str, reason: str
) -> None:
    plan = plan_of(tmp_path, "faulty:Faulty", suite(given=given))
    assert not plan.batches
    assert [record.reason for record in plan.refused] == [f"not applicable: {reason}"] * 2


def test_given_frames_need_a_data_set() -> None:
    content = suite(given="image") | {"prompts": {"texts": ["a dog"]}}
    with pytest.raises(SpecError, match=r"request\.given takes frames of a data set"):
        parse_suite(content, "here")


def test_a_reconstruction_run_compares_with_the_clip_that_was_given(tmp_path: Path) -> None:
    content = suite(given="clip") | {"metrics": ["reconstruction/psnr"]}
    arms = {"ceiling": "control/real", "floor": "control/noise"}
    spec = RunSpec(
        generators=tuple(GeneratorSpec(label=label, adapter=name) for label, name in arms.items()),
        suites=(written(tmp_path, content),),
        controls=False,
    )
    outcome = run(spec, tmp_path / "root")
    rows = RunDir(tmp_path / "root", outcome.run_id).rows("score")
    assert {row["value"] for row in rows if row["generator"] == "ceiling"} == {100.0}
    assert all(row["value"] < 10 for row in rows if row["generator"] == "floor")
    assert {row["fingerprint"].split("reference=")[1] for row in rows} == {"given"}


def test_a_reference_generator_passes_clips_through_its_codec() -> None:
    clip = shapes.held_out_clip(shapes.parse_caption(CAPTION), 3, 4)
    request = GenerationRequest("s", CAPTION, 4, 32, 32, 8.0, 3, clip=clip)
    generator, context = Hybrid(), RecordingContext([request])
    generator.load()
    generator.reconstruct([request], context)
    back = np.asarray(context.result().frames[0])
    error = ((back.astype(float) - clip) ** 2).mean()
    assert 0 < error < 255**2 / 10**2.5  # better than 25 dB, and not the clip itself


def test_a_first_generator_can_be_the_baseline_of_a_suite(tmp_path: Path) -> None:
    content = suite() | {"metrics": ["reconstruction/psnr"], "baseline": "first"}
    arms = ("base", "update")
    spec = RunSpec(
        generators=tuple(GeneratorSpec(label=label, adapter="control/real") for label in arms),
        suites=(written(tmp_path, content),),
        controls=False,
    )
    outcome = run(spec, tmp_path / "root")
    rows = RunDir(tmp_path / "root", outcome.run_id).rows("score")
    assert {(row["generator"], row["value"]) for row in rows} == {("base", None), ("update", 100.0)}


# --- edits --------------------------------------------------------------------------------------


def test_an_edit_changes_one_word_and_keeps_the_seed(tmp_path: Path) -> None:
    content = suite() | {"samples": 10}
    content["prompts"] = {"dataset": "shapes", "count": 2, "edits": True}
    plan = plan_of(tmp_path, "control/real", content)
    made = [sample.made for batch in plan.batches for sample in batch.samples]
    for base, *edited in (made[:5], made[5:]):
        assert {request.seed for request in edited} == {base.seed}
        first = shapes.parse_caption(base.prompt)
        for request, word in zip(edited, ("colour", "shape", "direction", "speed"), strict=True):
            scene = shapes.parse_caption(request.prompt)
            names = [f.name for f in fields(scene) if getattr(scene, f.name) != getattr(first, f.name)]
            assert names == [word]
    assert made[0].seed != made[5].seed


def test_edits_of_seen_pairs_are_seen() -> None:
    scenes = [scene for scene in shapes.all_scenes() if not scene.held_out]
    assert not any(edit.held_out for scene in scenes for edit in shapes.edits(scene).values())


def test_repeated_captions_among_edits_keep_their_own_ids() -> None:
    scene = shapes.parse_caption(CAPTION)
    prompts = Shapes().prompts_of([scene, scene], edits=True)
    assert len({prompt.sample_id(0) for prompt in prompts}) == 10
    assert [prompt.edit for prompt in prompts[5:]] == [None, "colour", "shape", "direction", "speed"]
    assert [len({prompt.prompt_id for prompt in half}) for half in (prompts[:5], prompts[5:])] == [1, 1]


def test_both_splits_come_in_turn() -> None:
    scenes = shapes.sample_scenes(7, 3, "both")
    assert [scene.held_out for scene in scenes] == [False, True] * 3 + [False]
    assert shapes.sample_scenes(5, 3, "both") == scenes[:5]


# --- walks through noise ------------------------------------------------------------------------


def walk_suite() -> dict[str, Any]:
    prompts = {"dataset": "shapes", "count": 2, "latent_path": 4}
    return suite() | {"samples": 8, "prompts": prompts}


def test_a_walk_asks_for_one_prompt_and_seed_with_noise_from_end_to_end(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, "reference/hybrid", walk_suite())
    made = [sample.made for batch in plan.batches for sample in batch.samples]
    assert len({(request.prompt, request.seed) for request in made}) == 2
    assert len({request.sample_id for request in made}) == 8
    noise = [np.array(request.params["noise"]) for request in made[:4]]
    assert all(place.shape == (8, 24) for place in noise)
    angle = math.pi / 6
    between = math.cos(angle) * noise[0] + math.sin(angle) * noise[3]
    np.testing.assert_allclose(noise[1], between)
    told = [sample_info(row(sample_id=r.sample_id), parse_suite(walk_suite(), "here")).walk for r in made[:4]]
    assert told == [0.0, 0.3333, 0.6667, 1.0]
    generator = Hybrid()
    assert generator.info.noise_dim == noise[0].shape[1]


def test_a_generator_whose_noise_cannot_be_set_is_recorded_with_the_reason(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, "control/real", walk_suite())
    reasons = {record.reason for record in plan.refused}
    assert reasons == {"not applicable: it does not let a request set its initial noise"}


def test_controls_that_a_suite_cannot_have_are_left_out_with_a_note(tmp_path: Path) -> None:
    generators = (GeneratorSpec(label="g", adapter="reference/hybrid"),)
    plan = build_plan(RunSpec(generators=generators, suites=(written(tmp_path, walk_suite()),)))
    assert {batch.generator for batch in plan.batches} == {"g"} and not plan.refused
    reason = "it does not let a request set its initial noise"
    assert [note for note in plan.notes if "control arm" in note] == [
        f"suite tiny has no control arm {name}: {reason}" for name in ("real", "frozen", "noise", "shuffled")
    ]


def test_a_walk_of_three_points_is_refused() -> None:
    content = walk_suite() | {"prompts": {"dataset": "shapes", "count": 2, "latent_path": 3}}
    with pytest.raises(SpecError, match="latent_path needs 4 points or more"):
        parse_suite(content, "here")


def test_noise_keeps_its_spread_on_the_way() -> None:
    for place in (0.0, 0.3, 0.5, 1.0):
        noise = noise_on_walk(place, 7, 200, 24)
        assert abs(noise.std() - 1) < 0.03 and abs(noise.mean()) < 0.05


# --- what metrics are told ----------------------------------------------------------------------


def row(**changed: Any) -> dict[str, Any]:
    base = {
        "generator": "g", "sample_id": "p-s0", "prompt_id": "p", "prompt": CAPTION, "seed": 3,
        "num_frames": 10, "height": 32, "width": 32, "fps": 8.0, "facts": "{}",
        "pieces": [4, 4, 4],
    }  # fmt: skip
    return {**base, **changed}


def test_a_sample_is_told_with_its_pieces_and_given_frames() -> None:
    sample = sample_info(row(), parse_suite(suite(given="image"), "here"))
    assert sample.pieces == (4, 4, 2)  # what was trimmed is no piece
    world = reference_to(load_dataset("shapes"))
    request = GenerationRequest("s", CAPTION, 8, 32, 32, 8.0, 3, dataset=world)
    assert sample.image is not None and np.array_equal(sample.image, Real().clip(request)[0])


def test_clips_made_elsewhere_have_neither() -> None:
    sample = sample_info(row(prompt="a dog", pieces=None), parse_suite(suite(given="image"), "here"))
    assert (sample.image, sample.past_frames, sample.pieces) == (None, None, ())


def test_the_given_clip_has_the_length_of_what_came_back() -> None:
    source = given_clip(row(), parse_suite(suite(given="clip"), "here"))
    assert source is not None and source.clip.frames.shape == (10, 32, 32, 3)


def test_a_generator_without_an_encoder_says_so() -> None:
    request = GenerationRequest("s", CAPTION, 1, 32, 32, 8.0, 3, clip=np.zeros((1, 32, 32, 3), np.uint8))
    with pytest.raises(RequestError, match="faulty has no encoder"):
        Faulty().reconstruct([request], RecordingContext([request]))
