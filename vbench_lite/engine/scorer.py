"""Scoring a run: every clip is decoded once, every metric ends in a row with its reason.

Rows are appended to the run's journal as they come. A row whose fingerprint is already there is not
computed again, so scoring resumes where it was stopped, and scoring with more metrics adds only those.
Samples that failed have no score rows: the coverage of a generator says what is missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from vbench_lite.engine import fingerprint as prints
from vbench_lite.engine.clip_pass import ClipPass, ClipTask
from vbench_lite.engine.features import Extractors, FeatureCache
from vbench_lite.engine.metric_set import MetricSet, make_metrics
from vbench_lite.engine.outcome import Outcome, failure, judged
from vbench_lite.engine.reference import has_reference, reference_clips, reference_name
from vbench_lite.engine.sample_info import given_clip, sample_info
from vbench_lite.engine.score_rows import Row, ScoreRows, ScoreSummary
from vbench_lite.engine.set_scoring import SetScoring
from vbench_lite.engine.sources import FileSource, Source
from vbench_lite.errors import StoreError
from vbench_lite.generator import Site
from vbench_lite.metric import Features, SampleInfo, SetMetric
from vbench_lite.store.pool import Pool
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.schema import Level, SampleStatus
from vbench_lite.suite import Suite

__all__ = ["Progress", "ScoreSummary", "score_run"]

Progress = Callable[[int, int], None]  # clips done, clips in all


def score_run(
    run: RunDir,
    suite: Suite,
    *,
    metrics: MetricSet | None = None,
    extractors: Extractors | None = None,
    pairs: str | None = None,
    on_progress: Progress | None = None,
) -> ScoreSummary:
    """Score everything a run has made for a suite.

    Args:
        metrics, extractors: made already; by default those that the suite names.
        pairs: label of the arm whose clips are the references of pair metrics, matched by sample.
        on_progress: called after every clip of a generator.

    Raises:
        RegistryError: the suite names a metric that nobody registers.
        StoreError: the run cannot be read, or another process is scoring it.
    """
    metrics = metrics if metrics is not None else make_metrics(suite.metrics)
    if extractors is None:
        extractors = Extractors(metrics.extractors, FeatureCache(run.root / "pool" / "features"))
    with run.journal("scorer") as journal:
        rows = ScoreRows(suite.name, run.rows("score"), journal)
        scorer = _RunScorer(run, suite, metrics, extractors, pairs, rows)
        scorer.score_clips(on_progress)
        scorer.score_calls()
    return rows.summary


class _RunScorer:
    """The state of one scoring."""

    def __init__(
        self,
        run: RunDir,
        suite: Suite,
        metrics: MetricSet,
        extractors: Extractors,
        pairs: str | None,
        rows: ScoreRows,
    ) -> None:
        self.run, self.suite, self.metrics, self.extractors = run, suite, metrics, extractors
        self.reference_arm = pairs
        self.rows = rows
        self.pool = Pool(run.root)
        self.passes = ClipPass(extractors)
        self.samples = sorted(
            (r for r in run.rows("sample") if r["suite"] == suite.name and r["status"] == SampleStatus.OK),
            key=lambda r: (r["prompt_id"], r["seed"], r["sample_id"]),
        )
        self._reference: dict[str, list[tuple[SampleInfo, Features]]] = {}

    # --- clips and sets -------------------------------------------------------------------------

    def score_clips(self, on_progress: Progress | None) -> None:
        """Clips and sets, generator by generator in the order of the plan."""
        labels = [entry.label for entry in self.run.document().generators]
        labels += sorted({str(row["generator"]) for row in self.samples} - set(labels))
        done = 0
        for label in labels:
            for _ in self._score_generator([row for row in self.samples if row["generator"] == label]):
                done += 1
                if on_progress is not None:
                    on_progress(done, len(self.samples))

    def _score_generator(self, samples: Sequence[Row]) -> Iterator[None]:
        """Score the clips of a generator, then its sets; yields after every clip."""
        sets = self._open_sets(samples)
        wanted = list(dict.fromkeys(name for s in sets for name in s.metric.info.extractors))
        results = self.passes.run(self._task(row, wanted) for row in samples)
        infos = self.metrics.infos
        for row, result in zip(samples, results, strict=True):
            self.rows.summary.decoded += result.decodes.get(str(row["sample_id"]), 0)
            for name, outcome in result.outcomes.items():
                text = self._clip_print(name, row)
                self.rows.write(row, Level.SAMPLE, name, outcome, text, info=infos[name])
            for name, outcome in self.metrics.broken.items():
                self.rows.write(row, Level.SAMPLE, name, outcome, f"metric={name}")
            frames = result.info.num_frames if result.info else row["num_frames"]
            for one in sets:
                one.add(result.task.sample, result.features, int(frames or 0))
            yield
        for one in sets:
            self._write_set(one, samples)

    def _task(self, row: Row, wanted: Sequence[str]) -> ClipTask:
        """What is still to be computed on one clip."""
        sample = sample_info(row, self.suite)
        reference = self._twin(row)
        pairs = self.metrics.pairs if reference is not None else []
        return ClipTask(
            self._source(row),
            sample,
            [m for m in self.metrics.clips if not self._is_stored(m.info.id, row)],
            [m for m in pairs if not self._is_stored(m.info.id, row)],
            wanted,
            reference,
        )

    def _is_stored(self, metric: str, row: Row) -> bool:
        return self.rows.has(row, Level.SAMPLE, metric, self._clip_print(metric, row))

    def _source(self, row: Row, prefix: str = "") -> FileSource:
        sha = str(row["clip_sha256"])
        path = self.pool.folder / "clips" / f"{sha}.mkv"
        with suppress(StoreError):  # a clip that is not there gets its rows when it is opened
            path = self.pool.path(sha)
        return FileSource(path, prefix + str(row["sample_id"]), sha)

    def _twin(self, row: Row) -> Source | None:
        """The clip that was given to be reconstructed, or that of the reference arm for the same sample."""
        if self.suite.request.given == "clip":
            return given_clip(row, self.suite)
        if self.reference_arm in (None, row["generator"]):
            return None
        for other in self.samples:
            if other["generator"] == self.reference_arm and other["sample_id"] == row["sample_id"]:
                return self._source(other, "reference:")
        return None

    # --- sets -----------------------------------------------------------------------------------

    def _open_sets(self, samples: Sequence[Row]) -> list[SetScoring]:
        """Set metrics of a generator whose value is not there yet."""
        if not samples:
            return []
        row = {**samples[0], "sample_id": None}
        return [
            SetScoring(type(metric)())
            for metric in self.metrics.sets
            if not self.rows.has(row, Level.SET, metric.info.id, self._set_print(metric, samples))
        ]

    def _write_set(self, one: SetScoring, samples: Sequence[Row]) -> None:
        """Compute a set metric and write its row."""
        metric, info = one.metric, one.metric.info
        missing = self._add_reference(one) if metric.needs_reference and one.enough else None
        result = one.finish(missing)
        inside = set(result.members)
        members = [row for row in samples if row["sample_id"] in inside]
        row = {"generator": samples[0]["generator"], "sample_id": None, "prompt_id": None}
        extras: dict[str, Any] = {"prompts": sorted({str(member["prompt_id"]) for member in members})}
        if result.left_out:
            extras["left_out"] = dict(result.left_out)
        interval: dict[str, Any] = {}
        if result.estimate is not None:
            estimate = result.estimate
            extras |= dict(estimate.extras)
            replicates = None if estimate.replicates is None else list(estimate.replicates)
            interval = {"low": estimate.low, "high": estimate.high, "n": estimate.n, "replicates": replicates}
        text = self._set_print(metric, members)
        self.rows.write(row, Level.SET, info.id, result.outcome, text, info=info, extras=extras, **interval)

    def _add_reference(self, one: SetScoring) -> Outcome | None:
        """Hand the reference clips' features to a metric; they are made once for all generators."""
        if not has_reference(self.suite):
            return Outcome.not_applicable("the suite has no reference clips")
        names = one.metric.info.extractors
        needed = [name for name in names if name not in self._reference]
        if needed:
            clips = reference_clips(self.suite)
            tasks = (ClipTask(source, sample, extractors=needed) for source, sample in clips)
            found: dict[str, list[tuple[SampleInfo, Features]]] = {name: [] for name in needed}
            for result in self.passes.run(tasks):
                for name, features in result.features.items():
                    if isinstance(features, Outcome):
                        return features
                    found[name].append((result.task.sample, features))
            self._reference.update(found)
        for clip in zip(*(self._reference[name] for name in names), strict=True):
            one.add_reference(clip[0][0], {name: f for name, (_, f) in zip(names, clip, strict=True)})
        return None

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
            extras = {"call": call.call, "case": call.case, "contended": call.contended}
            for metric in self.metrics.calls:
                info = metric.info
                text = prints.fingerprint(info, [], prints.call_request(call))
                if self.rows.has(row, Level.CALL, info.id, text):
                    continue
                try:
                    outcome = judged(metric.value(call), info)
                except Exception as error:  # stored as this row's outcome
                    outcome = failure(error)
                self.rows.write(row, Level.CALL, info.id, outcome, text, info=info, extras=extras)

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

    # --- fingerprints ---------------------------------------------------------------------------

    def _clip_print(self, name: str, row: Row) -> str:
        info = self.metrics.infos[name]
        reference = self.reference_arm if name in self.metrics.pair_ids else None
        if name in self.metrics.pair_ids and self.suite.request.given == "clip":
            reference = "given"
        made = self.extractors.made(info.extractors)
        return prints.fingerprint(info, made, prints.clip_request(row), reference)

    def _set_print(self, metric: SetMetric, samples: Sequence[Row]) -> str:
        reference = None
        if metric.needs_reference and has_reference(self.suite):
            reference = reference_name(self.suite)
        made = self.extractors.made(metric.info.extractors)
        return prints.fingerprint(metric.info, made, prints.set_requests(samples), reference)
