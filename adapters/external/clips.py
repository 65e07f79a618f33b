"""Clips made elsewhere as a generator of a run: each request gets the clip that was made for its prompt.

Nothing is made and nothing is timed: such a generator has no speed and no memory, and its clips keep their
size and rate unless the configuration says otherwise. All clips of one generator must be of one size and
rate, since tables show one generator beside another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import model_validator

from vbench_lite.adapters.external.declared import Declared, declared_info
from vbench_lite.clip import is_uneven, rate_text, rates_agree
from vbench_lite.errors import ClipError, RequestError, SpecError
from vbench_lite.format import plural
from vbench_lite.generator import (
    GenerationContext,
    GenerationRequest,
    Generator,
    GeneratorInfo,
    Site,
    SizeRule,
)
from vbench_lite.interop.vbench.layout import by_prompt
from vbench_lite.video.decode import DECODING, ClipReader
from vbench_lite.video.folder import ClipFolder, find_clips
from vbench_lite.video.frame_rules import ClipRules, RuledReader
from vbench_lite.video.images import series
from vbench_lite.video.limits import Limits
from vbench_lite.video.manifest import FolderClip
from vbench_lite.video.names import is_there, same_text

_SHOWN = 3  # names in a remark, before "and N more"
_END_BYTES = 2**16


class ClipsConfig(Declared):
    """Configuration of `clips`.

    Attributes:
        clips: a folder with files named PROMPT-INDEX.mp4 or PROMPT.mp4, a manifest (.csv or .jsonl with
            file, prompt, seed, generator), or VBench's full_info.json beside its clips.
        generator: which generator of the manifest, where it names several.
        match: "order" gives the first request of a prompt its first clip; "seed" gives each request the
            clip of its seed.
        size: "own" keeps the clips' size; "request" resizes each to the size that the suite asks for.
        rules: rate, stride, window and size by which files are read; see `vbench-lite score --help`.
    """

    clips: Path
    generator: str | None = None
    match: Literal["order", "seed"] = "order"
    size: Literal["own", "request"] = "own"
    rules: ClipRules = ClipRules()
    deterministic: bool = True

    @model_validator(mode="after")
    def _one_file_is_one_clip(self) -> ClipsConfig:
        if self.rules.place == "every":
            raise ValueError("place 'every' makes several clips of a file; take 'first' or 'centre'")
        if self.size == "request" and (self.rules.height, self.rules.short_side) != (None, None):
            raise ValueError("give a size in rules, or size: request, not both")
        return self


@dataclass(frozen=True)
class _Shape:
    """Size and rate of the clips, after the rules."""

    name: str
    height: int
    width: int
    fps: float | None


class Clips(Generator):
    """Clips made elsewhere: a folder, a manifest, or VBench's layout."""

    Config: ClassVar[type[ClipsConfig]] = ClipsConfig
    config: ClipsConfig

    @cached_property
    def info(self) -> GeneratorInfo:
        shape = self._shape
        fixed = None if self.config.size == "request" else (shape.height, shape.width)
        return declared_info(
            self.config,
            "clips",
            Site.RECORDED,
            "clips made elsewhere; neither speed nor memory is known",
            size=SizeRule(fixed=fixed),
            native_fps=shape.fps,
        )

    def load(self) -> None:
        """Find the clips; none is kept in memory."""
        self._by_prompt  # noqa: B018  errors of the manifest belong to the load

    def check(self, request: GenerationRequest) -> None:
        clip = self._find(request)
        if not is_there(clip.path):
            raise RequestError(f"{clip.name}, which {self.config.clips.name} names, is not there")

    def answers(self) -> Sequence[str]:
        """The prompts that the clips were made for."""
        return list(self._by_prompt)

    def remarks(self, requests: Sequence[GenerationRequest]) -> Sequence[str]:
        """Files that are missing, and clips that no request uses."""
        used = {self._find(request).name for request in requests}
        idle = [clip.name for clip in self._clips if clip.name not in used and is_there(clip.path)]
        return [
            f"{what}: {_some(names)}"
            for what, names in (
                ("named and not there", self._folder.missing),
                ("there and not named in the manifest", self._folder.extra),
                ("used by no request of the suite", idle),
                ("links to folders, which are not followed", self._folder.unread),
            )
            if names
        ]

    def generate(self, requests: Sequence[GenerationRequest], context: GenerationContext) -> None:
        context.phase("read")
        for index, request in enumerate(requests):
            context.step(index, len(requests))
            clip = self._find(request)
            frames = self._read(clip, request)
            context.note(file=clip.name, file_frames=len(frames), file_seed=clip.seed)
            if len(frames) < request.num_frames:
                raise ClipError(
                    f"{clip.name}: it has {plural(len(frames), 'frame')}, {request.num_frames} are asked for"
                )
            context.emit(index, frames[: request.num_frames])

    def fingerprint(self) -> str:
        """Identity of clips, decoding and configuration: the length and both ends of every file."""
        digest = hashlib.sha256(f"{super().fingerprint()}|{DECODING}".encode())
        for clip in self._clips:
            digest.update(f"{clip.name}|{clip.prompt}|{clip.seed}|".encode() + _ends(clip.path))
        return digest.hexdigest()[:16]

    # --- inside ---------------------------------------------------------------------------------

    @cached_property
    def _folder(self) -> ClipFolder:
        return find_clips(self.config.clips, self.config.rules, names="prompt")

    @cached_property
    def _clips(self) -> list[FolderClip]:
        """The clips of the chosen generator."""
        clips = [clip for clip in self._folder.clips if self._is_inside(clip)]
        names = list(dict.fromkeys(clip.generator for clip in clips if clip.generator is not None))
        wanted = self.config.generator
        if wanted is None and len(names) > 1:
            raise SpecError(
                f"{self.config.clips} holds clips of {len(names)} generators ({_some(names)}); "
                f"list the adapter once for each, with generator: {names[0]} and so on in its config"
            )
        if wanted is not None:
            clips = [clip for clip in clips if clip.generator == wanted]
        if not clips:
            there = f"generator {wanted!r}; there are: {_some(names) or 'none'}" if wanted else "a prompt"
            raise SpecError(f"{self.config.clips} holds no clip of {there}")
        return clips

    def _is_inside(self, clip: FolderClip) -> bool:
        base = self._folder.path
        base = base if base.is_dir() else base.parent
        if is_there(clip.path) and not clip.path.resolve().is_relative_to(base.resolve()):
            raise ClipError(f"{clip.name} is a link out of {base}; put the clip itself there")
        return True

    @cached_property
    def _by_prompt(self) -> Mapping[str, Sequence[FolderClip]]:
        return by_prompt(self._clips)

    def _find(self, request: GenerationRequest) -> FolderClip:
        """The clip of a request; raises RequestError if there is none."""
        clips = self._by_prompt.get(same_text(request.prompt), ())
        if self.config.match == "seed":
            clips = [clip for clip in clips if clip.seed == request.seed]
            if not clips:
                raise RequestError(
                    f"{self.config.clips.name} has no clip of this prompt with seed {request.seed}"
                )
            return clips[0]
        if request.repeat >= len(clips):
            raise RequestError(
                f"{self.config.clips.name} has {len(clips)} clip(s) of this prompt, "
                f"number {request.repeat + 1} is asked for"
            )
        return clips[request.repeat]

    @cached_property
    def _shape(self) -> _Shape:
        """Of the first clip that can be read; the others are held against it when they are read."""
        there = [clip for clip in self._clips if is_there(clip.path)]
        if not there:
            raise ClipError(f"{self.config.clips}: none of its {len(self._clips)} clips is there")
        failed: ClipError | None = None
        for clip in there:
            try:
                with ClipReader(clip.path, clip.name, Limits()) as reader:
                    info = RuledReader(reader, self.config.rules).info(0)
                return _Shape(clip.name, info.height, info.width, info.fps)
            except ClipError as error:
                failed = failed or error
        assert failed is not None
        raise failed

    def _read(self, clip: FolderClip, request: GenerationRequest) -> Any:
        """Frames uint8 (T, H, W, 3) of a file, in the size that was agreed."""
        if not is_there(clip.path):
            raise ClipError(f"{clip.name}: no such file")
        rules = self.config.rules
        if self.config.size == "request":
            rules = rules.model_copy(update={"height": request.height, "width": request.width})
        (read,) = ClipFolder(self._folder.path, (clip,), rules).read(clip)
        first = self._shape
        height, width = read.frames.shape[1:3]
        if self.config.size == "own" and (height, width) != (first.height, first.width):
            raise ClipError(
                f"{clip.name} is {width}x{height}, {first.name} is {first.width}x{first.height}; "
                "size: request makes all of them the size that the suite asks for"
            )
        if is_uneven(read.times):
            raise ClipError(
                f"{clip.name} shows its frames for unlike times, and a run keeps one rate; "
                "give it with rules: {fps: ...}"
            )
        if not rates_agree(read.fps, first.fps):
            raise ClipError(
                f"{clip.name} is at {rate_text(read.fps)}, {first.name} at {rate_text(first.fps)}; "
                "give one rate with rules: {fps: ...}"
            )
        return read.frames


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _ends(path: Path) -> bytes:
    """Length and hash of both ends of a file: enough to tell that a clip was replaced, and cheap."""
    if path.is_dir():
        return "|".join(f"{one.name}:{one.stat().st_size}" for one in series(path)).encode() or b"empty"
    if not path.is_file():
        return b"missing"
    with path.open("rb") as file:
        size = path.stat().st_size
        head = file.read(_END_BYTES)
        file.seek(max(0, size - _END_BYTES))
        return f"{size}|".encode() + hashlib.sha256(head + file.read()).digest()
