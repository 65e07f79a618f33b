"""What a manifest gives with a prompt beside the real clip: pictures, pasts, control clips, negative prompts.

Files are brought to the asked size and rate by the rules of real clips. Of a past clip the last frames are
given, since what is made goes on from them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vbench_lite.clip import Frames
from vbench_lite.dataset import ClipSize, Prompt
from vbench_lite.datasets.windows import Recording, cut, file_sha256, last_window, reduced
from vbench_lite.errors import ClipError
from vbench_lite.video.control_signals import DERIVED
from vbench_lite.video.images import PICTURES, read_picture
from vbench_lite.video.manifest import GIVEN_COLUMNS, GIVEN_FILES, inside, text_in


@dataclass(frozen=True)
class Inputs:
    """What one line of a manifest gives with its prompt.

    Attributes:
        where: the line, for messages.
        files: by what they are, as `Dataset.own_input` calls it.
        source, tags, look_for: as of a recording; for a line that names no clip.
        bare: whether the line names no clip, so that there is no real one of its prompt.
    """

    prompt: str
    where: str
    files: Mapping[str, Path]
    negative_prompt: str = ""
    source: str = ""
    tags: tuple[str, ...] = ()
    look_for: str = ""
    bare: bool = False

    def frames(self, kind: str, size: ClipSize) -> Frames | None:
        """As `Dataset.own_input`."""
        path = self.files.get(kind)
        if path is None:
            return None
        name = f"{self.where}: {path.name}"
        if not path.is_file():
            raise ClipError(f"{name}: no such file")
        if path.suffix.lower() in PICTURES:
            return reduced(read_picture(path, name), name, size)[None]
        recording = Recording(name, path, name)
        window = last_window(recording, size) if kind == "past_frames" else cut(recording, size)[0]
        return window.frames()

    def faults(self) -> Iterator[str]:
        """What is wrong with it before anything is asked, one line each."""
        for path in self.files.values():
            if not path.exists():
                yield f"{self.where}: {path.name}: no such file, so requests that need it are refused"


def read_inputs(facts: Mapping[str, Any], base: Path, where: str, prompt: str | None) -> Inputs | None:
    """What a line gives; None where it gives nothing but its clip.

    Raises:
        ClipError: a value is none, a file lies outside the manifest's folder, or there is no prompt.
    """
    texts = {column: text_in(facts, column, where).strip() for column in GIVEN_COLUMNS}
    given = {column: text for column, text in texts.items() if text}
    if not given:
        return None
    if prompt is None:
        raise ClipError(f"{where}: {next(iter(given))} comes with a prompt, and the line has none")
    files = {kind: inside(base, given[kind], where) for kind in GIVEN_FILES if kind in given}
    image = files.get("image")
    if image is not None and image.suffix.lower() not in PICTURES:
        raise ClipError(f"{where}: image {image.name} is no {' '.join(sorted(PICTURES))}")
    return Inputs(prompt, where, files, given.get("negative_prompt", ""))


class GivenInputs:
    """The inputs of a manifest, by prompt; the first line of a prompt counts."""

    def __init__(self, inputs: Sequence[Inputs]) -> None:
        self._by_prompt: dict[str, Inputs] = {}
        self.repeated: list[str] = []
        for one in inputs:
            if self._by_prompt.setdefault(one.prompt, one) is not one:
                first = self._by_prompt[one.prompt].where
                self.repeated.append(f"{one.where}: its prompt has what is given from {first} already")

    @property
    def kinds(self) -> frozenset[str]:
        """What is given with at least one prompt."""
        return frozenset(kind for one in self._by_prompt.values() for kind in one.files)

    @property
    def bare(self) -> list[Inputs]:
        """Those of which there is no real clip."""
        return [one for one in self._by_prompt.values() if one.bare]

    def frames(self, prompt: str, kind: str, size: ClipSize) -> Frames | None:
        """As `Dataset.own_input`."""
        one = self._by_prompt.get(prompt)
        return None if one is None else one.frames(kind, size)

    def negative_prompt(self, prompt: str) -> str:
        """What the clips of a prompt should not show; empty where nobody said."""
        one = self._by_prompt.get(prompt)
        return "" if one is None else one.negative_prompt

    def remarks(self, prompts: Sequence[Prompt]) -> list[str]:
        """Faults, and which prompts are given frames of their real clips, beside others that are not."""
        lines = [*self.repeated, *(fault for one in self._by_prompt.values() for fault in one.faults())]
        for kind in sorted(self.kinds):
            without = [p for p in prompts if kind not in getattr(self._by_prompt.get(p.text), "files", ())]
            made = kind in ("image", "past_frames", *DERIVED)
            so = "it comes from their real clips" if made else "requests that need it are refused"
            if without:
                many = f"{len(without)} of {len(prompts)} prompts have no {kind} in the manifest"
                lines.append(f"{many}; {so}, as of {without[0].text!r}")
        return lines

    def digest(self) -> bytes:
        """Of everything that is given; empty for nothing."""
        if not self._by_prompt:
            return b""
        told = [
            [
                one.prompt,
                one.negative_prompt,
                one.source,
                one.tags,
                one.look_for,
                {kind: file_sha256(path) for kind, path in sorted(one.files.items())},
            ]
            for _, one in sorted(self._by_prompt.items())
        ]
        return hashlib.sha256(json.dumps(told).encode()).digest()
