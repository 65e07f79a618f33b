"""Real clips for an audit: of a data set, or of any folder of the user's."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vbench_lite.clip import Clip, Frames, Seconds
from vbench_lite.dataset import ClipSize, Dataset, Draw, Gives, with_ids
from vbench_lite.errors import ClipError, RequestError
from vbench_lite.sensitivity.ladders import SPARE
from vbench_lite.suite import RequestSpec
from vbench_lite.video.folder import find_clips
from vbench_lite.video.frame_rules import ClipRules

LEAST = 4  # clips; with fewer no interval says anything


@dataclass(frozen=True)
class RealClip:
    """One real clip, read longer than it is shown.

    Attributes:
        prompt_id: clips that share it are one cluster: windows of one file, clips of one prompt.
        longer: uint8 (1.5 T or more, H, W, 3); the first `count` frames are the clip.
        times: when each frame of `longer` is on show, as `clip.ClipInfo.times`; None where they are even.
    """

    name: str
    prompt_id: str
    prompt: str | None
    longer: Frames
    count: int
    fps: float | None
    times: Seconds | None = None

    @property
    def frames(self) -> Frames:
        """The clip as shown, uint8 (T, H, W, 3)."""
        return self.longer[: self.count]

    def shown(self, frames: Frames | None = None) -> Clip:
        """The clip, or other frames in the places of its own, each for as long as the one it replaces."""
        return Clip(
            self.frames if frames is None else frames,
            self.fps,
            None if self.times is None else self.times[: self.count + 1],
        )


def dataset_clips(dataset: Dataset, count: int, request: RequestSpec, seed: int = 0) -> list[RealClip]:
    """Held-out clips of a data set, one a caption, in the order of its draw.

    Raises:
        ClipError: fewer than LEAST clips of this length and size are there.
    """
    size = ClipSize(math.ceil(request.num_frames * SPARE), request.height, request.width, request.fps)
    captions: list[str | None] = [None] * count
    if Gives.CAPTIONS in dataset.info.gives:
        captions = [prompt.text for prompt in dataset.prompts(Draw(seed=seed))]
    found: list[RealClip] = []
    for place, caption in enumerate(captions):
        try:
            clip = dataset.real(caption, place, size)
        except RequestError:  # too short for the spare frames of an audit
            continue
        name = f"real-{place:03d}"
        found.append(RealClip(name, clip.source, caption, clip.frames(), request.num_frames, request.fps))
        if len(found) == count:
            return found
    if len(found) < LEAST:
        raise ClipError(
            f"data set {dataset.info.name} has {len(found)} clips of {size}, an audit needs {LEAST}; "
            "ask for fewer frames or a smaller size"
        )
    return found


def folder_clips(
    path: Path, num_frames: int, short_side: int | None, most: int
) -> tuple[list[RealClip], dict[str, str]]:
    """Windows of the files of a folder or manifest, one of each file in turn, and the files that failed.

    Args:
        short_side: every window is resized to it; None keeps sizes.
        most: windows in all; of each file in turn until there are so many.

    Raises:
        ClipError: nothing is there, or fewer than LEAST windows can be read.
    """
    rules = ClipRules(window=math.ceil(num_frames * SPARE), place="every", short_side=short_side)
    folder = find_clips(path, rules)
    prompts = dict.fromkeys(clip.prompt for clip in folder.clips if clip.prompt is not None)
    ids = {prompt.text: prompt.prompt_id for prompt in with_ids(list(prompts))}
    each = math.ceil(most / len(folder.clips))
    found: list[list[RealClip]] = []
    errors: dict[str, str] = {}
    for clip in folder.clips:
        mine: list[RealClip] = []
        cluster = clip.name if clip.prompt is None else ids[clip.prompt]
        try:
            for window in folder.read(clip):
                name = f"{clip.name}@{len(mine)}"
                mine.append(
                    RealClip(name, cluster, clip.prompt, window.frames, num_frames, window.fps, window.times)
                )
                if len(mine) == each:
                    break
        except ClipError as error:
            errors[clip.name] = str(error).removeprefix(f"{clip.name}: ")
        found.append(mine)
    in_turn = [clip for round_ in itertools.zip_longest(*found) for clip in round_ if clip is not None]
    chosen = _alike(in_turn)[:most]
    if len(chosen) < LEAST:
        why = f" ({'; '.join(f'{name}: {reason}' for name, reason in errors.items())})" if errors else ""
        raise ClipError(
            f"{path}: {len(chosen)} windows of {rules.window} frames and one size, an audit needs {LEAST}; "
            f"give more or longer clips, or a smaller --frames{why}"
        )
    return chosen, errors


def clusters(clips: Sequence[RealClip]) -> tuple[dict[str, str], bool]:
    """The cluster of each clip by name: its file or prompt; itself where there are fewer than LEAST of them.

    Returns:
        the clusters, and whether they are files or prompts.
    """
    if len({clip.prompt_id for clip in clips}) >= LEAST:
        return {clip.name: clip.prompt_id for clip in clips}, True
    return {clip.name: clip.name for clip in clips}, False


def _alike(clips: Sequence[RealClip]) -> list[RealClip]:
    """Those of the size that most of them have: an identity swap needs a partner of equal size."""
    sizes = [clip.longer.shape[1:3] for clip in clips]
    if not sizes:
        return []
    common = max(dict.fromkeys(sizes), key=sizes.count)
    return [clip for clip, size in zip(clips, sizes, strict=True) if size == common]
