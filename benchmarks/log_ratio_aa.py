"""How often the interval of a speed ratio holds 0 when both arms are the same generator (simulated)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from benchmarks.figure import Figure
from vbench_lite.stats.rounds import interleaved

PAIRS = 1000
SETTINGS = ((3, 4), (5, 6), (6, 5), (8, 4))  # rounds, warm calls

# Noise of a shared machine, as shares of a call's time.
PROCESS = 0.02  # luck of a process: memory layout, allocator
CALL = 0.015  # from call to call
DRIFT = 0.05  # from the first to the last process: clock speed, temperature
WALK = 0.01  # from process to process
BURST_CHANCE = 0.10  # of a process: other work during some of its calls ...
BURST = (1.1, 1.6)  # ... which take so much longer
SPIKE_CHANCE = 0.03  # of a call
SPIKE = (1.2, 2.5)

Arm = dict[int, list[float]]


def measure() -> list[Figure]:
    """Coverage and half-width for the numbers of rounds that suites use."""
    figures = []
    for count, calls in SETTINGS:
        held, half = coverage(count, calls, pairs=PAIRS, seed=0)
        name = f"{count} rounds of {calls} calls"
        figures.append(
            Figure(f"A/A pairs whose interval holds 0, {name}", held, held, held, "", "0.93 to 0.97")
        )
        figures.append(Figure(f"half-width of the log ratio, {name}", half, half, half, ""))
    return figures


def coverage(rounds: int, calls: int, *, pairs: int, seed: int) -> tuple[float, float]:
    """Share of simulated A/A pairs whose 95% interval holds 0, and the median half-width."""
    rng = np.random.default_rng(seed)
    held, halves = 0, []
    for _ in range(pairs):
        low, high = interleaved(*_pair(rng, rounds, calls)).interval()
        held += low <= 0 <= high
        halves.append((high - low) / 2)
    return held / pairs, float(np.median(halves))


def _pair(rng: np.random.Generator, rounds: int, calls: int) -> tuple[Arm, Arm]:
    """Two arms of one generator; the order of the arms turns from round to round."""
    arms: tuple[Arm, Arm] = ({}, {})
    slope, level = rng.normal(0, DRIFT), 0.0
    for place in range(2 * rounds):
        number, turn = divmod(place, 2)
        level += rng.normal(0, WALK)
        logs = level + slope * place / (2 * rounds) + rng.normal(0, PROCESS) + rng.normal(0, CALL, calls)
        arms[turn ^ (number % 2)][number] = (np.exp(logs) * _disturbances(rng, calls)).tolist()
    return arms


def _disturbances(rng: np.random.Generator, calls: int) -> npt.NDArray[np.float64]:
    factors = np.ones(calls)
    if rng.random() < BURST_CHANCE:
        length = int(rng.integers(1, calls + 1))
        start = int(rng.integers(0, calls - length + 1))
        factors[start : start + length] *= rng.uniform(*BURST)
    spiked = rng.random(calls) < SPIKE_CHANCE
    return np.where(spiked, factors * rng.uniform(*SPIKE, calls), factors)
