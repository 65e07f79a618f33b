"""What a prompt about objects asks for: which, in which colour, and which stands where.

Read from the prompt list's `auxiliary_info` where there is one, else from prompts of VBench's form:
"a bicycle", "a bird and a cat", "a red bicycle", "a bicycle on the left of a car, front view".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from vbench_lite.errors import NotApplicable
from vbench_lite.metric import SampleInfo

COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "black", "white")
_ARTICLE = r"(?:an? |the )"
_WHERE = r"on the (?:left of|right of|top of|bottom of)"
_PLACED = re.compile(
    rf"{_ARTICLE}(?P<a>.+?) (?P<where>{_WHERE}) {_ARTICLE}(?P<b>.+?)(?:, front view)?\.?", re.IGNORECASE
)
_SEVERAL = re.compile(rf"{_ARTICLE}(?P<a>.+?) and {_ARTICLE}(?P<b>.+?)\.?", re.IGNORECASE)
_ONE = re.compile(rf"{_ARTICLE}(?P<a>[^,]+?)\.?", re.IGNORECASE)


class Place(StrEnum):
    """Where the first object is, seen from the second."""

    LEFT = "on the left of"
    RIGHT = "on the right of"
    TOP = "on the top of"
    BOTTOM = "on the bottom of"


@dataclass(frozen=True)
class Placed:
    """`first` stands at `place` of `second`."""

    first: str
    place: Place
    second: str


def one_object(sample: SampleInfo) -> str:
    """The object of a prompt about one. Raises NotApplicable for other prompts."""
    listed = _listed(sample, "object_class").get("object")
    if listed is not None:
        return str(listed)
    prompt = _prompt(sample)
    match = _ONE.fullmatch(prompt)
    if match is None or _several(prompt) or _PLACED.fullmatch(prompt) or len(match["a"].split()) > 2:
        raise NotApplicable("the prompt does not read 'a OBJECT'")
    return match["a"]


def two_objects(sample: SampleInfo) -> tuple[str, str]:
    """The objects of a prompt about two. Raises NotApplicable for other prompts."""
    listed = _listed(sample, "multiple_objects").get("object")
    if listed is not None and " and " in str(listed):
        first, second = str(listed).split(" and ", 1)
        return first, second
    found = _several(_prompt(sample))
    if found is None:
        raise NotApplicable("the prompt does not read 'a OBJECT and a OBJECT'")
    return found


def coloured_object(sample: SampleInfo) -> tuple[str, str]:
    """Colour and object. Raises NotApplicable for prompts without both."""
    prompt = _prompt(sample)
    match = _ONE.fullmatch(prompt)
    words = match["a"].split(" ", 1) if match else []
    if len(words) != 2 or words[0].lower() not in COLOURS or _several(prompt):
        raise NotApplicable(f"the prompt does not read 'a COLOUR OBJECT' ({', '.join(COLOURS)})")
    return words[0].lower(), words[1]


def placed_objects(sample: SampleInfo) -> Placed:
    """Which object stands where. Raises NotApplicable for other prompts."""
    listed = _listed(sample, "spatial_relationship").get("spatial_relationship")
    if isinstance(listed, dict):
        try:
            return Placed(str(listed["object_a"]), Place(listed["relationship"]), str(listed["object_b"]))
        except (KeyError, ValueError) as error:
            raise NotApplicable(f"the prompt list's spatial_relationship is not known: {error}") from None
    match = _PLACED.fullmatch(_prompt(sample))
    if match is None:
        raise NotApplicable("the prompt does not read 'a OBJECT on the left of a OBJECT'")
    return Placed(match["a"], Place(match["where"].lower()), match["b"])


def _several(prompt: str) -> tuple[str, str] | None:
    match = _SEVERAL.fullmatch(prompt)
    return None if match is None else (match["a"], match["b"])


def _prompt(sample: SampleInfo) -> str:
    if sample.prompt is None:
        raise NotApplicable("the clip has no prompt")
    return sample.prompt.strip()


def _listed(sample: SampleInfo, dimension: str) -> dict[str, object]:
    found = sample.facts.get("auxiliary_info", {}).get(dimension, {})
    return found if isinstance(found, dict) else {}
