"""Runs made of numbers: what a scorer would have written, without any clip."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from vbench_lite import registry
from vbench_lite.metric import CallMetric, SetMetric, SummaryMetric
from vbench_lite.stats.jackknife import jackknife
from vbench_lite.store import tables
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.schema import GeneratorEntry, RunDocument, SampleRecord, ScoreRecord
from vbench_lite.suite import Suite, read_suite
from vbench_lite.votes.ballot import Answer, Shown, Vote, VoteJournal
from vbench_lite.votes.clips import run_clips

SUITE = Path(__file__).parents[1] / "fabricated_suite.yaml"
CONTROLS = ("real", "frozen", "noise", "shuffled")
FAMILIES = {
    "reference/latent-diffusion": "latent_diffusion",
    "reference/autoregressive": "autoregressive",
    "reference/hybrid": "hybrid",
}


@dataclass(frozen=True)
class FakeRun:
    run_id: str
    doc: RunDocument
    sample_rows: list[SampleRecord]
    score_rows: list[ScoreRecord]

    def document(self) -> RunDocument:
        return self.doc

    def table(self, kind: str, columns: Collection[str] | None = None) -> Any:
        rows: dict[str, Sequence[SampleRecord | ScoreRecord]]
        rows = {"sample": self.sample_rows, "score": self.score_rows}
        return tables.arrow(kind, [row.as_dict() for row in rows.get(kind, ())], columns)


@dataclass
class World:
    """Levels of each metric by generator; see `fabricate`."""

    mean: Mapping[str, Mapping[str, float]]
    spread: float = 0.05
    binary: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    calls: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    bounds: Callable[[str], tuple[float, float]] = lambda metric: (-np.inf, np.inf)


def default_world() -> World:
    gens = [*FAMILIES, *CONTROLS]

    def level(*values: float) -> dict[str, float]:
        return dict(zip(gens, values, strict=True))

    return World(
        mean={
            "distribution/kvd_shapes": level(0.8, 1.4, 1.0, 0.02, 3.0, 9.0, 1.0),
            "distribution/frechet_shapes": level(8, 14, 10, 5, 30, 90, 12),
            "frames/sharpness": level(0.55, 0.7, 0.6, 0.8, 0.8, 0.1, 0.8),
            "vbench/temporal_flickering": level(0.95, 0.93, 0.94, 0.96, 1.0, 0.4, 0.8),
            "coherence/motion_amount": level(0.5, 0.45, 0.48, 0.5, 0.0, 0.9, 1.2),
            "coherence/shapes_identity": level(0.95, 0.85, 0.9, 0.99, 0.99, 0.1, 0.98),
            "alignment/shapes_shape": level(0.95, 0.8, 0.9, 1, 1, 0.08, 1),
            "alignment/shapes_colour": level(1, 0.9, 1, 1, 1, 0.1, 1),
            "alignment/shapes_direction": level(0.9, 0.7, 0.9, 1, 0.0, 0.1, 0.15),
            "alignment/shapes_speed": level(0.9, 0.8, 0.9, 1, 0.0, 0.4, 0.2),
            "diversity/feature_distance": level(0.9, 0.95, 0.9, 1.0, 0.8, 0.2, 0.9),
        },
        binary=tuple(f"alignment/shapes_{a}" for a in ("shape", "colour", "direction", "speed")),
        sets=("distribution/kvd_shapes", "distribution/frechet_shapes", "diversity/feature_distance"),
        calls={
            "speed/latency_s": level(1.9, 2.6, 1.4, 0, 0, 0, 0),
            "speed/time_to_first_frame_s": level(1.9, 0.2, 0.5, 0, 0, 0, 0),
            "speed/frames_per_s": level(8.4, 6.2, 11.4, 0, 0, 0, 0),
            "speed/real_time_factor": level(1.05, 0.77, 1.43, 0, 0, 0, 0),
            "memory/peak_bytes": level(4.1e8, 3.6e8, 4.0e8, 0, 0, 0, 0),
        },
        bounds=lambda m: (
            (0, 1) if m.startswith(("alignment", "vbench", "coherence/shapes")) else (-np.inf, np.inf)
        ),
    )


def world_of(suite: Suite) -> World:
    """Levels of every metric of a suite: real clips before the generators, those before the controls."""
    gens = [*FAMILIES, *CONTROLS]
    goodness = dict(zip(gens, (0.75, 0.6, 0.7, 0.9, 0.3, 0.1, 0.4), strict=True))
    mean, sets, calls = {}, [], {}
    for metric in suite.metrics:
        found = registry.load("metrics", metric)
        rising = {True: 1, None: 0, False: -1}[found.info.higher_is_better]
        levels = {name: 0.5 + rising * (good - 0.5) for name, good in goodness.items()}
        if issubclass(found, CallMetric):
            calls[metric] = levels
        elif not issubclass(found, SummaryMetric):  # those are made when a run is read
            mean[metric] = levels
            sets += [metric] if issubclass(found, SetMetric) else []
    return World(mean=mean, sets=tuple(sets), calls=calls)


def fabricate(
    world: World | None = None,
    *,
    suite: Suite | None = None,
    run_id: str = "run-a",
    prompts: int = 16,
    seeds: int = 1,
    seed: int = 0,
    noise_seed: int = 0,
    failed: Mapping[str, int] | None = None,
    controls: bool = True,
    hardware: str = "cpu-one",
    fingerprint: str = "m1",
    created: str = "2026-01-01T00:00:00Z",
) -> FakeRun:
    """A finished run; of a suite like quick, kept apart so that it does not change with it, or of another.

    failed: how many samples (the first ones) failed, by generator.
    """
    suite = suite or read_suite(SUITE)
    world = world or default_world()
    failed = failed or {}
    names = [n for n in _names(world) if controls or n not in CONTROLS]
    samples: list[SampleRecord] = []
    scores: list[ScoreRecord] = []
    for name in names:
        rng = np.random.default_rng([noise_seed, zlib.crc32(name.encode())])
        ids = []
        for index in range(prompts * seeds):
            prompt = f"p{index % prompts:03d}"
            ok = index >= failed.get(name, 0)
            sample = f"{prompt}-{index // prompts}"
            samples.append(
                SampleRecord(
                    name, suite.name, sample, prompt, prompt, index // prompts, "ok" if ok else "failed",
                    reason=None if ok else "out of memory",
                    clip_sha256=f"{run_id}{name}{sample}" if ok else None,
                )
            )  # fmt: skip
            if ok:
                ids.append((sample, prompt))
        scores.extend(_scores(world, suite.name, name, ids, rng, fingerprint))
    doc = RunDocument(
        run_id, "finished", created, created, seed, prompts * seeds,
        [_entry(n) for n in names if n not in CONTROLS], [suite.model_dump(mode="json")], controls,
        {"python": "3.11"}, {"cpu": hardware, "memory_bytes": 8e9},
    )  # fmt: skip
    return FakeRun(run_id, doc, samples, scores)


def store_run(run: FakeRun, root: Path) -> RunDir:
    """Put a run on disk, as a finished one."""
    stored = RunDir(root, run.run_id)
    stored.write_document(run.doc)
    for kind in ("sample", "score", "measurement"):
        tables.write_table(stored.path / tables.FILES[kind], kind, run.table(kind), {})
    return stored


def _names(world: World) -> list[str]:
    levels = world.mean or world.calls
    return list(dict.fromkeys(name for level in levels.values() for name in level))


def _entry(name: str) -> GeneratorEntry:
    return GeneratorEntry(name, name, {}, "cpu", 1, {"family": FAMILIES.get(name, "external")}, f"f-{name}")


def _scores(
    world: World,
    suite: str,
    name: str,
    ids: list[tuple[str, str]],
    rng: np.random.Generator,
    fingerprint: str,
) -> list[ScoreRecord]:
    rows: list[ScoreRecord] = []
    for metric, levels in world.mean.items():
        if name not in levels:
            continue
        values = _draw(world, metric, levels[name], len(ids), rng)
        if metric in world.sets:
            estimate = jackknife([p for _, p in ids], lambda kept, v=values: float(v[kept].mean()))  # type: ignore[misc]
            rows.append(
                ScoreRecord(
                    name, suite, "set", metric, "ok", estimate.value, estimate.low, estimate.high,
                    estimate.n, list(estimate.replicates or ()) or None, fingerprint=fingerprint,
                    extras=_extras(metric),
                )
            )  # fmt: skip
        else:
            rows.extend(
                ScoreRecord(name, suite, "sample", metric, "ok", float(v), n=1, sample_id=s, prompt_id=p,
                            fingerprint=fingerprint, extras=_extras(metric))
                for (s, p), v in zip(ids, values, strict=True)
            )  # fmt: skip
    if name in CONTROLS:
        return rows
    for metric, levels in world.calls.items():
        if levels.get(name):
            factors = np.exp(rng.normal(0, 0.01 if "bytes" in metric else 0.04, size=25))
            rows.extend(
                ScoreRecord(name, suite, "call", metric, "ok", levels[name] * f, n=1,
                            sample_id=f"base/{i // 5}/{i % 5}", fingerprint=fingerprint,
                            extras=_extras(metric), call="first" if i % 5 == 0 else "warm")
                for i, f in enumerate(factors)
            )  # fmt: skip
    return rows


def _draw(world: World, metric: str, level: float, count: int, rng: np.random.Generator) -> np.ndarray:
    if metric in world.binary:
        return (rng.random(count) < level).astype(float)
    low, high = world.bounds(metric)
    return np.clip(level + rng.normal(0, world.spread * max(level, 0.05), count), low, high)


def _extras(metric: str, **more: Any) -> str:
    better = None if "motion_amount" in metric else not any(
        part in metric for part in ("distribution/", "_s", "bytes")
    )  # fmt: skip
    if metric.startswith("alignment") or metric.endswith(("identity", "per_s", "sharpness")):
        better = True
    if metric.startswith(("alignment", "vbench")):
        more["bounds"] = [0.0, 1.0]
    return json.dumps({"higher_is_better": better, **more})


def only(run: FakeRun, *kept: str) -> FakeRun:
    """A run without some of its generators."""
    gone = {e.label for e in run.doc.generators} - set(kept)
    return replace(
        run,
        doc=replace(run.doc, generators=[e for e in run.doc.generators if e.label in kept]),
        sample_rows=[r for r in run.sample_rows if r.generator not in gone],
        score_rows=[r for r in run.score_rows if r.generator not in gone],
    )


def vote_on(
    run: RunDir, winner: str, loser: str, *, voter: str = "ann", count: int = 16, **more: str
) -> None:
    """One voter prefers the clips of one generator, on so many requests, left and right in turn."""
    clips = run_clips(run)
    shared = sorted(clips.of(winner).keys() & clips.of(loser).keys())[:count]
    with VoteJournal(run.root, voter) as journal:
        for place, (prompt, seed) in enumerate(shared):
            sides = [Shown(name, clips.of(name)[prompt, seed]) for name in (winner, loser)]
            answer = Answer.RIGHT if place % 2 else Answer.LEFT
            left, right = reversed(sides) if place % 2 else sides
            journal.add(Vote(voter, prompt, left, right, answer, seed=seed, **more))  # type: ignore[arg-type]
