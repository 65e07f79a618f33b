"""VBench's layouts: names made of prompt and index, and full_info.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbench_lite.errors import ClipError
from vbench_lite.interop.vbench.layout import named_after_prompt
from vbench_lite.video.folder import find_clips
from vbench_lite.video.manifest import FolderClip


def lay_out(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"x")


def facts(path: Path) -> list[tuple[Any, ...]]:
    return [(clip.name, clip.prompt, clip.seed) for clip in find_clips(path, names="prompt").clips]


@given(
    prompt=st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1),
    index=st.integers(0, 99),
)
def test_every_name_gives_back_prompt_and_index(prompt: str, index: int) -> None:
    name = f"{prompt}-{index}.mp4"
    clip = named_after_prompt(FolderClip(name, Path("/clips") / name))
    assert (clip.prompt, clip.seed) == (prompt, index)


def test_a_name_without_index_is_the_prompt() -> None:
    clip = named_after_prompt(FolderClip("a cat.mp4", Path("a cat.mp4")))
    assert (clip.prompt, clip.seed) == ("a cat", None)


def test_a_folder_is_read_by_its_names_where_that_is_asked_for(tmp_path: Path) -> None:
    lay_out(tmp_path, "a cat-1.mp4", "a cat-0.mp4", "sub/a dog-10.mp4", "t-shirt.mp4")
    assert facts(tmp_path) == [
        ("a cat-0.mp4", "a cat", 0),
        ("a cat-1.mp4", "a cat", 1),
        ("sub/a dog-10.mp4", "a dog", 10),
        ("t-shirt.mp4", "t-shirt", None),
    ]
    assert {clip.prompt for clip in find_clips(tmp_path).clips} == {None}


def test_full_info_finds_its_clips_by_name_and_tells_what_is_absent(tmp_path: Path) -> None:
    lay_out(tmp_path, "a dog-0.mp4", "a dog-2.mp4", "a cat-0.mp4", "stray-0.mp4")
    entries = [{"prompt_en": p, "dimension": ["color"]} for p in ("a cat", "a dog", "a cow")]
    (tmp_path / "full_info.json").write_text(json.dumps(entries))
    folder = find_clips(tmp_path / "full_info.json")
    assert [(c.name, c.prompt, c.seed) for c in folder.clips] == [
        ("a cat-0.mp4", "a cat", 0),
        ("a dog-0.mp4", "a dog", 0),
        ("a dog-2.mp4", "a dog", 2),
    ]
    assert folder.missing == ("a dog-1", "a cow-0")
    assert folder.extra == ("stray-0.mp4",)


def test_full_info_that_was_built_lists_its_clips(tmp_path: Path) -> None:
    lay_out(tmp_path, "x/a-3.mp4", "b.mp4")
    listed = ["x/a-3.mp4", str(tmp_path / "b.mp4"), "gone.mp4"]
    (tmp_path / "full_info.json").write_text(json.dumps([{"prompt_en": "p", "video_list": listed}]))
    folder = find_clips(tmp_path / "full_info.json")
    assert [(c.name, c.prompt, c.seed) for c in folder.clips] == [
        ("x/a-3.mp4", "p", 3),
        ("b.mp4", "p", None),
        ("gone.mp4", "p", None),
    ]
    assert folder.missing == ("gone.mp4",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "no JSON"),
        ("{}", "must be a list of objects with prompt_en"),
        ("[]", "must be a list of objects with prompt_en"),
        ('[{"prompt_en": "a"}, {"prompt": "b"}]', "entry 2: has no text prompt_en"),
        ('[{"prompt_en": "a", "video_list": "b.mp4"}]', "entry 1: video_list must be a list of paths"),
        ('[{"prompt_en": "a", "video_list": ["../b.mp4"]}]', "entry 1: ../b.mp4 lies outside"),
        ('[{"prompt_en": "a", "video_list": ["/etc/passwd"]}]', "entry 1: /etc/passwd lies outside"),
    ],
)
def test_bad_files_name_entry_and_value(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "full_info.json").write_text(text)
    with pytest.raises(ClipError, match=message):
        find_clips(tmp_path / "full_info.json")


def test_manifests_tell_missing_and_extra_files(tmp_path: Path) -> None:
    lay_out(tmp_path, "a.mp4", "b.mp4")
    (tmp_path / "list.csv").write_text("file\na.mp4\ngone.mp4\n")
    folder = find_clips(tmp_path / "list.csv")
    assert (folder.missing, folder.extra) == (("gone.mp4",), ("b.mp4",))
    assert find_clips(tmp_path).extra == ()
