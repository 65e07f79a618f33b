"""What the video pipeline classes of diffusers take and return, as their own signatures say.

Reading a signature imports the class, which takes seconds. So the facts of every class of the version that
the adapter was made with are kept in `class_facts.json`; `python -m tools.pipeline_classes` writes it from
the installed classes, and a test fails when the two differ, as when a class appears.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("class_facts.json")
_LENGTHS = ("num_frames", "frames", "video_length", "segment_frame_length")
# Beside text: an image or a clip to go on from, and what a clip is to follow.
_GIVEN = re.compile(
    r"(cond_)?(image|images|video)|last_image|(reference_)?conditions|conditioning_frames|controls|control_video|pose_video"
    r"|face_video|background_video|mask|mask_video|mask_image|reference_images|action|camera_\w+|id_vit_hidden"
    r"|ref_image"
)


@dataclass(frozen=True)
class ClassFacts:
    """One class.

    Attributes:
        required: arguments without a default. given: arguments for images, clips and controls.
        frames: the argument that takes a frame count; None where there is none.
        steps: arguments that take step counts. guidance: arguments that take its scale.
        negative: whether it takes a negative prompt. guider: whether a component holds the guidance.
        returns: fields of what it returns.
    """

    required: tuple[str, ...]
    given: tuple[str, ...]
    frames: str | None
    steps: tuple[str, ...]
    guidance: tuple[str, ...]
    negative: bool
    guider: bool
    returns: tuple[str, ...]


@cache
def known_facts() -> Mapping[str, ClassFacts]:
    """The facts that are kept, by class name."""
    kept: dict[str, dict[str, Any]] = json.loads(FILE.read_text("utf-8"))
    found = {}
    for name, facts in kept.items():
        fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in facts.items()}
        found[name] = ClassFacts(**fields)
    return found


def installed_classes() -> dict[str, type]:
    """Every pipeline of the installed diffusers that makes or changes clips; imports all pipelines."""
    import diffusers

    found = {}
    for name in sorted(dir(diffusers)):
        if not name.endswith("Pipeline"):
            continue
        kind = getattr(diffusers, name)
        if not (isinstance(kind, type) and issubclass(kind, diffusers.DiffusionPipeline)):
            continue
        taken = inspect.signature(kind.__call__).parameters
        clips = {*_LENGTHS, "video", "control_video", "pose_video"} & set(taken)
        if clips or "Video" in name:
            found[name] = kind
    return found


def facts_of(kind: Any) -> ClassFacts:
    """The facts of a class."""
    call = inspect.signature(kind.__call__).parameters
    names = [name for name in call if name not in ("self", "args", "kwargs")]
    return ClassFacts(
        required=tuple(name for name in names if call[name].default is inspect.Parameter.empty),
        given=tuple(name for name in names if _GIVEN.fullmatch(name)),
        frames=next((name for name in _LENGTHS if name in names), None),
        steps=tuple(name for name in names if "num_inference_steps" in name),
        guidance=tuple(name for name in names if re.fullmatch(r"\w*(guidance|cfg)_scale(_\d)?", name)),
        negative="negative_prompt" in names,
        guider="guider" in inspect.signature(kind.__init__).parameters,
        returns=_returned(kind),
    )


def as_json(classes: Mapping[str, type]) -> str:
    """The text of the kept file."""
    facts = {name: asdict(facts_of(kind)) for name, kind in classes.items()}
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in facts.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _returned(kind: Any) -> tuple[str, ...]:
    """Fields of the output class that `__call__` builds."""
    module = sys.modules[kind.__module__]
    built = re.findall(r"return (\w+Output)\(", inspect.getsource(kind.__call__))
    output = getattr(module, built[-1], None) if built else None
    return tuple(getattr(output, "__dataclass_fields__", ()))
