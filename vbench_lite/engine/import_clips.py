"""Clips made elsewhere as a run of their own, so that they stand in tables and comparisons.

Clips go to the pool, and each file (or window of one) becomes a sample: of its prompt where a manifest
says it, else of a prompt named like the file. A manifest's `generator` makes an arm; without it the
folder's name does. Nothing was timed, so such a run has no speed and no memory.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vbench_lite.datasets.clip_rules import ClipRules
from vbench_lite.datasets.folder import ClipFolder, FolderClip, find_clips
from vbench_lite.datasets.packets import Limits
from vbench_lite.datasets.prompts import with_ids
from vbench_lite.engine.scorer import Progress, score_run
from vbench_lite.errors import ClipError
from vbench_lite.generator import Family, Site
from vbench_lite.measure.hardware import environment, hardware
from vbench_lite.store.pool import Pool
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.schema import GeneratorEntry, RunDocument, SampleRecord, SampleStatus
from vbench_lite.suite import Suite

ADAPTER = "clips"


def import_clips(
    clips: Path,
    root: Path,
    suite: Suite,
    *,
    rules: ClipRules | None = None,
    limits: Limits | None = None,
    on_progress: Progress | None = None,
) -> RunDir:
    """Store and score clips as a finished run; the same clips under the same suite are the same run.

    Args:
        on_progress: of the scoring.

    Raises:
        ClipError: no clips are there, or none of them can be read.
        StoreError: the run is in use by another process.
    """
    folder = find_clips(clips, rules, limits)
    pool = Pool(root)
    records = list(_records(folder, pool, suite))
    if not any(record.status == SampleStatus.OK for record in records):
        raise ClipError(f"none of the clips of {clips} can be read; the first: {records[0].reason}")
    run = RunDir(root, _run_id(records, suite))
    with run.lock():
        document = run.document() if run.exists() else _document(run.run_id, folder, records, suite)
        if document.status != "finished":
            run.write_document(document)
            known = {(row["generator"], row["sample_id"]) for row in run.rows("sample")}
            with run.journal("import") as journal:
                for record in records:
                    if (record.generator, record.sample_id) not in known:
                        journal.append({"kind": "sample", **record.as_dict()})
        score_run(run, suite, on_progress=on_progress)
        run.compact()
        run.write_document(replace(document, status="finished", finished=document.finished or _now()))
    return run


def _records(folder: ClipFolder, pool: Pool, suite: Suite) -> Iterator[SampleRecord]:
    """One record for each clip that is read, and one for each file that is not."""
    prompts = dict.fromkeys(clip.prompt for clip in folder.clips if clip.prompt is not None)
    ids = {prompt.text: prompt.prompt_id for prompt in with_ids(list(prompts))}
    seen: Counter[tuple[str, str]] = Counter()
    for clip in folder.clips:
        label = _label(clip.generator or folder.label)
        prompt_id = clip.stem if clip.prompt is None else ids[clip.prompt]
        try:
            for frames in folder.read(clip):
                sha = pool.put(frames.frames, frames.fps)
                count, height, width = frames.frames.shape[:3]
                yield replace(
                    _record(clip, label, prompt_id, seen, suite),
                    clip_sha256=sha,
                    num_frames=count,
                    generated_frames=count,
                    requested_frames=count,
                    height=height,
                    width=width,
                    requested_height=height,
                    requested_width=width,
                    fps=frames.fps,
                )
        except ClipError as error:
            record = _record(clip, label, prompt_id, seen, suite)
            yield replace(record, status=SampleStatus.FAILED, reason=str(error), phase="read")


def _record(
    clip: FolderClip, label: str, prompt_id: str, seen: Counter[tuple[str, str]], suite: Suite
) -> SampleRecord:
    """What is known of a sample before its frames are; samples of a prompt are numbered as in a plan."""
    place = seen[label, prompt_id]
    seen[label, prompt_id] += 1
    return SampleRecord(
        generator=label,
        suite=suite.name,
        sample_id=f"{prompt_id}-s{place}",
        prompt_id=prompt_id,
        prompt=clip.prompt if clip.prompt is not None else clip.stem,
        seed=clip.seed if clip.seed is not None else place,
        status=SampleStatus.OK,
        facts=json.dumps({"file": clip.name}),
    )


def _label(text: str) -> str:
    """A name as a label: lower case, and only characters that labels may have."""
    return re.sub(r"[^a-z0-9._/-]+", "-", text.lower()).strip("-/") or "clips"


def _run_id(records: list[SampleRecord], suite: Suite) -> str:
    facts: list[Any] = [suite.name, suite.content_sha256()]
    facts += [[r.generator, r.sample_id, r.seed, r.clip_sha256, r.status] for r in records]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]


def _document(run_id: str, folder: ClipFolder, records: list[SampleRecord], suite: Suite) -> RunDocument:
    labels = dict.fromkeys(record.generator for record in records)
    entries = [
        GeneratorEntry(
            label=label,
            adapter=ADAPTER,
            config={"rules": folder.rules.model_dump(mode="json")},
            device="cpu",
            batch=1,
            info={"name": ADAPTER, "family": str(Family.EXTERNAL), "site": str(Site.RECORDED)},
            fingerprint=_fingerprint([r for r in records if r.generator == label]),
        )
        for label in labels
    ]
    return RunDocument(
        run_id=run_id,
        status="running",
        created=_now(),
        finished=None,
        seed=0,
        samples=max(Counter(record.generator for record in records).values()),
        generators=entries,
        suites=[suite.model_dump(mode="json")],
        controls=False,
        environment=environment(),
        hardware=hardware(),
        notes=["clips made elsewhere"],
    )


def _fingerprint(records: list[SampleRecord]) -> str:
    """Identity of an arm: its clips."""
    lines = "\n".join(f"{r.sample_id} {r.clip_sha256}" for r in records)
    return hashlib.sha256(lines.encode()).hexdigest()[:16]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
