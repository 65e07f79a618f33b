"""What holds on an accelerator: clock, peaks, precision, pace, out of memory, two workers, a transformer.

On a machine with CUDA it takes at most eight minutes. Without one it is a self-test of itself: the same
steps, small, on the processor; a figure says which device it is of.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figure import Figure, summarise
from vbench_lite import registry
from vbench_lite.measure.clock import Clock, device_clock
from vbench_lite.measure.energy import EnergyMeter
from vbench_lite.measure.memory import device_bytes, device_meter
from vbench_lite.run.executors.make import make_executor
from vbench_lite.run.plan.spec import GeneratorSpec, RunSpec
from vbench_lite.run.runner import run
from vbench_lite.store.rundir import RunDir
from vbench_lite.suite import Suite, parse_suite
from vbench_lite.weights import files

REPEATS = 5
LARGE = {  # of CUDA: about the 1.3B transformer of Wan; of the self-test: the same shape, small
    "cuda": {"side": 8192, "layers": 30, "heads": 12, "head": 128, "ffn": 8960, "latent": (21, 60, 104)},
    "cpu": {"side": 512, "layers": 2, "heads": 2, "head": 12, "ffn": 32, "latent": (2, 8, 8)},
}
SUITE = {
    "name": "hungry", "version": 1, "description": "for the benchmark", "samples": 6,
    "prompts": {"texts": ["first", "second", "third"]},
    "request": {"num_frames": 4, "height": 16, "width": 16, "fps": 8}, "metrics": [], "axes": {},
}  # fmt: skip


def measure() -> list[Figure]:
    """Every part in turn, on the first CUDA device or on the processor."""
    import torch

    device = "cuda:0" if torch.cuda.is_available() else "cpu"
    kind = device.split(":")[0]
    parts = [_clock, _peaks, _precision, _memory_faults, _transformer]
    return [figure for part in parts for figure in part(device, LARGE[kind])]


def _clock(device: str, sizes: dict[str, Any]) -> Iterator[Figure]:
    """The clock against the device's own events, and against a clock that does not wait."""
    import torch

    matrix = torch.randn(sizes["side"], sizes["side"], device=device)
    energy = EnergyMeter(device)

    def work() -> None:
        for _ in range(20):
            matrix @ matrix

    work()
    energy.start()
    ours = [_seconds(device_clock(device), work) for _ in range(REPEATS)]
    joules = energy.energy_j()
    yield summarise(f"{device}: 20 products of {sizes['side']} squared", ours, "s")
    if joules is not None:
        yield Figure(f"{device}: energy of {REPEATS} such calls", joules, joules, joules, "J")
    if device == "cpu":
        return
    theirs = [_event_seconds(work) for _ in range(REPEATS)]
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    yield summarise(f"{device}: our clock over CUDA events", ratios, "", "0.99 to 1.01")
    hasty = [_seconds(Clock(), work) / b for b in theirs]
    yield summarise(f"{device}: a clock that does not wait, over CUDA events", hasty, "", "seen to be below")


def _peaks(device: str, sizes: dict[str, Any]) -> Iterator[Figure]:
    """The peak of a call that holds a known tensor for a moment, over the tensor's size."""
    import torch

    size = sizes["side"] ** 2 * 4
    meter = device_meter(device)
    shares = []
    for _ in range(REPEATS):
        before = device_bytes(device)
        meter.reset()
        held = torch.ones(sizes["side"], sizes["side"], device=device)
        del held
        shares.append(((meter.peak_bytes() or 0) - before) / size)
    meter.close()
    yield summarise(f"{device}: peak over a tensor of {size / 1e6:.0f} MB", shares, "")


def _precision(device: str, sizes: dict[str, Any]) -> Iterator[Figure]:
    """Each extractor whose weights are here: largest difference to float32, and its pace."""
    import torch

    rng = np.random.default_rng(0)
    for name in registry.names("extractors"):
        extractor = registry.load("extractors", name)()
        info = extractor.info
        if not hasattr(extractor, "build") or any(files.cached(key) is None for key in info.weights):
            continue
        windows = extractor.prepare(rng.integers(0, 256, (info.window, 64, 64, 3), dtype=np.uint8))[None]
        extractor.load(device)
        exact = extractor.extract(windows)
        work = partial(extractor.extract, windows)
        paces = [_seconds(device_clock(device), work) for _ in range(3)]
        yield summarise(f"{device}: {name}, a window in float32", paces, "s")
        for dtype in (torch.bfloat16, torch.float16):
            with torch.autocast(device.split(":")[0], dtype=dtype):
                rounded = extractor.extract(windows)
            far = float(np.abs(rounded - exact).max() / np.abs(exact).max())
            short = str(dtype).removeprefix("torch.")
            yield Figure(
                f"{device}: {name}, {short}: largest difference", far, far, far, "of the largest value"
            )


def _memory_faults(device: str, sizes: dict[str, Any]) -> Iterator[Figure]:
    """Out of memory fails its sample and no other; two workers on one device make the same clips."""
    with tempfile.TemporaryDirectory() as folder:
        alone, both = (_hungry(Path(folder) / str(workers), device, workers) for workers in (1, 2))
    failed = [row for row in alone if row["status"] != "ok"]
    oom = sum(row["oom"] for row in failed)
    made = len(alone) - len(failed)
    yield Figure(
        f"{device}: samples failed for want of memory, of 2 that ask too much", oom, oom, oom, "", "2"
    )
    yield Figure(f"{device}: samples made in the same run, of the 4 others", made, made, made, "", "4")
    hashes = [sorted(row["clip_sha256"] or "" for row in rows) for rows in (alone, both)]
    same = float(hashes[0] == hashes[1])
    yield Figure(f"{device}: two workers make the clips of one", same, same, same, "", "1")


def _hungry(root: Path, device: str, workers: int) -> list[dict[str, Any]]:
    root.mkdir(parents=True)
    suite: Suite = parse_suite(SUITE, "benchmark")
    path = root / "hungry.yaml"
    path.write_text(suite.model_dump_json(exclude_defaults=True), encoding="utf-8")
    arms = tuple(
        GeneratorSpec(label=f"hungry-{n}", adapter="benchmarks.hungry:Hungry", device=device)
        for n in range(2)
    )
    spec = RunSpec(generators=arms, suites=(str(path),), controls=False)
    outcome = run(spec, root, executor=make_executor("local", workers), keep_going=True)
    return RunDir(root, outcome.run_id).rows("sample", generator="hungry-0")


def _transformer(device: str, sizes: dict[str, Any]) -> Iterator[Figure]:
    """A transformer like Wan's with random weights: steps, bf16, a cache, compilation."""
    import torch
    from diffusers import FirstBlockCacheConfig, WanTransformer3DModel

    dtype = torch.bfloat16 if device != "cpu" else torch.float32
    with torch.device(device):
        network = WanTransformer3DModel(
            num_attention_heads=sizes["heads"], attention_head_dim=sizes["head"],
            num_layers=sizes["layers"], ffn_dim=sizes["ffn"], text_dim=64,
        ).to(dtype).eval()  # fmt: skip
        latents = torch.randn(1, 16, *sizes["latent"], dtype=dtype)
        text = torch.randn(1, 32, 64, dtype=dtype)
    count = sum(p.numel() for p in network.parameters()) / 1e9
    clock = device_clock(device)

    def denoise(steps: int) -> Callable[[], None]:
        def work() -> None:
            with torch.inference_mode(), network.cache_context("cond"):
                for step in range(steps):
                    at = torch.full((1,), 1000 - step, device=device)
                    network(latents, at, text, return_dict=False)

        return work

    denoise(1)()
    base_s = [_seconds(clock, denoise(8)) for _ in range(REPEATS)]
    yield summarise(f"{device}: {count:.3g}B parameters, 8 steps", base_s, "s")
    half = [_seconds(clock, denoise(4)) / base for base in base_s]
    yield summarise(f"{device}: 4 steps over 8", half, "", "about 0.5")
    network.enable_cache(FirstBlockCacheConfig(threshold=0.5))
    cached = [_seconds(clock, denoise(8)) / base for base in base_s]
    network.disable_cache()
    yield summarise(f"{device}: a first-block cache over none", cached, "", "below 1")
    if device == "cpu":
        return
    network.compile()
    denoise(1)()
    compiled = [_seconds(clock, denoise(8)) / base for base in base_s]
    yield summarise(f"{device}: compiled over not", compiled, "")


def _seconds(clock: Clock, work: Callable[[], Any]) -> float:
    before = clock.read()
    work()
    return clock.read() - before


def _event_seconds(work: Callable[[], Any]) -> float:
    import torch

    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize()
    start.record()
    work()
    end.record()
    torch.cuda.synchronize()
    return float(start.elapsed_time(end)) / 1000


if __name__ == "__main__":
    began = time.perf_counter()
    for one in measure():
        print(f"{one.what}: {one.value:.4g} {one.unit}  {one.target}")
    print(f"{time.perf_counter() - began:.0f} s")
