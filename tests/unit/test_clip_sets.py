"""Data sets of real clips: which windows a file gives, who is held out, and what is told of bad lines."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vbench_lite.dataset import ClipSize, Draw, Gives, load_dataset
from vbench_lite.datasets.clips import open_clips
from vbench_lite.datasets.windows import Recording, cut
from vbench_lite.errors import DatasetError, PromptError, RequestError
from vbench_lite.run.plan.plan import build_plan
from vbench_lite.run.plan.spec import GeneratorSpec, RunSpec
from vbench_lite.video.encode import write_lossless

SIZE = ClipSize(4, 16, 16, 8.0)


def clip(path: Path, count: int = 24, height: int = 32, width: int = 48, fps: float = 24.0) -> Path:
    """Frame i is grey of level 10 i."""
    levels = (np.arange(count) * 10).astype(np.uint8)
    frames = np.broadcast_to(levels[:, None, None, None], (count, height, width, 3))
    write_lossless(path, np.ascontiguousarray(frames), fps)
    return path


def manifest(folder: Path, rows: list[dict[str, str]], name: str = "list.csv") -> Path:
    path = folder / name
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def recording(path: Path, **facts: Any) -> Recording:
    return Recording(path.name, path, path.name, **facts)


# --- windows ----------------------------------------------------------------------------------------


def test_every_third_frame_of_24_a_second_is_8_a_second(tmp_path: Path) -> None:
    windows = cut(recording(clip(tmp_path / "a.mkv")), SIZE)
    assert [window.start for window in windows] == [0, 6, 12]
    assert [int(frame[0, 0, 0]) // 10 for frame in windows[1].frames()] == [6, 9, 12, 15]
    assert windows[1].frames().shape == (4, 16, 16, 3)


def test_a_part_of_a_file_gives_no_window_across_its_ends(tmp_path: Path) -> None:
    one = recording(clip(tmp_path / "a.mkv"), first=3, last=14)
    assert [window.start for window in cut(one, SIZE)] == [3]


@pytest.mark.parametrize(
    ("size", "reason"),
    [
        (ClipSize(9, 16, 16, 8.0), r"a\.mkv is too short: 8 frames at 8 a second, 9 are asked for"),
        (ClipSize(4, 64, 64, 8.0), r"a\.mkv is 48x32, 64x64 is asked for, and real clips are never enlarged"),
        (ClipSize(4, 16, 16, 48.0), r"a\.mkv has 24 frames a second, which gives 24; 48 are asked for"),
    ],
)
def test_what_a_file_cannot_give_is_refused_with_the_reason(
    tmp_path: Path, size: ClipSize, reason: str
) -> None:
    with pytest.raises(RequestError, match=reason):
        cut(recording(clip(tmp_path / "a.mkv")), size)


def test_the_centre_of_the_asked_aspect_is_shown(tmp_path: Path) -> None:
    frames = np.zeros((4, 16, 32, 3), np.uint8)
    frames[:, :, 8:24] = 200  # the middle square
    write_lossless(tmp_path / "a.mkv", frames, 8.0)
    (window,) = cut(recording(tmp_path / "a.mkv"), ClipSize(4, 8, 8, 8.0))
    assert (window.frames() == 200).all()
    (bars,) = cut(recording(tmp_path / "a.mkv", crop=(0, 0, 16, 16)), ClipSize(4, 8, 8, 8.0))
    assert bars.frames()[0, 0, :, 0].tolist() == [0] * 4 + [200] * 4


# --- sides ------------------------------------------------------------------------------------------


def captioned(folder: Path, count: int, **columns: list[str]) -> Path:
    rows = []
    for index in range(count):
        clip(folder / f"c{index}.mkv")
        row = {"file": f"c{index}.mkv", "prompt": f"scene {index}"}
        rows.append(row | {name: values[index] for name, values in columns.items()})
    return manifest(folder, rows)


def test_clips_without_a_caption_are_the_reference(tmp_path: Path) -> None:
    found = open_clips(captioned(tmp_path, 4, prompt=["one", "", "two", ""]))
    assert [prompt.text for prompt in found.prompts(Draw())] in (["one", "two"], ["two", "one"])
    assert {clip.source for clip in found.reference(Draw(), SIZE)} == {"c1.mkv", "c3.mkv"}


def test_every_third_recording_is_reference_where_nobody_says(tmp_path: Path) -> None:
    found = open_clips(captioned(tmp_path, 6))
    assert len(found.prompts(Draw())) == 4
    assert len({clip.source for clip in found.reference(Draw(), SIZE)}) == 2


def test_one_recording_gives_controls_and_no_reference_and_says_why(tmp_path: Path) -> None:
    found = open_clips(captioned(tmp_path, 3, source=["tape"] * 3))
    assert len(found.prompts(Draw())) == 3 and Gives.REFERENCE not in found.info.gives
    with pytest.raises(DatasetError, match="one source recording"):
        found.reference(Draw(), SIZE)


def test_without_captions_there_is_an_unpaired_ceiling_and_a_reference(tmp_path: Path) -> None:
    for index in range(3):
        clip(tmp_path / f"c{index}.mkv")
    found = load_dataset(str(tmp_path))
    assert Gives.CAPTIONS not in found.info.gives and {Gives.REAL, Gives.REFERENCE} <= found.info.gives
    assert found.real(None, 1, SIZE).frames().shape == (4, 16, 16, 3)
    with pytest.raises(PromptError):
        found.real("a dog", 1, SIZE)


def test_a_text_beside_a_clip_is_its_caption(tmp_path: Path) -> None:
    clip(tmp_path / "dog.mkv")
    (tmp_path / "dog.txt").write_text("a dog\nruns\n")
    assert [prompt.text for prompt in load_dataset(str(tmp_path)).prompts(Draw())] == ["a dog runs"]


def test_content_is_that_of_the_files_wherever_they_lie(tmp_path: Path) -> None:
    first, second = tmp_path / "one", tmp_path / "two"
    for folder in (first, second):
        folder.mkdir()
        captioned(folder, 2)
    same = [open_clips(folder / "list.csv").info.content for folder in (first, second)]
    assert same[0] == same[1]
    clip(second / "c1.mkv", count=20)
    assert open_clips(second / "list.csv").info.content != same[0]


# --- bad input --------------------------------------------------------------------------------------


def test_bad_lines_are_told_and_the_rest_is_used(tmp_path: Path) -> None:
    for name, count in (("good", 24), ("twin", 24), ("short", 5), ("left", 24), ("right", 24)):
        clip(tmp_path / f"{name}.mkv", count=count)
    rows = [
        ("good.mkv", "a dog", "", "real", ""),
        ("gone.mkv", "a cat", "", "real", ""),
        ("twin.mkv", "a dog", "", "real", ""),
        ("short.mkv", "a bird", "", "real", ""),
        ("left.mkv", "a fish", "tape", "real", "7"),
        ("right.mkv", "", "tape", "reference", ""),
        ("../out.mkv", "a cow", "", "", ""),
        ("good.mkv", "again", "", "", ""),
    ]
    columns = ("file", "prompt", "source", "split", "mood")
    found = open_clips(manifest(tmp_path, [dict(zip(columns, row, strict=True)) for row in rows]))
    told = "\n".join(found.remarks(SIZE))
    for line in (
        "gone.mkv: no such file",
        "twin.mkv: its caption is that of good.mkv already",
        "short.mkv is too short: 2 frames at 8 a second, 4 are asked for",
        "source tape stands on both sides of the split; it is held out",
        "line 8: ../out.mkv lies outside the manifest's folder",
        "line 9: good.mkv is named twice",
        "not read: mood",
    ):
        assert told.count(line) == 1, (line, told)
    assert {prompt.text for prompt in found.prompts(Draw())} == {"a dog", "a cat", "a bird", "a fish"}


def open_spec(folder: Path, **more: Any) -> RunSpec:
    """One generator on an open suite of four prompts."""
    suite = {
        "name": "own", "version": 1, "description": "", "open": True,
        "prompts": {"dataset": "shapes", "count": 4},
        "request": {"num_frames": 4, "height": 16, "width": 16, "fps": 8},
        "metrics": ["frames/sharpness"], "axes": {}, "reference": {"count": 4},
    }  # fmt: skip
    (folder / "own.yaml").write_text(json.dumps(suite))
    generators = (GeneratorSpec(label="g", adapter="faulty:Faulty"),)
    return RunSpec(generators=generators, suites=(str(folder / "own.yaml"),), **more)


def test_a_run_uses_the_rest_and_its_coverage_says_so(tmp_path: Path) -> None:
    listed = captioned(tmp_path, 4, split=["real", "real", "reference", "reference"])
    (tmp_path / "c1.mkv").unlink()
    spec = open_spec(tmp_path, dataset=str(listed), size="4x24x24@8")
    plan = build_plan(spec)
    made = [(batch.generator, sample.made.prompt) for batch in plan.batches for sample in batch.samples]
    assert sorted(text for label, text in made if label == "g") == ["scene 0", "scene 1"]
    assert [text for label, text in made if label == "real"] == ["scene 0"]
    (refused,) = [record for record in plan.refused if record.generator == "real"]
    assert "c1.mkv: no such file" in str(refused.reason)
    assert any("c1.mkv: no such file" in note for note in plan.notes)
    assert plan.batches[0].samples[0].made.height == 24
    assert plan.suites[0].data is not None and plan.suites[0].data.name == "list"


def test_another_size_or_data_set_is_another_protocol(tmp_path: Path) -> None:
    listed = captioned(tmp_path, 4)
    hashes = {
        build_plan(open_spec(tmp_path, controls=False, **more)).suites[0].content_sha256()
        for more in (
            {},
            {"size": "4x32x32@8"},
            {"dataset": str(listed)},
            {"dataset": str(listed), "size": "4x32x32@8"},
        )
    }
    assert len(hashes) == 4
