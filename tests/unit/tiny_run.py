"""A stored run of four captions with small clips, and scoring it with tiny metrics."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tiny_metrics import (
    extractors,
    metric_set,
)

from vbench_lite.clip import Frames
from vbench_lite.datasets import shapes
from vbench_lite.metric import Measurement, Metric
from vbench_lite.run.scoring.score_part import Tools
from vbench_lite.run.scoring.score_rows import ScoreSummary
from vbench_lite.run.scoring.scorer import score_run
from vbench_lite.store import tables
from vbench_lite.store.pool import Pool
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.schema import GeneratorEntry, RunDocument, SampleRecord
from vbench_lite.suite import Suite, parse_suite

CAPTIONS = [scene.caption for scene in shapes.sample_scenes(4, 0)]


def suite(*kinds: type[Metric], reference: bool = True) -> Suite:
    data = {
        "name": "tiny",
        "version": 1,
        "description": "",
        "prompts": {"dataset": "shapes", "count": 4},
        "request": {"num_frames": 8, "height": 16, "width": 16, "fps": 8},
        "metrics": [kind.info.id for kind in kinds],
        "axes": {},
    }
    if reference:
        data["reference"] = {"count": 5, "seed": 1}
    return parse_suite(data, "test")


def clip_of(index: int, num_frames: int = 8) -> Frames:
    return shapes.real_clip(shapes.parse_caption(CAPTIONS[index]), index, num_frames, 16, 16)


def sample(generator: str, index: int, sha: str | None, status: str = "ok", prompt: str = "") -> SampleRecord:
    return SampleRecord(
        generator=generator,
        suite="tiny",
        sample_id=f"p{index}-s0",
        prompt_id=f"p{index}",
        prompt=prompt or CAPTIONS[index],
        seed=index,
        status=status,
        clip_sha256=sha,
        num_frames=8,
        requested_frames=8,
        requested_height=16,
        requested_width=16,
        height=16,
        width=16,
        fps=8.0,
    )


def stored_run(
    root: Path, clips: Mapping[str, list[Frames | None]], calls: list[Measurement] | None = None
) -> RunDir:
    """A run with these clips by generator; None is a sample that failed."""
    run, pool = RunDir(root, "r1"), Pool(root)
    entries = [GeneratorEntry(label, "x", {}, "cpu", 1, {}, "f") for label in clips]
    run.write_document(RunDocument("r1", "running", "2026-01-01", None, 0, 4, entries, [], True, {}, {}))
    with run.journal("worker") as journal:
        for label, arm in clips.items():
            for index, frames in reversed(list(enumerate(arm))):  # in no order
                sha = None if frames is None else pool.put(frames, 8.0)
                record = sample(label, index, sha, "failed" if frames is None else "ok")
                journal.append({"kind": "sample", **record.as_dict()})
        for call in calls or []:
            journal.append({"kind": "measurement", **tables.measurement_row(call, "tiny")})
    return run


def score(
    run: RunDir, *kinds: type[Metric], reference: bool = True, pairs: str | None = None
) -> ScoreSummary:
    return score_run(
        run,
        suite(*kinds, reference=reference),
        tools=Tools(metric_set(*kinds), extractors(run.root)),
        pairs=pairs,
    )


def rows(run: RunDir, metric: str, generator: str = "a") -> list[dict[str, object]]:
    found = [r for r in run.rows("score") if r["metric"] == metric and r["generator"] == generator]
    return sorted(found, key=lambda r: str(r["sample_id"]))


def four() -> list[Frames | None]:
    return [clip_of(index) for index in range(4)]
