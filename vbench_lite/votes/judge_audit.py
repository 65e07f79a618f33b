"""What a judge notices: real clips beside damaged ones, in both orders, before its votes count.

A judge that does not surely prefer the undamaged clip is blind to that damage, and is refused on the axes
that need it. A judge that mostly answers by the side is refused on all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from scipy.stats import binomtest

from vbench_lite.clip import Clip
from vbench_lite.errors import StoreError
from vbench_lite.results.arms import CEILING
from vbench_lite.store.pool import Pool
from vbench_lite.video import damage
from vbench_lite.votes.ballot import OVERALL
from vbench_lite.votes.clips import RunClips
from vbench_lite.votes.judge_results import JudgeAudit, Rung
from vbench_lite.votes.judge_spec import Judge
from vbench_lite.votes.judge_words import compare, said

# What an axis cannot be judged without noticing. Order of time is part of coherence and of the whole.
LADDERS: dict[str, tuple[str, ...]] = {
    OVERALL: ("frozen", "shuffled", "corrupted"),
    "quality": ("corrupted",),
    "coherence": ("frozen", "shuffled", "reversed"),
    "alignment": ("wrong prompt",),
}
LEAST = 0.05  # p-value below which an undamaged clip is surely preferred
MOST_SWAPPED = 0.5  # share of pairs answered by their side, above which a judge is not ranked with

_DAMAGE: Mapping[str, Callable[[damage.Images, np.random.Generator], damage.Images]] = {
    "frozen": lambda clip, _: damage.freeze(clip, 1.0),
    "shuffled": lambda clip, rng: damage.shuffle(clip, 1.0, rng),
    "reversed": lambda clip, _: damage.reverse(clip),
    "corrupted": lambda clip, rng: damage.noise(clip, 1.0, rng),
}


def audit_judge(judge: Judge, root: Path, run: RunClips, *, clips: int = 8, seed: int = 0) -> JudgeAudit:
    """Show a judge real clips beside damaged ones, in both orders.

    Raises:
        StoreError: the run has no control `real`.
    """
    real = run.controls.get(run.control_names.get(CEILING, ""))
    if not real:
        raise StoreError(f"run {run.run_id} has no real clips; make it with its controls")
    requests = sorted(real)[:clips]
    pool, rng = Pool(root), np.random.default_rng(seed)
    read = {request: pool.read(real[request]) for request in requests}
    before = judge.counts.total(), judge.counts["answered"]
    rungs, same_side, pairs = [], 0, 0
    for name in sorted({name for names in LADDERS.values() for name in names}):
        right = asked = 0.0
        for place, request in enumerate(requests):
            clip, prompt = read[request], request[0]
            if name == "wrong prompt":
                other = read[requests[(place + 1) % len(requests)]]
            else:
                frames = damage.to_uint8(_DAMAGE[name](clip.frames.astype(np.float32), rng))
                other = Clip(frames, clip.fps)
            axis = next(axis for axis in ("quality", "coherence", "alignment") if name in LADDERS[axis])
            first = compare(judge, clip, other, prompt, axis)
            second = compare(judge, other, clip, prompt, axis)
            for shares, mine in ((first, "A"), (second, "B")):
                if shares is not None and said(shares) != "tie":
                    asked += 1
                    right += said(shares) == mine
            if first is not None and second is not None:
                pairs += 1
                same_side += said(first) == said(second) != "tie"
        # Both orders of one clip are one observation: half of the answers count.
        sure = asked >= 2 and binomtest(round(right / 2), round(asked / 2), 0.5, "greater").pvalue < LEAST
        rungs.append(Rung(name, right / asked if asked else 0.5, asked, not sure))
    by_side = same_side / pairs if pairs else 0.0
    blind = {rung.damage for rung in rungs if rung.blind}
    refused = {
        axis: f"blind to {', '.join(sorted(blind & set(names)))}"
        for axis, names in LADDERS.items()
        if blind & set(names)
    }
    if by_side > MOST_SWAPPED:
        refused = dict.fromkeys(LADDERS, f"answers by side in {by_side:.0%} of pairs")
    return JudgeAudit(
        judge.name,
        tuple(rungs),
        by_side,
        judge.counts["answered"] - before[1],
        judge.counts.total() - before[0],
        refused,
    )
