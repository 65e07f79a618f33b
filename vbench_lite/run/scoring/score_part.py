"""A part of a scoring: some clips of one generator, scored by whatever process is free.

A part has so many clips whoever scores it, and parts are merged in their order. So every sum is made in
one order, and one process, several, and a cluster give equal numbers to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from vbench_lite.errors import StoreError
from vbench_lite.metric import SampleInfo
from vbench_lite.run.networks import EXACT, Networks
from vbench_lite.run.scoring.clip_pass import ClipPass, ClipResult, ClipTask
from vbench_lite.run.scoring.features import Extractors, FeatureCache
from vbench_lite.run.scoring.metric_set import MetricSet, make_metrics
from vbench_lite.run.scoring.outcome import Outcome
from vbench_lite.run.scoring.reference import ReferenceClip
from vbench_lite.run.scoring.set_scoring import SetScoring
from vbench_lite.run.scoring.sources import FileSource, Source
from vbench_lite.store.pool import Pool

PART_CLIPS = 64


@dataclass(frozen=True)
class ClipOrder:
    """What is to be computed on one clip.

    Attributes:
        clip: its sha256 in the pool, or how to draw it.
        num_frames: as recorded, for a clip that cannot be opened.
        metrics, pairs: ids of the metrics without a stored value.
        reference: the clip that pairs compare with.
    """

    sample: SampleInfo
    clip: str | ReferenceClip
    num_frames: int
    metrics: tuple[str, ...] = ()
    pairs: tuple[str, ...] = ()
    reference: Source | None = None


@dataclass(frozen=True)
class Part:
    """Clips of one generator, and the metrics over sets that they go into; or clips of the reference.

    Attributes:
        root: where the pool lies.
        metrics: names of all metrics of the scoring, as they are registered or imported.
        sets: ids of the set metrics whose state is wanted.
        features: ids of extractors whose features are wanted in the cache, though no set here reads them.
    """

    root: Path
    generator: str
    metrics: tuple[str, ...]
    orders: tuple[ClipOrder, ...]
    sets: tuple[str, ...] = ()
    features: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing is to be computed."""
        return not (self.sets or self.features) and not any(
            order.metrics or order.pairs for order in self.orders
        )


@dataclass(frozen=True)
class ClipScore:
    """What came of one clip; `decodes` counts how often its file was decoded."""

    outcomes: Mapping[str, Outcome]
    decodes: int = 0


@dataclass
class PartScores:
    """What came of a part. `sets` is whole when `clips` has been read to its end."""

    clips: Iterator[ClipScore] | Sequence[ClipScore]
    sets: dict[str, SetScoring] = field(default_factory=dict)


class Tools:
    """Metrics and extractors, made once and used for part after part."""

    def __init__(self, metrics: MetricSet, extractors: Extractors, names: Sequence[str] = ()) -> None:
        self.metrics, self.extractors = metrics, extractors
        self.names = tuple(names)  # by which another process can make the same ones
        self.passes = ClipPass(extractors)
        self._clips = {metric.info.id: metric for metric in metrics.clips}
        self._pairs = {metric.info.id: metric for metric in metrics.pairs}
        self._sets = {metric.info.id: metric for metric in metrics.sets}

    @classmethod
    def of(
        cls,
        root: Path,
        metrics: Sequence[str],
        threads: int | None = None,
        networks: Networks = EXACT,
    ) -> Tools:
        """The registered ones, with the feature cache of a root.

        Args:
            threads: compute threads of extractors; None leaves them as they are.

        Raises:
            RegistryError: an id that nobody registers.
        """
        made = make_metrics(metrics)
        cache = FeatureCache(root / "pool" / "features")
        return cls(made, Extractors(made.extractors, cache, networks, threads=threads), metrics)

    def score(self, part: Part) -> PartScores:
        """Score a part; clips are scored as they are read."""
        sets = {name: SetScoring(type(self._sets[name])()) for name in part.sets}
        return PartScores(self._clip_scores(part, sets), sets)

    def without(self, part: Part, outcome: Outcome) -> PartScores:
        """A part whose clips have no value, each for the same reason."""
        sets = {name: SetScoring(type(self._sets[name])()) for name in part.sets}
        for order in part.orders:
            for name, one in sets.items():
                one.add(
                    order.sample, dict.fromkeys(self._sets[name].info.extractors, outcome), order.num_frames
                )
        clips = [ClipScore(dict.fromkeys((*order.metrics, *order.pairs), outcome)) for order in part.orders]
        return PartScores(clips, sets)

    def _clip_scores(self, part: Part, sets: Mapping[str, SetScoring]) -> Iterator[ClipScore]:
        if part.empty:
            yield from (ClipScore({}) for _ in part.orders)
            return
        pool = Pool(part.root)
        read = (name for one in sets for name in self._sets[one].info.extractors)
        wanted = list(dict.fromkeys([*part.features, *read]))
        tasks = (self._task(order, pool, wanted) for order in part.orders)
        for order, result in zip(part.orders, self.passes.run(tasks), strict=True):
            for one in sets.values():
                one.add(order.sample, result.features, _frames(result, order))
            yield ClipScore(result.outcomes, result.decodes.get(order.sample.sample_id, 0))

    def _task(self, order: ClipOrder, pool: Pool, wanted: Sequence[str]) -> ClipTask:
        clip, sample = order.clip, order.sample
        return ClipTask(
            pool_source(pool, clip, sample.sample_id) if isinstance(clip, str) else clip.source(),
            sample,
            [self._clips[name] for name in order.metrics],
            [self._pairs[name] for name in order.pairs],
            wanted,
            order.reference,
        )


def pool_source(pool: Pool, sha: str, name: str) -> FileSource:
    """A clip of the pool, under a name for messages."""
    path = pool.folder / "clips" / f"{sha}.mkv"
    with suppress(StoreError):  # a clip that is not there gets its rows when it is opened
        path = pool.path(sha)
    return FileSource(path, name, sha)


def _frames(result: ClipResult, order: ClipOrder) -> int:
    frames = result.info.num_frames if result.info is not None else order.num_frames
    return int(frames or 0)
