"""The contract of a data set: what a suite asks for, and the real clips that answers are held against.

A data set subclasses `Dataset` and is registered under the entry point group `vbench_lite.datasets`. It gives
prompts, held-out real clips of them (the control `real`, first frames, past frames), and reference clips for
metrics of sets. Whatever it gives follows from its content and the arguments alone.

A data set that lies in a folder of the user's is opened by its path: each registered class is asked
(`opens`).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from vbench_lite import registry
from vbench_lite.clip import Frames
from vbench_lite.control import Action, Script, worded
from vbench_lite.errors import DatasetError, RegistryError, RequestError, SpecError
from vbench_lite.size_rules import SizeRule
from vbench_lite.spelling import takes_british

_SCRIPTED = re.compile(r"-script(\d+)-s\d+$")
_SIZE = re.compile(r"(\d+|\d+(?:\.\d+)?s)x(\d+)x(\d+)@(\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class ClipSize:
    """What a clip measures: frames, height and width in pixels, rate; seconds where those were asked for."""

    num_frames: int
    height: int
    width: int
    fps: float
    seconds: float | None = None

    def __str__(self) -> str:
        length = str(self.num_frames) if self.seconds is None else f"{self.seconds:g}s"
        return f"{length}x{self.height}x{self.width}@{self.fps:g}"


def parse_size(text: str) -> ClipSize:
    """The size that FRAMESxHEIGHTxWIDTH@FPS says, as in 16x256x256@8, or with seconds 2sx256x256@8.

    Raises:
        SpecError: it is not of this form, or a number is 0.
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None or not all(float(part.removesuffix("s")) for part in found.groups()):
        raise SpecError(f"size {text!r} is not FRAMESxHEIGHTxWIDTH@FPS, as in 16x256x256@8 or 2sx256x256@8")
    height, width, fps = int(found[2]), int(found[3]), float(found[4])
    if not found[1].endswith("s"):
        return ClipSize(int(found[1]), height, width, fps)
    seconds = float(found[1].removesuffix("s"))
    return ClipSize(max(1, round(seconds * fps)), height, width, fps, seconds)


@dataclass(frozen=True)
class DatasetRef:
    """Where a data set is found again, and what has to be found there.

    Attributes:
        name: the registered name, or for people the name of the folder.
        content: `DatasetInfo.content`.
        path: of a data set of the user's, absolute; None for a registered one.
    """

    name: str
    content: str
    path: str | None = None


class Gives(StrEnum):
    """What a data set can give."""

    CAPTIONS = "captions"
    REAL = "real"  # held-out real clips; of its prompts where it has captions, of anything where it has none
    REFERENCE = "reference"  # real clips for metrics of sets
    FIRST_FRAMES = "first_frames"  # of held-out real clips, for image to video
    PAST_FRAMES = "past_frames"  # of held-out real clips, to be continued
    EDITS = "edits"  # prompts that differ in one word
    STEERED = "steered"  # what really follows from a first frame, whatever is held


@takes_british
@dataclass(frozen=True)
class DatasetInfo:
    """What a data set declares of itself; no clip is decoded for it.

    Attributes:
        name: the registered name; of a folder of the user's, the folder's own name.
        version: raised with every change of what is given for equal arguments.
        license: SPDX name of the clips and captions, or "unknown".
        vocabulary: "closed" where only its own captions are understood, else "open".
        gives: what it can give.
        lacks: why it cannot give the rest, by what is missing; for messages.
        splits: parts that a draw may name, the default one first; empty where there is one part.
        native_fps: the rate of its clips, or None where any rate can be had or they differ.
        size: the heights and widths in which its clips can be had.
        content: hash of everything that it gives; equal for equal content, wherever it lies.
    """

    name: str
    version: int
    license: str
    summary: str
    vocabulary: Literal["open", "closed"]
    gives: frozenset[Gives]
    content: str
    lacks: Mapping[Gives, str] = field(default_factory=dict)
    splits: tuple[str, ...] = ()
    native_fps: float | None = None
    size: SizeRule = field(default_factory=SizeRule)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self) | {
            "gives": sorted(self.gives),
            "lacks": {str(k): v for k, v in self.lacks.items()},
        }


@dataclass(frozen=True)
class Draw:
    """Which prompts, or which reference clips, are wanted.

    Attributes:
        count: how many at most; None: all there are.
        split: a part that `DatasetInfo.splits` names; None: the default one.
        edits: after each prompt come those that differ from it in one word.
        tags: only prompts with one of these tags; empty: all.
    """

    count: int | None = None
    seed: int = 0
    split: str | None = None
    edits: bool = False
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prompt:
    """A text to make clips for.

    Attributes:
        prompt_id: from the text alone, so that a prompt keeps its id, and with it its seeds and its
            partner in a comparison, wherever it stands in whatever suite.
            An edit has the id of the prompt that it is made from: it takes that prompt's seeds, and
            clips of one seed are not independent, so they stay together in every interval.
        edit: the word that was changed ("colour"), or None.
        walk: where on a walk through initial noise its clip is made, in [0, 1], or None.
        script: which of the suite's scripts steers its clip, or None.
        look_for: what a viewer should look for in its clips; empty where nobody said.
        tags: by which tables and comparisons can be cut ("film", "camera").
        negative_prompt: what its clips should not show, in place of what the suite says; empty: nobody said.
    """

    prompt_id: str
    text: str
    edit: str | None = None
    walk: float | None = None
    script: int | None = None
    look_for: str = ""
    tags: tuple[str, ...] = ()
    negative_prompt: str = ""

    def sample_id(self, seed_index: int) -> str:
        """The id of its sample with one of its seeds; no other sample of a suite has it."""
        parts = [self.prompt_id]
        if self.edit is not None:
            parts.append(self.edit)
        if self.walk is not None:
            parts.append(f"walk{self.walk:.4f}")
        if self.script is not None:
            parts.append(f"script{self.script}")
        return "-".join([*parts, f"s{seed_index}"])


def script_number(sample_id: str) -> int | None:
    """Which of its suite's scripts steers a sample, by its id; None where nobody steers."""
    found = _SCRIPTED.search(sample_id)
    return int(found[1]) if found else None


def with_ids(texts: Sequence[str]) -> list[Prompt]:
    """Give every text its id: ten hexadecimal digits of its hash, and a count where it is repeated.

    Texts of the same letters have the same hash, however Unicode composes them (NFC).
    """
    seen: Counter[str] = Counter()
    prompts = []
    for text in texts:
        digest = hashlib.sha256(unicodedata.normalize("NFC", text).encode()).hexdigest()[:10]
        seen[digest] += 1
        prompts.append(Prompt(digest if seen[digest] == 1 else f"{digest}-{seen[digest]}", text))
    return prompts


class RealClip(ABC):
    """A real clip that is read or drawn where it is used; it goes to other processes by pickle.

    Attributes:
        name: its own within the data set.
        source: the recording that it is cut from; no reference clip shares it with a held-out one.
        prompt: its caption, or None.
        seed: what it was drawn from, or None.
    """

    name: str
    source: str
    prompt: str | None
    seed: int | None

    @abstractmethod
    def frames(self) -> Frames:
        """uint8 (T, H, W, 3), of the size that was asked for.

        Raises:
            ClipError: its file cannot be read.
        """


class Dataset(ABC):
    """A data set behind one interface; a registered class is made without arguments."""

    @classmethod
    def opens(cls, path: Path) -> Dataset | None:
        """The data set that lies at a path, or None where this class does not read such a thing.

        Raises:
            DatasetError, ClipError: it is one of its kind, and malformed.
        """
        return None

    @property
    @abstractmethod
    def info(self) -> DatasetInfo:
        """What it is."""

    @abstractmethod
    def prompts(self, draw: Draw) -> list[Prompt]:
        """Prompts in a fixed order: the first N are the same for any count >= N.

        Raises:
            DatasetError: it has no captions, or no such split or tag.
        """

    def check(self, prompt: str) -> None:
        """Raise PromptError where the vocabulary is closed and the prompt lies outside it."""
        return

    def has(self, prompt: str) -> bool:
        """Whether it holds a held-out real clip of this very prompt."""
        return False

    @abstractmethod
    def real(self, prompt: str | None, seed: int, size: ClipSize) -> RealClip:
        """A held-out real clip; nothing is decoded yet.

        Args:
            prompt: a caption of its own; None: a clip of anything.
            seed: which one, where there are several, in [0, 2**31).

        Raises:
            PromptError: it has no clip of this prompt.
            RequestError: it has none of this size, and why.
            ClipError: the file cannot be read.
        """

    def steered(self, prompt: str, script: Script | None, seed: int, size: ClipSize) -> RealClip:
        """What really follows from a first frame that prompt, seed and size fix, steered by a script.

        Args:
            script: what is held in each frame; None: nobody steers, and the clip is what the prompt says.

        Raises:
            RequestError: it cannot be steered, or not so; the message says what it takes.
        """
        raise RequestError(f"the data set {self.info.name} cannot be steered")

    def worded(self, prompt: str, action: Action) -> str:
        """A prompt that says what is held, for generators that take an action as text only."""
        return worded(prompt, action)

    @abstractmethod
    def reference(self, draw: Draw, size: ClipSize) -> Sequence[RealClip]:
        """Reference clips; none shares a source recording with any held-out clip.

        Returns:
            at most draw.count; at least two.

        Raises:
            DatasetError: it has no reference of this size, and why.
        """

    @property
    def own_inputs(self) -> frozenset[str]:
        """Kinds of which `own_input` has something for at least one prompt."""
        return frozenset()

    def own_input(self, prompt: str, kind: str, size: ClipSize) -> Frames | None:
        """What is given with a prompt and comes from nobody's real clip; None: frames of its real clip are.

        Args:
            kind: "image" (one frame), "past_frames", or the kind of a control clip ("depth").
            size: of what is wanted.

        Returns:
            uint8 (T, H, W, 3) of that size.

        Raises:
            RequestError: it is too small or too short. ClipError: its file is not there, or cannot be read.
        """
        return None

    def remarks(self, size: ClipSize) -> Sequence[str]:
        """What is left out at this size and why, one line each."""
        return ()

    def facts(self) -> Mapping[str, Any]:
        """What else `vbench-lite show NAME` tells, as JSON values."""
        return {}


def load_dataset(name: str, base: Path | None = None) -> Dataset:
    """The data set of a registered name or of a path.

    Args:
        base: the folder that a relative path starts from; None: the working directory.

    Raises:
        RegistryError: nothing has this name, and nothing lies at such a path.
        DatasetError, ClipError: the data set at a path is malformed.
    """
    if name in registry.names("datasets"):
        return _registered(name)
    path = (base or Path()) / name
    if path.exists():
        for other in registry.names("datasets"):
            opened = _class(other).opens(path)
            if opened is not None:
                return opened
        raise DatasetError(f"{path} is no data set: no registered one reads such a file or folder")
    if "/" in name or "." in name:
        raise DatasetError(f"no data set is at {path}; check the path")
    registry.check("datasets", name)
    raise AssertionError(name)  # registry.check has raised


def reference_to(dataset: Dataset, path: Path | None = None) -> DatasetRef:
    """How a data set is found again; path: of one that is not registered."""
    info = dataset.info
    return DatasetRef(info.name, info.content, None if path is None else str(path.resolve()))


@lru_cache(maxsize=8)  # each holds a list of clips, no frames; its content is part of the key
def find_dataset(ref: DatasetRef) -> Dataset:
    """The data set that a reference stands for.

    Raises:
        DatasetError: it is not there, or its content is another one.
    """
    try:
        found = load_dataset(ref.path or ref.name)
    except RegistryError as error:
        raise DatasetError(f"data set {ref.name}: {error}") from None
    if found.info.content != ref.content:
        where = f" at {ref.path}" if ref.path else ""
        raise DatasetError(
            f"data set {ref.name}{where} has changed since the run was planned; "
            "start another run, or bring its content back"
        )
    return found


@lru_cache(maxsize=64)
def _registered(name: str) -> Dataset:
    """One object for each registered data set: it depends on nothing but its own content."""
    return _class(name)()


def _class(name: str) -> type[Dataset]:
    found = registry.load("datasets", name)
    if not (isinstance(found, type) and issubclass(found, Dataset)):
        raise RegistryError(f"data set {name!r} is {found!r}, which is no subclass of Dataset")
    return found
