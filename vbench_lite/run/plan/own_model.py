"""One's own model: which adapter takes it, which suite judges it, and at which size."""

from __future__ import annotations

import os
import re
import shlex
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vbench_lite import registry
from vbench_lite.dataset import ClipSize
from vbench_lite.errors import ClipError, SpecError
from vbench_lite.generator import Task
from vbench_lite.run.plan.build import build_generator
from vbench_lite.suite import load_suite
from vbench_lite.video.decode import probe
from vbench_lite.video.folder import SUFFIXES, find_clips
from vbench_lite.video.list_rows import LISTS
from vbench_lite.video.names import is_there

SUITE = "open"
GIVEN_SUITES = {
    Task.I2V: "image-to-video",
    Task.C2V: "control-clips",
}  # for models that make nothing from text alone
_PIPELINE = "model_index.json"
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class Choice:
    """What was chosen for a model.

    Attributes:
        suite: that judges it.
        size: of every clip; None keeps the suite's.
        reasons: one line for each choice, for the user.
        listed: generators that a list of clips names.
    """

    label: str
    adapter: str
    config: dict[str, Any]
    suite: str
    size: ClipSize | None
    reasons: tuple[str, ...]
    listed: tuple[str, ...] = ()

    def arms(self, label: str | None = None) -> list[dict[str, Any]]:
        """The generators of a specification: one under a label, or each that a list of clips names."""
        if len(self.listed) < 2:
            return [{"label": label or self.label, "adapter": self.adapter, "config": self.config}]
        return [
            {"label": _label(name), "adapter": self.adapter, "config": {**self.config, "generator": name}}
            for name in self.listed
        ]


def choose(model: str) -> Choice:
    """Choose for a folder, a hub id, a registered generator, or a command line.

    Raises:
        SpecError: it is nothing that an adapter takes; the message says what would be.
        ClipError: a folder of clips cannot be read.
    """
    if not model.strip():
        raise SpecError("the model is empty; give a folder, a list of clips, a hub id or a command line")
    path = Path(model)
    if model in registry.names("generators") and not path.exists():
        return _fitted(model, model, {}, "it is a registered generator")
    if (path / _PIPELINE).is_file():
        return _fitted(_label(_name(path)), "diffusers", {"model": model}, f"it holds {_PIPELINE}")
    if path.is_dir() or path.suffix.lower() in LISTS:
        return _clips(path)
    if path.exists() and path.suffix.lower() in SUFFIXES:
        raise SpecError(f"{model} is one clip; give the folder of it, or score it: vbench-lite score {model}")
    if " " in model.strip():
        argv = shlex.split(model)
        if not any("{request}" in part or "{prompt}" in part for part in argv):
            raise SpecError(
                f"the command {model!r} is told nothing: put {{request}} (a file with the request as "
                "JSON) or {prompt} among its arguments; docs/adapters/command.md"
            )
        return _fitted(_label(_program(argv)), "command", {"argv": argv}, "it is a command line")
    if _HUB_ID.fullmatch(model) and not path.exists():
        return _fitted(_label(model.split("/")[1]), "diffusers", {"model": model}, "it reads as a hub id")
    raise SpecError(
        f"{model!r} is no pipeline folder (with {_PIPELINE}), folder or manifest of clips, hub id, "
        "registered generator or command line with {request}"
    )


def _clips(path: Path) -> Choice:
    """Clips made before: judged at the size that they have."""
    clips = find_clips(path).clips
    listed = tuple(dict.fromkeys(clip.generator for clip in clips if clip.generator is not None))
    lists = sorted(file for file in path.glob("*") if file.suffix.lower() in LISTS) if path.is_dir() else []
    unread = [
        f"{file} is not read; it gives prompts and models with: vbench-lite try {file}" for file in lists
    ]
    first = next((clip for clip in clips if is_there(clip.path)), None)
    if first is None:
        raise ClipError(f"{path}: none of its clips is there")
    info = probe(first.path, first.name)
    asked = load_suite(SUITE).request
    frames = min(info.num_frames or asked.num_frames, 4 * asked.num_frames)
    size = ClipSize(frames, info.height, info.width, info.fps or asked.fps)
    return Choice(
        _label(_name(path.with_suffix(""))),
        "clips",
        {"clips": str(path)},
        SUITE,
        size,
        (
            "adapter clips: it holds clips that were made before"
            + (f", of {', '.join(listed)}" if len(listed) > 1 else ""),
            f"size {size}: that of {first.name}"
            + (f", its first {frames} frames" if frames != info.num_frames else "")
            + ("" if info.fps else f"; it says no rate, so {size.fps:g} frames a second is a guess"),
            *unread,
        ),
        listed,
    )


def _fitted(label: str, adapter: str, config: dict[str, Any], why: str) -> Choice:
    """A generator that is asked for clips: of the suite's size, as far as it makes that."""
    info = build_generator(adapter, config).info
    suite = SUITE if Task.T2V in info.tasks else GIVEN_SUITES.get(info.tasks[0], SUITE)
    asked = load_suite(suite).request.size
    frames, height, width = info.snapped(asked.num_frames, asked.height, asked.width)
    made = ClipSize(frames, height, width, info.native_fps or asked.fps)
    reasons = [f"adapter {adapter}: {why}"]
    if suite != SUITE:
        reasons.append(f"suite {suite}: it makes {', '.join(info.tasks)}")
    if made == asked:
        return Choice(label, adapter, config, suite, None, (*reasons, f"size {asked}: that of the suite"))
    reasons.append(f"size {made}: what it makes nearest to {asked}")
    return Choice(label, adapter, config, suite, made, tuple(reasons))


def _name(path: Path) -> str:
    """The last part of a path as it is called here: a link counts by its own name."""
    return Path(os.path.normpath(Path.cwd() / path)).name


def _program(argv: list[str]) -> str:
    """What a command line is called: the script that an interpreter is given, else the program itself."""
    if "-m" in argv[1:-1]:
        return argv[argv.index("-m", 1) + 1]
    scripts = (part for part in argv[1:] if Path(part).suffix and Path(part).is_file())
    return Path(next(scripts, argv[0])).stem


def _label(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()  # é is e
    return re.sub(r"[^a-z0-9._-]+", "-", plain.lower()).strip("-") or "model"
