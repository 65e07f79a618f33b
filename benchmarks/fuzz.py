"""Damaged clips and lists: whatever their bytes, they end in clips or in one line that names them.

Small clips of every container, lists and JSON files are damaged at random and read; now and then a damaged
clip is scored beside a whole one, whose value must not change. A fault is anything else: another exception, a
message of several lines, more than HANG_S seconds, a process that dies, a file opened for writing outside the
folder. Inputs that show one are kept, with their names printed.
"""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from benchmarks.figure import Figure, summarise
from vbench_lite.errors import VBenchLiteError
from vbench_lite.interop.vbench.results import read_results
from vbench_lite.run.scoring.score_folder import score_clips
from vbench_lite.video.decode import ClipReader
from vbench_lite.video.encode import write_lossless
from vbench_lite.video.folder import find_clips
from vbench_lite.video.frame_rules import ClipRules, RuledReader
from vbench_lite.video.limits import Limits

MINUTES = 20.0
HANG_S = 20
BATCH_S = 60.0  # a process lives so long: what it leaks does not add up
MEMORY = 6 * 2**30
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
LISTS = {
    "list.csv": 'file,prompt,seed,generator\nwhole.mkv,"a red\ncircle",1,g\n'
    "x.mp4,a caf\u00e9\u2028,18446744073709551615,\n",
    "list.jsonl": '{"file": "whole.mkv", "prompt": "a"}\n'
    '{"file": "sub/x.mp4", "seed": 5, "generator": "g"}\n',
    "full_info.json": '[{"prompt_en": "a", "dimension": ["color"], "video_list": ["whole.mkv"]}, '
    '{"prompt_en": "b"}]',
    "x_eval_results.json": '{"subject_consistency": '
    '[0.9, [{"video_path": "a-0.mp4", "video_results": 0.9}]]}',
}
ODD = [b"\xff" * 4, b"\x7f\xff\xff\xff", b"\0\0\0\0", b"\x80\0\0\0", b"\r", b"\n", b'"', b"\\ud800",
       b"\\u0000", b"9" * 30, b"../", b"[" * 2000, "\u0085\u2028".encode(), b"\xed\xa0\x80",
       b"-999999999"]  # fmt: skip


class HangError(BaseException):
    """The time for one input is over; not an Exception, so that nothing below takes it for an error."""


def measure(minutes: float = MINUTES) -> list[Figure]:
    """Damage inputs for so long, in processes of a minute each."""
    tally, kept = Counter[str](), Path(tempfile.mkdtemp(prefix="fuzz-"))
    end, seed = time.monotonic() + 60 * minutes, 0
    while (left := end - time.monotonic()) > 0:
        command = [sys.executable, "-m", "benchmarks.fuzz", str(min(BATCH_S, left)), str(seed), str(kept)]
        found = subprocess.run(command, capture_output=True, text=True, timeout=BATCH_S + 10 * HANG_S)
        if found.returncode == 0:
            tally.update(json.loads(found.stdout.splitlines()[-1]))
        else:
            tally[f"fault: the process ended with {found.returncode}: {found.stderr[-200:]}"] += 1
        seed += 1
    faults = {name: count for name, count in tally.items() if name.startswith("fault")}
    for name, count in faults.items():
        print(f"{count} x {name}; inputs are in {kept}", file=sys.stderr)
    if not faults:
        shutil.rmtree(kept)
    return [
        summarise("length", [minutes], "min"),
        summarise("inputs read", [float(tally["read"])], ""),
        summarise("inputs refused in one line", [float(tally["refused"])], ""),
        summarise("faults", [float(sum(faults.values()))], "", "0"),
    ]


def fuzz(seconds: float, seed: int, kept: Path, inputs: int | None = None) -> Counter[str]:
    """Damage and read inputs for so long, or so many of them.

    Args:
        kept: folder that takes inputs which show a fault.

    Returns:
        How many were read, refused, and showed each fault.
    """
    rng, tally = random.Random(seed), Counter[str]()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        whole, value = _whole(folder)
        seeds = dict(_clips(folder)) | {name: text.encode() for name, text in LISTS.items()}
        end = time.monotonic() + seconds
        while time.monotonic() < end and (inputs is None or tally.total() < inputs):
            name = rng.choice(list(seeds))
            path = folder / name
            path.write_bytes(data := damaged(seeds[name], rng))
            read = _reader(path, rng, whole, value)
            outcome = _outcome(read, path)
            tally[outcome] += 1
            if outcome.startswith("fault"):
                (kept / f"{seed}-{tally.total()}-{name}").write_bytes(data)
            path.unlink()
            extra = {one.name for one in folder.iterdir()} - {whole.name}
            if extra:
                tally[f"fault: left {sorted(extra)[:3]}"] += 1
                return tally
    return tally


def damaged(data: bytes, rng: random.Random) -> bytes:
    """The bytes with some changed, cut out, put in or cut off, often in the headers at the beginning."""
    out = bytearray(data)
    for _ in range(rng.choice([1, 2, 4, 16])):
        at = rng.randrange(len(out)) if rng.random() < 0.5 else rng.randrange(min(len(out), 600))
        way = rng.random()
        if way < 0.5:
            out[at] = rng.choice([0, 255, rng.randrange(256), out[at] ^ (1 << rng.randrange(8))])
        elif way < 0.65:
            out[at : at + rng.randrange(1, 64)] = b""
        elif way < 0.8:
            out[at:at] = rng.randbytes(rng.randrange(1, 32))
        elif way < 0.9:
            out[at : at + rng.choice([0, 4])] = rng.choice(ODD)
        else:
            out = out[: max(1, at)]
        out = out or bytearray(b"x")
    return bytes(out)


def _reader(path: Path, rng: random.Random, whole: Path, value: float) -> Callable[[], object]:
    """What is done with an input."""
    if path.name.endswith("_results.json"):
        return lambda: read_results([path])
    if path.name in LISTS:
        return lambda: _read_list(path)
    way = rng.random()
    rules = ClipRules(fps=rng.choice([3, 24, 999]), window=4) if way < 0.3 else ClipRules()
    return (lambda: _score_beside(path, whole, value)) if way > 0.9 else (lambda: _read_clip(path, rules))


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


def _score_beside(path: Path, whole: Path, value: float) -> None:
    """Score the folder: the damaged clip may fail, the whole one keeps its value."""
    scores = score_clips(path.parent, [METRIC], limits=LIMITS)
    assert scores.samples[whole.name] == {METRIC: value}, "a damaged clip changed another one's value"
    json.dumps(scores.as_dict(), allow_nan=False)


def _outcome(read: Callable[[], object], path: Path) -> str:
    """ "read", "refused", or a fault in words."""
    signal.signal(signal.SIGALRM, _hang)
    signal.alarm(HANG_S)
    try:
        with _writes_only(path.parent), warnings.catch_warnings(action="ignore"):
            read()
    except VBenchLiteError as error:
        message = str(error)
        named = path.name in message and "\n" not in message and "unexpected" not in message
        return "refused" if named else f"fault: message {message[:100]!r}"
    except HangError:
        return "fault: hang"
    except BaseException as error:
        return f"fault: {type(error).__name__}: {str(error)[:100]}"
    finally:
        signal.alarm(0)
    return "read"


def _hang(*_: object) -> None:
    raise HangError


_allowed: list[Path] = []  # while it is not empty, files are opened for writing below its last folder only


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if event != "open" or not _allowed or not isinstance(args[0], str | bytes):
        return
    writes = any(sign in (args[1] or "") for sign in "wxa+") or bool(
        (args[2] or 0) & (os.O_WRONLY | os.O_RDWR)
    )
    place = Path(os.fsdecode(args[0])).resolve()
    if writes and place != Path(os.devnull) and not place.is_relative_to(_allowed[-1]):
        raise PermissionError(f"{place} was opened for writing")


@contextmanager
def _writes_only(folder: Path) -> Iterator[None]:
    if not hasattr(_audit, "installed"):
        sys.addaudithook(_audit)
        _audit.installed = True  # type: ignore[attr-defined]
    _allowed.append(folder.resolve())
    try:
        yield
    finally:
        _allowed.pop()


def _whole(folder: Path) -> tuple[Path, float]:
    """A clip that stays as it is, and its value."""
    path = folder / "whole.mkv"
    write_lossless(path, _frames(), 8.0)
    return path, score_clips(path, [METRIC]).samples[path.name][METRIC]


def _clips(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The bytes of a small clip in each container that this build can write."""
    av.logging.set_level(av.logging.PANIC)
    for name, (codec, pix_fmt) in CONTAINERS.items():
        path = folder / name
        with av.open(str(path), "w") as container:
            stream: Any = container.add_stream(codec, rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, 48, pix_fmt
            for index, frame in enumerate(_frames()):
                image = av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(format=pix_fmt)
                image.pts, image.time_base = index, Fraction(1, 25)
                container.mux(stream.encode(image))
            container.mux(stream.encode(None))
        yield name, path.read_bytes()
        path.unlink()
    from PIL import Image

    images = [Image.fromarray(frame) for frame in _frames()]
    images[0].save(folder / "p.webp", save_all=True, append_images=images[1:], duration=40)
    yield "p.webp", (folder / "p.webp").read_bytes()
    (folder / "p.webp").unlink()


def _frames() -> np.ndarray:
    """Eight frames of a moving gradient, uint8 (8, 48, 64, 3)."""
    y, x, t = np.ogrid[:48, :64, :8]
    levels = np.moveaxis((3 * x + 2 * y + 9 * t) % 256, 2, 0)
    return np.repeat(levels[..., None], 3, axis=3).astype(np.uint8)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    print(json.dumps(fuzz(float(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))))
