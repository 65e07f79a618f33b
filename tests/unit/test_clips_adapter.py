"""The adapter `clips`: which clip a request gets, and what is said where there is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clip_files import encode, moving_square

from vbench_lite.adapters.external.clip_file import emit_clip_file
from vbench_lite.adapters.external.clips import Clips
from vbench_lite.errors import ClipError, RequestError, SpecError
from vbench_lite.generator import Frames, GenerationRequest, Site
from vbench_lite.measure.context import RecordingContext
from vbench_lite.run.generate.batch import run_batch
from vbench_lite.run.plan.plan import Batch, Sample
from vbench_lite.store.pool import Pool
from vbench_lite.video.decode import write_lossless
from vbench_lite.video.limits import Limits


def ask(prompt: str = "a cat", repeat: int = 0, seed: int = 11, num_frames: int = 4) -> GenerationRequest:
    return GenerationRequest("s", prompt, num_frames, 48, 64, 8.0, seed, repeat=repeat)


def clip(grey: int, num_frames: int = 4) -> Frames:
    """A moving square that is told from others by its blue."""
    frames = moving_square(num_frames)
    frames[..., 2] = grey
    return frames


def folder_of(folder: Path, **greys: int) -> Path:
    folder.mkdir(exist_ok=True)
    for name, grey in greys.items():
        write_lossless(folder / f"{name}.mkv", clip(grey), 8.0)
    return folder


def blue(generator: Clips, request: GenerationRequest) -> int:
    """The blue of the clip that a request gets."""
    made = generator.info.snap(request)
    generator.check(made)
    context = RecordingContext([made])
    generator.generate([made], context)
    (frames,) = context.result().frames
    assert frames is not None
    return int(frames[0, 0, 0, 2])


def test_the_order_of_a_prompt_decides_or_the_seed(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "clips", a=10, b=20, c=30)
    manifest = folder / "list.csv"
    manifest.write_text("file,prompt,seed\nb.mkv,a cat,7\na.mkv,a  cat,5\nc.mkv,a dog,7\n")
    ordered = Clips({"clips": manifest})
    assert [blue(ordered, ask(repeat=r)) for r in (0, 1)] == [20, 10]
    assert blue(ordered, ask("a dog")) == 30
    with pytest.raises(RequestError, match=r"list.csv has 2 clip\(s\) of this prompt, number 3 is asked for"):
        ordered.check(ask(repeat=2))
    seeded = Clips({"clips": manifest, "match": "seed"})
    assert [blue(seeded, ask(seed=s)) for s in (5, 7)] == [10, 20]
    with pytest.raises(RequestError, match="no clip of this prompt with seed 9"):
        seeded.check(ask(seed=9))


def test_a_folder_is_read_by_its_names(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "clips", **{"a cat-0": 10, "a cat-1": 20, "a dog": 30})
    generator = Clips({"clips": folder})
    assert [blue(generator, ask(repeat=r)) for r in (0, 1)] == [10, 20]
    assert blue(generator, ask("a dog")) == 30


def test_several_generators_are_told_apart(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "clips", a=10, b=20)
    manifest = folder / "list.jsonl"
    lines = [{"file": f"{x}.mkv", "prompt": "a cat", "generator": f"model-{x}"} for x in "ab"]
    manifest.write_text("\n".join(map(json.dumps, lines)))
    assert [blue(Clips({"clips": manifest, "generator": f"model-{x}"}), ask()) for x in "ab"] == [10, 20]
    with pytest.raises(SpecError, match=r"2 generators \(model-a, model-b\); list the adapter once for each"):
        _ = Clips({"clips": manifest}).info
    with pytest.raises(SpecError, match="no clip of generator 'c'; there are: model-a, model-b"):
        _ = Clips({"clips": manifest, "generator": "c"}).info


def test_missing_extra_and_idle_clips_are_named(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "clips", a=10, b=20, c=30)
    (folder / "list.csv").write_text("file,prompt\na.mkv,a cat\nb.mkv,a dog\ngone.mkv,a cow\n")
    generator = Clips({"clips": folder / "list.csv"})
    assert generator.remarks([ask()]) == [
        "named and not there: gone.mkv",
        "there and not named in the manifest: c.mkv",
        "used by no request of the suite: b.mkv",
    ]
    with pytest.raises(RequestError, match=r"gone.mkv, which list.csv names, is not there"):
        generator.check(ask("a cow"))


def test_nothing_is_timed(tmp_path: Path) -> None:
    generator = Clips({"clips": folder_of(tmp_path / "clips", **{"a cat": 10})})
    assert (generator.info.site, generator.info.native_fps) == (Site.RECORDED, 8.0)
    request = ask()
    batch = Batch("g", "suite", (Sample("s", "p", request, generator.info.snap(request)),))
    records = run_batch(generator, batch, Pool(tmp_path))
    assert records is not None
    (record,) = records
    assert record.status == "ok"
    assert (record.total_s, record.first_frame_s, record.peak_bytes) == (None, None, None)


def test_links_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    folder_of(tmp_path / "other", secret=10)
    folder = folder_of(tmp_path / "clips", **{"a cat": 10})
    (folder / "a dog.mkv").symlink_to(tmp_path / "other" / "secret.mkv")
    with pytest.raises(ClipError, match=r"a dog.mkv is a link out of .*clips; put the clip itself there"):
        _ = Clips({"clips": folder}).info


def test_other_sizes_rates_and_lengths_are_not_mixed_in_silence(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "clips", a=10, d=40)
    write_lossless(folder / "b.mkv", moving_square(4, 24, 32), 8.0)
    write_lossless(folder / "c.mkv", moving_square(4), 24.0)
    generator = Clips({"clips": folder})
    with pytest.raises(ClipError, match=r"b.mkv is 32x24, a.mkv is 64x48; size: request makes"):
        blue(generator, ask("b"))
    with pytest.raises(ClipError, match=r"c.mkv is at 24 frames a second, a.mkv at 8 frames a second"):
        blue(generator, ask("c"))
    with pytest.raises(ClipError, match=r"d.mkv: it has 4 frames, 5 are asked for"):
        blue(generator, ask("d", num_frames=5))
    resized = Clips({"clips": folder, "size": "request"})
    made = resized.info.snap(ask("b"))
    context = RecordingContext([made])
    resized.generate([made], context)
    (frames,) = context.result().frames
    assert isinstance(frames, np.ndarray) and frames.shape == (4, 48, 64, 3)


def test_a_replaced_clip_makes_another_generator(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "clips", a=10)
    before = Clips({"clips": folder}).fingerprint()
    assert Clips({"clips": folder}).fingerprint() == before
    folder_of(folder, a=20)
    assert Clips({"clips": folder}).fingerprint() != before


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "clips: is missing"),
        ({"clips": "x", "rules": {"window": 4, "place": "every"}}, "several clips of a file"),
        ({"clips": "x", "size": "request", "rules": {"short_side": 8}}, "not both"),
        ({"clips": "x", "match": "name"}, "match"),
    ],
)
def test_bad_configurations(config: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        Clips(config)


def test_nothing_there_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="no folder, manifest or clip is at"):
        _ = Clips({"clips": tmp_path / "nowhere"}).info
    (tmp_path / "list.csv").write_text("file\ngone.mp4\n")
    with pytest.raises(ClipError, match="none of its 1 clips is there"):
        _ = Clips({"clips": tmp_path / "list.csv"}).info


def test_a_damaged_first_clip_fails_alone(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "clips", **{"a cat": 10, "b dog": 20})
    (folder / "a cat.mkv").write_bytes(b"no clip")
    generator = Clips({"clips": folder})
    assert blue(generator, ask("b dog")) == 20
    with pytest.raises(ClipError, match=r"a cat.mkv: not a readable video"):
        blue(generator, ask())


def test_uneven_frames_need_a_rate(tmp_path: Path) -> None:
    encode(tmp_path / "a cat.mkv", clip(30, 5), "ffv1", "bgr0", rate=8, pts=[0, 1, 2, 6, 7])
    with pytest.raises(ClipError, match=r"unlike times, and a run keeps one rate; give it with rules"):
        blue(Clips({"clips": tmp_path}), ask())
    assert blue(Clips({"clips": tmp_path, "rules": {"fps": 8}}), ask(num_frames=8)) == 30


def test_a_file_of_another_program_is_brought_to_the_agreed_rate(tmp_path: Path) -> None:
    frames = clip(30, 5)
    path = encode(tmp_path / "a.mkv", frames, "ffv1", "bgr0", rate=8, pts=[0, 1, 2, 6, 7])
    request = ask(num_frames=8)
    context = RecordingContext([request])
    emit_clip_file(path, "a.mkv", 0, request, Clips({"clips": folder_of(tmp_path / "c", a=1)}).info, context,
                   Limits())  # fmt: skip
    (made,) = context.result().frames
    assert made is not None and np.array_equal(made, frames[[0, 1, 2, 2, 2, 2, 3, 4]])
