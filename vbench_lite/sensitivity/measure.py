"""One pass over real clips and all their damaged versions: every metric, each clip made once.

An arm is one level of one damage (or a control, or the clean clips). Per-clip metrics give a value a
clip, pair metrics compare with the clean clip, set metrics give one value an arm.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from vbench_lite.metric import Estimate, Features, SampleInfo
from vbench_lite.run.scoring.clip_pass import ClipPass, ClipResult, ClipTask
from vbench_lite.run.scoring.features import Extractors
from vbench_lite.run.scoring.metric_set import MetricSet, make_metrics
from vbench_lite.run.scoring.outcome import Outcome
from vbench_lite.run.scoring.set_scoring import SetScoring
from vbench_lite.run.scoring.sources import MemorySource
from vbench_lite.sensitivity.clips import LEAST, RealClip, clusters
from vbench_lite.sensitivity.ladders import Damage, Kind, Material

CLEAN = ("clean", 0.0)
Level = tuple[str, float]


@dataclass
class Values:
    """What the pass gave.

    Attributes:
        clips: value by clip name, by arm, by metric.
        sets: estimate by arm, by metric.
        reasons: why a metric has no value on some arm, by metric: the first reason.
        names: clips that took part, in order; clusters: the prompt id of each.
        seconds: what the pass took. whole_ladders: False where only the highest levels were tried.
    """

    clips: dict[str, dict[Level, dict[str, float]]] = field(default_factory=dict)
    sets: dict[str, dict[Level, Estimate]] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    clusters: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    whole_ladders: bool = True


Reference = Iterable[tuple[MemorySource, SampleInfo]]  # other real clips, for set metrics
Known = Mapping[str, list[tuple[SampleInfo, Mapping[str, Features]]]]  # their features, by set metric


def measure(
    clips: Sequence[RealClip],
    damages: Sequence[Damage],
    metrics: Sequence[str],
    *,
    reference: Reference | None,
    limit_s: float,
    extractors: Extractors | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Values:
    """Score each clip clean and in every damaged version, clip after clip.

    Args:
        limit_s: no further clip is begun that would not end before, LEAST clips given; so fewer clips
            than asked for may take part, and every arm has the same ones. Where even LEAST clips would not
            fit, only the highest level of each damage is tried.
        extractors: made for these metrics; None makes them without a cache.
    """
    begun = time.monotonic()
    made = make_metrics(metrics)
    passes = ClipPass(extractors or Extractors(made.extractors))
    known = _reference_features(passes, made, reference)
    cluster_of, _ = clusters(clips)
    values = Values(clusters=cluster_of)
    for name, outcome in made.broken.items():
        values.reasons[name] = str(outcome.reason)
    arms = [_Arm(CLEAN, None, metrics, known)]
    arms += [_Arm((d.name, level), d, metrics, known) for d in damages for level in d.levels]
    each = _seconds(passes, clips, made, arms[0])
    values.whole_ladders = each * len(arms) * LEAST <= limit_s - (time.monotonic() - begun)
    if not values.whole_ladders:
        arms = [arm for arm in arms if arm.damage is None or arm.level[1] == arm.damage.levels[-1]]
    done: list[str] = []
    first = time.monotonic()
    for place, clip in enumerate(clips):
        each = (time.monotonic() - first) / max(1, place)
        if place >= LEAST and time.monotonic() - begun + each > limit_s:
            break
        results = passes.run(_tasks(clips, place, made, arms))
        for number, (arm, result) in enumerate(zip(arms, results, strict=True)):
            arm.take(result, values)
            if on_progress is not None:
                on_progress(place * len(arms) + number + 1, len(clips) * len(arms))
        done.append(clip.name)
    for arm in arms:
        arm.finish(values, reference is None)
    values.names = tuple(done)
    values.seconds = time.monotonic() - begun
    return values


def _seconds(passes: ClipPass, clips: Sequence[RealClip], made: MetricSet, clean: _Arm) -> float:
    """What one version of one clip takes, once everything is loaded."""
    list(passes.run(_tasks(clips, 0, made, [clean])))
    begun = time.monotonic()
    list(passes.run(_tasks(clips, 1, made, [clean])))
    return time.monotonic() - begun


def _tasks(
    clips: Sequence[RealClip], place: int, made: MetricSet, arms: Sequence[_Arm]
) -> Iterator[ClipTask]:
    """One clip in every arm, its frames made when it is their turn."""
    cluster_of, _ = clusters(clips)
    wanted = list(dict.fromkeys(name for metric in made.sets for name in metric.info.extractors))
    clip, other = clips[place], clips[(place + 1) % len(clips)]
    clean = MemorySource(clip.shown(), f"clean:{clip.name}") if made.pairs else None
    for arm in arms:
        frames, prompt = clip.frames, clip.prompt
        if arm.damage is not None:
            shown, prompt = _assigned(clips, place, arm.damage, arm.level[1])
            material = Material(shown.frames, shown.longer, other.frames)
            frames = arm.damage.frames(material, arm.level[1], place)
        source = MemorySource(clip.shown(frames), clip.name)
        sample = SampleInfo("real", clip.name, cluster_of[clip.name], prompt, None)
        yield ClipTask(source, sample, made.clips, made.pairs, wanted, clean)


def _assigned(
    clips: Sequence[RealClip], place: int, damage: Damage, level: float
) -> tuple[RealClip, str | None]:
    """Which clip stands in a place, and which prompt it is held against.

    A share `level` of the places, spread evenly, shows the first clip (copies) or has the prompt of the next
    but one (prompts), so that neighbours that are alike do not help.
    """
    clip = clips[place]
    if int((place + 1) * level) == int(place * level):
        return clip, clip.prompt
    if damage.kind is Kind.COPIES:
        return clips[0], clip.prompt
    if damage.kind is Kind.PROMPTS:
        return clip, clips[(place + 2) % len(clips)].prompt
    return clip, clip.prompt


class _Arm:
    """The state of one arm: its sets, with the reference already in them."""

    def __init__(
        self,
        level: Level,
        damage: Damage | None,
        metrics: Sequence[str],
        known: Known,
    ) -> None:
        self.level, self.damage = level, damage
        self.sets = [SetScoring(metric) for metric in make_metrics(metrics).sets]
        for one in self.sets:
            for sample, features in known.get(one.metric.info.id, ()):
                one.add_reference(sample, features)

    def take(self, result: ClipResult, values: Values) -> None:
        name = result.task.sample.sample_id
        for metric, outcome in result.outcomes.items():
            if outcome.value is not None:
                values.clips.setdefault(metric, {}).setdefault(self.level, {})[name] = outcome.value
            else:
                values.reasons.setdefault(metric, str(outcome.reason))
        frames = int(result.info.num_frames or 0) if result.info is not None else 0
        for one in self.sets:
            one.add(result.task.sample, result.features, frames)

    def finish(self, values: Values, without_reference: bool) -> None:
        missing = (
            Outcome.not_applicable("no other real clips to compare with; give more clips, or --reference")
            if without_reference
            else None
        )
        for one in self.sets:
            result, name = one.finish(missing), one.metric.info.id
            if result.estimate is not None:
                values.sets.setdefault(name, {})[self.level] = result.estimate
            else:
                values.reasons.setdefault(name, str(result.outcome.reason))


def _reference_features(passes: ClipPass, made: MetricSet, reference: Reference | None) -> Known:
    """Features of the reference clips for each set metric that compares with them."""
    wanting = [metric for metric in made.sets if metric.needs_reference]
    names = list(dict.fromkeys(name for metric in wanting for name in metric.info.extractors))
    found: dict[str, list[tuple[SampleInfo, Mapping[str, Features]]]] = {m.info.id: [] for m in wanting}
    if reference is None or not names:
        return found
    tasks = (ClipTask(source, sample, extractors=names) for source, sample in reference)
    for result in passes.run(tasks):
        arrays = {name: got for name, got in result.features.items() if not isinstance(got, Outcome)}
        for metric in wanting:
            wanted = metric.info.extractors
            if all(name in arrays for name in wanted):
                features = {name: arrays[name] for name in wanted}
                found[metric.info.id].append((result.task.sample, features))
    return found
