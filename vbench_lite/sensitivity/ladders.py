"""The damages of an audit: what is done at each level, and which axes are meant to notice.

Controls stand at the end: clips without content, which no metric should like better than real ones.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from vbench_lite.arrays import Floats32
from vbench_lite.clip import Frames
from vbench_lite.metric import Axis
from vbench_lite.video import damage

LADDER = (0.25, 0.5, 1.0)
ONCE = (1.0,)
SPARE = 1.5  # a clip is read this much longer than it is shown, for frames that are dropped

Q, C, A, D, H = Axis.QUALITY, Axis.COHERENCE, Axis.ALIGNMENT, Axis.DIVERSITY, Axis.HORIZON


class Kind(StrEnum):
    """What changes: the frames of a clip, which clip stands in its place, or its prompt."""

    FRAMES = "frames"
    COPIES = "copies"
    PROMPTS = "prompts"
    CONTROL = "control"


@dataclass(frozen=True)
class Material:
    """One clip with what its damage needs.

    Attributes:
        frames: uint8 (T, H, W, 3), as shown.
        longer: the same clip and what comes after it, uint8 (about 1.5 T, H, W, 3).
        other: another clip of the set, of the same size and length.
    """

    frames: Frames
    longer: Frames
    other: Frames


Apply = Callable[[Material, float, np.random.Generator], Floats32 | Frames]


@dataclass(frozen=True)
class Damage:
    """One ladder.

    Attributes:
        what: what is done, as a reader should know it.
        axes: who is meant to notice; a metric of another axis may be blind to it without a fault.
        levels: amounts in (0, 1], rising.
        apply: of kinds that change frames; None for the others.
    """

    name: str
    what: str
    axes: tuple[Axis, ...]
    levels: tuple[float, ...] = LADDER
    kind: Kind = Kind.FRAMES
    apply: Apply | None = None

    def frames(self, material: Material, level: float, place: int) -> Frames:
        """The damaged clip, uint8 (T, H, W, 3); chance depends on the damage and the place only."""
        if self.apply is None:
            return material.frames
        rng = np.random.default_rng([zlib.crc32(self.name.encode()), place])
        return damage.to_uint8(np.asarray(self.apply(material, level, rng)))


def _levels(frames: Frames) -> damage.Images:
    return frames.astype(np.float32)


def _plain(function: Callable[[damage.Images, float], damage.Images]) -> Apply:
    return lambda material, level, _: function(_levels(material.frames), level)


def _chance(
    function: Callable[[damage.Images, float, np.random.Generator], damage.Images],
) -> Apply:
    return lambda material, level, rng: function(_levels(material.frames), level, rng)


def _drop(material: Material, level: float, rng: np.random.Generator) -> damage.Images:
    return damage.drop(_levels(material.longer), level, rng, len(material.frames))


def _swap(material: Material, level: float, _: np.random.Generator) -> damage.Images:
    return damage.swap(_levels(material.frames), level, _levels(material.other))


def _reverse(material: Material, _: float, __: np.random.Generator) -> damage.Images:
    return damage.reverse(_levels(material.frames))


DAMAGES: tuple[Damage, ...] = (
    Damage("blur", "Gaussian blur", (Q,), apply=_plain(damage.blur)),
    Damage("noise", "independent noise", (Q, C), apply=_chance(damage.noise)),
    Damage("compression", "JPEG of each frame", (Q,), apply=_plain(damage.compress)),
    Damage("colour shift", "channels leak into others", (Q, A), apply=_chance(damage.tint)),
    Damage("flicker", "frames brighter and darker in turn", (C,), apply=_plain(damage.flicker)),
    Damage("crop jitter", "each frame shifts on its own", (C,), apply=_chance(damage.jitter)),
    Damage("stutter", "frames repeat", (C,), apply=_chance(damage.hold)),
    Damage("frame drops", "frames are missing", (C,), apply=_drop),
    Damage("freeze", "the clip stops", (C, A), apply=_plain(damage.freeze)),
    Damage("shuffle", "frames change places", (C, A), apply=_chance(damage.shuffle)),
    Damage("reverse", "the clip runs backwards", (A,), ONCE, apply=_reverse),
    Damage("identity swap", "its end shows another clip", (C, A), apply=_swap),
    Damage("drift", "colour and detail fade away", (H, Q), apply=_plain(damage.drift)),
    Damage("duplicates", "one clip stands for several prompts", (D,), kind=Kind.COPIES),
    Damage("wrong prompt", "prompts of other clips", (A,), kind=Kind.PROMPTS),
)


def _noise(material: Material, _: float, rng: np.random.Generator) -> Frames:
    return rng.integers(0, 256, material.frames.shape, dtype=np.uint8)


CONTROLS: tuple[Damage, ...] = (
    Damage("frozen", "the first frame, repeated", (), ONCE, Kind.CONTROL, _plain(damage.freeze)),
    Damage("white noise", "no picture at all", (), ONCE, Kind.CONTROL, _noise),
    Damage("shuffled", "frames in a wrong order", (), ONCE, Kind.CONTROL, _chance(damage.shuffle)),
)
