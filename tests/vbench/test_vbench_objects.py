"""Objects, colours and places that prompts ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import random_weights

from vbench_lite.clip import ClipInfo
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Frames, SampleInfo
from vbench_lite.suites.alignment import detector as detection
from vbench_lite.suites.alignment import objects, scenes_of_objects
from vbench_lite.suites.alignment.detector import Box
from vbench_lite.suites.alignment.scenes_of_objects import Place


def sample(prompt: str | None, facts: Mapping[str, Any] | None = None) -> SampleInfo:
    return SampleInfo("g", "s", "p", prompt, 0, facts=facts or {})


class Told:
    """A detector that finds on the n-th frame what it is told; frames carry their number."""

    def __init__(self, seen: Sequence[Mapping[str, Box]]) -> None:
        self.seen = seen
        self.frames: list[int] = []

    def best(self, frame: Frames, texts: Sequence[str]) -> list[Box | None]:
        place = int(frame[0, 0, 0])
        self.frames.append(place)
        return [self.seen[place % len(self.seen)].get(text) for text in texts]


def score(
    kind: type[Any], prompt: str, seen: Sequence[Mapping[str, Box]], monkeypatch: pytest.MonkeyPatch,
    count: int = 16,
) -> float:  # fmt: skip
    told = Told(seen)
    monkeypatch.setattr(objects, "detector", lambda: told)
    frames = np.arange(count, dtype=np.uint8)[:, None, None, None].repeat(3, 3)
    metric = kind()
    metric.start(ClipInfo("clip", count, 1, 1, 8.0), sample(prompt))
    for start in range(0, count, 5):
        metric.push(frames[start : start + 5], np.arange(start, min(count, start + 5)))
    assert told.frames == objects.middle_frames(count)
    return float(metric.finish({}))


def box(x: float, y: float, score: float = 0.9) -> Box:
    return Box(x - 5, y - 5, x + 5, y + 5, score)


LEFT, RIGHT, BELOW = box(20, 50), box(80, 50), box(20, 90)


def test_the_middle_frame_of_each_part() -> None:
    assert objects.middle_frames(16) == list(range(16))
    assert objects.middle_frames(3) == [0, 1, 2]
    assert objects.middle_frames(160)[:3] == [4, 14, 24]
    assert objects.middle_frames(33)[:3] == [0, 2, 4]


def test_share_of_frames_with_one_object_and_with_both(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = [{"bird": LEFT}, {"bird": LEFT, "cat": RIGHT}, {}, {"cat": RIGHT}]
    assert score(objects.ObjectClass, "a bird", seen, monkeypatch) == 0.5
    assert score(objects.MultipleObjects, "a bird and a cat", seen, monkeypatch) == 0.25
    assert score(objects.ObjectClass, "a bird", seen, monkeypatch, count=40) == 0.5


def test_left_is_not_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """The published tool ignores the sign."""
    prompts = {place: f"a cup {place} a lamp, front view" for place in ("on the left of", "on the right of")}
    seen = [{"cup": LEFT, "lamp": RIGHT}]
    assert score(objects.ObjectPlaces, prompts["on the left of"], seen, monkeypatch) == 1
    assert score(objects.ObjectPlaces, prompts["on the right of"], seen, monkeypatch) == 0
    above = [{"cup": LEFT, "lamp": BELOW}]
    assert score(objects.ObjectPlaces, "a cup on the top of a lamp", above, monkeypatch) == 1
    assert score(objects.ObjectPlaces, "a cup on the bottom of a lamp", above, monkeypatch) == 0
    assert score(objects.ObjectPlaces, "a cup on the top of a lamp", [{"cup": LEFT}], monkeypatch) == 0


@pytest.mark.parametrize("place", list(Place))
def test_one_place_at_most_holds(place: Place) -> None:
    for x, y in ((0, 9), (9, 0), (-9, 1), (1, -9), (9, 9), (0, 0)):
        holding = [one for one in Place if objects.stands(box(x, y), one, box(0, 0))]
        assert len(holding) <= 1
        assert objects.stands(box(x, y), place, box(0, 0)) == (holding == [place])


def test_a_clip_without_the_object_counts_as_0_and_is_not_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert score(objects.ObjectColour, "a red cup", [{}], monkeypatch) == 0
    seen = [
        {"red cup": box(1, 1, 0.8), "pink cup": box(1, 1, 0.7)},
        {"red cup": box(1, 1, 0.5), "pink cup": box(1, 1, 0.7)},
    ]
    assert score(objects.ObjectColour, "a red cup", seen, monkeypatch) == 0.5


@pytest.mark.parametrize(
    ("read", "prompt", "expected"),
    [
        (scenes_of_objects.one_object, "a bicycle", "bicycle"),
        (scenes_of_objects.one_object, "an umbrella.", "umbrella"),
        (scenes_of_objects.two_objects, "a bird and a cat", ("bird", "cat")),
        (scenes_of_objects.coloured_object, "a red bicycle", ("red", "bicycle")),
    ],
)
def test_prompts_are_read(read: Any, prompt: str, expected: object) -> None:
    assert read(sample(prompt)) == expected


def test_the_prompt_list_goes_before_the_prompt() -> None:
    facts = {
        "auxiliary_info": {
            "multiple_objects": {"object": "bird and cat"},
            "spatial_relationship": {
                "spatial_relationship": {"object_a": "a", "object_b": "b", "relationship": "on the left of"}
            },
        }
    }
    known = sample("whatever it says", facts)
    assert scenes_of_objects.two_objects(known) == ("bird", "cat")
    assert scenes_of_objects.placed_objects(known) == scenes_of_objects.Placed("a", Place.LEFT, "b")
    for read in (scenes_of_objects.one_object, scenes_of_objects.coloured_object):
        with pytest.raises(NotApplicable, match="does not read"):
            read(known)


# --- the detector with random weights ---------------------------------------------------------------


@pytest.fixture
def tiny_owlv2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """OWLv2 of two narrow layers in the layout of the hub, imported as a folder."""
    from vbench_lite.weights import files

    folder = tmp_path / "hub"
    random_weights.owlv2(folder)
    monkeypatch.setitem(os.environ, "VBENCH_LITE_CACHE", str(tmp_path / "cache"))
    files.import_file(detection.KEY, folder, unverified=True)
    yield


def test_the_detector_runs_from_the_folder_of_the_cache(
    tiny_owlv2: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detection, "THRESHOLD", 0.0)
    frame = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    found = detection.detector()
    boxes = found.best(frame, ["red cup", "lamp"])
    assert len(boxes) == 2 and any(one is not None for one in boxes)
    for one in filter(None, boxes):
        assert 0 <= one.score <= 1 and one.left < one.right and one.top < one.bottom
    assert found.best(frame, ["red cup", "lamp"]) is boxes
    assert detection.detector() is found
