"""The clips of a run that votes are about, and which votes are about them.

A vote counts for a run if both clips that were seen are the run's clips of that request: compared by hash,
so a clip that was made again otherwise leaves its votes out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from vbench_lite.errors import StoreError
from vbench_lite.results.arms import Arm, Run, read_arms
from vbench_lite.votes.ballot import Shown, Vote

Request = tuple[str, int]  # prompt, seed


@dataclass(frozen=True)
class RunClips:
    """Clips of one run under one suite.

    Attributes:
        clips: generator to (prompt, seed) to sha256; `controls`: the same of the control arms.
        samples: (generator, prompt, seed) to sample id, by which metrics are found.
        arms: as read, generators and controls.
    """

    run_id: str
    suite: str
    clips: dict[str, dict[Request, str]]
    controls: dict[str, dict[Request, str]]
    samples: dict[tuple[str, str, int], str]
    arms: tuple[Arm, ...]

    @property
    def control_names(self) -> dict[str, str]:
        """Label of each control arm that has clips, by what it stands for: "real", "frozen", ..."""
        return {arm.control: arm.generator for arm in self.arms if arm.control and arm.clips}

    def of(self, generator: str) -> dict[Request, str]:
        """Clips of a generator or control by request; none for an unknown one."""
        return self.clips.get(generator) or self.controls.get(generator) or {}


def run_clips(run: Run, suite: str | None = None) -> RunClips:
    """Read which clips a run has, under a suite (default: its first).

    Raises:
        StoreError: the run has no such suite, or its tables are damaged.
    """
    name = suite or str(run.document().suites[0]["name"])
    arms = read_arms(run, name)
    clips: dict[str, dict[Request, str]] = defaultdict(dict)
    controls: dict[str, dict[Request, str]] = defaultdict(dict)
    samples = {}
    for arm in arms:
        for sample, sha in arm.clips.items():
            request = arm.requests[sample]
            (controls if arm.control else clips)[arm.generator][request] = sha
            samples[arm.generator, *request] = sample
    return RunClips(run.run_id, name, dict(clips), dict(controls), samples, tuple(arms))


def between(candidate: RunClips, label: str, baseline: RunClips, other: str) -> RunClips:
    """Clips of a generator of each of two runs, as if they were two generators `RUN:GENERATOR` of the first.

    Raises:
        StoreError: a run has no clip of its generator.
    """
    clips: dict[str, dict[Request, str]] = {}
    samples: dict[tuple[str, str, int], str] = {}
    arms: list[Arm] = []
    for run, name in ((candidate, label), (baseline, other)):
        if name not in run.clips:
            known = ", ".join(run.clips) or "none"
            raise StoreError(f"run {run.run_id} has no clip of {name}; it has: {known}")
        full = f"{run.run_id}:{name}"
        clips[full] = run.clips[name]
        samples |= {
            (full, prompt, seed): one for (its, prompt, seed), one in run.samples.items() if its == name
        }
        arms += [replace(arm, generator=full) for arm in run.arms if arm.generator == name]
    arms += [arm for arm in candidate.arms if arm.control]
    return RunClips(candidate.run_id, candidate.suite, clips, candidate.controls, samples, tuple(arms))


def of_run(votes: Sequence[Vote], run: RunClips) -> tuple[list[Vote], dict[str, int]]:
    """Votes about clips of this run, and how many others there are, by reason."""
    kept, reasons = [], Counter[str]()
    for vote in votes:
        reason = _misplaced(vote, run)
        if reason is None:
            kept.append(vote)
        else:
            reasons[reason] += 1
    return kept, dict(reasons)


def _misplaced(vote: Vote, run: RunClips) -> str | None:
    for shown in (vote.left, vote.right):
        now = run.of(shown.generator)
        if not now:
            return f"no clip of {shown.generator} in this run"
        if shown.clip_sha256 is None:
            return "not bound to clips; import the file with --run"
        sha = now.get((vote.prompt, vote.seed))
        if sha is None:
            return "the run has no clip of this prompt and seed"
        if sha != shown.clip_sha256:
            return f"the clip of {shown.generator} is another one now"
    return None


def bind(votes: Sequence[Vote], run: RunClips) -> tuple[list[Vote], int]:
    """Give imported votes the clips of a run; returns the votes, and how many found none.

    A vote without a seed takes the first seed for which both generators have a clip.
    """
    seeds: dict[tuple[str, str], list[int]] = defaultdict(list)
    for generator, prompt, seed in run.samples:
        seeds[generator, prompt].append(seed)
    bound, missing = [], 0
    for vote in votes:
        ends = (vote.left.generator, vote.right.generator)
        common = set(seeds[ends[0], vote.prompt]) & set(seeds[ends[1], vote.prompt])
        fits = common if vote.seed == -1 else common & {vote.seed}
        if not fits:
            missing += 1
            bound.append(vote)
            continue
        seed = min(fits)
        left, right = (Shown(name, run.of(name)[vote.prompt, seed]) for name in ends)
        bound.append(replace(vote, left=left, right=right, seed=seed, run=run.run_id))
    return bound, missing
