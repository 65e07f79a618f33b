"""Texts with {names} in them: an argument or a field that is filled in for each request.

Only whole names are replaced, never expressions, so a prompt cannot reach into anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from vbench_lite.errors import RequestError
from vbench_lite.generator import GenerationRequest

_NAME = re.compile(r"\{\{|\}\}|\{([a-z_][a-z0-9_]*(?:\.[A-Za-z_]\w*)?)\}")
REQUEST_NAMES = (
    *("prompt", "negative_prompt", "seed", "num_frames", "height", "width", "fps", "seconds", "device"),
    "sample_id",
)


def check_template(text: str, names: tuple[str, ...]) -> None:
    """Raise ValueError if a name is used that nothing stands for; {params.NAME} is always allowed."""
    for match in _NAME.finditer(text):
        name = match[1]
        if name is not None and name not in names and not name.startswith("params."):
            raise ValueError(f"{{{name}}} is unknown; there are: {', '.join(names)}, params.NAME")


def values_of(request: GenerationRequest, device: str, native_fps: float | None = None) -> dict[str, Any]:
    """What stands for each name.

    Args:
        native_fps: the rate that the generator's clips are shown at, where it has one of its own: it is what
            {fps} is then, and {seconds} are those of the clip, not those of the rate that was asked for.
    """
    fps = native_fps or request.fps
    values: dict[str, Any] = {
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt,
        "seed": request.seed,
        "num_frames": request.num_frames,
        "height": request.height,
        "width": request.width,
        "fps": fps,
        "seconds": round(request.num_frames / fps, 6),
        "device": device,
        "sample_id": request.sample_id,
    }
    return values | {f"params.{name}": value for name, value in request.params.items()}


def fill(text: str, values: Mapping[str, Any]) -> str:
    """The text with every {name} replaced, and {{ }} as braces.

    Raises:
        RequestError: the request has no such parameter.
    """

    def replaced(match: re.Match[str]) -> str:
        if match[0] in ("{{", "}}"):
            return match[0][0]
        return as_text(_value(match[1], values))

    return _NAME.sub(replaced, text)


def fill_json(template: Any, values: Mapping[str, Any]) -> Any:
    """JSON with every text filled in; a text that is one {name} alone becomes its value, numbers stay so."""
    if isinstance(template, str):
        alone = _NAME.fullmatch(template)
        return _value(alone[1], values) if alone and alone[1] else fill(template, values)
    if isinstance(template, Mapping):
        return {key: fill_json(value, values) for key, value in template.items()}
    if isinstance(template, (list, tuple)):
        return [fill_json(value, values) for value in template]
    return template


def texts_of(template: Any) -> list[str]:
    """Every text within JSON."""
    if isinstance(template, str):
        return [template]
    if isinstance(template, Mapping):
        return [text for value in template.values() for text in texts_of(value)]
    if isinstance(template, (list, tuple)):
        return [text for value in template for text in texts_of(value)]
    return []


def as_text(value: Any) -> str:
    """A value as an argument: whole numbers without a fraction, the rest as Python writes it."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _value(name: str, values: Mapping[str, Any]) -> Any:
    if name not in values:
        raise RequestError(f"the request has no {name}; give it under request.params in the suite")
    return values[name]


def check_params(request: GenerationRequest, texts: Iterable[str]) -> None:
    """Raise RequestError if no text stands for a parameter of the request: it would be ignored in silence."""
    named = {match[1] for text in texts for match in _NAME.finditer(text)}
    for name in request.params:
        if f"params.{name}" not in named:
            raise RequestError(
                f"{request.sample_id}: nothing in the configuration stands for the suite's parameter "
                f"{name!r}; put {{params.{name}}} where it belongs"
            )


def check_no_clips(request: GenerationRequest, adapter: str) -> None:
    """Refuse requests that give clips, which go into no template.

    Raises:
        RequestError: there are frames to continue, or a control clip.
    """
    if request.past_frames is not None:
        raise RequestError(f"the {adapter} adapter sends no frames to continue")
    if request.control_clip is not None:
        raise RequestError(f"the {adapter} adapter sends no control clips")


def laid_over(base: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Two mappings in one, and so those within them; a null above takes a key away."""
    merged = dict(base)
    for key, value in above.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = laid_over(merged[key], value)
        else:
            merged[key] = value
    return merged
