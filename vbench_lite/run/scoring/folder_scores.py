"""What scoring clips made elsewhere comes to: values by file, and estimates over sets of files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from vbench_lite.clip import ClipInfo, rates_agree
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import DETAILS, Estimate, SampleInfo
from vbench_lite.run.scoring.clip_scoring import FeatureResults
from vbench_lite.run.scoring.metric_set import MetricSet
from vbench_lite.run.scoring.outcome import Outcome
from vbench_lite.run.scoring.set_scoring import SetScoring
from vbench_lite.stats.over_set import set_estimate
from vbench_lite.store.schema import ScoreStatus


@dataclass
class FolderScores:
    """What `score --json` prints.

    Attributes:
        samples: value by metric, by file; every file that could be read is in it.
        series: (seconds, value) pairs behind such a value, where a metric gives them.
        sets: estimates over all files, where they are one set.
        groups: the same by group, where the clips are several sets; then `sets` is empty.
        not_applicable: reason by file (or "*", or a group), by metric.
        errors: reason by file; of a file that was read: the metrics that failed on it. A reference
            clip is named "reference:FILE"; "*", or a group's name, is what failed for the set.
        decodes: how often each file was decoded.
        notes: what to know of a value (a prompt that was cut ...), by metric, by file.
        flags: what is special about a file, the folder or a group (variable rate, alpha ...).
        unverified: metrics that have values made with weights of no known hash.
        infos: size, length and rate of every clip that was read.
    """

    samples: dict[str, dict[str, float]] = field(default_factory=dict)
    series: dict[str, dict[str, list[list[float]]]] = field(default_factory=dict)
    notes: dict[str, dict[str, str]] = field(default_factory=dict)
    sets: dict[str, Estimate] = field(default_factory=dict)
    groups: dict[str, dict[str, Estimate]] = field(default_factory=dict)
    not_applicable: dict[str, dict[str, str]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    decodes: dict[str, int] = field(default_factory=dict)
    flags: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unverified: list[str] = field(default_factory=list)
    infos: dict[str, ClipInfo] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values; the keys are stable."""
        shown = {name: value for name, value in vars(self).items() if name != "infos"}
        return shown | {
            "sets": _plain(self.sets),
            "groups": {name: _plain(sets) for name, sets in self.groups.items()},
            "flags": {name: list(flags) for name, flags in self.flags.items()},
        }

    def flag(self, name: str, *flags: str) -> None:
        """Add what is special about a file, the folder or a group."""
        self.flags[name] = (*self.flags.get(name, ()), *flags)

    def add(self, file: str, metric: str, outcome: Outcome) -> None:
        """Take the outcome of a metric on a file (or on a set, as "*" or by the group's name)."""
        if outcome.status is ScoreStatus.NOT_APPLICABLE:
            self.not_applicable.setdefault(metric, {})[file] = str(outcome.reason)
        elif outcome.status is ScoreStatus.ERROR:
            told = f"{metric}: {outcome.reason}"
            self.errors[file] = f"{self.errors[file]}; {told}" if file in self.errors else told
        elif outcome.value is not None:
            self.samples.setdefault(file, {})[metric] = outcome.value
            if outcome.note is not None:
                self.notes.setdefault(file, {})[metric] = outcome.note
            if outcome.series:
                self.series.setdefault(file, {})[metric] = [list(point) for point in outcome.series]


def _plain(sets: Mapping[str, Estimate]) -> dict[str, Any]:
    return {
        name: {
            "value": estimate.value,
            "ci": None if estimate.low is None else [estimate.low, estimate.high],
            "ci_reason": estimate.note if estimate.low is None else None,
            "n": estimate.n,
            "details": {key: estimate.extras[key] for key in DETAILS if key in estimate.extras},
        }
        for name, estimate in sets.items()
    }


Grouping = Literal["generator", "folder", "all"]  # which clips are one set


class Group:
    """Clips that are one set: all of them, or those of one generator or folder.

    Attributes:
        rates: frames a second of its clips, each once.
    """

    def __init__(self, metrics: MetricSet) -> None:
        self._metrics = metrics
        self.sets = [SetScoring(type(metric)()) for metric in metrics.sets]
        # Value, weight and prompt of each clip, of metrics that have a rule of their own for the set.
        self._ruled: dict[str, list[tuple[float, float, str]]] = {
            metric.info.id: [] for metric in metrics.clips if metric.info.over_set
        }
        self.rates: list[float] = []

    def add(
        self, sample: SampleInfo, info: ClipInfo, features: FeatureResults, outcomes: Mapping[str, Outcome]
    ) -> None:
        """Take what a clip gave."""
        add_rate(self.rates, info.fps)
        for one in self.sets:
            one.add(sample, features, int(info.num_frames or 0))
        for name, ruled in self._ruled.items():
            outcome = outcomes.get(name)
            if outcome is not None and outcome.value is not None:
                ruled.append((outcome.value, outcome.weight, sample.prompt_id))

    def finish(self, no_reference: Outcome | None) -> tuple[dict[str, Estimate], dict[str, Outcome]]:
        """The estimates by metric, and why the others have none.

        Args:
            no_reference: why there are no references, if there are none.
        """
        found: dict[str, Estimate] = {}
        none: dict[str, Outcome] = {}
        for one in self.sets:
            result = one.finish(no_reference)
            if result.estimate is not None:
                found[one.metric.info.id] = result.estimate
            else:
                none[one.metric.info.id] = result.outcome
        for name, ruled in self._ruled.items():
            if ruled:
                info = self._metrics.infos[name]
                values, weights, prompts = zip(*ruled, strict=True)
                found[name] = set_estimate(
                    values, prompts, info.over_set, weights=weights, bounds=info.bounds
                )
        known = {name: estimate.value for name, estimate in found.items()}
        for summary in self._metrics.summaries:
            try:
                value = summary.summarise(known)
            except NotApplicable as reason:
                none[summary.info.id] = Outcome.not_applicable(str(reason))
            else:
                found[summary.info.id] = Estimate(value, None, None, min(found[p].n for p in summary.parts))
        return found, none


def add_rate(rates: list[float], fps: float | None) -> None:
    """Add a rate that is none of those there."""
    if fps is not None and not any(rates_agree(fps, rate) for rate in rates):
        rates.append(fps)


def unlike_rates(clips: Sequence[float], references: Sequence[float]) -> str | None:
    """That a set or its reference mixes rates, or that theirs differ: a distance counts that too."""
    every = [*clips]
    for rate in references:
        add_rate(every, rate)
    if len(every) < 2:
        return None
    texts = [" and ".join(f"{rate:g}" for rate in sorted(rates)) for rates in (clips, references)]
    beside = f", the references {texts[1]}" if references else ""
    return (
        f"clips have {texts[0]} frames a second{beside}: what is measured over the set counts that too; "
        "give all one rate (--fps)"
    )
