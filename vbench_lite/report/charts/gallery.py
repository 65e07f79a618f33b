"""Which clips are shown, their scores, and their files: previews and strips of frames.

Only files that lie in the pool of the root are handed out: a clip is named by its hash alone, and a link
that leads out of the pool is refused.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vbench_lite.clip import Frames
from vbench_lite.errors import StoreError
from vbench_lite.format import number, shorten
from vbench_lite.results.arms import CEILING, control_of
from vbench_lite.results.catalogue import metric_facts
from vbench_lite.store.columns import texts
from vbench_lite.store.disk import cannot_be_written
from vbench_lite.store.pool import Pool
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.schema import Level, SampleStatus, ScoreStatus
from vbench_lite.store.tables import plain

STRIP_FRAMES = 8
STRIP_HEIGHT = 40
STRIP_GAP = 2  # grey columns between frames
_SHA = re.compile(r"[0-9a-f]{64}")


def shown_samples(run: RunDir, suite: str | None = None) -> pd.DataFrame:
    """Samples that have a clip, with what names and shows it."""
    samples = run.samples()
    return with_clip(samples if suite is None else samples[samples["suite"] == suite])


def with_clip(samples: pd.DataFrame) -> pd.DataFrame:
    """Those of some samples that have a clip, with what names and shows it."""
    columns = [
        "generator",
        "suite",
        "sample_id",
        "prompt_id",
        "prompt",
        "seed",
        "clip_sha256",
        "fps",
        "num_frames",
        "facts",
    ]
    return samples.loc[_has_clip(samples), columns].reset_index(drop=True)


def _has_clip(samples: pd.DataFrame) -> pd.Series[bool]:
    return (samples["status"] == SampleStatus.OK) & samples["clip_sha256"].notna()


def clip_scores(run: RunDir, suite: str | None = None) -> pd.DataFrame:
    """Scores of single clips that have a value: generator, sample_id, metric, value."""
    scores = run.table("score", ("status", "value"))
    wanted = texts(scores, "level").among(Level.SAMPLE) & texts(scores, "status").among(ScoreStatus.OK)
    if suite is not None:
        wanted &= texts(scores, "suite").among(suite)
    found = scores.select(["generator", "sample_id", "metric", "value"]).filter(wanted)
    frame: pd.DataFrame = plain(found, "score").to_pandas()
    return frame


def extremes(
    samples: pd.DataFrame,
    scores: pd.DataFrame,
    metric: str,
    arms: Collection[str] | None,
    worst: bool,
) -> pd.DataFrame:
    """Samples of some arms (None: of all) in the order of one metric, worst or best first; ties by sample id.

    For a metric without a direction "worst" is the lowest value. Columns: generator, sample_id, prompt,
    seed, value.
    """
    rows = scores[scores["metric"] == metric]
    if arms is not None:
        rows = rows[rows["generator"].isin(arms)]
    joined = rows.merge(samples, on=["generator", "sample_id"])
    lower_is_worse = metric_facts(metric, {}).higher_is_better is not False
    ordered = joined.sort_values(["value", "sample_id"], ascending=[lower_is_worse == worst, True])
    return ordered[["generator", "sample_id", "prompt", "seed", "value"]].reset_index(drop=True)


def pool_file(root: Path, path: Path) -> Path:
    """Return `path` if it is a plain file of the pool below `root`.

    Raises:
        StoreError: it lies elsewhere, or a link on the way leads out.
    """
    pool = (root / "pool").resolve()
    real = path.resolve()
    if path.is_symlink() or not real.is_relative_to(pool) or not real.is_file():
        raise StoreError(f"{path.name} is no file of the pool under {root}; it is not shown")
    return real


def clip_file(root: Path, sha256: str) -> Path:
    """The lossless file of a clip of the pool.

    Raises:
        StoreError: the hash is no hash, the pool has no such clip, or its file leads out of the pool.
    """
    _checked(sha256)
    return pool_file(root, Pool(root).path(sha256))


def preview(root: Path, sha256: str) -> bytes:
    """The H.264 preview of a clip of the pool; made if it is missing, and kept where the pool can be written.

    Raises:
        StoreError: as `clip_file`.
    """
    clip_file(root, sha256)
    pool = Pool(root)
    try:
        return pool_file(root, pool.preview(sha256)).read_bytes()
    except OSError as error:
        if not cannot_be_written(error):
            raise
    with tempfile.TemporaryDirectory(prefix="vbench-lite-") as folder:
        path = Path(folder, "preview.mp4")
        pool.write_preview(path, sha256)
        return path.read_bytes()


def _checked(sha256: str) -> None:
    if not _SHA.fullmatch(sha256):
        raise StoreError(f"{shorten(sha256, 80)!r} is no clip hash; clips are named by 64 hexadecimal digits")


def strip(frames: Frames) -> bytes:
    """A PNG of up to 8 frames side by side, evenly spread over the clip.

    Args:
        frames: uint8 (T, H, W, 3), RGB.
    """
    import cv2

    picked = frames[np.linspace(0, len(frames) - 1, min(STRIP_FRAMES, len(frames))).round().astype(int)]
    factor = STRIP_HEIGHT / picked.shape[1]
    size = (max(1, round(picked.shape[2] * factor)), STRIP_HEIGHT)
    way = cv2.INTER_NEAREST if factor >= 1 else cv2.INTER_AREA
    gap = np.full((STRIP_HEIGHT, STRIP_GAP, 3), 128, np.uint8)
    parts = [part for f in picked for part in (gap, cv2.resize(f, size, interpolation=way))]
    row = np.concatenate(parts[1:], axis=1)
    done, png = cv2.imencode(".png", cv2.cvtColor(row, cv2.COLOR_RGB2BGR))
    if not done:
        raise StoreError("the frame strip of a clip cannot be encoded")
    return bytes(png.tobytes())


def changed_frames(first: Frames, second: Frames, most: int = 3) -> tuple[int, ...]:
    """The frames in which two clips differ most, in order of time; none where they are the same or no pair.

    Args:
        first, second: uint8 (T, H, W, 3), RGB.
    """
    if first.shape != second.shape or not len(first):
        return ()
    sizes = [float(np.abs(a.astype(np.int16) - b).mean()) for a, b in zip(first, second, strict=True)]
    worst = sorted(range(len(sizes)), key=lambda frame: -sizes[frame])[:most]
    return tuple(sorted(frame for frame in worst if sizes[frame] > 0))


def score_lines(scores: pd.DataFrame, generator: str, sample_id: str) -> list[tuple[str, str]]:
    """Name and value, as text, of every score of one clip; a unit stands with the name."""
    rows = scores[(scores["generator"] == generator) & (scores["sample_id"] == sample_id)]
    lines = []
    for metric, value in sorted(zip(rows["metric"], rows["value"], strict=True)):
        unit = metric_facts(str(metric), {}).unit
        lines.append((f"{metric} ({unit})" if unit else str(metric), number(float(value))))
    return lines


def prompts(samples: pd.DataFrame) -> dict[str, tuple[str, int]]:
    """Prompt and seed of each sample id, in the order of the run."""
    rows = samples.drop_duplicates("sample_id")
    return {
        str(sample): (str(prompt), int(seed))
        for sample, prompt, seed in zip(rows["sample_id"], rows["prompt"], rows["seed"], strict=True)
    }


def remarks(samples: pd.DataFrame, look_for: str) -> list[str]:
    """What stands beside clips of one prompt: what to look for, and what a generator was really asked."""
    lines = [f"Look for: {look_for}"] if look_for else []
    for arm, prompt, facts in zip(samples["generator"], samples["prompt"], samples["facts"], strict=True):
        asked = json.loads(facts or "{}").get("effective_prompt")
        if isinstance(asked, str) and asked != prompt:
            lines.append(f"{arm} was asked: {asked}")
    return lines


def without_clip(samples: pd.DataFrame) -> list[str]:
    """Who has no clip of one prompt, each with the reason."""
    rows = samples[~_has_clip(samples)].to_dict("records")
    return [f"{row['generator']} has no clip: {why_none(row)}" for row in rows]


def why_none(row: Mapping[Hashable, Any]) -> str:
    """Why a sample has no clip."""
    return f"{row['status']}: {row['reason'] or 'no reason recorded'}"


def label(prompt: str, seed: int) -> str:
    """What a request is called in a list of choices, and in a link that chooses it."""
    return f"{shorten(' '.join(prompt.split()), 80)}, seed {seed}"


def labels(prompts: Mapping[str, tuple[str, int]]) -> dict[str, str]:
    """The label of each sample id, with the id where two would be called alike."""
    told = {sample: label(*request) for sample, request in prompts.items()}
    often = Counter(told.values())
    return {sample: f"{text} ({sample})" if often[text] > 1 else text for sample, text in told.items()}


def is_real(arm: str) -> bool:
    """Whether an arm is the control that answers with real clips."""
    return control_of(arm, None) == CEILING


def first_shown(arms: Sequence[str], generators: Sequence[str], limit: int) -> list[str]:
    """Which arms are shown at first: the real clip, then generators in the order of the plan."""
    there = [arm for arm in arms if is_real(arm)]
    return [*there[:1], *(g for g in generators if g in arms)][:limit]
