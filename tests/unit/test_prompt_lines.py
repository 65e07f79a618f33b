"""A list of prompts, one a line, and the clips that were made for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from vbench_lite.errors import ClipError
from vbench_lite.video.folder import find_clips

PROMPTS = ("a dog runs over a field of red flowers", "a cat, asleep", "a dog runs home")


def folder(path: Path, *names: str) -> Path:
    (path / "prompts.txt").write_text("\n".join(PROMPTS) + "\n\n")
    for name in names:
        (path / name).touch()
    return path


def prompts(path: Path) -> dict[str, str | None]:
    return {clip.name: clip.prompt for clip in find_clips(path).clips}


@pytest.mark.parametrize("first", [0, 1])
def test_numbered_clips_are_of_the_lines_in_order(tmp_path: Path, first: int) -> None:
    names = [f"clip_{number:04}.mp4" for number in range(first, first + 3)]
    found = prompts(folder(tmp_path, *names))
    assert found == dict(zip(names, PROMPTS, strict=True))
    assert prompts(tmp_path / "prompts.txt") == found


def test_names_that_are_cut_off_or_have_an_index_belong_to_the_one_prompt_that_they_begin(
    tmp_path: Path,
) -> None:
    found = folder(tmp_path, "a_dog_runs_over_a_fie.mp4", "a cat  asleep-0.mp4", "a cat  asleep-1.mp4")
    assert prompts(found) == {
        "a_dog_runs_over_a_fie.mp4": PROMPTS[0],
        "a cat  asleep-0.mp4": PROMPTS[1],
        "a cat  asleep-1.mp4": PROMPTS[1],
    }
    assert find_clips(found).absent == (PROMPTS[2],)


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (
            ("a_dog_runs.mp4",),
            r"a_dog_runs\.mp4: its name begins 2 prompts of prompts\.txt, 'a dog runs over",
        ),
        (("a bird.mp4",), r"a bird\.mp4: its name begins no prompt of prompts\.txt; number the clips"),
        (
            ("1.mp4", "4.mp4"),
            r"prompts\.txt has 3 prompts, and a clip beside it the number 4, counted from 1",
        ),
        ((), "no clip lies beside it"),
    ],
)
def test_what_cannot_be_told_apart_is_refused_in_one_line(
    tmp_path: Path, names: tuple[str, ...], reason: str
) -> None:
    with pytest.raises(ClipError, match=reason) as caught:
        find_clips(folder(tmp_path, *names))
    assert len(str(caught.value).splitlines()) == 1


def test_an_empty_list_is_none(tmp_path: Path) -> None:
    folder(tmp_path, "0.mp4")
    (tmp_path / "prompts.txt").write_text("\n")
    with pytest.raises(ClipError, match="has no prompt; write one a line"):
        find_clips(tmp_path)
