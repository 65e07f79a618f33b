"""Lists and names as other systems write them: line ends, Unicode, seeds, prompts, links, pictures."""

from __future__ import annotations

import csv
import json
import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from clip_files import moving_square
from PIL import Image

from vbench_lite.cli import main as program
from vbench_lite.dataset import with_ids
from vbench_lite.datasets.clips import open_clips
from vbench_lite.errors import ClipError
from vbench_lite.interop.vbench.layout import by_prompt, named_after_prompt
from vbench_lite.run.scoring.score_folder import score_clips
from vbench_lite.video.decode import ClipReader, write_lossless
from vbench_lite.video.folder import find_clips
from vbench_lite.video.manifest import MOST_SEED, FolderClip, read_manifest

METRIC = "vbench/temporal_flickering"


def clip(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_lossless(path, moving_square(3), 8.0)
    return path


# --- texts ------------------------------------------------------------------------------------------

PROMPTS = ["a\nb", "a\r\nb", "a\u2028b", "a\u0085b", "a\x0cb", 'a "b", c', "x" * 200_000]


def test_rows_end_where_the_format_says(tmp_path: Path) -> None:
    rows = [{"file": f"{place}.mkv", "prompt": prompt} for place, prompt in enumerate(PROMPTS)]
    with (tmp_path / "m.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["file", "prompt"])
        writer.writeheader()
        writer.writerows(rows)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (tmp_path / "m.jsonl").write_text(lines, newline="", encoding="utf-8")
    for name in ("m.csv", "m.jsonl"):
        assert [one.prompt for one in read_manifest(tmp_path / name)] == PROMPTS
    (tmp_path / "m.csv").write_text("file,prompt\ra.mkv,x\r", newline="")
    assert [one.prompt for one in read_manifest(tmp_path / "m.csv")] == ["x"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("m.csv", 'file,prompt\na.mkv,"x\n', "line [23]: no CSV: a quote is not closed"),
        ("m.csv", "file,file,prompt\na,b,c\n", "line 1: a column is named twice"),
        ("m.jsonl", '{"file": "a.mkv", "prompt": "\\ud800"}', "prompt holds U\\+D800, half of a surrogate"),
        ("m.jsonl", '{"file": "\\udfff.mkv"}', "the file's name holds U\\+DFFF"),
        ("m.jsonl", '{"file": "a\\u0000.mkv"}', "holds a NUL"),
        ("m.jsonl", "[" * 100_000, "line 1: no JSON"),
        ("m.jsonl", f'{{"file": "a.mkv", "seed": {2**64}}}', r"seeds go from -2\^63 to 2\^64 - 1"),
        ("i.json", "[" * 100_000, "no JSON"),
        ("i.json", '[{"prompt_en": "\\ud800"}]', "entry 1: prompt_en holds U\\+D800"),
        ("i.json", '[{"prompt_en": "a", "video_list": ["a\\u0000"]}]', "holds a NUL"),
        ("i.json", '[{"prompt_en": "a"}, {"prompt_en": "b"}]', "no clip of any of its 2 prompts"),
    ],
)  # fmt: skip
def test_a_list_that_is_none_is_one_line(tmp_path: Path, name: str, content: str, said: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(ClipError, match=said) as caught:
        find_clips(tmp_path / name)
    assert "\n" not in str(caught.value) and name in str(caught.value)


@pytest.mark.parametrize("seed", [2**53 + 1, 10**18, MOST_SEED, -(2**63)])
def test_seeds_of_64_bits_are_kept_exactly(tmp_path: Path, seed: int) -> None:
    (tmp_path / "m.csv").write_text(f"file,seed\na.mkv,{seed}\n")
    (tmp_path / "m.jsonl").write_text(json.dumps({"file": "a.mkv", "seed": seed}))
    assert [read_manifest(tmp_path / name)[0].seed for name in ("m.csv", "m.jsonl")] == [seed] * 2


def test_names_that_no_file_can_have_are_absent_files(tmp_path: Path) -> None:
    clip(tmp_path / "a.mkv")
    (tmp_path / "loop.mkv").symlink_to("loop.mkv")
    (tmp_path / "m.csv").write_text(f"file\na.mkv\nloop.mkv\n{'x' * 5000}.mkv\n")
    scores = score_clips(tmp_path / "m.csv", [METRIC])
    assert list(scores.samples) == ["a.mkv"] and len(scores.errors) == 2


def test_manifests_of_data_sets_are_cut_alike(tmp_path: Path) -> None:
    clip(tmp_path / "a.mkv")
    clip(tmp_path / "b.mkv")
    (tmp_path / "m.csv").write_text(
        'file,prompt,tags\na.mkv,"red\nball",x\u2028y\nb.mkv,two,\n', encoding="utf-8"
    )
    assert [one.prompt for one in open_clips(tmp_path / "m.csv").recordings] == ["red ball", "two"]
    rows = [{"file": "a.mkv", "prompt": "one\u0085two"}, {"file": "b.mkv", "prompt": "\ud800"}]
    (tmp_path / "m.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    assert [one.prompt for one in open_clips(tmp_path / "m.jsonl").recordings] == ["one two"]


# --- prompts ------------------------------------------------------------------------------------------


def test_composed_and_decomposed_letters_are_the_same_prompt(tmp_path: Path) -> None:
    prompt = "a caf\u00e9"
    decomposed = unicodedata.normalize("NFD", prompt)
    folder = clip(tmp_path / "mac" / f"{decomposed}-0.mkv").parent
    (folder / "i.json").write_text(json.dumps([{"prompt_en": prompt}]))
    (found,) = find_clips(folder / "i.json").clips
    assert found.prompt == prompt
    assert with_ids([prompt])[0].prompt_id == with_ids([decomposed])[0].prompt_id
    clip(tmp_path / "real" / f"{prompt}-0.mkv")
    paired = score_clips(folder / "i.json", ["reconstruction/psnr"], reference=tmp_path / "real").samples
    assert [list(values) for values in paired.values()] == [["reconstruction/psnr"]]


def test_a_name_of_two_readings_is_read_as_what_is_asked_for() -> None:
    clips = [named_after_prompt(FolderClip(name, Path(name))) for name in ("a car-2.mp4", "b-0.mp4", "b.mp4")]
    found = by_prompt(clips)
    assert [(one.name, one.seed) for one in found["a car"]] == [("a car-2.mp4", 2)]
    assert [(one.name, one.seed) for one in found["a car-2"]] == [("a car-2.mp4", None)]
    assert [one.name for one in found["b"]] == ["b-0.mp4", "b.mp4"]


def test_prompts_without_clips_and_links_to_folders_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip(tmp_path / "f" / "c-0.mkv")
    clip(tmp_path / "f" / "c-900000000.mkv")
    clip(tmp_path / "other" / "d.mkv")
    (tmp_path / "f" / "linked").symlink_to(tmp_path / "other")
    (tmp_path / "f" / "i.json").write_text(json.dumps([{"prompt_en": p} for p in "abc"]))
    where = ["--root", str(tmp_path / "root"), "--metric", METRIC]
    assert program.call(["score", str(tmp_path / "f" / "i.json"), *where]) == 3
    said = capsys.readouterr().err
    for name in ("a-0", "b-0", "linked"):
        assert f"failed: {name}: " in said
    scores = score_clips(tmp_path / "f" / "i.json", [METRIC])
    assert "899,999,994 more of 'c'" in scores.flags["i.json"][0], "a billion names are not written out"
    assert program.call(["score", str(tmp_path / "f"), *where]) == 3


def test_names_that_are_no_utf_8_stay_apart_and_take_nobody_with_them(tmp_path: Path) -> None:
    clip(tmp_path / "good.mkv")
    for byte in (b"\xe9", b"\xea"):
        os.link(tmp_path / "good.mkv", os.fsencode(tmp_path) + b"/" + byte + b".mkv")
    scores = score_clips(tmp_path, [METRIC])
    assert {*scores.samples, *scores.errors} == {"good.mkv", r"\xe9.mkv", r"\xea.mkv"}
    assert scores.samples["good.mkv"]


# --- pictures ---------------------------------------------------------------------------------------------


def test_a_folder_of_numbered_pictures_is_a_clip(tmp_path: Path) -> None:
    frames = moving_square(11)
    for place, frame in enumerate(frames):
        path = tmp_path / "clips" / "walk" / f"frame_{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(frame).save(path)
    (tmp_path / "clips" / "notes.png").write_bytes(b"one picture is no clip")
    (found,) = find_clips(tmp_path / "clips").clips
    assert found.name == "walk"
    with ClipReader(found.path) as reader:
        assert np.array_equal(np.stack(list(reader.frames())), frames), "in the order of their numbers"
        assert reader.info.fps is None and reader.flags == ("a folder of pictures says no frame rate",)
    (tmp_path / "clips" / "walk" / "frame_4.png").unlink()
    with ClipReader(found.path) as reader:
        assert "1 number(s) between the first and the last picture are missing" in reader.flags


def test_an_animated_webp_is_read_with_its_times(tmp_path: Path) -> None:
    images = [Image.fromarray(frame) for frame in moving_square(5)]
    path = tmp_path / "a.webp"
    images[0].save(path, save_all=True, append_images=images[1:], duration=[100, 100, 700, 100, 100],
                   lossless=True)  # fmt: skip
    with ClipReader(path) as reader:
        assert np.array_equal(np.stack(list(reader.frames())), moving_square(5))
        assert reader.info.times is not None
        assert reader.info.times.tolist() == pytest.approx([0, 0.1, 0.2, 0.9, 1.0, 1.1])
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ClipError, match=r"^a.webp: truncated"):
        ClipReader(path)
