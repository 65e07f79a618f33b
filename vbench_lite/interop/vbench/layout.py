"""VBench's layouts: files named PROMPT-INDEX.mp4, and full_info.json with the prompts of a benchmark.

Source: https://github.com/Vchitect/VBench, README and vbench/__init__.py (build_full_info_json): a list of
objects with `prompt_en`, `dimension` and, once built for a folder, `video_list`.
"""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from vbench_lite.errors import ClipError
from vbench_lite.video.manifest import FolderClip, inside

FULL_INFO = ".json"
_INDEXED = re.compile(r"(?s)(.+)-(\d{1,9})")


def named_after_prompt(clip: FolderClip) -> FolderClip:
    """The clip with the prompt and index that its file's name says: PROMPT-INDEX, or PROMPT alone."""
    stem = clip.path.stem
    match = _INDEXED.fullmatch(stem)
    if match is None:
        return replace(clip, prompt=stem)
    return replace(clip, prompt=match[1], seed=int(match[2]))


def read_full_info(path: Path, beside: Sequence[FolderClip]) -> tuple[list[FolderClip], tuple[str, ...]]:
    """Clips of the prompts of a full_info.json, in its order, and what is absent.

    An entry's `video_list` says which files are its clips; without one they are the files PROMPT-INDEX
    that lie in the folder.

    Args:
        beside: the clips of the file's folder.

    Returns:
        The clips, with the index as seed and what the list says of their prompts; and the names of clips
        that should be there: of a prompt without any clip PROMPT-0, and those left out between two indices.

    Raises:
        ClipError: no such list of prompts, or a listed file lies outside the folder.
    """
    base = path.parent.resolve()
    by_prompt: dict[str, list[FolderClip]] = defaultdict(list)
    for clip in map(named_after_prompt, beside):
        by_prompt[str(clip.prompt)].append(clip)
    clips: dict[str, FolderClip] = {}
    absent: list[str] = []
    for place, entry in enumerate(_entries(path)):
        where = f"{path.name}, entry {place + 1}"
        prompt = entry["prompt_en"]
        listed = entry.get("video_list")
        if listed is not None:
            found = [_listed(base, file, prompt, where) for file in _texts(listed, where)]
        else:
            found = by_prompt.get(prompt, [])
            there = {clip.seed or 0 for clip in found}
            absent += [f"{prompt}-{i}" for i in range(max(there, default=0) + 1) if i not in there]
        for clip in found:
            facts = _facts(entry, clips[clip.name].facts if clip.name in clips else {}, where)
            clips[clip.name] = replace(clip, facts=facts)
    return list(clips.values()), tuple(dict.fromkeys(absent))


def _entries(path: Path) -> list[dict[str, Any]]:
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise ClipError(f"manifest {path}: {getattr(error, 'strerror', None) or 'no JSON'}") from None
    if not isinstance(data, list) or not data:
        raise ClipError(f"manifest {path}: must be a list of objects with prompt_en, as VBench writes it")
    for place, entry in enumerate(data):
        if not isinstance(entry, dict) or not isinstance(entry.get("prompt_en"), str):
            raise ClipError(f"{path.name}, entry {place + 1}: has no text prompt_en")
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
