"""The metrics of a suite, made and sorted by kind; a plug-in that cannot be made loses itself only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from vbench_lite import registry
from vbench_lite.metric import (
    CallMetric,
    ClipMetric,
    Metric,
    MetricInfo,
    PairMetric,
    SetMetric,
    SummaryMetric,
)
from vbench_lite.run.scoring.outcome import Outcome, failure


@dataclass
class MetricSet:
    """Metrics by kind, in the order they were named.

    Attributes:
        broken: metrics that could not be made, and why.
    """

    clips: list[ClipMetric] = field(default_factory=list)
    pairs: list[PairMetric] = field(default_factory=list)
    sets: list[SetMetric] = field(default_factory=list)
    calls: list[CallMetric] = field(default_factory=list)
    summaries: list[SummaryMetric] = field(default_factory=list)
    broken: dict[str, Outcome] = field(default_factory=dict)

    @property
    def extractors(self) -> list[str]:
        """Ids of the extractors that any of them reads, each once."""
        infos = [metric.info for metric in self.clips] + [metric.info for metric in self.sets]
        return list(dict.fromkeys(name for info in infos for name in info.extractors))

    @cached_property
    def infos(self) -> dict[str, MetricInfo]:
        """What each metric that could be made declares, by id."""
        kinds: tuple[Sequence[Metric], ...] = (self.clips, self.pairs, self.sets, self.calls, self.summaries)
        return {metric.info.id: metric.info for kind in kinds for metric in kind}

    @cached_property
    def pair_ids(self) -> set[str]:
        """Ids of the metrics that need a reference clip."""
        return {metric.info.id for metric in self.pairs}


def check_names(ids: Sequence[str]) -> None:
    """See that somebody registers these metrics; whether they can be made is not asked.

    Raises:
        RegistryError: an id that nobody registers, with the nearest ones.
    """
    known = set(registry.names("metrics"))
    for name in ids:
        if name not in known:
            registry.load("metrics", name)


def make_metrics(ids: Sequence[str], given: Mapping[str, Callable[[], Metric]] | None = None) -> MetricSet:
    """Make metrics by id.

    Args:
        given: makers that take the place of registered ones.

    Raises:
        RegistryError: an id that nobody registers.
    """
    given, found = given or {}, MetricSet()
    check_names([name for name in ids if name not in given])
    for name in ids:
        maker: Any = given.get(name)
        try:
            metric = (maker or registry.load("metrics", name))()
            metric.info.id  # noqa: B018 - a plug-in without it is broken here and not in the middle
        except Exception as error:  # stored as the outcome of this metric
            found.broken[name] = failure(error)
            continue
        match metric:
            case ClipMetric():
                found.clips.append(metric)
            case PairMetric():
                found.pairs.append(metric)
            case SetMetric():
                found.sets.append(metric)
            case CallMetric():
                found.calls.append(metric)
            case SummaryMetric():
                found.summaries.append(metric)
            case _:
                found.broken[name] = Outcome.error(f"{type(metric).__name__} is no kind of metric")
    return found
