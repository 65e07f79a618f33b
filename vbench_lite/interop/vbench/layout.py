"""VBench's layouts: files named PROMPT-INDEX.mp4, and full_info.json with the prompts of a benchmark.

Source: https://github.com/Vchitect/VBench, README and vbench/__init__.py (build_full_info_json): a list of
objects with `prompt_en`, `dimension` and, once built for a folder, `video_list`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vbench_lite.errors import ClipError
from vbench_lite.grouping import grouped
from vbench_lite.video.list_rows import read_text
from vbench_lite.video.manifest import FolderClip, inside
from vbench_lite.video.names import check_text, same_text

FULL_INFO = ".json"
_SHOWN = 5  # names of clips that are left out, before "and so many more"
_INDEXED = re.compile(r"(?s)(.+)-(\d{1,9})")


def named_after_prompt(clip: FolderClip) -> FolderClip:
    """The clip with the prompt and index that its file's name says: PROMPT-INDEX, or PROMPT alone."""
    stem = clip.path.stem
    match = _INDEXED.fullmatch(stem)
    if match is None:
        return replace(clip, prompt=stem)
    return replace(clip, prompt=match[1], seed=int(match[2]))


def by_prompt(clips: Sequence[FolderClip]) -> dict[str, list[FolderClip]]:
    """Clips by their prompts, in the form in which texts are compared; those of one file under both readings.

    "a car-2.mp4" is number 2 of "a car", and the only clip of the prompt "a car-2" if nothing else is.
    """
    found = grouped((same_text(clip.prompt or clip.stem), clip) for clip in clips)
    for clip in clips:
        whole = same_text(clip.path.stem)
        if clip.prompt is not None and whole not in found and clip == named_after_prompt(clip):
            found[whole] = [replace(clip, prompt=clip.path.stem, seed=None)]
    return found


@dataclass(frozen=True)
class Listed:
    """What a full_info.json and its folder give.

    Attributes:
        clips: in the order of the list, with the index as seed and what the list says of their prompts.
        absent: PROMPT-0 of each prompt without any clip.
        gaps: names of clips that are left out between two indices; of many the first few, and how many.
    """

    clips: list[FolderClip]
    absent: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()


def read_full_info(path: Path, beside: Sequence[FolderClip]) -> Listed:
    """Clips of the prompts of a full_info.json.

    An entry's `video_list` says which files are its clips; without one they are the files PROMPT-INDEX
    that lie in the folder.

    Args:
        beside: the clips of the file's folder.

    Raises:
        ClipError: no such list of prompts, or a listed file lies outside the folder.
    """
    base = path.parent.resolve()
    named = by_prompt([named_after_prompt(clip) for clip in beside])
    clips: dict[str, FolderClip] = {}
    absent: list[str] = []
    gaps: list[str] = []
    for place, entry in enumerate(_entries(path)):
        where = f"{path.name}, entry {place + 1}"
        prompt = entry["prompt_en"]
        listed = entry.get("video_list")
        if listed is not None:
            found = [_listed(base, file, prompt, where) for file in _texts(listed, where)]
        else:
            found = [replace(clip, prompt=prompt) for clip in named.get(same_text(prompt), [])]
            if found:
                gaps += _gaps(prompt, {clip.seed or 0 for clip in found})
            else:
                absent.append(f"{prompt}-0")
        for clip in found:
            facts = _facts(entry, clips[clip.name].facts if clip.name in clips else {}, where)
            clips[clip.name] = replace(clip, facts=facts)
    return Listed(list(clips.values()), tuple(dict.fromkeys(absent)), tuple(dict.fromkeys(gaps)))


def _gaps(prompt: str, there: set[int]) -> list[str]:
    """Names between the first index and the last that are not there; the first few where they are many."""
    lost = max(there) + 1 - len(there)
    first = [f"{prompt}-{i}" for i in range(min(max(there), len(there) + _SHOWN)) if i not in there][:_SHOWN]
    return [*first, f"{lost - len(first):,} more of {prompt!r}"] if lost > len(first) else first


def _entries(path: Path) -> list[dict[str, Any]]:
    try:
        data = json.loads(read_text(path))
    except (ValueError, RecursionError):
        raise ClipError(f"manifest {path}: no JSON") from None
    if not isinstance(data, list) or not data:
        raise ClipError(f"manifest {path}: must be a list of objects with prompt_en, as VBench writes it")
    for place, entry in enumerate(data):
        if not isinstance(entry, dict) or not isinstance(entry.get("prompt_en"), str):
            raise ClipError(f"{path.name}, entry {place + 1}: has no text prompt_en")
        check_text(entry["prompt_en"], f"{path.name}, entry {place + 1}: prompt_en")
    return data


def _facts(entry: Mapping[str, Any], before: Mapping[str, Any], where: str) -> dict[str, Any]:
    """What an entry says of its prompt, with what another entry of the same prompt said before."""
    dimensions, auxiliary = entry.get("dimension", []), entry.get("auxiliary_info", {})
    if not isinstance(dimensions, list) or not all(isinstance(one, str) for one in dimensions):
        raise ClipError(f"{where}: dimension must be a list of names")
    if not isinstance(auxiliary, dict):
        raise ClipError(f"{where}: auxiliary_info must be an object")
    facts: dict[str, Any] = {"auxiliary_info": {**before.get("auxiliary_info", {}), **auxiliary}}
    names = list(dict.fromkeys([*before.get("dimension", []), *dimensions]))
    return facts | ({"dimension": names} if names else {})


def _texts(listed: Any, where: str) -> list[str]:
    if not isinstance(listed, list) or not all(isinstance(file, str) and file for file in listed):
        raise ClipError(f"{where}: video_list must be a list of paths")
    return listed


def _listed(base: Path, file: str, prompt: str, where: str) -> FolderClip:
    path = inside(base, file, where)
    name = Path(os.path.relpath(os.path.normpath(path), base)).as_posix()
    clip = named_after_prompt(FolderClip(name, path))
    return replace(clip, prompt=prompt)
