"""How often 95% intervals hold the truth, by kind of value (enumerated or simulated)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import numpy.typing as npt
from scipy import stats

from benchmarks.figure import Figure
from vbench_lite.stats.bounded import score
from vbench_lite.stats.frechet import Moments, distance, moments
from vbench_lite.stats.jackknife import jackknife
from vbench_lite.stats.means import mean_estimate
from vbench_lite.stats.paired import paired_means
from vbench_lite.stats.rounds import STEADY, Occasions, separate

Floats = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, int]], Floats]
CUT = float(stats.norm.ppf(0.975))
SIZES = (8, 16, 32, 64)
SHARES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
WIDE = 400  # features of I3D's logits
LOSSES = (0.0, 0.02, 0.05, 0.1)
SKEWED: dict[str, tuple[Draw, float]] = {
    "exponential": (lambda rng, size: rng.exponential(size=size), 1.0),
    "lognormal, sigma .5": (lambda rng, size: rng.lognormal(0, 0.5, size=size), math.exp(0.125)),
    "lognormal, sigma 1": (lambda rng, size: rng.lognormal(0, 1.0, size=size), math.exp(0.5)),
    "Student's t of 3": (lambda rng, size: rng.standard_t(3, size=size), 0.0),
    "normal": (lambda rng, size: rng.normal(size=size), 0.0),
}
MOSTLY_PERFECT: dict[str, tuple[Draw, float]] = {
    "4 of 5 perfect": (lambda rng, size: np.where(rng.random(size) < 0.8, 1.0, rng.random(size)), 0.9),
    "shares of 16 frames": (lambda rng, size: rng.binomial(16, rng.beta(9, 1, size)) / 16, 0.9),
}


def measure() -> list[Figure]:
    """The least coverage over every truth that was tried, for each n."""
    figures = []
    for n in SIZES:
        held, passed = paired_verdicts(n)
        figures += [
            _figure(f"paired verdicts, n = {n}: least coverage", held, "0.93"),
            _figure(f"paired verdicts, n = {n}: most false PASS at the margin", passed, "at most 0.03"),
            _figure(f"single verdicts, n = {n}: least coverage", single_verdicts(n), "0.95"),
        ]
        for name, (draw, truth) in MOSTLY_PERFECT.items():
            single, paired = mostly_perfect(draw, truth, n, sets=1000)
            figures.append(_figure(f"{name}, n = {n}: coverage of a mean", single, "0.93"))
            figures.append(_figure(f"{name}, n = {n}: coverage of a paired difference", paired, "0.93"))
        for name, (draw, truth) in SKEWED.items():
            figures.append(_figure(f"{name}, n = {n}: coverage of a mean", skewed(draw, truth, n, 2000), ""))
    for n, wanted in ((64, "none is shown"), (5 * WIDE, "0.90")):
        figures.append(_figure(f"Fréchet distance, {WIDE} features, n = {n}: coverage", frechet(n), wanted))
    for name, between in (("rounds alone", STEADY), ("with what differs between runs", Occasions(0.05))):
        figures.append(_figure(f"two runs, 5% apart by occasion, {name}: coverage", two_runs(between), ""))
    return figures


def _figure(name: str, value: float, wanted: str) -> Figure:
    return Figure(name, value, value, value, "", wanted)


def arms() -> Iterator[tuple[float, float, float]]:
    """(loss, only the baseline right, only the candidate right): independent, half dependent, nested."""
    for loss in LOSSES:
        for share in SHARES:
            apart = share * (1 - share + loss), (1 - share) * (share - loss)
            for tied in (0.0, 0.5, 1.0):
                yield loss, (1 - tied) * apart[0] + tied * loss, (1 - tied) * apart[1]


def paired_verdicts(n: int) -> tuple[float, float]:
    """Least coverage, and most false PASS at a margin of the true loss: every table of n pairs."""
    lost, gained = (table.ravel() for table in np.indices((n + 1, n + 1)))
    keep = lost + gained <= n
    lost, gained = lost[keep], gained[keep]
    tables = [np.repeat([-1.0, 1.0, 0.0], [b, c, n - b - c]) for b, c in zip(lost, gained, strict=True)]
    bounds = -np.array(LOSSES)
    statistics = np.array([score(units, -1.0, 1.0, bounds) for units in tables])
    counts = np.stack([lost, gained, n - lost - gained], axis=1)
    held, passed = 1.0, 0.0
    for loss, p_lost, p_gained in arms():
        chance = stats.multinomial.pmf(counts, n, [p_lost, p_gained, 1 - p_lost - p_gained])
        found = statistics[:, LOSSES.index(loss)]
        held = min(held, float(chance[np.abs(found) <= CUT].sum()))
        if loss:
            passed = max(passed, float(chance[found > CUT].sum()))
    return held, passed


def single_verdicts(n: int) -> float:
    """Least coverage of a share of n verdicts."""
    right = np.arange(n + 1)
    found = [
        mean_estimate(np.repeat([1.0, 0.0], [k, n - k]).tolist(), range(n), bounds=(0, 1)) for k in right
    ]
    low, high = (np.array([getattr(one, end) for one in found], float) for end in ("low", "high"))
    shares = (*SHARES, 0.995)
    return min(float(stats.binom.pmf(right[(low <= p) & (p <= high)], n, p).sum()) for p in shares)


def mostly_perfect(draw: Draw, truth: float, n: int, sets: int) -> tuple[float, float]:
    """Coverage of the mean of bounded values, and of the difference of two equal arms."""
    rng = np.random.default_rng(n)
    single = paired = 0
    for first, second in zip(draw(rng, (sets, n)), draw(rng, (sets, n)), strict=True):
        found = mean_estimate(first.tolist(), range(n), bounds=(0.0, 1.0))
        single += found.low is not None and found.high is not None and found.low <= truth <= found.high
        delta = paired_means(first.tolist(), second.tolist(), range(n), bounds=(0.0, 1.0))
        paired += min(delta.p_above(0.0), delta.p_below(0.0)) >= 0.025
    return single / sets, paired / sets


def skewed(draw: Draw, truth: float, n: int, sets: int) -> float:
    """Coverage of the mean of values without bounds."""
    found = [mean_estimate(row.tolist(), range(n)) for row in draw(np.random.default_rng(n), (sets, n))]
    return sum(e.low <= truth <= e.high for e in found if e.low is not None and e.high is not None) / sets


def frechet(n: int, sets: int = 20, groups: int = 50) -> float:
    """Coverage of the Fréchet distance by the jackknife, on the spectrum of a network (i^-1.2)."""
    scales = np.sqrt(np.arange(1.0, WIDE + 1) ** -1.2)
    rng = np.random.default_rng(n)
    reference = moments(rng.normal(size=(2048, WIDE)) * scales)
    truth = distance(Moments(0.3 * scales, np.diag(1.2 * scales)), reference)

    def of_kept(clips: Floats, kept: npt.NDArray[np.int64]) -> float:
        return distance(moments(clips[kept]), reference)

    held = 0
    for _ in range(sets):
        clips = rng.normal(0.3, 1.2, size=(n, WIDE)) * scales
        found = jackknife(range(n), partial(of_kept, clips), max_groups=groups)
        held += found.low is not None and found.high is not None and found.low <= truth <= found.high
    return held / sets


def two_runs(between: Occasions, pairs: int = 1000) -> float:
    """Coverage of no difference between two runs: a run's luck of 5%, a process's of 2%, three rounds."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(pairs):
        first, second = (
            {
                number: [float(time)]
                for number, time in enumerate(np.exp(rng.normal(0, 0.05) + rng.normal(0, 0.02, size=3)))
            }
            for _ in range(2)
        )
        low, high = separate(first, second, between=between).interval()
        held += low <= 0.0 <= high
    return held / pairs
