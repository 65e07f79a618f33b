"""Scoring a run: every clip is decoded once, every metric ends in a row with its reason.

Rows are appended to the run's journal as they come. A row whose fingerprint is already there is not
computed again, so scoring resumes where it was stopped, and scoring with more metrics adds only those.
Samples that failed have no score rows: the coverage of a generator says what is missing.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any, Protocol

from vbench_lite.generator import Site
from vbench_lite.metric import SetMetric
from vbench_lite.run.scoring import fingerprint as prints
from vbench_lite.run.scoring.outcome import Outcome, checked_value, failure
from vbench_lite.run.scoring.reference import reference_clips, reference_lack
from vbench_lite.run.scoring.reference_features import ReferenceFeatures, set_reference
from vbench_lite.run.scoring.sample_info import given_clip, sample_info
from vbench_lite.run.scoring.score_part import (
    PART_CLIPS,
    ClipOrder,
    ClipScore,
    Part,
    PartScores,
    Tools,
    pool_source,
)
from vbench_lite.run.scoring.score_rows import Row, ScoreRows, ScoreSummary
from vbench_lite.run.scoring.set_scoring import SetScoring, gather
from vbench_lite.run.scoring.sources import Source
from vbench_lite.store.pool import Pool
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.schema import Level, SampleStatus
from vbench_lite.suite import Suite

__all__ = ["Progress", "ScoreSummary", "score_run"]

Progress = Callable[[int, int], None]  # clips done, clips in all


class PartScorer(Protocol):
    """Scores parts, in their order, by so many processes."""

    def __call__(self, parts: Iterable[Part], *, scorers: int) -> Iterator[PartScores]: ...


def score_run(
    run: RunDir,
    suite: Suite,
    *,
    tools: Tools | None = None,
    pairs: str | None = None,
    score: PartScorer | None = None,
    scorers: Callable[[int], int] = lambda frames: 1,
    on_progress: Progress | None = None,
) -> ScoreSummary:
    """Score everything a run has made for a suite.

    Args:
        tools: metrics and extractors, made already; by default those that the suite names.
        pairs: label of the arm whose clips are the references of pair metrics, matched by sample.
        score: scores parts; this process does if None.
        scorers: how many processes score clips of so many frames in all.
        on_progress: called after every clip of a generator.

    Raises:
        RegistryError: the suite names a metric that nobody registers.
        StoreError: the run cannot be read, or another process is scoring it.
    """
    tools = tools or Tools.of(run.root, suite.metrics)
    with run.journal("scorer") as journal:
        rows = ScoreRows(suite.name, run, journal)
        scorer = _RunScorer(run, suite, tools, pairs, rows)
        count = scorers(sum(int(row["num_frames"] or 0) for row in scorer.samples))
        found = partial(map, tools.score) if score is None else partial(score, scorers=count)
        scorer.score_clips(found, on_progress, spread=count > 1)
        scorer.score_calls()
    return rows.summary


class _RunScorer:
    """The state of one scoring."""

    def __init__(
        self,
        run: RunDir,
        suite: Suite,
        tools: Tools,
        pairs: str | None,
        rows: ScoreRows,
    ) -> None:
        self.run, self.suite, self.rows, self.tools = run, suite, rows, tools
        self.metrics, self.extractors, self.passes = tools.metrics, tools.extractors, tools.passes
        self.reference_arm = pairs
        self.pool = Pool(run.root)
        self.samples = sorted(
            (r for r in run.rows("sample") if r["suite"] == suite.name and r["status"] == SampleStatus.OK),
            key=lambda r: (r["prompt_id"], r["seed"], r["sample_id"]),
        )
        self._twins = {
            row["sample_id"]: str(row["clip_sha256"])
            for row in self.samples
            if pairs is not None and row["generator"] == pairs
        }
        self.reference = ReferenceFeatures(suite, self.passes)

    # --- clips and sets -------------------------------------------------------------------------

    def score_clips(
        self,
        score: Callable[[Iterable[Part]], Iterator[PartScores]],
        on_progress: Progress | None,
        *,
        spread: bool,
    ) -> None:
        """Clips and sets, generator by generator in the order of the plan.

        Args:
            spread: several processes score; then features of reference clips are made by them too, instead
                of by this one when the first set is complete.
        """
        labels = [entry.label for entry in self.run.document().generators]
        groups: dict[str, list[Row]] = {label: [] for label in labels}
        for row in self.samples:
            groups.setdefault(str(row["generator"]), []).append(row)
        opened = {label: self._open_sets(samples) for label, samples in groups.items() if samples}
        first = self._reference_parts(groups, opened) if spread else []
        pieces: deque[tuple[Sequence[Row], bool]] = deque()  # rows of a part, and whether it is a set's last
        done = 0
        merged: dict[str, SetScoring] = {}
        for index, scores in enumerate(score(chain(first, self._parts(groups, opened, pieces)))):
            if index < len(first):
                list(scores.clips)  # read to their end: then the features are in the cache
                continue
            rows, last = pieces.popleft()
            for clip_row, clip in zip(rows, scores.clips, strict=True):
                self._write_clip(clip_row, clip)
                done += 1
                if on_progress is not None:
                    on_progress(done, len(self.samples))
            gather(merged, scores.sets)
            if last:
                for one in merged.values():
                    self._write_set(one, groups[str(rows[0]["generator"])])
                merged = {}

    def _reference_parts(
        self, groups: Mapping[str, Sequence[Row]], opened: Mapping[str, Sequence[str]]
    ) -> list[Part]:
        """The reference clips, for the features that any open set with clips enough compares with."""
        names = [
            name
            for metric in self.metrics.sets
            if metric.needs_reference
            and any(
                metric.info.id in sets and len(groups[label]) >= metric.info.min_n
                for label, sets in opened.items()
            )
            for name in metric.info.extractors
        ]
        if not names or reference_lack(self.suite) is not None:
            return []
        orders = [
            ClipOrder(clip.sample, clip, self.suite.request.num_frames)
            for clip in reference_clips(self.suite)
        ]
        features = tuple(dict.fromkeys(names))
        return [
            Part(self.run.root, "reference", self.tools.names, tuple(some), features=features)
            for some in (orders[i : i + PART_CLIPS] for i in range(0, len(orders), PART_CLIPS))
        ]

    def _parts(
        self,
        groups: Mapping[str, Sequence[Row]],
        opened: Mapping[str, tuple[str, ...]],
        pieces: deque[tuple[Sequence[Row], bool]],
    ) -> Iterator[Part]:
        """The parts of every generator; `pieces` gets the rows of each."""
        for label, sets in opened.items():
            samples = groups[label]
            for start in range(0, len(samples), PART_CLIPS):
                rows = samples[start : start + PART_CLIPS]
                pieces.append((rows, start + PART_CLIPS >= len(samples)))
                orders = tuple(self._order(row) for row in rows)
                yield Part(self.run.root, label, self.tools.names, orders, sets)

    def _order(self, row: Row) -> ClipOrder:
        """What is still to be computed on one clip."""
        sample = sample_info(row, self.suite)
        reference = self._twin(row)
        pairs = self.metrics.pairs if reference is not None else []
        return ClipOrder(
            sample,
            str(row["clip_sha256"]),
            int(row["num_frames"] or 0),
            tuple(m.info.id for m in self.metrics.clips if not self._is_stored(m.info.id, row)),
            tuple(m.info.id for m in pairs if not self._is_stored(m.info.id, row)),
            reference,
        )

    def _write_clip(self, row: Row, clip: ClipScore) -> None:
        infos = self.metrics.infos
        self.rows.summary.decoded += clip.decodes
        for name, outcome in clip.outcomes.items():
            text = self._clip_print(name, row)
            self.rows.write(row, Level.SAMPLE, name, outcome, text, info=infos[name])
        for name, outcome in self.metrics.broken.items():
            self.rows.write(row, Level.SAMPLE, name, outcome, f"metric={name}")
        alone = self._alone(row)
        for name in sorted(self.metrics.pair_ids) if alone is not None else ():
            if not self._is_stored(name, row):
                outcome = Outcome.not_applicable(str(alone))
                self.rows.write(
                    row, Level.SAMPLE, name, outcome, self._clip_print(name, row), info=infos[name]
                )
        self.rows.flush()

    def _alone(self, row: Row) -> str | None:
        """Why a clip has no partner in the arm that others are compared with; None if it needs none."""
        if self.reference_arm is None or self.suite.request.given == "clip":
            return None
        if row["generator"] == self.reference_arm:
            return "its clips are what the others are compared with"
        if row["sample_id"] not in self._twins:
            return f"{self.reference_arm} has no clip of this sample"
        return None

    def _is_stored(self, metric: str, row: Row) -> bool:
        return self.rows.has(row, Level.SAMPLE, metric, self._clip_print(metric, row))

    def _twin(self, row: Row) -> Source | None:
        """The clip that was given to be reconstructed, or that of the reference arm for the same sample."""
        if self.suite.request.given == "clip":
            return given_clip(row, self.suite)
        if self.reference_arm in (None, row["generator"]):
            return None
        sha = self._twins.get(row["sample_id"])
        return None if sha is None else pool_source(self.pool, sha, "reference:" + str(row["sample_id"]))

    # --- sets -----------------------------------------------------------------------------------

    def _open_sets(self, samples: Sequence[Row]) -> tuple[str, ...]:
        """Ids of the set metrics of a generator whose value is not there yet."""
        row = {**samples[0], "sample_id": None}
        return tuple(
            metric.info.id
            for metric in self.metrics.sets
            if not self.rows.has(row, Level.SET, metric.info.id, self._set_print(metric, samples))
        )

    def _write_set(self, one: SetScoring, samples: Sequence[Row]) -> None:
        """Compute a set metric and write its row."""
        metric, info = one.metric, one.metric.info
        missing = self.reference.add_to(one) if metric.needs_reference and one.enough else None
        result = one.finish(missing)
        inside = set(result.members)
        members = [row for row in samples if row["sample_id"] in inside]
        row = {"generator": samples[0]["generator"], "sample_id": None, "prompt_id": None}
        extras: dict[str, Any] = {"prompts": sorted({str(member["prompt_id"]) for member in members})}
        text = self._set_print(metric, members)
        if result.left_out:
            extras["left_out"] = dict(result.left_out)
        interval: dict[str, Any] = {"asked": self._set_print(metric, samples) if result.left_out else None}
        if result.estimate is not None:
            estimate = result.estimate
            extras |= dict(estimate.extras)
            replicates = None if estimate.replicates is None else list(estimate.replicates)
            interval |= {
                "low": estimate.low,
                "high": estimate.high,
                "n": estimate.n,
                "replicates": replicates,
            }
        self.rows.write(row, Level.SET, info.id, result.outcome, text, info=info, extras=extras, **interval)
        self.rows.flush()

    # --- calls ----------------------------------------------------------------------------------

    def score_calls(self) -> None:
        """One row for every metric on every timed call, and one where there can be no call."""
        self._score_recorded()
        places: Counter[tuple[str, str, int]] = Counter()
        for call in self.run.calls(self.suite.name):
            place = (call.generator, call.case, call.round)
            sample_id = f"{call.case}/{call.round}/{places[place]}"
            places[place] += 1
            row = {"generator": call.generator, "sample_id": sample_id, "prompt_id": None}
            of_call: dict[str, Any] = {"call": call.call, "contended": call.contended}
            extras = {"case": call.case}
            for metric in self.metrics.calls:
                info = metric.info
                text = prints.fingerprint(info, [], prints.call_request(call))
                if self.rows.has(row, Level.CALL, info.id, text):
                    continue
                try:
                    outcome = checked_value(metric.value(call), info)
                except Exception as error:  # stored as this row's outcome
                    outcome = failure(error)
                self.rows.write(row, Level.CALL, info.id, outcome, text, info=info, extras=extras, **of_call)
            self.rows.flush()

    def _score_recorded(self) -> None:
        """Clips that were made before have no calls: a row says so, once for each metric."""
        nothing = Outcome.not_applicable("these clips were made elsewhere")
        for entry in self.run.document().generators:
            if entry.info.get("site") != Site.RECORDED:
                continue
            row = {"generator": entry.label, "sample_id": None, "prompt_id": None}
            for metric in self.metrics.calls:
                text = prints.fingerprint(metric.info, [], "recorded")
                if not self.rows.has(row, Level.CALL, metric.info.id, text):
                    self.rows.write(row, Level.CALL, metric.info.id, nothing, text, info=metric.info)
        self.rows.flush()

    # --- fingerprints ---------------------------------------------------------------------------

    def _clip_print(self, name: str, row: Row) -> str:
        info = self.metrics.infos[name]
        reference = self.reference_arm if name in self.metrics.pair_ids else None
        if name in self.metrics.pair_ids and self.suite.request.given == "clip":
            reference = "given"
        made = self.extractors.made(info.extractors)
        return prints.fingerprint(info, made, prints.clip_request(row), reference)

    def _set_print(self, metric: SetMetric, samples: Sequence[Row]) -> str:
        made = self.extractors.made(metric.info.extractors)
        reference = set_reference(metric, self.suite)
        return prints.fingerprint(metric.info, made, prints.set_requests(samples), reference)
