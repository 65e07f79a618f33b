"""The reference generators: what the judge says of their clips, and what they cost, on one thread."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Mapping
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figure import Figure, summarise
from tools.reference.judging import GENERATORS, Collect, make_clips, request, shapes_verdict
from vbench_lite.adapters.reference.base import ReferenceGenerator
from vbench_lite.datasets import shapes
from vbench_lite.generator import Frames, Generator

CAPTIONS, SEED = 200, 30_000  # seeds that neither training nor the choice of parameters used
SETTING_CAPTIONS = 40
LONG, REPEATS, ROWS = 64, 5, 20
BARS: dict[str, dict[str, float]] = {
    "latent-diffusion": {"colour": 0.95, "shape": 0.80, "direction": 0.85, "identity": 0.90},
    "autoregressive": {"colour": 0.95, "shape": 0.60, "direction": 0.80, "identity": 0.80},
    "hybrid": {"colour": 0.95, "shape": 0.75, "direction": 0.80, "identity": 0.85},
}
LIMITS_S = {"latent-diffusion": 2, "autoregressive": 6, "hybrid": 2}
FIRST_PART = {"autoregressive": "at most 0.125", "hybrid": "at most 0.333"}


def measure() -> list[Figure]:
    """Quality of real and made clips, then time, cache and memory of each generator."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as the harness times; two are slower for networks of this size
    try:
        return _measure()
    finally:
        torch.set_num_threads(threads)


def _measure() -> list[Figure]:
    scenes = shapes.sample_scenes(CAPTIONS, SEED, "all")
    real = [shapes.real_clip(scene, SEED + i) for i, scene in enumerate(scenes)]
    figures = _quality("real clips", real, scenes, dict.fromkeys(BARS["hybrid"], 0.98))
    for name in GENERATORS:
        for setting in ("default", "bf16-weights", "coarse"):
            part = scenes if setting == "default" else scenes[:SETTING_CAPTIONS]
            clips = make_clips(_loaded(name, {"setting": setting}), part, seed=SEED)
            label = name if setting == "default" else f"{name}, {setting}"
            figures += _quality(label, clips, part, BARS[name] if setting == "default" else {})
        figures += _speed(name)
        grown = [_memory_mb(name) for _ in range(2)]
        figures.append(summarise(f"{name}: peak memory over baseline", grown, "MB", "at most 400 MB"))
    return figures + _cache() + _rows()


def _loaded(name: str, config: Mapping[str, Any] | None = None) -> ReferenceGenerator:
    generator = GENERATORS[name](dict(config or {}))
    generator.load()
    return generator


def _one(what: str, value: float, unit: str = "", target: str = "") -> Figure:
    return Figure(what, value, value, value, unit, target)


def _quality(
    label: str, clips: list[Frames], scenes: list[shapes.Scene], bars: Mapping[str, float]
) -> list[Figure]:
    shares = shapes_verdict(clips, scenes)
    held = {word: f"at least {bar:.2f}" for word, bar in bars.items()}
    return [
        _one(f"{label}: {word}, {len(clips)} captions", share, "", held.get(word, ""))
        for word, share in shares.items()
    ]


class Timed(Collect):
    """A context that keeps when the first frames came."""

    def __init__(self) -> None:
        super().__init__()
        self.first_s: float | None = None
        self.began_s = time.perf_counter()

    def emit(self, request_index: int, frames: Frames) -> None:
        """Keep the piece, and the time of the first."""
        if self.first_s is None:
            self.first_s = time.perf_counter() - self.began_s
        super().emit(request_index, frames)


def _call(generator: Generator, num_frames: int, seed: int = SEED) -> tuple[float, float, Timed]:
    """Seconds of a call, seconds to its first frames, and its context."""
    context = Timed()
    scene = shapes.sample_scenes(1, SEED)[0]
    generator.generate([request(scene.caption, seed, num_frames, {})], context)
    total_s = time.perf_counter() - context.began_s
    assert context.first_s is not None
    return total_s, context.first_s, context


def _speed(name: str) -> list[Figure]:
    generator = _loaded(name)
    _call(generator, 16)
    calls = [_call(generator, 16, SEED + i) for i in range(REPEATS)]
    return [
        summarise(f"{name}: 16 frames", [c[0] for c in calls], "s", f"at most {LIMITS_S[name]} s"),
        summarise(
            f"{name}: first frames, part of the total",
            [c[1] / c[0] for c in calls],
            "",
            FIRST_PART.get(name, ""),
        ),
        summarise(f"{name}: {LONG} frames", [_call(generator, LONG)[0] for _ in range(3)], "s"),
    ]


def _cache() -> list[Figure]:
    """The autoregressive generator with and without its cache, in turn; both caches' bytes."""
    from vbench_lite.adapters.reference.token_model import TokenModelConfig
    from vbench_lite.adapters.reference.transformer import TransformerConfig

    cached, bare = _loaded("autoregressive"), _loaded("autoregressive", {"kv_cache": False})
    _call(cached, 16), _call(bare, 2)
    ratios, context = [], Timed()
    for index in range(3):
        slow_s, _, slow = _call(bare, LONG, SEED + index)
        fast_s, _, context = _call(cached, LONG, SEED + index)
        if not np.array_equal(slow.clip(0), context.clip(0)):
            raise RuntimeError(f"the cache changes the clip of seed {SEED + index}")
        ratios.append(slow_s / fast_s)
    t, c = TokenModelConfig(), TransformerConfig()
    number_bytes = 2 * 4 * 2  # keys and values, float32, two rows for guidance
    tokens = number_bytes * t.width * (t.trunk_layers * min(LONG, t.window) + t.head_layers * t.tokens)
    blocks = number_bytes * c.width * c.layers * c.context_blocks * c.block
    hybrid = _call(_loaded("hybrid"), LONG)[2].facts["kv_cache_bytes"]
    held = context.facts["kv_cache_bytes"]
    assert isinstance(held, int) and isinstance(hybrid, int)
    return [
        summarise(
            f"autoregressive: {LONG} frames, without the cache over with it", ratios, "x", "at least 5"
        ),
        _one(f"autoregressive: bytes cached at {LONG} frames", held, "B", f"closed form: {tokens}"),
        _one(f"hybrid: bytes cached at {LONG} frames", hybrid, "B", f"closed form: {blocks}"),
    ]


def _rows() -> list[Figure]:
    """Tokens of batch rows against the same samples made alone."""
    from tools.reference.batch_margin import first_differences
    from vbench_lite.adapters.reference.autoregressive import Autoregressive

    generator = Autoregressive()
    generator.load()
    scenes = shapes.sample_scenes(ROWS, SEED, "all")
    prompts, seeds = [scene.caption for scene in scenes], list(range(SEED, SEED + ROWS))
    found = first_differences(generator.model, generator.codec, prompts, seeds, shapes.DEFAULT_FRAMES)
    figures = [_one(f"autoregressive: rows of {ROWS} whose tokens differ from the single sample", len(found))]
    for d in found:
        what = f"row {d.row}: margin of the first differing token (frame {d.frame}, slot {d.slot})"
        figures.append(_one(what, d.margin))
    return figures


def _memory_mb(name: str) -> float:
    """What loading and generating 16 frames add to the peak of a fresh process that has torch."""
    context = multiprocessing.get_context("spawn")
    answers: Queue[float] = context.Queue()
    process = context.Process(target=_grow, args=(name, answers))
    process.start()
    process.join()
    if process.exitcode != 0:
        raise RuntimeError(f"measuring the memory of {name} ended with code {process.exitcode}")
    return answers.get()


def _grow(name: str, answers: Queue[float]) -> None:
    import torch

    torch.set_num_threads(1)
    torch.zeros(1)
    before_kb = _peak_kb()
    _call(_loaded(name), 16)
    answers.put((_peak_kb() - before_kb) / 1024)


def _peak_kb() -> int:
    """Peak resident memory; `ru_maxrss` would carry over what the parent held when it forked."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
