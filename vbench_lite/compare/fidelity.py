"""How much the clips themselves changed: each clip of the candidate against the baseline's of the same seed.

A description, not a verdict: an update that draws other pictures of equal quality is no loss. It tells
a change of arithmetic (a high PSNR throughout) from a change of behaviour, and which clips to look at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from vbench_lite import registry
from vbench_lite.clip import ClipInfo, Frames
from vbench_lite.compare.differences import Pairing
from vbench_lite.errors import ClipError, NotApplicable, StoreError, WeightsError
from vbench_lite.metric import PairMetric, SampleInfo
from vbench_lite.results.arms import Arm
from vbench_lite.stats.means import mean_estimate
from vbench_lite.store.pool import Pool
from vbench_lite.weights import files

AREA = "reconstruction/"
CHUNK = 16
_MOST_SHOWN = 10
_SLOW = {"reconstruction/dists", "reconstruction/lpips_vgg"}


@dataclass(frozen=True)
class ClipChange:
    """One pair of clips: its values by metric, and their hashes, so that they can be shown."""

    prompt: str
    seed: int
    baseline: str
    candidate: str
    values: dict[str, float]


@dataclass(frozen=True)
class Fidelity:
    """What became of the clips.

    Attributes:
        pairs: requests that both answered; identical: of these, with the same clip, byte for byte.
        metrics: mean over the clips that changed, with its interval, by metric.
        most_changed: the clips that changed most, by the first metric, worst first.
        reasons: why pairs have no value, with how often.
    """

    pairs: int
    identical: int
    metrics: dict[str, dict[str, Any]]
    most_changed: list[ClipChange]
    reasons: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values: the attributes by name."""
        return asdict(self)

    def lines(self) -> list[str]:
        """What it says, in sentences for a terminal or a report."""
        if self.identical == self.pairs:
            return [f"clips of equal seeds: all {self.pairs} are identical, byte for byte"]
        parts = [f"{self.identical} of {self.pairs} identical"]
        for name, facts in self.metrics.items():
            unit = f" {facts['unit']}" if facts["unit"] else ""
            parts.append(f"{name.removeprefix(AREA)} {facts['value']:.4g}{unit}")
        lines = [f"clips of equal seeds: {', '.join(parts)} (mean over those that changed)"]
        named = [f"{change.prompt!r} (seed {change.seed})" for change in self.most_changed[:3]]
        lines.append(f"changed most: {'; '.join(named)}")
        return lines + [f"no value on {count}: {reason}" for reason, count in self.reasons.items()]


def pair_metrics() -> list[type[PairMetric]]:
    """Registered metrics of a clip against its reference, as far as their weights are here.

    A comparison fetches nothing, and leaves out the slow ones on VGG-16.
    """
    names = [name for name in registry.names("metrics") if name.startswith(AREA) and name not in _SLOW]
    found = [registry.load("metrics", name) for name in names]
    pairs = [metric for metric in found if isinstance(metric, type) and issubclass(metric, PairMetric)]
    return [metric for metric in pairs if all(files.cached(key) is not None for key in metric.info.weights)]


def fidelity(
    baseline: Arm,
    candidate: Arm,
    pairing: Pairing,
    pools: tuple[Pool, Pool],
    metrics: Sequence[type[PairMetric]] | None = None,
) -> Fidelity:
    """Compare the clips that both made of one request; equal clips are counted and not decoded."""
    chosen = [metric() for metric in (pair_metrics() if metrics is None else metrics)]
    changes: list[ClipChange] = []
    prompts: list[str] = []
    reasons: dict[str, int] = {}
    identical = 0
    for (prompt, seed), (first, second) in pairing.answered.items():
        hashes = baseline.clips[first], candidate.clips[second]
        if hashes[0] == hashes[1]:
            identical += 1
            continue
        sample = SampleInfo(candidate.generator, second, candidate.prompt_of[second], prompt, seed)
        try:
            values, missing = _values(chosen, hashes, pools, sample)
        except (ClipError, StoreError) as error:
            values, missing = {}, [str(error)]
        for reason in missing:
            reasons[reason] = reasons.get(reason, 0) + 1
        changes.append(ClipChange(prompt, seed, *hashes, values))
        prompts.append(baseline.prompt_of[first])
    summary = {m.info.id: _summary(m, changes, prompts) for m in chosen if _has(m, changes)}
    return Fidelity(len(pairing.answered), identical, summary, _worst(chosen, changes), reasons)


def _values(
    metrics: Sequence[PairMetric], hashes: tuple[str, str], pools: tuple[Pool, Pool], sample: SampleInfo
) -> tuple[dict[str, float], list[str]]:
    """Value of each metric on one pair, and why others have none."""
    reference, clip = (pool.info(sha) for pool, sha in zip(pools, hashes, strict=True))
    started, missing = [], []
    for metric in metrics:
        try:
            metric.start(clip, reference, sample)
            started.append(metric)
        except (NotApplicable, WeightsError) as error:
            missing.append(f"{metric.info.id}: {error}")
    if (clip.height, clip.width) != (reference.height, reference.width):
        return {}, missing or [f"frame size {_size(reference)} became {_size(clip)}"]
    place = 0
    for ours, theirs in _in_step(pools[1].chunks(hashes[1], CHUNK), pools[0].chunks(hashes[0], CHUNK)):
        indices = np.arange(place, place + len(ours))
        place += len(ours)
        for metric in started:
            metric.push(ours, theirs, indices)
    values = {}
    for metric in started:
        try:
            values[metric.info.id] = metric.finish()
        except NotApplicable as error:
            missing.append(f"{metric.info.id}: {error}")
    return values, missing


def _in_step(first: Iterator[Frames], second: Iterator[Frames]) -> Iterator[tuple[Frames, Frames]]:
    """Chunks of both while both have frames; the longer one's rest has no partner."""
    for ours, theirs in zip(first, second, strict=False):
        both = min(len(ours), len(theirs))
        yield ours[:both], theirs[:both]


def _size(clip: ClipInfo) -> str:
    return f"{clip.width}x{clip.height}"


def _has(metric: PairMetric, changes: Sequence[ClipChange]) -> bool:
    return any(metric.info.id in change.values for change in changes)


def _summary(metric: PairMetric, changes: Sequence[ClipChange], prompts: Sequence[str]) -> dict[str, Any]:
    info = metric.info
    known = [(c.values[info.id], p) for c, p in zip(changes, prompts, strict=True) if info.id in c.values]
    estimate = mean_estimate([v for v, _ in known], [p for _, p in known], bounds=info.bounds)
    ci = None if estimate.low is None else [estimate.low, estimate.high]
    return {
        "value": estimate.value,
        "ci": ci,
        "n": estimate.n,
        "unit": info.unit,
        "higher_is_better": info.higher_is_better,
    }


def _worst(metrics: Sequence[PairMetric], changes: Sequence[ClipChange]) -> list[ClipChange]:
    """The clips that changed most, worst first; those that could not be measured lead."""
    leading = next((m.info for m in metrics if _has(m, changes)), None)
    if leading is None:
        return list(changes)[:_MOST_SHOWN]
    sign = -1 if leading.higher_is_better is False else 1

    def closeness(change: ClipChange) -> float:
        return sign * change.values.get(leading.id, -sign * np.inf)

    return sorted(changes, key=closeness)[:_MOST_SHOWN]
