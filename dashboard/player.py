"""Clips side by side under one clock: the payload (plain data) and the component that shows it.

The component gets its clips as JSON and puts every name and score in as text; video and frame strip are
data URIs made here, so the browser asks no server for anything. Sizes are bounded: a clip above the
limit is refused with its size.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vbench_lite.dashboard.component import component
from vbench_lite.errors import ClipError
from vbench_lite.report.charts import gallery
from vbench_lite.report.html.markup import uri
from vbench_lite.store.pool import Pool

MAX_CLIPS = 8
MAX_CLIP_BYTES = 4_000_000


@dataclass(frozen=True)
class PlayerClip:
    """One clip of the player.

    Attributes:
        title, subtitle: shown below the clip, as text.
        video: an H.264 mp4 file's bytes.
        strip: a PNG of frames side by side, or None.
        frames, fps: length and rate of the clip.
        scores: name and value, as text.
    """

    title: str
    subtitle: str
    video: bytes
    frames: int
    fps: float
    strip: bytes | None = None
    scores: tuple[tuple[str, str], ...] = ()


def player_clip(
    root: Path, sha256: str, title: str, subtitle: str, scores: Sequence[tuple[str, str]] = ()
) -> PlayerClip:
    """Return a clip of the pool, ready for the player; the preview is made if it is missing.

    Raises:
        StoreError: the hash is no hash, or the pool has no such clip, or its file leads out of the pool.
    """
    video = gallery.preview(root, sha256)
    clip = Pool(root).read(sha256)
    return PlayerClip(
        title=title,
        subtitle=subtitle,
        video=video,
        frames=len(clip.frames),
        fps=clip.fps or 8.0,
        strip=gallery.strip(clip.frames),
        scores=tuple(scores),
    )


def payload(
    clips: Sequence[PlayerClip],
    difference: bool = False,
    wipe: bool = False,
    marks: Sequence[int] = (),
    held: Sequence[tuple[int, Sequence[str]]] = (),
) -> dict[str, Any]:
    """Return what the component is given.

    Args:
        difference: with the absolute difference of the first two.
        wipe: with the first two over each other, parted by a line that can be moved.
        marks: frames that are marked on the time line.
        held: (frame, keys held from it on) of a steered session, shown beside the clips.

    Raises:
        ClipError: no clip, too many, one that is too large to send, or one without frames or rate.
    """
    if not 1 <= len(clips) <= MAX_CLIPS:
        raise ClipError(f"the player shows 1 to {MAX_CLIPS} clips, got {len(clips)}")
    parts = [_part(clip) for clip in clips]
    more = {
        "difference": difference,
        "wipe": wipe,
        "marks": list(marks),
        "held": [[start, list(keys)] for start, keys in held],
    }
    digest = hashlib.sha256(repr((parts, more)).encode()).hexdigest()
    return {"clips": parts, "signature": digest} | more


def _part(clip: PlayerClip) -> dict[str, Any]:
    if len(clip.video) > MAX_CLIP_BYTES:
        raise ClipError(
            f"{clip.title}: the preview has {len(clip.video):,} bytes, the player takes {MAX_CLIP_BYTES:,}"
        )
    if clip.frames < 1 or clip.fps <= 0:
        raise ClipError(f"{clip.title}: {clip.frames} frames at {clip.fps} frames a second cannot be played")
    return {
        "title": clip.title,
        "subtitle": clip.subtitle,
        "alt": f"{clip.title}: {clip.subtitle}",
        "src": uri("video/mp4", clip.video),
        "strip": uri("image/png", clip.strip) if clip.strip else None,
        "frames": clip.frames,
        "fps": clip.fps,
        "scores": [list(score) for score in clip.scores],
    }


def show(
    clips: Sequence[PlayerClip],
    difference: bool = False,
    wipe: bool = False,
    marks: Sequence[int] = (),
    held: Sequence[tuple[int, Sequence[str]]] = (),
    key: str = "player",
) -> None:
    """Draw the player on the page that is being built; see `payload`."""
    component("player", "synchronised player")(data=payload(clips, difference, wipe, marks, held), key=key)
