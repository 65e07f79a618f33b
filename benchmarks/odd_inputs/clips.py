"""Clips of every container, and lists that name clips, damaged byte by byte.

Now and then a damaged clip is scored beside a whole one, whose value must not change.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np

from benchmarks.odd_inputs.damage import damaged, damaged_json
from benchmarks.odd_inputs.guard import Trial, Trials
from vbench_lite.interop.vbench.results import read_results
from vbench_lite.run.scoring.score_folder import score_clips
from vbench_lite.video.decode import ClipReader
from vbench_lite.video.encode import write_lossless
from vbench_lite.video.folder import find_clips
from vbench_lite.video.frame_rules import ClipRules, RuledReader
from vbench_lite.video.limits import Limits

LIMITS = Limits(max_side=2048, max_frames=5000, max_pixels=2 * 10**8)
METRIC = "vbench/temporal_flickering"
CONTAINERS = {
    "a.mp4": ("libx264", "yuv420p"), "b.mov": ("mjpeg", "yuvj420p"), "c.mkv": ("ffv1", "bgr0"),
    "d.webm": ("libvpx-vp9", "yuv420p"), "e.avi": ("mpeg4", "yuv420p"), "f.gif": ("gif", "rgb8"),
    "g.ts": ("mpeg2video", "yuv420p"), "h.y4m": ("wrapped_avframe", "yuv420p"),
    "i.ogv": ("libvpx", "yuv420p"), "j.flv": ("flv", "yuv420p"), "k.apng": ("apng", "rgb24"),
    "l.mxf": ("mpeg2video", "yuv420p"), "m.wmv": ("wmv2", "yuv420p"), "n.h264": ("libx264", "yuv420p"),
    "o.mpg": ("mpeg2video", "yuv420p"),
}  # fmt: skip
RESULTS = "x_eval_results.json"
LISTS = {
    "list.csv": 'file,prompt,seed,generator\nwhole.mkv,"a red\ncircle",1,g\n'
    "x.mp4,a caf\u00e9\u2028,18446744073709551615,\n",
    "list.jsonl": '{"file": "whole.mkv", "prompt": "a"}\n'
    '{"file": "sub/x.mp4", "seed": 5, "generator": "g"}\n',
    "full_info.json": '[{"prompt_en": "a", "dimension": ["color"], "video_list": ["whole.mkv"]}, '
    '{"prompt_en": "b"}]',
    RESULTS: '{"subject_consistency": [0.9, [{"video_path": "a-0.mp4", "video_results": 0.9}]]}',
}
WHOLE = "whole.mkv"


def clips(folder: Path, rng: random.Random) -> Trials:
    """Damaged clips: decoded, brought to another rate, scored beside a whole one."""
    seeds, value = list(_clips(folder)), _whole(folder)
    while True:
        name, data = rng.choice(seeds)
        way, path = rng.random(), folder / name
        rules = ClipRules(fps=rng.choice([3, 24, 999]), window=4) if way < 0.3 else ClipRules()
        read: Callable[[], object] = partial(_read_clip, path, rules)
        if way > 0.9:
            read = partial(_score_beside, path, value)
        yield from _trial(path, damaged(data, rng), read)


def lists(folder: Path, rng: random.Random) -> Trials:
    """Damaged lists of clips, and files of results."""
    _whole(folder)
    while True:
        name = rng.choice(list(LISTS))
        path = folder / name
        read = partial(read_results, [path]) if name == RESULTS else partial(_read_list, path)
        by_value = path.suffix == ".json" and rng.random() < 0.5
        data = LISTS[name].encode()
        yield from _trial(path, damaged_json(json.loads(data), rng) if by_value else damaged(data, rng), read)


def _trial(path: Path, data: bytes, read: Callable[[], object]) -> Trials:
    """One trial with a file, which is gone afterwards."""
    path.write_bytes(data)

    def act() -> None:
        read()
        extra = {one.name for one in path.parent.iterdir()} - {WHOLE, path.name}
        assert not extra, f"left {sorted(extra)[:3]}"

    yield Trial(path.name, data, act, named=True)
    path.unlink()


def _read_clip(path: Path, rules: ClipRules) -> None:
    with ClipReader(path, limits=LIMITS) as reader:
        if rules.fps is not None:
            list(RuledReader(reader, rules).chunks(0))
        else:
            for frame in reader.frames():
                assert frame.dtype == np.uint8 and frame.shape[2] == 3
        assert np.isfinite(reader.times).all() and (np.diff(reader.times) >= 0).all()


def _read_list(path: Path) -> None:
    for clip in find_clips(path).clips[:100]:
        json.dumps([clip.name, clip.prompt, clip.generator, clip.seed]).encode()
        f"{clip.name}{clip.prompt}".encode()


def _score_beside(path: Path, value: float) -> None:
    """Score the folder: the damaged clip may fail, the whole one keeps its value."""
    scores = score_clips(path.parent, [METRIC], limits=LIMITS)
    assert scores.samples[WHOLE] == {METRIC: value}, "a damaged clip changed another one's value"
    json.dumps(scores.as_dict(), allow_nan=False)


# --- undamaged ------------------------------------------------------------------------------------


def _whole(folder: Path) -> float:
    """A clip that stays as it is; returns its value."""
    path = folder / WHOLE
    write_lossless(path, frames(), 8.0)
    return score_clips(path, [METRIC]).samples[path.name][METRIC]


def _clips(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The bytes of a small clip in each container that this build can write."""
    av.logging.set_level(av.logging.PANIC)
    for name, (codec, pix_fmt) in CONTAINERS.items():
        path = folder / name
        with av.open(str(path), "w") as container:
            stream: Any = container.add_stream(codec, rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, 48, pix_fmt
            for index, frame in enumerate(frames()):
                image = av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(format=pix_fmt)
                image.pts, image.time_base = index, Fraction(1, 25)
                container.mux(stream.encode(image))
            container.mux(stream.encode(None))
        yield name, path.read_bytes()
        path.unlink()
    from PIL import Image

    images = [Image.fromarray(frame) for frame in frames()]
    images[0].save(folder / "p.webp", save_all=True, append_images=images[1:], duration=40)
    yield "p.webp", (folder / "p.webp").read_bytes()
    (folder / "p.webp").unlink()


def frames(height: int = 48, width: int = 64) -> np.ndarray:
    """Eight frames of a moving gradient, uint8 (8, height, width, 3)."""
    y, x, t = np.ogrid[:height, :width, :8]
    levels = np.moveaxis((3 * x + 2 * y + 9 * t) % 256, 2, 0)
    return np.repeat(levels[..., None], 3, axis=3).astype(np.uint8)
