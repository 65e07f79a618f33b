"""A text file with one prompt a line, and which clip beside it was made for which line.

Clips are numbered, or named after their prompts, whole or cut off as programs do that fear long names. A name
that fits no prompt, or begins several, is refused: nobody is to guess.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from vbench_lite.errors import ClipError
from vbench_lite.video.list_rows import read_text
from vbench_lite.video.manifest import FolderClip
from vbench_lite.video.names import check_text, same_text

PROMPT_LINES = ".txt"
FILE = "prompts.txt"  # where it is looked for in a folder
_NUMBER = re.compile(r"(?s)(.*?)(\d+)")
_WORDS = re.compile(r"[\W_]+")
_INDEX = re.compile(r"(?s)(.+)[-_ ](\d{1,4})")


def prompt_texts(path: Path) -> list[str]:
    """The prompts of a text file, one a line; empty lines do not count.

    Raises:
        ClipError: it cannot be read, or has no prompt.
    """
    lines = [same_text(line) for line in read_text(path).splitlines()]
    prompts = [check_text(line, f"{path.name}: a prompt") for line in lines if line]
    if not prompts:
        raise ClipError(f"{path} has no prompt; write one a line")
    return prompts


def read_prompt_lines(path: Path, clips: Sequence[FolderClip]) -> tuple[list[FolderClip], list[str]]:
    """Clips with their prompts, and the prompts that no clip was made for.

    Args:
        clips: those that lie beside the list.

    Raises:
        ClipError: it has no prompt, there is no clip, or a name fits no prompt or several.
    """
    prompts = prompt_texts(path)
    if not clips:
        raise ClipError(f"{path}: no clip lies beside it")
    numbers = _numbers(clips)
    if numbers is not None:
        placed = _by_number(numbers, prompts, path.name)
    else:
        placed = [_by_name(clip.stem.rsplit("/", 1)[-1], clip.name, prompts, path.name) for clip in clips]
    found = [replace(clip, prompt=prompts[place]) for clip, place in zip(clips, placed, strict=True)]
    return found, [text for place, text in enumerate(prompts) if place not in set(placed)]


def _numbers(clips: Sequence[FolderClip]) -> list[int] | None:
    """The numbers of clips that are named alike but for a number at the end; None if they are not."""
    matches = [_NUMBER.fullmatch(clip.stem) for clip in clips]
    known = {match[1] for match in matches if match is not None}
    numbers = [int(match[2]) for match in matches if match is not None]
    return numbers if len(known) == 1 and len(set(numbers)) == len(clips) else None


def _by_number(numbers: Sequence[int], prompts: Sequence[str], name: str) -> list[int]:
    """Places of the prompts: counted from 0 where a clip has that number, else from 1."""
    first = 0 if 0 in numbers else 1
    if max(numbers) - first >= len(prompts):
        raise ClipError(
            f"{name} has {len(prompts)} prompts, and a clip beside it the number {max(numbers)}, counted "
            f"from {first}; give each clip its line"
        )
    return [number - first for number in numbers]


def _by_name(stem: str, clip: str, prompts: Sequence[str], name: str) -> int:
    """The place of the one prompt that a name is, or is the beginning of."""
    index = _INDEX.fullmatch(stem)
    spellings = [_plain(stem), *([_plain(index[1])] if index is not None else [])]
    plain = [_plain(prompt) for prompt in prompts]
    for spelling in spellings:
        if plain.count(spelling) == 1:
            return plain.index(spelling)
        begun = [place for place, prompt in enumerate(plain) if spelling and prompt.startswith(spelling)]
        if len(begun) == 1:
            return begun[0]
        if begun:
            shown = " and ".join(repr(prompts[place]) for place in begun[:2])
            raise ClipError(
                f"{clip}: its name begins {len(begun)} prompts of {name}, {shown}; name it in full"
            )
    raise ClipError(f"{clip}: its name begins no prompt of {name}; number the clips, or write a manifest")


def _plain(text: str) -> str:
    """Letters and digits alone: what is left of a prompt in a file's name."""
    return _WORDS.sub(" ", same_text(text)).strip().casefold()
