"""Clips made elsewhere as a run of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from clip_files import moving_square

from vbench_lite.datasets import shapes
from vbench_lite.datasets.video import write_lossless
from vbench_lite.engine.import_clips import import_clips
from vbench_lite.errors import ClipError
from vbench_lite.store.pool import Pool
from vbench_lite.store.rundir import list_runs
from vbench_lite.suite import Suite, parse_suite


def suite() -> Suite:
    data = {
        "name": "tiny",
        "version": 1,
        "description": "",
        "prompts": {"texts": ["x"]},
        "metrics": ["vbench/temporal_flickering", "alignment/shapes_colour"],
        "axes": {},
    }
    return parse_suite(data, "test")


def test_a_manifest_becomes_a_run_with_an_arm_for_each_generator(tmp_path: Path) -> None:
    clips = tmp_path / "clips"
    clips.mkdir()
    caption = shapes.sample_scenes(1, 0)[0].caption
    frames = shapes.real_clip(shapes.parse_caption(caption), 3)
    for name in "ab":
        write_lossless(clips / f"{name}.mkv", frames, 8.0)
    write_lossless(clips / "c.mkv", moving_square(4), 8.0)
    lines = ["file,prompt,generator", f"a.mkv,{caption},Model One", f"b.mkv,{caption},Model One"]
    (clips / "list.csv").write_text("\n".join([*lines, "c.mkv,,other", "gone.mkv,,other"]))
    run = import_clips(clips / "list.csv", tmp_path / "root", suite())
    assert run.document().status == "finished"
    assert [entry.label for entry in run.document().generators] == ["model-one", "other"]
    samples = {(row["generator"], row["sample_id"]): row for row in run.rows("sample")}
    assert [row["status"] for row in samples.values()] == ["ok", "ok", "ok", "failed"]
    assert samples["other", "gone-s0"]["reason"] == "gone.mkv: no such file"
    first, second = list(samples.values())[:2]
    assert first["prompt_id"] == second["prompt_id"] and first["sample_id"] != second["sample_id"]
    assert Pool(tmp_path / "root").has(str(first["clip_sha256"]))
    colours = [r for r in run.rows("score") if r["metric"] == "alignment/shapes_colour"]
    assert [(r["status"], r["value"]) for r in colours] == [
        ("ok", 1.0),
        ("ok", 1.0),
        ("not_applicable", None),
    ]
    again = import_clips(clips / "list.csv", tmp_path / "root", suite())
    assert again.run_id == run.run_id
    assert len(again.rows("score")) == len(run.rows("score")) == 6
    assert [found.run_id for found in list_runs(tmp_path / "root")] == [run.run_id]


def test_nothing_readable_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"")
    with pytest.raises(ClipError, match=r"none of the clips .* the first: a.mp4: the file is empty"):
        import_clips(tmp_path, tmp_path / "root", suite())
