"""What a metric may know of a stored sample: from its row and its suite."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any

from vbench_lite.clip import Clip
from vbench_lite.control import Script, parse_script
from vbench_lite.dataset import script_number
from vbench_lite.errors import PromptError
from vbench_lite.metric import SampleInfo
from vbench_lite.run.plan.data import CONTROLS, suite_dataset
from vbench_lite.run.plan.given import Given, given_frames
from vbench_lite.run.scoring.sources import MemorySource
from vbench_lite.store.json_text import json_object
from vbench_lite.suite import Suite

Row = Mapping[str, Any]


def sample_info(row: Row, suite: Suite) -> SampleInfo:
    """The sample of a row, with what its generator was given and the pieces in which the clip came."""
    given = _given(row, suite)
    facts = json_object(row["facts"], lambda: f"what was noted of sample {row['sample_id']}")
    return SampleInfo(
        generator=row["generator"],
        sample_id=row["sample_id"],
        prompt_id=row["prompt_id"],
        prompt=None if _shows_other_things(row, suite) else row["prompt"],
        seed=row["seed"],
        image=given.image,
        past_frames=given.past_frames,
        control_clip=given.control_clip,
        control_kind=None if given.control_clip is None else suite.request.control_kind,
        pieces=_pieces(facts, row["pieces"] or (), int(row["num_frames"] or 0)),
        walk=_walk(row["sample_id"]),
        script=_script(row["sample_id"], suite),
        sampled=_sampled(facts),
    )


def given_clip(row: Row, suite: Suite) -> MemorySource | None:
    """The clip that was given to be reconstructed, at the length and size of what came back."""
    clip = _given(row, suite).clip
    return None if clip is None else MemorySource(Clip(clip, row["fps"]), f"given:{row['sample_id']}")


def _shows_other_things(row: Row, suite: Suite) -> bool:
    """Whether the clip is a control of a data set that knows nothing of the prompts."""
    return suite.scale is not None and row["generator"] in CONTROLS


def _walk(sample_id: str) -> float | None:
    """Where on a walk through noise a sample is, from its id: see `dataset.Prompt.sample_id`."""
    found = re.search(r"-walk([01]\.\d{4})-s\d+$", sample_id)
    return None if found is None else float(found[1])


def _script(sample_id: str, suite: Suite) -> Script | None:
    """The script that steered a sample, from its id: see `dataset.Prompt.sample_id`."""
    number, known = script_number(sample_id), suite.request.scripts
    return parse_script(known[number]) if number is not None and number < len(known) else None


def _sampled(facts: Mapping[str, Any]) -> tuple[tuple[int, int], ...]:
    """Changes of control that the generator sampled, as `run.generate.batch` noted them."""
    return tuple((int(change), int(frame)) for change, frame in facts.get("sampled") or ())


def _given(row: Row, suite: Suite) -> Given:
    size = row["num_frames"], row["height"], row["width"]
    dataset = suite_dataset(suite)
    if suite.request.given is None or None in size or dataset is None:
        return Given()
    try:
        script = _script(row["sample_id"], suite)
        return given_frames(dataset, suite.request, row["prompt"], row["seed"], *size, script)
    except PromptError:  # clips made elsewhere, scored under this suite
        return Given()


def _pieces(facts: Mapping[str, Any], arrived: Sequence[int], num_frames: int) -> tuple[int, ...]:
    """Frames of each piece: between the seams that the adapter noted, or else as they arrived."""
    seams = str(facts.get("seams") or "").split()
    if seams and all(seam.isdigit() for seam in seams):
        borders = sorted({int(seam) for seam in seams if 0 < int(seam) < num_frames})
        return tuple(b - a for a, b in pairwise([0, *borders, num_frames]))
    return _kept(arrived, num_frames)


def _kept(pieces: Sequence[int], num_frames: int) -> tuple[int, ...]:
    """Pieces up to the frames that count; those beyond were trimmed."""
    begins = accumulate(map(int, pieces), initial=0)
    return tuple(
        min(int(piece), num_frames - begin)
        for piece, begin in zip(pieces, begins, strict=False)
        if begin < num_frames
    )
