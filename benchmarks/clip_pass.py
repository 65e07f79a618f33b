"""Scoring a clip against decoding it and running the bare networks, and its memory over the models.

Clips of 16 to 132 frames, up to 1280x720, made from a real one; two networks feed seven metrics.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure, summarise
from vbench_lite.measure.memory import device_meter, resident_bytes
from vbench_lite.metric import SampleInfo
from vbench_lite.run.scoring.clip_pass import ClipPass, ClipTask
from vbench_lite.run.scoring.features import Extractors
from vbench_lite.run.scoring.metric_set import make_metrics
from vbench_lite.run.scoring.outcome import Outcome
from vbench_lite.run.scoring.score_folder import score_clips
from vbench_lite.run.scoring.sources import FileSource
from vbench_lite.video.decode import ClipReader, probe, read_chunks
from vbench_lite.video.encode import write_preview
from vbench_lite.video.samples import sample_clip

METRICS = [
    "distribution/fvd",
    "distribution/kvd",
    "distribution/precision",
    "distribution/recall",
    "distribution/frechet_efficientnet",
    "distribution/kernel_efficientnet",
    "diversity/vendi",
]
EXTRACTORS = ("i3d", "efficientnet-lite0")
SIZES = ((16, 144, 176), (48, 360, 640), (132, 720, 1280))  # frames, height, width
BATCH = 8  # frames a bare pass of an image network takes
REPEATS = 3


def measure() -> list[Figure]:
    """Ratio of the times, number of decodes, and peak bytes over the models in a fresh process."""
    figures = []
    with tempfile.TemporaryDirectory() as scratch:
        loaded = _loaded()
        for frames, height, width in SIZES:
            path = _clip(Path(scratch), frames, height, width)
            what = f"{frames} frames of {width}x{height}"
            ratios = []
            for _ in range(REPEATS):
                bare_s, scored_s = _bare_s(path, loaded), _scored_s(path, loaded)
                ratios.append(scored_s / bare_s)
            figures.append(
                summarise(f"{what}: scored over decode and bare passes", ratios, "", "at most 1.15")
            )
            decodes = score_clips(path, METRICS, extractors=loaded).decodes
            figures.append(summarise(f"{what}: decodes", [float(n) for n in decodes.values()], "", "1"))
            peaks = [_peak_in_a_fresh_process(path) / 2**20 for _ in range(REPEATS)]
            figures.append(summarise(f"{what}: peak over the models", peaks, "MiB", "at most 300 MiB"))
    return figures


def _clip(folder: Path, frames: int, height: int, width: int) -> Path:
    """The first frames of a real clip at another size, as a file."""
    import cv2

    path = folder / f"{frames}x{height}x{width}.mp4"
    whole = np.concatenate(list(read_chunks(sample_clip("bigbuckbunny"))))[:frames]
    resized = [cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA) for frame in whole]
    write_preview(path, np.stack(resized).astype(np.uint8), 25.0)
    return path


def _loaded() -> Extractors:
    extractors = Extractors(make_metrics(METRICS).extractors)
    for name in EXTRACTORS:
        found = extractors.stream(name, probe(sample_clip("bikes")))
        if isinstance(found, Outcome):
            raise SystemExit(str(found.reason))
    return extractors


def _bare_s(path: Path, loaded: Extractors) -> float:
    """Decode once, prepare every frame, and run the networks in batches; nothing else."""
    start = time.perf_counter()
    made = loaded.made(EXTRACTORS)
    kept: dict[str, list[np.ndarray]] = {extractor.info.id: [] for extractor in made}
    with ClipReader(path) as reader:
        for chunk in reader.chunks():
            for extractor in made:
                kept[extractor.info.id].append(extractor.prepare(chunk))
    for extractor in made:
        frames, info = np.concatenate(kept[extractor.info.id]), extractor.info
        count = len(frames) // info.window
        windows = frames[: count * info.window].reshape(count, info.window, *frames.shape[1:])
        size = max(1, BATCH // info.window)
        for first in range(0, count, size):
            extractor.extract(windows[first : first + size])
    return time.perf_counter() - start


def _scored_s(path: Path, loaded: Extractors) -> float:
    """The pass that scoring makes."""
    start = time.perf_counter()
    _pass(path, loaded)
    return time.perf_counter() - start


def _pass(path: Path, loaded: Extractors) -> None:
    sample = SampleInfo("benchmark", path.name, path.name, None, None)
    task = ClipTask(FileSource(path, path.name), sample, extractors=EXTRACTORS)
    for result in ClipPass(loaded).run([task]):
        if result.error is not None:
            raise SystemExit(result.error)


def _peak_in_a_fresh_process(path: Path) -> float:
    """Bytes above what is resident once the models are loaded and warm."""
    command = [sys.executable, "-m", "benchmarks.clip_pass", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def _peak_bytes(path: Path) -> int:
    loaded = _loaded()
    before, meter = resident_bytes(), device_meter()
    meter.reset()
    _pass(path, loaded)
    peak = meter.peak_bytes()
    if peak is None:
        raise SystemExit("the resident peak cannot be known on this platform")
    return peak - before


if __name__ == "__main__":
    print(_peak_bytes(Path(sys.argv[1])))
