"""A run from start to end: generate, measure, score, compact.

The run directory is the only state. Whatever stops a run (Ctrl-C, `kill -9`, a power cut), the same
command finds what is there and goes on with the rest; a finished run is only reported. Samples that ended
badly are results too and are not tried again, except by a fresh run.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from vbench_lite.errors import StoreError
from vbench_lite.format import plural
from vbench_lite.gc_pause import uncollected
from vbench_lite.measure.hardware import hardware
from vbench_lite.metric import Measurement
from vbench_lite.processes import sigterm_interrupts
from vbench_lite.run.executors.contract import Executor, first_calls, jobs_of
from vbench_lite.run.executors.local import LocalExecutor
from vbench_lite.run.generate.documents import now, run_document
from vbench_lite.run.generate.recorder import Recorder
from vbench_lite.run.generate.reuse import ReusableClips, earlier_runs
from vbench_lite.run.networks import Networks
from vbench_lite.run.plan.changes import differences, newest_similar
from vbench_lite.run.plan.plan import Batch, Plan, build_plan
from vbench_lite.run.plan.shards import Shard, part_of, shard_directory
from vbench_lite.run.plan.spec import RunSpec
from vbench_lite.run.progress import Event, Progress, Silent, Stage
from vbench_lite.run.scoring.metric_set import check_names
from vbench_lite.run.worker_process import Settings
from vbench_lite.store.journal import JournalWriter
from vbench_lite.store.pool import Pool
from vbench_lite.store.run_names import in_words
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.sample_lines import SampleKey
from vbench_lite.store.schema import NOT_TRIED, SampleStatus
from vbench_lite.store.tables import measurement_row

__all__ = ["Event", "Progress", "RunOutcome", "run"]

RETIMED = "timed again; clips are those of earlier runs"
LONG_PLAN = 20_000  # samples; what is shorter is planned and read before anybody waits


@dataclass(frozen=True)
class RunOutcome:
    """How a run stands when `run` returns.

    Attributes:
        ok, failed: samples of all generators, controls included; failed is every other outcome.
        reused: samples among them whose clips an earlier run made.
        resumed: the run had been started before.
        interrupted: it was asked to stop; the same command goes on.
        messages: what the user should know, one line each.
    """

    run_id: str
    ok: int
    failed: int
    reused: int
    resumed: bool
    interrupted: bool
    messages: list[str] = field(default_factory=list)


def run(
    spec: RunSpec,
    root: Path,
    *,
    fresh: bool = False,
    progress: Progress | None = None,
    executor: Executor | None = None,
    shard: Shard | None = None,
    name: str = "",
    keep_going: bool = False,
    retime: bool = False,
    when_idle: bool = False,
) -> RunOutcome:
    """Carry out a specification, or what is left of it.

    Args:
        root: holds `runs` and `pool`; made when missing.
        fresh: make everything again in a run of its own, whatever is there.
        executor: makes the batches; worker processes of this machine, one at a time, if None.
        shard: make this part of the plan only, to be put together by `merge`.
        name: what a person calls the run; a run that has a name keeps it where none is given.
        keep_going: try every request, also of a generator that failed on the first ones.
        retime: time the generators again in a run of its own, with the clips that are there.
        when_idle: begin each timed process when other programs leave the machine alone.

    Raises:
        SpecError, RegistryError, PromptError: the specification cannot be resolved.
        StoreError: the run is in use by another process, or its files are damaged.
    """
    progress = progress or Silent()

    def tell(what: str, done: int, total: int) -> None:
        if total >= LONG_PLAN:
            progress.on_event(Event("prepare", what, done, total))

    Networks(spec.score_device, spec.score_precision).check()
    with uncollected():
        plan = build_plan(spec, tell)
    if shard is None:
        directory = _directory(root, plan.run_id, fresh or retime)
    else:
        directory = shard_directory(root, plan.run_id, shard)
        plan = part_of(plan, shard)
    with directory.lock(), sigterm_interrupts():
        work = _Run(
            plan,
            directory,
            progress,
            executor or LocalExecutor(),
            fresh=fresh,
            shard=shard,
            name=name,
            keep_going=keep_going,
            retime=retime,
            when_idle=when_idle,
        )
        return work.carry_out()


class _Run:
    """One run that holds its lock."""

    def __init__(
        self,
        plan: Plan,
        directory: RunDir,
        progress: Progress,
        executor: Executor,
        *,
        fresh: bool,
        shard: Shard | None,
        name: str,
        keep_going: bool,
        retime: bool,
        when_idle: bool,
    ) -> None:
        self.shard, self.when_idle = shard, when_idle
        self.plan, self.directory = plan, directory
        self.progress, self.executor = progress, executor
        self.pool = Pool(directory.root)
        self.resumed = directory.exists()
        self.messages: list[str] = []
        self.began: dict[Stage, tuple[float, int]] = {}
        self.lost: set[SampleKey] = set()
        self.document = directory.document() if self.resumed else run_document(plan, directory, shard)
        if retime and not self.resumed:
            self.document.notes.append(RETIMED)
        # A run that repeats another reuses nothing, also after a stop; one that times again reuses all.
        self.fresh = fresh or (shard is None and directory.run_id != plan.run_id)
        self.fresh = self.fresh and RETIMED not in self.document.notes
        self.renamed = bool(name) and name != self.document.name
        self.document.name = name or self.document.name
        self.settings = Settings.of(directory, plan.spec, keep_going)

    def carry_out(self) -> RunOutcome:
        recorded: dict[SampleKey, str | None] = {}
        if self.resumed:
            if self.plan.samples >= LONG_PLAN:
                self.tell("prepare", "reading what is recorded", self.plan.samples, self.plan.samples)
            with uncollected():
                recorded = self.directory.sample_clips()
                self.lost = self.directory.lost_samples(recorded)
        self.given_up = self.untried() if self.resumed and self.settings.keep_going else set()
        if self.document.status == "finished" and not self.lost and not self.given_up:
            again = "--fresh repeats it" if self.shard is None else "delete its folder to repeat it"
            # The id of a run holds its suites and not the code of their metrics.
            renewed = "where a metric or its weights changed, vbench-lite score {run_id} renews the scores"
            said = f"{in_words(self.document)} is finished already; {again}; {renewed}"
            self.say("finish", said.format(run_id=self.directory.run_id))
            if self.renamed:
                self.directory.write_document(self.document)
            return self.outcome()
        for suite in self.plan.suites:  # before clips are made that nothing could score
            check_names(suite.metrics)
        self.introduce()
        self.document.status = "running"
        self.directory.write_document(self.document)
        try:
            with self.directory.journal("runner") as journal:
                if journal.repaired:
                    self.say(
                        "generate", f"journal {journal.path.name}: a last line cut off by a kill was removed"
                    )
                self.generate(journal, recorded)
                if self.shard is None or self.shard.times:
                    self.measure(journal)
            if self.shard is None:
                self.score()
            self.pool.sweep()
            self.directory.compact()
        except BaseException as error:
            self.document.status = "interrupted"
            # On a full disk it stays "running", which reads as interrupted once nobody holds the run.
            with suppress(StoreError):
                self.directory.write_document(self.document)
            if isinstance(error, KeyboardInterrupt):
                stopped = f"{in_words(self.document)} was stopped; the same command goes on with it"
                self.say("finish", stopped)
                return self.outcome(interrupted=True)
            raise
        self.document.status, self.document.finished = "finished", now()
        self.directory.write_document(self.document)
        return self.outcome()

    # --- the stages -----------------------------------------------------------------------------

    def introduce(self) -> None:
        """Say what is going on with, or what a run that is made anew differs in from the one before."""
        for note in self.plan.notes:
            self.say("generate", note)
        if self.resumed:
            self.say("generate", f"{in_words(self.document)} goes on where it was stopped")
            if self.lost:
                self.say("generate", f"{plural(len(self.lost), 'clip')} gone, to be made again")
            if self.given_up:
                self.say("generate", f"{len(self.given_up)} requests that were given up are tried now")
                self.lost |= self.given_up
        elif self.shard is not None:
            self.say("generate", f"part {self.shard} of a run, without scores until it is merged")
        elif not self.fresh and (earlier := newest_similar(self.directory.root, self.document)):
            alike = "it is timed again" if RETIMED in self.document.notes else "nothing that is known differs"
            why = "; ".join(differences(earlier, self.document)) or alike
            self.say("generate", f"a run of its own beside {in_words(earlier)}: {why}")
        if not self.resumed:
            self.document.notes += self.plan.notes

    def generate(self, journal: JournalWriter, recorded: Mapping[SampleKey, str | None]) -> None:
        """Record every sample of the plan that has no record yet, or whose clip is lost."""
        sink = Recorder(journal, recorded, self.plan.samples, self.progress, self.lost)
        for record in self.plan.refused:
            sink.record(record)
        pending = [batch for batch in self.plan.batches if not sink.has(batch)]
        if not pending:
            return
        pending = self.reuse(pending, sink)
        entries = {entry.label: entry for entry in self.plan.generators}
        while pending:
            # Suites that ask a generator for the same clips share one call: the twins of a batch wait.
            now, twins = first_calls(pending)
            sink.expect(now)
            self.executor.execute(jobs_of(now, entries, sink.worked), sink, self.settings)
            pending = self.reuse(twins, sink) if twins else []

    def untried(self) -> set[SampleKey]:
        """Samples that were given up after the first ones of their generator failed."""
        rows = self.directory.rows("sample", ("generator", "suite", "sample_id"), phase=NOT_TRIED)
        return {(row["generator"], row["suite"], row["sample_id"]) for row in rows}

    def reuse(self, pending: list[Batch], sink: Recorder) -> list[Batch]:
        """Record the batches whose clips are there already and return the others."""
        reusable = ReusableClips(self.pool, pending)
        # Of this run itself: what another suite, or a batch that a kill cut short, has made already.
        names = [suite.name for suite in self.plan.suites]
        made = {(label, sample) for label, sample in reusable.wanted if sink.recorded(label, sample, names)}
        reusable.add(self.plan.generators, self.directory.samples_of(made), source=None)
        if not self.fresh:
            problems: list[str] = []
            for document, rows in earlier_runs(self.directory.root, self.document, reusable.wanted, problems):
                reusable.add(document.generators, rows, source=document.run_id)
            for problem in problems:
                self.say("generate", problem)
        entries = {entry.label: entry for entry in self.plan.generators}
        left, taken = [], 0
        for batch in pending:
            records = reusable.take(entries[batch.generator], batch)
            if records is None:
                left.append(batch)
                continue
            taken += len(records)
            for record in records:
                sink.record(record)
        if taken:
            self.say("generate", f"{plural(taken, 'sample')} made before and reused")
        return left

    def measure(self, journal: JournalWriter) -> None:
        """Time the generators for every suite that wants it."""
        from vbench_lite.measure.contention import wait_until_idle
        from vbench_lite.run.timing.performance import measure
        from vbench_lite.run.timing.timed_process import TimedProcess

        for suite in self.plan.suites:
            if suite.performance is None:
                continue
            done = self.directory.calls(suite.name)
            self.check_hardware()

            def keep(call: Measurement, name: str = suite.name) -> None:
                journal.append({"kind": "measurement", **measurement_row(call, name)})

            served = {batch.generator for batch in self.plan.batches if batch.suite == suite.name}
            summary = measure(
                [entry for entry in self.plan.generators if entry.label in served],
                suite,
                on_record=keep,
                done=done,
                on_progress=partial(self.tell, "measure"),
                prompts=self.plan.served_prompts(suite),
                open_session=partial(TimedProcess, settings=self.settings),
                wait=wait_until_idle if self.when_idle else None,
            )
            for (generator, case), reason in summary.failures.items():
                self.say("measure", f"{generator} could not be timed ({case}): {reason}", keep=True)
            for name in summary.skipped:
                self.say("measure", f"left out of the timing, its limit was reached: {name}", keep=True)

    def score(self) -> None:
        """Score every suite; what is scored already is not scored again."""
        from vbench_lite.run.score_stored import score_suite

        progress = partial(self.tell, "score", "clips")
        for suite in self.plan.suites:
            summary = score_suite(self.directory, suite, self.executor, self.settings, progress)
            for message in summary.messages:
                self.say("score", f"suite {suite.name}: {message}")

    # --- telling --------------------------------------------------------------------------------

    def say(self, stage: Stage, text: str, *, keep: bool = False) -> None:
        """Tell something that lasts; with `keep` it also stays in the run's notes."""
        self.messages.append(text)
        if keep and text not in self.document.notes:
            self.document.notes.append(text)
        self.progress.on_event(Event(stage, text, 0, 0, lasting=True))

    def tell(self, stage: Stage, text: str, done: int, total: int) -> None:
        """Tell how far a stage is; its pace so far gives the time left."""
        began_s, before = self.began.setdefault(stage, (time.monotonic(), done))
        pace_s = (time.monotonic() - began_s) / (done - before) if done > before else None
        remaining_s = None if pace_s is None else pace_s * (total - done)
        self.progress.on_event(Event(stage, text, done, total, remaining_s))

    def check_hardware(self) -> None:
        """Say so when a run goes on on another machine: its times are of two machines then."""
        if self.resumed and self.document.hardware != hardware():
            self.say(
                "measure",
                "this machine is another one than the run began on, so its times cannot be compared; "
                "--fresh makes a run of one machine",
                keep=True,
            )

    # --- what it comes to -----------------------------------------------------------------------

    def outcome(self, *, interrupted: bool = False) -> RunOutcome:
        rows = self.directory.rows("sample", ("status", "reason", "reused_from"))
        ok = sum(row["status"] == SampleStatus.OK for row in rows)
        for generator, counts in _bad(rows).items():
            listed = ", ".join(f"{count} x {reason}" for reason, count in counts.most_common(3))
            self.messages.append(
                f"{generator}: {plural(counts.total(), 'sample')} without a valid clip: {listed}"
            )
        return RunOutcome(
            run_id=self.directory.run_id,
            ok=ok,
            failed=len(rows) - ok,
            reused=sum(row["reused_from"] is not None for row in rows),
            resumed=self.resumed,
            interrupted=interrupted,
            messages=self.messages,
        )


# --- inside ---------------------------------------------------------------------------------------


def _directory(root: Path, run_id: str, fresh: bool) -> RunDir:
    """The newest run of this id; if it is to be fresh, the next of `ID`, `ID-2`, `ID-3` ...

    A fresh run that was stopped goes on by the same command, as any other.
    """
    newest = RunDir(root, run_id)
    number = 1
    while (following := RunDir(root, f"{run_id}-{number + 1}")).exists():
        newest, number = following, number + 1
    repeats = newest.run_id != run_id
    if fresh and newest.exists() and not (repeats and newest.document().status != "finished"):
        return RunDir(root, f"{run_id}-{number + 1}")
    return newest


def _bad(rows: Sequence[Mapping[str, str]]) -> dict[str, Counter[str]]:
    """How often each reason occurs among the samples without a valid clip, by generator."""
    reasons: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if row["status"] != SampleStatus.OK:
            reasons[row["generator"]][row["reason"]] += 1
    return reasons
