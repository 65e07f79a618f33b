"""VBench's files in and out: foreign results become a run of their own, a run becomes VBench's files.

An imported run holds set values only, under fingerprints that no measurement here has: it is shown apart,
and never ranked with generators that were run here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vbench_lite.errors import SpecError
from vbench_lite.interop.vbench.dimensions import BY_NAME, DIMENSIONS
from vbench_lite.interop.vbench.layout import named_after_prompt
from vbench_lite.interop.vbench.results import (
    SUFFIX,
    Dimensional,
    Video,
    read_results,
    results_document,
)
from vbench_lite.results.arms import Arm, read_arms
from vbench_lite.results.estimates import MetricEstimate
from vbench_lite.store.output_file import output_folder, write_output
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.schema import (
    IMPORTED,
    GeneratorEntry,
    Level,
    RunDocument,
    ScoreRecord,
    ScoreStatus,
)
from vbench_lite.suite import load_suite
from vbench_lite.video.manifest import FolderClip

ADAPTER = f"{IMPORTED}vbench"
SUITE = "vbench"


def import_results(root: Path, files: Sequence[Path], name: str | None = None) -> RunDir:
    """Keep published or foreign results as a run; the same files under the same name are one run.

    Args:
        files: `*_eval_results.json`, or one file a dimension.
        name: of the generator; by default that of the first file.

    Raises:
        SpecError: a file is not of that form, or the name is not a label.
    """
    results = read_results(files)
    label = name or files[0].name.removesuffix(".json").removesuffix("_eval_results")
    if not label or any(not (c.isalnum() or c in "._/- ()[]") for c in label):
        raise SpecError(
            f"name {label!r} may have letters, digits, spaces, brackets and ._/- only; give --name"
        )
    content = json.dumps([label, results_document(results)], sort_keys=True)
    sha = hashlib.sha256(content.encode()).hexdigest()
    run = RunDir(root, sha[:12])
    if run.exists():
        return run
    with run.lock():
        with run.journal("import") as journal:
            for dimension, one in results.items():
                journal.append({"kind": "score", **_record(label, dimension, one).as_dict()})
        run.write_document(_document(run.run_id, label, files, sha))
        run.compact()
    return run


def export_results(run: RunDir, generator: str | None = None) -> dict[str, dict[str, Any]]:
    """VBench's documents of the generators of a run: {label: {"results": ..., "full_info": ...}}.

    Raises:
        SpecError: no generator of the run has a dimension of VBench.
    """
    found: dict[str, dict[str, Any]] = {}
    for suite in run.document().suites:
        for arm in read_arms(run, str(suite["name"])):
            if arm.control is not None or generator not in (None, arm.generator):
                continue
            results = {one.name: _exported(run, arm, one.metric) for one in DIMENSIONS}
            held = {name: one for name, one in results.items() if one is not None}
            if held and len(held) > len(found.get(arm.generator, {}).get("results", {})):
                found[arm.generator] = {
                    "results": results_document(held),
                    "full_info": _full_info(run, arm, held),
                }
    if not found:
        raise SpecError(
            f"run {run.run_id} has no value of VBench's dimensions; score it with: "
            f"vbench-lite score {run.run_id} --suite {SUITE}"
        )
    return found


def export_files(run: RunDir, folder: Path, generator: str | None = None) -> dict[str, Path]:
    """Write `LABEL_eval_results.json` and `LABEL_full_info.json` for each generator; paths by file name."""
    files = {}
    found = export_results(run, generator)
    output_folder(folder)
    for label, documents in found.items():
        stem = label.replace("/", "-")
        for name, content in ((stem + SUFFIX, "results"), (f"{stem}_full_info.json", "full_info")):
            text = json.dumps(documents[content], indent=4, allow_nan=False)
            write_output(folder / name, text + "\n")
            files[name] = folder / name
    return files


# --- in -----------------------------------------------------------------------------------------


def _record(label: str, dimension: str, one: Dimensional) -> ScoreRecord:
    facts = {"unit": "", "higher_is_better": True, "bounds": [0.0, 1.0], "prompts": _prompts(one)}
    videos = [[video.path, video.value, dict(video.more)] for video in one.videos]
    return ScoreRecord(
        generator=label,
        suite=SUITE,
        level=Level.SET,
        metric=BY_NAME[dimension].metric,
        status=ScoreStatus.OK,
        value=one.value,
        n=len(videos) or 1,
        fingerprint=f"metric={BY_NAME[dimension].metric};source=published",
        extras=json.dumps(facts | {"videos": videos}, sort_keys=True, allow_nan=False),
    )


def _prompts(one: Dimensional) -> list[str]:
    return sorted({_prompt_of(video.path) for video in one.videos})


def _prompt_of(path: str) -> str:
    """The prompt that a file's name says."""
    return str(named_after_prompt(FolderClip(path, Path(path))).prompt)


def _document(run_id: str, label: str, files: Sequence[Path], sha: str) -> RunDocument:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    names = ", ".join(file.name for file in files)
    entry = GeneratorEntry(
        label=label,
        adapter=ADAPTER,
        config={"files": [file.name for file in files]},
        device="none",
        batch=1,
        info={"name": label, "family": "external", "summary": f"results of others, from {names}"},
        fingerprint=sha[:16],
    )
    return RunDocument(
        run_id=run_id,
        status="finished",
        created=now,
        finished=now,
        seed=0,
        samples=0,
        generators=[entry],
        suites=[load_suite(SUITE).model_dump(mode="json")],
        controls=False,
        environment={},
        hardware={},
        notes=[f"imported from {names}; never ranked with generators that were run here"],
    )


# --- out ----------------------------------------------------------------------------------------


def _exported(run: RunDir, arm: Arm, metric: str) -> Dimensional | None:
    measured = arm.estimates.get(metric)
    if measured is None or measured.value is None:
        return None
    if measured.level is Level.SET:
        listed = measured.extras.get("videos", [])
        return Dimensional(measured.value, tuple(Video(path, value, more) for path, value, more in listed))
    videos = [
        Video(_clip(run, arm, sample), value / _scale(measured))
        for sample, value in measured.by_sample.items()
        if sample in arm.clips
    ]
    return Dimensional(measured.value, tuple(videos))


def _scale(measured: MetricEstimate) -> float:
    """From a video's value to the unit of the set."""
    return 1.0 if measured.facts.over_set is None else measured.facts.over_set.scale


def _clip(run: RunDir, arm: Arm, sample: str) -> str:
    from vbench_lite.store.pool import Pool

    return str(Pool(run.root).path(arm.clips[sample]))


def _full_info(run: RunDir, arm: Arm, held: Mapping[str, Dimensional]) -> list[dict[str, Any]]:
    """The prompts with their videos and with the dimensions that have a value on these."""
    asked = {_clip(run, arm, sample): arm.requests[sample][0] for sample in arm.clips}
    entries: dict[str, dict[str, Any]] = {}
    for name, one in held.items():
        for video in one.videos:
            prompt = asked.get(video.path) or _prompt_of(video.path)
            entry = entries.setdefault(prompt, {"prompt_en": prompt, "dimension": [], "video_list": []})
            for key, value in (("dimension", name), ("video_list", video.path)):
                if value not in entry[key]:
                    entry[key].append(value)
    return list(entries.values())
