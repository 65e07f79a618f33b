"""The judge of the stage world: what a clip shows, from what its frames show (`judge_frames`).

Colors by the pixels they cover, shapes by clean frames (the object in view and not covered), motion by
fitting every path of the world to the track, who is in front by which object lacks pixels where the
paths overlap, the background by texture, phase and tone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from vbench_lite.arrays import Bools, Floats, Floats32
from vbench_lite.clip import Frames
from vbench_lite.datasets.stage import judge_frames as measured
from vbench_lite.datasets.stage.judge_frames import FEATURE_DIM as FEATURE_DIM
from vbench_lite.datasets.stage.judge_frames import areas
from vbench_lite.datasets.stage.judge_frames import per_frame as per_frame
from vbench_lite.datasets.stage.judge_motion import MOTION_FRAMES, Fit, cover_of, fit_motion
from vbench_lite.datasets.stage.words import COLORS, COOL, PANS, SHAPES, TEXTURES, TINTS, WARM, Scene, Thing

SHAPE_SCORE_NEEDED = 0.85  # mean cosine over clean frames below which a clip shows no shape
LIKENESS_NEEDED = 0.6  # mean cosine below which there is nothing that a track or an identity could be of
CLEAN = 0.85  # share of its area that an object shows in a clean frame
LEAST_SHARE = 0.4  # of an object in view, for its place to count in a track
TEXTURE_NEEDED = 0.6  # mean correlation of the background with its texture
TONE_ALLOWED = 12.0  # distance of the background's chroma from that of its tint, in grey levels
FRONT_NEEDED = 12.0  # pixels, summed over frames, in which the paths must overlap
FRONT_SHARE = 0.5  # of these, the difference in missing pixels that decides


@dataclass(frozen=True)
class Seen:
    """One object of a clip; a word is None where nothing holds.

    Attributes:
        color, shape, direction, speed: words of the world.
        event: "leaves" or "turns", or None for a plain path.
        side: "left" or "right" of a turn.
        readable: bool (T,), frames in which the object should be, or is, clean.
        same: bool (T,), of these, the frames that show the clip's shape of this object.
        after: bool (T,), readable frames after the object was first covered or away.
        kept: bool (T,), of these, the frames that show the shape it had before.
    """

    color: str | None
    shape: str | None
    direction: str | None
    speed: str | None
    event: str | None
    side: str | None
    readable: Bools
    same: Bools
    after: Bools
    kept: Bools


@dataclass(frozen=True)
class Judgement:
    """What a clip shows.

    Attributes:
        warm, cool: its two objects.
        front: color of the object in front, None where they do not meet or neither is.
        texture, tint, pan: words of the background, or None.
        identity: share of readable frames, over both objects, that show the clip's shape.
        identity_after: the same of frames after an object was covered or away; None if there are none.
    """

    warm: Seen
    cool: Seen
    front: str | None
    texture: str | None
    tint: str | None
    pan: str | None
    identity: float
    identity_after: float | None

    def of(self, thing: Thing) -> Seen:
        """The object of the clip that stands for an object of a caption."""
        return self.warm if thing.warm else self.cool


def judge_clip(frames: Frames) -> Judgement:
    """Judge a clip, uint8 (T, 48, 48, 3) RGB."""
    return judge_features(per_frame(frames))


def judge_features(features: Floats32) -> Judgement:
    """Judge a clip by what `per_frame` measured, float32 (T, FEATURE_DIM), T >= 1."""
    cover = features[:, measured.COVER]
    hues = [_most_covered(cover, group) for group in (WARM, COOL)]
    outlines = [_outline(features, hue) for hue in hues]
    fits = [
        None if hue is None or shape is None else _fit(features, hue, shape)
        for hue, shape in zip(hues, outlines, strict=True)
    ]
    front, overlap = _front(cover, hues, outlines, fits)
    seen = [
        _seen(features, hue, shape, fit, overlap)
        for hue, shape, fit in zip(hues, outlines, fits, strict=True)
    ]
    readable = sum(int(s.readable.sum()) for s in seen)
    after = sum(int(s.after.sum()) for s in seen)
    texture, pan = _texture(features[:MOTION_FRAMES, measured.WALL])
    return Judgement(
        warm=seen[0],
        cool=seen[1],
        front=front,
        texture=texture,
        tint=_tint(features[:, measured.TONE]),
        pan=pan,
        identity=sum(int(s.same.sum()) for s in seen) / readable if readable else 0.0,
        identity_after=sum(int(s.kept.sum()) for s in seen) / after if after else None,
    )


def _most_covered(cover: Floats32, group: tuple[str, ...]) -> int | None:
    """Index of the color of a group that covers most over a clip, if it ever covers enough."""
    indices = [tuple(COLORS).index(name) for name in group]
    best = indices[int(cover[:, indices].sum(axis=0).argmax())]
    return best if cover[:, best].max() >= measured.LEAST_COVER else None


def _table(features: Floats32, part: slice, hue: int) -> Floats32:
    """The columns of one color, float32 (T, shapes)."""
    return features[:, part].reshape(len(features), len(COLORS), len(SHAPES))[:, hue]


def _outline(features: Floats32, hue: int | None) -> int | None:
    """Index of the shape with the best mean cosine over the clean frames of a color, if it is like any."""
    if hue is None:
        return None
    scores, cover = _table(features, measured.SCORES, hue), features[:, measured.COVER][:, hue]
    # What is clean depends on the shape: a bar covers less than a square.
    means = np.array([
        scores[clean, shape].mean() if (clean := cover >= CLEAN * area).any() else 0.0
        for shape, area in enumerate(areas())
    ])  # fmt: skip
    best = int(means.argmax())
    return best if means[best] >= LIKENESS_NEEDED else None


def _fit(features: Floats32, hue: int, shape: int) -> Fit | None:
    first = features[:MOTION_FRAMES]
    visible = first[:, measured.COVER][:, hue] >= LEAST_SHARE * areas()[shape]
    track = [_table(first, part, hue)[:, shape] for part in (measured.X, measured.Y)]
    return fit_motion(np.stack(track, axis=1).astype(np.float64), visible)


def _front(
    cover: Floats32, hues: list[int | None], outlines: list[int | None], fits: list[Fit | None]
) -> tuple[str | None, Floats]:
    """Color of the object in front, and the pixels in which the two paths overlap in every frame, (T,)."""
    count = min(MOTION_FRAMES, len(cover))
    overlap = np.zeros(len(cover))
    if None in fits or None in outlines or None in hues:
        return None, overlap
    pictures = [cover_of(cast(Fit, f), cast(int, s), count) for f, s in zip(fits, outlines, strict=True)]
    overlap[:count] = (pictures[0] * pictures[1]).sum(axis=(1, 2))
    if overlap.sum() < FRONT_NEEDED:
        return None, overlap
    meet = overlap[:count] >= 2
    missing = [
        (picture.sum(axis=(1, 2)) - cover[:count, cast(int, hue)])[meet].sum()
        for picture, hue in zip(pictures, hues, strict=True)
    ]
    lead = (missing[1] - missing[0]) / max(overlap[:count][meet].sum(), 1.0)
    if abs(lead) < FRONT_SHARE:
        return None, overlap
    return tuple(COLORS)[cast(int, hues[0] if lead > 0 else hues[1])], overlap


def _seen(features: Floats32, hue: int | None, shape: int | None, fit: Fit | None, overlap: Floats) -> Seen:
    count = len(features)
    color = None if hue is None else tuple(COLORS)[hue]
    nowhere = np.zeros(count, np.bool_)
    if hue is None or shape is None:
        return Seen(color, None, None, None, None, None, np.ones(count, np.bool_), nowhere, nowhere, nowhere)
    cover = features[:, measured.COVER][:, hue]
    clean = cover >= CLEAN * areas()[shape]
    hidden = cover < LEAST_SHARE * areas()[shape]
    readable = clean.copy()
    if fit is not None:
        fitted = min(count, MOTION_FRAMES)
        full = cover_of(fit, shape, fitted).sum(axis=(1, 2)) >= 0.95 * areas()[shape]
        readable[:fitted] |= full & (overlap[:fitted] < 2)
    scores = _table(features, measured.SCORES, hue)
    sure = scores[cover >= CLEAN * areas()[shape], shape].mean() >= SHAPE_SCORE_NEEDED
    best = scores.argmax(axis=1)
    past = np.cumsum(hidden | (overlap > 0.3 * areas()[shape])) > 0
    before = np.bincount(best[clean & ~past], minlength=len(SHAPES))
    first = int(before.argmax()) if before.any() else shape
    after = readable & past
    same, kept = readable & clean & (best == shape), after & clean & (best == first)
    walk = None if fit is None else fit.walk
    event = None if walk is None else "leaves" if walk.leaves else "turns" if walk.side else None
    return Seen(
        color=color,
        shape=SHAPES[shape] if sure else None,
        direction=walk.direction if walk else None,
        speed=walk.speed if walk else None,
        event=event,
        side=walk.side if walk else None,
        readable=readable,
        same=same,
        after=after,
        kept=kept,
    )


def _texture(scores: Floats32) -> tuple[str | None, str | None]:
    """Texture and pan by the phase path with the highest mean correlation."""
    table = scores.reshape(len(scores), len(TEXTURES), -1)
    phases = np.arange(table.shape[2])
    best: tuple[float, str | None, str | None] = (TEXTURE_NEEDED, None, None)
    for name, speed in PANS.items():
        path = (phases[:, None] + speed * np.arange(len(table))) % len(phases)  # (phases, T)
        means = table[np.arange(len(table)), :, path].mean(axis=1)  # (phases, textures)
        _, texture = np.unravel_index(int(means.argmax()), means.shape)
        if means.max() > best[0]:
            best = (float(means.max()), TEXTURES[int(texture)], name)
    return best[1], best[2] if len(table) > 1 else None


def _tint(tones: Floats32) -> str | None:
    """The tint whose chroma is nearest to that of the mean background, if it is near enough."""

    def chroma(rgb: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        muted: npt.NDArray[np.floating] = rgb - rgb.mean(axis=-1, keepdims=True)
        return muted

    middles = chroma(np.array(list(TINTS.values()), np.float64).mean(axis=1))
    distances = np.linalg.norm(middles - chroma(tones.mean(axis=0)), axis=1)
    return tuple(TINTS)[int(distances.argmin())] if distances.min() <= TONE_ALLOWED else None


def still_shown(features: Floats32, opening: int) -> Bools:
    """Whether each frame shows the two objects that a clip began with, bool (T, 2): warm and cool.

    In view and not covered, in the color that covers most in the first `opening` frames, with the shape that
    most of the clean ones of these show. Real clips hide objects at times.
    """
    found = np.zeros((len(features), 2), np.bool_)
    for place, group in enumerate((WARM, COOL)):
        hue = _most_covered(features[:opening, measured.COVER], group)
        if hue is None:
            continue
        scores = _table(features, measured.SCORES, hue)
        best = scores.argmax(axis=1)
        clean = features[:, measured.COVER][:, hue] >= CLEAN * areas()[best]
        if clean[:opening].any():
            shape = int(np.bincount(best[:opening][clean[:opening]]).argmax())
            found[:, place] = clean & (best == shape) & (scores[:, shape] >= SHAPE_SCORE_NEEDED)
    return found


def tracks(features: Floats32) -> tuple[Floats, Bools]:
    """Where the two objects of a clip are.

    Returns:
        centers, float64 (T, 2, 2): (x, y) of the warm and the cool object in pixels.
        whole, bool (T, 2): the frames in which it is in view and not covered, so that its center is known.
    """
    centers = np.zeros((len(features), 2, 2))
    whole = np.zeros((len(features), 2), np.bool_)
    for place, group in enumerate((WARM, COOL)):
        hue = _most_covered(features[:, measured.COVER], group)
        shape = _outline(features, hue)
        if hue is None or shape is None:
            continue
        centers[:, place] = np.stack(
            [_table(features, part, hue)[:, shape] for part in (measured.X, measured.Y)], axis=1
        )
        whole[:, place] = features[:, measured.COVER][:, hue] >= CLEAN * areas()[shape]
    return centers, whole


def agreement(judged: Judgement, scene: Scene) -> dict[str, float | None]:
    """How far a clip does what its caption says: each attribute in [0, 1], None where it does not apply."""
    pairs = [(judged.of(thing), thing) for thing in (scene.first, scene.second)]
    out: dict[str, float | None] = {
        word: float(np.mean([getattr(seen, word) == getattr(thing, word) for seen, thing in pairs]))
        for word in ("color", "shape", "direction", "speed")
    }
    wanted = None if scene.event == "passes" else scene.event
    out["event"] = float(judged.of(scene.first).event == wanted and judged.of(scene.second).event is None)
    passes = scene.event == "passes"
    out["front"] = float(judged.front == scene.first.color) if passes else None
    out |= {word: float(getattr(judged, word) == getattr(scene, word)) for word in ("texture", "tint", "pan")}
    out["identity"], out["identity_after"] = judged.identity, judged.identity_after
    return out
