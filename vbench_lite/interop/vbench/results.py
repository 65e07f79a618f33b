"""VBench's result files, `NAME_eval_results.json`: a value for each dimension, and of each video.

    {"subject_consistency": [0.95, [{"video_path": "...", "video_results": 0.94}, ...]], ...}

Values of sets are fractions in 0..1. Several files, one a dimension, are read as one result.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vbench_lite.errors import SpecError
from vbench_lite.interop.vbench.dimensions import BY_NAME

SUFFIX = "_eval_results.json"


@dataclass(frozen=True)
class Video:
    """One video's value; `more` holds whatever else the file says of it."""

    path: str
    value: float
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Dimensional:
    """A dimension's value over a set, and of each of its videos where the file has them."""

    value: float
    videos: tuple[Video, ...] = ()


def read_results(files: Sequence[Path]) -> dict[str, Dimensional]:
    """Dimensions of all files together, in VBench's order.

    Raises:
        SpecError: a file is missing or no JSON, names no dimension, holds a value that is none, or a
            dimension is in two files.
    """
    found: dict[str, Dimensional] = {}
    where: dict[str, Path] = {}
    for file in files:
        for name, entry in _entries(file).items():
            dimension = name.replace(" ", "_")
            if dimension not in BY_NAME:
                raise SpecError(f"{file}: {name!r} is none of VBench's dimensions: {', '.join(BY_NAME)}")
            if dimension in found:
                raise SpecError(f"{file}: {dimension} is in {where[dimension]} as well; give it once")
            found[dimension] = _dimension(entry, f"{file}: {dimension}")
            where[dimension] = file
    return {name: found[name] for name in BY_NAME if name in found}


def results_document(results: Mapping[str, Dimensional]) -> dict[str, Any]:
    """What VBench's scripts read: the content of an `eval_results.json`."""
    document: dict[str, Any] = {}
    for name, one in results.items():
        kind = bool if name == "dynamic_degree" else float
        videos = [{"video_path": v.path, "video_results": kind(v.value), **v.more} for v in one.videos]
        document[name] = [one.value, videos]
    return document


def _entries(file: Path) -> dict[str, Any]:
    try:
        data = json.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SpecError(f"{file}: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise SpecError(f"{file} is no JSON in UTF-8") from None
    if not isinstance(data, dict) or not data:
        raise SpecError(f"{file} is no {SUFFIX}: it must be an object with a value for each dimension")
    return data


def _dimension(entry: Any, where: str) -> Dimensional:
    value, videos = entry, list[Any]()
    if isinstance(entry, list):
        if not entry:
            raise SpecError(f"{where}: the list is empty; it must begin with the value of the set")
        value, videos = entry[0], entry[1] if len(entry) > 1 else []
    number = _number(value, where)
    if not 0 <= number <= 1:
        raise SpecError(f"{where} is {number:g}; these files hold fractions in 0..1 (divide percents by 100)")
    if not isinstance(videos, list):
        raise SpecError(f"{where}: behind the value must be a list of videos")
    read = (_video(video, f"{where}, video {place}") for place, video in enumerate(videos, start=1))
    return Dimensional(number, tuple(read))


def _video(entry: Any, where: str) -> Video:
    if not isinstance(entry, dict) or "video_path" not in entry or "video_results" not in entry:
        raise SpecError(f"{where}: must be an object with video_path and video_results")
    more = {name: value for name, value in entry.items() if name not in ("video_path", "video_results")}
    try:
        json.dumps(entry, allow_nan=False, ensure_ascii=False).encode()
    except ValueError:  # of text too: half of a surrogate pair
        raise SpecError(f"{where}: holds NaN, infinity or half of a surrogate pair") from None
    return Video(str(entry["video_path"]), _number(entry["video_results"], where), more)


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool):
        return float(value)
    with suppress(OverflowError):  # a whole number above all of float64
        if isinstance(value, int | float) and math.isfinite(value):
            return float(value)
    raise SpecError(f"{where}: must be a finite number, got {str(value)[:80]}")
