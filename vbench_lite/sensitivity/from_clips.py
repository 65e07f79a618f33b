"""An audit from clips to verdicts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vbench_lite.clip import Clip
from vbench_lite.dataset import Dataset, Draw, load_dataset
from vbench_lite.errors import DatasetError, RequestError, SpecError
from vbench_lite.measure.hardware import environment
from vbench_lite.metric import SampleInfo
from vbench_lite.run.scoring.clip_scoring import no_world
from vbench_lite.run.scoring.features import Extractors, FeatureCache
from vbench_lite.run.scoring.fingerprint import short_hash
from vbench_lite.run.scoring.metric_set import MetricSet, make_metrics
from vbench_lite.run.scoring.sources import MemorySource
from vbench_lite.sensitivity.clips import RealClip, clusters, dataset_clips, folder_clips
from vbench_lite.sensitivity.judge import Judged, MetricVerdict, judge, not_applicable
from vbench_lite.sensitivity.ladders import CONTROLS, DAMAGES, Damage, Kind
from vbench_lite.sensitivity.measure import Reference, Values, measure
from vbench_lite.sensitivity.results import AuditResult
from vbench_lite.suite import RequestSpec

DATASET_CLIPS = 16
FOLDER_CLIPS = 12
REFERENCE_CLIPS = 128
LIMIT_S = 150.0  # of the pass: with loading and decoding an audit stays below three minutes
SHORT_SIDE = 128


def audit(
    clips: Path | None,
    metrics: Sequence[str],
    *,
    dataset: str | None = None,
    request: RequestSpec | None = None,
    reference: Path | None = None,
    count: int | None = None,
    short_side: int | None = SHORT_SIDE,
    limit_s: float = LIMIT_S,
    root: Path | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> AuditResult:
    """Audit metrics on real clips.

    Args:
        clips: a folder, manifest or file; None takes those of `dataset`.
        dataset: name or path of a data set, where there are no clips.
        request: frames and size of the data set's clips; of a folder's only the frames count.
        reference: other real clips for set metrics; without them a folder's spare windows serve.
        count: clips to damage; fewer are taken where the time does not suffice.
        short_side: of a folder's clips, which are resized; None keeps their sizes.
        limit_s: seconds for the pass.
        root: where features are cached.

    Raises:
        ClipError: there are no clips, or too few. SpecError: neither clips nor a data set is given.
        RegistryError: a metric that nobody registers.
    """
    request = request or RequestSpec()
    made = make_metrics(metrics)
    notes: list[str] = []
    other: Reference | None
    if clips is None:
        if dataset is None:
            raise SpecError("an audit needs real clips: a folder, a file, or a data set")
        world = load_dataset(dataset)
        real = dataset_clips(world, count or DATASET_CLIPS, request)
        other = _dataset_reference(world, request, notes)
    else:
        real, other = _from_folder(
            clips, reference, request.num_frames, short_side, count or FOLDER_CLIPS, notes
        )
    damages = _fitting(real, notes)
    if not clusters(real)[1]:
        notes.append(
            "fewer than 4 files: windows count as clips of their own, and intervals hold for these files only"
        )
    strangers = _strangers(made, real)
    wanted = {name for key, info in made.infos.items() if key not in strangers for name in info.extractors}
    cache = None if root is None else FeatureCache(root / "pool" / "features")
    values = measure(
        real,
        damages,
        [name for name in metrics if name not in strangers],
        reference=other,
        limit_s=limit_s,
        extractors=Extractors(sorted(wanted), cache),
        on_progress=on_progress,
    )
    if len(values.names) < len(real):
        notes.append(
            f"{len(values.names)} of {len(real)} clips were damaged, to stay below {limit_s:g} s; "
            "--limit-s allows more"
        )
    if not values.whole_ladders:
        notes.append(
            "only the strongest damage of each kind was tried, because the time would not suffice for more; "
            "--limit-s allows more, --metric names fewer metrics"
        )
    judged = [
        not_applicable(made.infos[name], strangers[name])
        if name in strangers
        else _judged(name, made, values, damages)
        for name in metrics
    ]
    asked = [f"{name}@{made.infos[name].version}" if name in made.infos else name for name in metrics]
    return _result(clips, dataset, real[: len(values.names)], judged, asked, damages, values, notes)


def _judged(name: str, made: MetricSet, values: Values, damages: Sequence[Damage]) -> Judged:
    info = made.infos.get(name)
    if info is None:
        why = made.broken[name].reason
        return Judged(name, "", None, MetricVerdict.NOT_APPLICABLE, f"not applicable: {why}")
    if name in {metric.info.id for metric in made.calls}:
        return not_applicable(info, "it measures calls of a generator, not clips")
    if name in {metric.info.id for metric in made.summaries}:
        return not_applicable(info, "it is made of other metrics; see theirs")
    return judge(info, values, damages)


def _strangers(made: MetricSet, real: Sequence[RealClip]) -> dict[str, str]:
    """Metrics that cannot judge any of these clips, with the reason; nothing is computed for them."""
    found = {}
    for name, info in made.infos.items():
        reasons = {no_world(info, clip.prompt) for clip in real}
        if None not in reasons:
            found[name] = str(next(iter(reasons)))
    return found


def _fitting(real: Sequence[RealClip], notes: list[str]) -> list[Damage]:
    """Damages that these clips allow."""
    prompted = len({clip.prompt for clip in real if clip.prompt is not None}) > 2
    if not prompted:
        notes.append(
            "the clips have no prompts, so wrong prompts could not be tried; a manifest can name them"
        )
    return [damage for damage in (*DAMAGES, *CONTROLS) if prompted or damage.kind is not Kind.PROMPTS]


def _from_folder(
    clips: Path, reference: Path | None, num_frames: int, short_side: int | None, count: int, notes: list[str]
) -> tuple[list[RealClip], Reference | None]:
    """Clips to damage, and other real clips: of their own folder, or windows that are left."""
    wanted = count if reference is not None else 2 * count
    found, errors = folder_clips(clips, num_frames, short_side, wanted)
    notes += [f"{name} was left out: {reason}" for name, reason in errors.items()]
    if reference is not None:
        others, failed = folder_clips(reference, num_frames, short_side, REFERENCE_CLIPS)
        notes += [f"reference {name} was left out: {reason}" for name, reason in failed.items()]
        return found[:count], _in_memory(others)
    used = found[::2] if len(found) > count else found
    spare = [clip for clip in found if clip not in used] if len(found) > count else []
    if len(spare) >= 2:
        notes.append(f"{len(spare)} other windows of the same files served as the reference of set metrics")
        return used, _in_memory(spare)
    return found[:count], None


def _in_memory(clips: Iterable[RealClip]) -> list[tuple[MemorySource, SampleInfo]]:
    return [
        (
            MemorySource(clip.shown(), f"reference:{clip.name}"),
            SampleInfo("reference", clip.name, clip.prompt_id, clip.prompt, None),
        )
        for clip in clips
    ]


def _dataset_reference(dataset: Dataset, request: RequestSpec, notes: list[str]) -> Reference | None:
    """Reference clips of the data set, which no arm shows, read one at a time; None where it has none."""
    try:
        clips = dataset.reference(Draw(REFERENCE_CLIPS, seed=1), request.size)
    except (DatasetError, RequestError) as error:
        notes.append(f"no reference for metrics of sets: {error}")
        return None
    return (
        (
            MemorySource(Clip(clip.frames(), request.fps), clip.name),
            SampleInfo("reference", clip.name, clip.name, clip.prompt, None),
        )
        for clip in clips
    )


def _result(
    clips: Path | None,
    dataset: str | None,
    real: Sequence[RealClip],
    judged: Sequence[Judged],
    asked: Sequence[str],
    damages: Sequence[Damage],
    values: Values,
    notes: Sequence[str],
) -> AuditResult:
    _, height, width, _ = real[0].frames.shape
    data: dict[str, Any] = {
        "kind": "dataset" if clips is None else "folder",
        "name": Path(dataset or "").name if clips is None else clips.resolve().name,
        "clips": len(real),
        "prompts": len({clip.prompt_id for clip in real}),
        "frames": real[0].count,
        "height": height,
        "width": width,
        "fps": real[0].fps,
    }
    told = [
        {
            "name": damage.name,
            "what": damage.what,
            "kind": str(damage.kind),
            "levels": list(damage.levels),
            "axes": [str(axis) for axis in damage.axes],
        }
        for damage in damages
    ]
    hashes = [MemorySource(clip.shown(), clip.name).sha256 for clip in real]
    identity = short_hash([*hashes, json.dumps(told), *asked])
    return AuditResult(
        identity, datetime.now(UTC).isoformat(timespec="seconds"), data, told,
        [one.as_dict() for one in judged], round(values.seconds, 1), list(notes), environment(),
    )  # fmt: skip
