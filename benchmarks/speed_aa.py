"""Ten real A/A passes: one generator timed against itself, as a comparison would time two."""

from __future__ import annotations

import math
from collections import defaultdict

from benchmarks.figure import Figure, summarise
from benchmarks.timed_pass import timed_pass
from vbench_lite.metric import Measurement
from vbench_lite.run.plan.build import resolve
from vbench_lite.run.plan.spec import GeneratorSpec
from vbench_lite.stats.rounds import interleaved
from vbench_lite.suite import parse_suite

PASSES = 10
GENERATOR = "reference/latent-diffusion"
SUITE = {
    "name": "a-a",
    "version": 1,
    "description": "One generator under two labels.",
    "prompts": {"dataset": "shapes", "count": 4},
    "metrics": [],
    "axes": {},
    "performance": {"rounds": 5, "warm_calls": 3, "limit_s": 3600},
}


def measure() -> list[Figure]:
    """Passes whose 95% interval holds 0, their half-widths, and the ratios themselves."""
    held, halves, ratios, contended, calls = 0, [], [], 0, 0
    for _ in range(PASSES):
        made = _one_pass()
        calls += len(made)
        contended += sum(call.contended for call in made)
        first, second = _rounds(made, "a"), _rounds(made, "b")
        delta = interleaved(first, second)
        low, high = delta.interval()
        held += low <= 0 <= high
        halves.append((high - low) / 2)
        ratios.append(math.exp(delta.value))
    share = 100 * contended / calls
    return [
        Figure(f"A/A passes of {PASSES} whose interval holds 0", held, held, held, ""),
        summarise("half-width of the log ratio, 5 rounds of 3 calls", halves, ""),
        summarise("ratio of the two arms", ratios, ""),
        Figure("calls contended by other processes", share, share, share, "%"),
    ]


def _one_pass() -> list[Measurement]:
    entries = [resolve(GeneratorSpec(label=label, adapter=GENERATOR))[0] for label in ("a", "b")]
    return timed_pass(entries, parse_suite(SUITE, "benchmark"))


def _rounds(made: list[Measurement], label: str) -> dict[int, list[float]]:
    rounds: dict[int, list[float]] = defaultdict(list)
    for call in made:
        if call.generator == label and call.call == "warm":
            rounds[call.round].append(call.total_s)
    return dict(rounds)
