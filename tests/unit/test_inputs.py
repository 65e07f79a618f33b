"""Inputs of one's own: pictures, past clips, negative prompts of a manifest, in clips and timed calls."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from test_clip_sets import clip, manifest

from vbench_lite.adapters.reference.hybrid import Hybrid
from vbench_lite.dataset import ClipSize, Draw, Gives
from vbench_lite.datasets.clips import open_clips
from vbench_lite.errors import DatasetError, PromptError, RequestError, SpecError
from vbench_lite.generator import Family, GenerationRequest, GeneratorInfo, Task
from vbench_lite.run.plan.fit import check_task
from vbench_lite.run.plan.own_model import choose
from vbench_lite.run.plan.plan import Plan, build_plan
from vbench_lite.run.plan.prompts import suite_prompts
from vbench_lite.run.plan.spec import GeneratorSpec, RunSpec
from vbench_lite.run.timing.timed_requests import Slot, TimedRequests, suite_cases
from vbench_lite.store.schema import GeneratorEntry
from vbench_lite.suite import Suite, parse_suite
from vbench_lite.video.control_signals import control_signal

SIZE = ClipSize(4, 16, 16, 8.0)
PAST = ClipSize(3, 16, 16, 8.0)


def picture(path: Path, level: int, height: int = 32, width: int = 48) -> Path:
    cv2.imwrite(str(path), np.full((height, width, 3), level, np.uint8))
    return path


def listed(folder: Path) -> Path:
    """A clip with a picture, one with a past, one with neither; and a picture of which there is no clip."""
    for name in ("a", "b", "c"):
        clip(folder / f"{name}.mkv")
    clip(folder / "past.mkv")
    picture(folder / "a.png", 200)
    picture(folder / "d.png", 100)
    columns = ("file", "prompt", "split", "image", "past_frames", "negative_prompt", "tags")
    rows = [
        ("a.mkv", "a dog", "real", "a.png", "", "rain", ""),
        ("b.mkv", "a cat", "real", "gone.png", "past.mkv", "", ""),
        ("c.mkv", "a bird", "real", "", "", "", ""),
        ("", "a fish", "", "d.png", "", "", "water"),
    ]
    return manifest(folder, [dict(zip(columns, row, strict=True)) for row in rows])


def plan_of(folder: Path, given: str | None, task: str, controls: bool = False, **more: Any) -> Plan:
    suite = {
        "name": "own", "version": 1, "description": "", "open": True, "samples": 4,
        "prompts": {"dataset": "shapes"}, "metrics": ["frames/sharpness"], "axes": {},
        "request": {"num_frames": 4, "height": 16, "width": 16, "fps": 8, "given": given, "given_frames": 3,
                    "negative_prompt": "blur", **more},
    }  # fmt: skip
    (folder / "own.yaml").write_text(json.dumps(suite))
    generator = GeneratorSpec(label="g", adapter="faulty:Faulty", config={"tasks": [task]})
    return build_plan(
        RunSpec(
            generators=(generator,), suites=(str(folder / "own.yaml"),),
            dataset=str(folder / "list.csv"), controls=controls,
        )
    )  # fmt: skip


def asked(plan: Plan, label: str = "g") -> dict[str, GenerationRequest]:
    return {s.made.prompt: s.made for b in plan.batches for s in b.samples if b.generator == label}


def test_a_picture_of_ones_own_is_given_in_place_of_the_first_frame(tmp_path: Path) -> None:
    listed(tmp_path)
    plan = plan_of(tmp_path, "image", "i2v")
    made = asked(plan)
    levels = {
        text: int(request.image[0, 0, 0]) for text, request in made.items() if request.image is not None
    }
    assert (levels["a dog"], levels["a fish"]) == (200, 100)
    assert all(request.image is not None and request.image.shape == (16, 16, 3) for request in made.values())
    (refused,) = plan.refused
    assert refused.prompt == "a cat" and "line 3: gone.png: no such file" in str(refused.reason)


def test_the_last_frames_of_a_past_clip_are_given(tmp_path: Path) -> None:
    listed(tmp_path)
    made = asked(plan_of(tmp_path, "past_frames", "v2v"))
    past = made["a cat"].past_frames
    assert past is not None  # of 24 frames a second, every third up to the last
    assert [int(frame[0, 0, 0]) // 10 for frame in past] == [17, 20, 23]
    other = made["a dog"].past_frames
    assert other is not None and other.shape == (3, 16, 16, 3)
    assert "a fish" not in made  # nothing of it could be given, and no real clip stands in


def test_negative_prompts_are_those_of_the_prompt_before_that_of_the_suite(tmp_path: Path) -> None:
    listed(tmp_path)
    made = asked(plan_of(tmp_path, None, "t2v"))
    told = {text: request.negative_prompt for text, request in made.items()}
    assert told == {"a dog": "rain", "a cat": "blur", "a bird": "blur", "a fish": "blur"}


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    found = open_clips(listed(tmp_path))
    told = "\n".join(found.remarks(SIZE))
    for line in (
        "list.csv, line 3: gone.png: no such file, so requests that need it are refused",
        "1 of 4 prompts have no image in the manifest; it comes from their real clips, as of 'a bird'",
        "3 of 4 prompts have no past_frames in the manifest",
    ):
        assert told.count(line) == 1, (line, told)
    (fish,) = [prompt for prompt in found.prompts(Draw()) if prompt.text == "a fish"]
    assert fish.tags == ("water",) and not found.has("a fish")
    with pytest.raises(PromptError, match="has no clip of 'a fish'"):
        found.real("a fish", 0, SIZE)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"file": "a.mkv", "prompt": "", "image": "a.png"}, "image comes with a prompt, and the line"),
        ({"file": "a.mkv", "prompt": "a dog", "image": "../a.png"}, "lies outside the manifest's folder"),
        ({"file": "a.mkv", "prompt": "a dog", "image": "a.gif"}, "image a.gif is no .jpeg .jpg .png"),
        ({"file": "", "prompt": "a dog", "image": ""}, "file must be a path, got ''"),
    ],
)  # fmt: skip
def test_lines_that_cannot_be_used_are_told(tmp_path: Path, row: dict[str, str], reason: str) -> None:
    with pytest.raises(DatasetError, match=reason):
        open_clips(manifest(tmp_path, [row]))


def test_a_picture_is_never_enlarged(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", 9, height=8)
    found = open_clips(manifest(tmp_path, [{"prompt": "a dog", "image": "a.png"}]))
    with pytest.raises(RequestError, match=r"a\.png is 48x8, 16x16 is asked for"):
        found.own_input("a dog", "image", SIZE)


def test_pictures_and_prompts_alone_are_a_data_set_without_controls(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", 9)
    path = manifest(tmp_path, [{"prompt": "a dog", "image": "a.png"}])
    gives = open_clips(path).info.gives
    assert gives == {Gives.CAPTIONS, Gives.FIRST_FRAMES}
    plan = plan_of(tmp_path, "image", "i2v", controls=True)
    assert {batch.generator for batch in plan.batches} == {"g"}
    assert any("no control arm real: data set list has no clip" in note for note in plan.notes)


def test_what_is_given_is_part_of_the_content(tmp_path: Path) -> None:
    path = listed(tmp_path)
    before = open_clips(path).info.content
    picture(tmp_path / "a.png", 201)
    assert open_clips(path).info.content != before


# --- control clips ----------------------------------------------------------------------------------


def test_a_control_clip_is_the_signal_of_the_real_clip_of_the_same_seed(tmp_path: Path) -> None:
    listed(tmp_path)
    made = asked(plan_of(tmp_path, "control", "c2v", control_kind="mask"))["a dog"]
    assert made.control_clip is not None and made.control_kind == "mask"
    real = open_clips(tmp_path / "list.csv").real("a dog", made.seed, SIZE).frames()
    assert np.array_equal(made.control_clip, control_signal("mask", real))


def test_a_clip_of_ones_own_is_the_control(tmp_path: Path) -> None:
    for name in ("a", "b", "depth"):
        clip(tmp_path / f"{name}.mkv")
    rows = [
        {"file": "a.mkv", "prompt": "a dog", "split": "real", "depth": "depth.mkv"},
        {"file": "b.mkv", "prompt": "a cat", "split": "real", "depth": ""},
    ]
    manifest(tmp_path, rows)
    plan = plan_of(tmp_path, "control", "c2v", control_kind="depth")
    made = asked(plan)["a dog"]
    assert made.control_clip is not None and made.control_clip.shape == (4, 16, 16, 3)
    assert [record.reason for record in plan.refused] == [
        "not applicable: data set list has no depth for 'a cat'"
    ]
    with pytest.raises(SpecError, match="data set list gives no pose; a manifest can"):
        plan_of(tmp_path, "control", "c2v", control_kind="pose")


def test_a_generator_that_follows_nothing_or_another_kind_says_so(tmp_path: Path) -> None:
    listed(tmp_path)
    told = {record.reason for record in plan_of(tmp_path, "control", "t2v", control_kind="blur").refused}
    assert told == {"not applicable: it makes t2v only, and this suite gives a control clip of blur (c2v)"}
    info = GeneratorInfo("g", Family.EXTERNAL, tasks=(Task.C2V,), controls=("depth",))
    with pytest.raises(RequestError, match="it follows depth only, and this suite gives"):
        check_task(info, timed_suite(given="control", control_kind="blur").request)


@pytest.mark.parametrize("request_", [{"given": "control"}, {"control_kind": "edges"}])
def test_a_control_and_its_kind_come_together(request_: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match="given: control and control_kind come together"):
        timed_suite(**request_)


# --- timed calls ------------------------------------------------------------------------------------


def timed(suite: Suite, index: int = 1, **sweep: Any) -> list[GenerationRequest]:
    info = Hybrid().info.as_dict()
    entry = GeneratorEntry("h", "reference/hybrid", {}, "cpu", 2, info, "0")
    cases = suite_cases(suite)
    return TimedRequests(suite, suite_prompts(suite)).of_call(Slot(entry, cases[-1], 0), index)


def timed_suite(**request: Any) -> Suite:
    return parse_suite(
        {
            "name": "timed", "version": 1, "description": "", "prompts": {"dataset": "shapes", "count": 3},
            "request": {"num_frames": 8, "negative_prompt": "blur", **request}, "axes": {},
            "metrics": ["speed/latency_s"], "performance": {"sweep": {"frames": [12]}},
        },
        "here",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "shapes"),
    [
        (None, (None, None, None)),
        ("image", ((32, 32, 3), None, None)),
        ("past_frames", (None, (5, 32, 32, 3), None)),
        ("clip", (None, None, (12, 32, 32, 3))),
        ("control", (None, None, None, (12, 32, 32, 3))),
    ],
)
def test_timed_calls_are_given_what_the_suite_gives(given: str | None, shapes: tuple[Any, ...]) -> None:
    kind = {"control_kind": "edges"} if given == "control" else {}
    first, second = timed(timed_suite(given=given, given_frames=5, **kind))
    values = (first.image, first.past_frames, first.clip, first.control_clip)[: len(shapes)]
    found = [getattr(value, "shape", None) for value in values]
    assert tuple(found) == shapes
    assert (first.num_frames, first.negative_prompt) == (12, "blur")
    if given == "image":
        assert (
            first.image is not None
            and second.image is not None
            and not np.array_equal(first.image, second.image)
        )


def test_a_timed_call_has_the_picture_of_the_clip_of_its_seed() -> None:
    suite = timed_suite(given="image")
    first, again = timed(suite)[0], timed(suite)[0]
    assert first.image is not None and again.image is not None and np.array_equal(first.image, again.image)


# --- try --------------------------------------------------------------------------------------------


def test_a_model_that_needs_a_picture_is_tried_on_the_suite_that_gives_one(tmp_path: Path) -> None:
    import tiny_pipelines

    choice = choose(str(tiny_pipelines.folder("svd")))
    assert choice.suite == "image-to-video"
    assert "suite image-to-video: it makes i2v" in choice.reasons
