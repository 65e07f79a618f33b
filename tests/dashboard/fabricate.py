"""Made-up runs in the stored format: numbers by formula, real clips of the shapes world in the pool.

`python tests/dashboard/fabricate.py FOLDER [STATE]` fills a folder with runs, to look at a page.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from vbench_lite.datasets.shapes import real_clip, sample_scenes
from vbench_lite.metric import Measurement
from vbench_lite.sensitivity import AuditResult, store_audit
from vbench_lite.store.pool import Pool
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.schema import GeneratorEntry, RunDocument, SampleRecord, ScoreRecord
from vbench_lite.store.tables import measurement_row

SUITE = Path(__file__).parents[1] / "fabricated_suite.yaml"  # of its own: the shipped one may change
GENERATORS = {
    "reference/latent-diffusion": ("latent_diffusion", "none", 0.78, 1.3),
    "reference/autoregressive": ("autoregressive", "frame", 0.70, 0.6),
    "reference/hybrid": ("hybrid", "chunk", 0.76, 0.8),
}
CONTROLS = {"real": 1.0, "frozen": 0.3, "noise": 0.05, "shuffled": 0.4}
HOSTILE = '<script>window.hostile = 1</script><img src=x onerror="window.hostile = 1">![x](http://evil.example/x.png)'
CLIP_METRICS = (
    "frames/sharpness",
    "vbench/temporal_flickering",
    "coherence/motion_amount",
    "coherence/shapes_identity",
    "alignment/shapes_shape",
    "alignment/shapes_colour",
    "alignment/shapes_direction",
    "alignment/shapes_speed",
)
DRIFT = "horizon/sharpness_drift"  # falls by 0.05 a second in every clip
COURSE_S = (0.5, 1.5, 2.5)
STATES = ("none", "one", "running", "damaged", "many", "hostile", "failing", "axisless")
RISING = ("speed/frames_per_s", "speed/real_time_factor")
SET_METRICS = ("distribution/kvd_shapes", "distribution/frechet_shapes", "diversity/feature_distance")


def make_run(
    root: Path,
    run_id: str = "a" * 16,
    *,
    status: str = "finished",
    created: str = "2026-03-01T10:00:00+00:00",
    prompts: int = 6,
    clips: bool = True,
    failed: int = 0,
    contended: bool = False,
    shift: float = 0.0,
    hostile: bool = False,
) -> RunDir:
    """Write a run; `failed` samples of the autoregressive generator fail, `shift` moves every score."""
    rng = np.random.default_rng(7)
    run = RunDir(root, run_id)
    arms = {**{g: v[2] for g, v in GENERATORS.items()}, **CONTROLS}
    if hostile:
        arms = {**arms, HOSTILE: 0.5}
    run.write_document(_document(run_id, status, created, prompts, hostile))
    pool = Pool(root)
    scenes = sample_scenes(prompts, seed=0)
    samples: list[SampleRecord] = []
    scores: list[ScoreRecord] = []
    for arm, level in arms.items():
        made = prompts if status == "finished" else prompts // 2
        for place, scene in enumerate(scenes[:made]):
            bad = arm == "reference/autoregressive" and place < failed
            sha = None
            if clips and not bad:
                frames = real_clip(scene, seed=place + len(arm) + abs(round(shift * 100)))
                sha = pool.put(frames, 8.0)
            samples.append(
                SampleRecord(
                    generator=arm,
                    suite="quick",
                    sample_id=f"p{place:03d}-s0",
                    prompt_id=f"p{place:03d}",
                    prompt=HOSTILE if hostile and place == 0 else scene.caption,
                    seed=place,
                    status="failed" if bad else "ok",
                    reason=f"RuntimeError: {HOSTILE if hostile else 'the sampler diverged'}" if bad else None,
                    phase="generate" if bad else None,
                    clip_sha256=sha,
                    num_frames=None if bad else 16,
                    requested_frames=16,
                    height=32,
                    width=32,
                    fps=8.0,
                    total_s=0.5,
                )
            )
            if not bad:
                scores += _clip_scores(arm, place, level + shift, rng)
        lost = failed if arm == "reference/autoregressive" else 0
        scores += _set_scores(arm, made - lost, level + shift)
    calls = _calls(contended, shift)
    scores += _call_scores(calls)
    if status == "finished":
        _write(run, samples, scores, calls)
    else:
        with run.journal("worker-0") as journal:
            for sample in samples:
                journal.append({"kind": "sample", **sample.as_dict()})
        with run.journal("scorer") as journal:
            for score in scores:
                journal.append({"kind": "score", **score.as_dict()})
    return run


def _document(run_id: str, status: str, created: str, prompts: int, hostile: bool) -> RunDocument:
    labels = dict(GENERATORS)
    if hostile:
        labels[HOSTILE] = ("external", "none", 0.5, 1.0)
    entries = [
        GeneratorEntry(
            label,
            label,
            {},
            "cpu",
            1,
            {
                "name": label,
                "family": family,
                "streaming": streaming,
                "license": "Apache-2.0",
                "tasks": ["t2v"],
            },
            f"f-{label}",
        )
        for label, (family, streaming, _, _) in labels.items()
    ]
    entries += [
        GeneratorEntry(label, label, {}, "cpu", 1, {"name": label, "family": "control"}, f"f-{label}")
        for label in CONTROLS
    ]
    return RunDocument(
        run_id=run_id,
        status=status,
        created=created,
        finished=created if status == "finished" else None,
        seed=0,
        samples=prompts,
        generators=entries,
        suites=[yaml.safe_load(SUITE.read_text(encoding="utf-8"))],
        controls=True,
        environment={"python": "3.11", "threads": 1},
        hardware={"cpu": "test"},
    )


def _clip_scores(arm: str, place: int, level: float, rng: np.random.Generator) -> list[ScoreRecord]:
    rows = []
    for number, metric in enumerate(CLIP_METRICS):
        value = float(np.clip(level - 0.02 * number + rng.normal(0, 0.04), 0.0, 1.0))
        rows.append(
            ScoreRecord(
                arm, "quick", "sample", metric, "ok", value,
                sample_id=f"p{place:03d}-s0", prompt_id=f"p{place:03d}", fingerprint=f"{metric}@1",
                extras=json.dumps({"higher_is_better": True, "unit": ""}),
            )
        )  # fmt: skip
    series = [[t, level - 0.05 * t + 0.001 * place] for t in COURSE_S]
    rows.append(
        ScoreRecord(
            arm, "quick", "sample", DRIFT, "ok", -0.05,
            sample_id=f"p{place:03d}-s0", prompt_id=f"p{place:03d}", fingerprint=f"{DRIFT}@1",
            extras=json.dumps({"higher_is_better": True, "unit": "1/s"}),
            series=series,
        )
    )  # fmt: skip
    return rows


def _set_scores(arm: str, made: int, level: float) -> list[ScoreRecord]:
    rows = []
    for metric in SET_METRICS:
        value = level if metric.startswith("diversity") else 2.0 * (1.0 - level)
        replicates = [value + 0.01 * (-1) ** i * (1 + i / 10) for i in range(made)]
        rows.append(
            ScoreRecord(
                arm, "quick", "set", metric, "ok", value, value - 0.05, value + 0.05, made, replicates,
                fingerprint=f"{metric}@1",
                extras=json.dumps({"higher_is_better": metric.startswith("diversity"), "unit": ""}),
            )
        )  # fmt: skip
    return rows


def _calls(contended: bool, shift: float) -> list[Measurement]:
    calls = []
    for label, (_, streaming, _, total) in GENERATORS.items():
        pieces = {"none": 1, "chunk": 4, "frame": 16}[streaming]
        for round_ in range(2):
            for place in range(4):
                took = (total - shift) * (1 + 0.02 * place + 0.01 * round_)
                arrivals = tuple((took * (i + 1) / pieces, 16 // pieces) for i in range(pieces))
                calls.append(
                    Measurement(
                        label, "base", round_, "first" if place == 0 else "warm", 0.4, took, arrivals, 16, 16,
                        1, 32, 32, 8.0, {"denoise": took * 0.8, "decode": took * 0.2},
                        int(3e8 * total + 1e6 * place), 10**8, contended=contended and place == 2,
                    )
                )  # fmt: skip
    return calls


def _call_scores(calls: list[Measurement]) -> list[ScoreRecord]:
    rows = []
    for number, call in enumerate(calls):
        values = {
            "speed/latency_s": call.total_s,
            "speed/time_to_first_frame_s": call.arrivals[0][0],
            "speed/frames_per_s": 16 / call.total_s,
            "speed/real_time_factor": 2.0 / call.total_s,
            "memory/peak_bytes": float((call.peak_bytes or 0) - 10**8),
        }
        rows += [
            ScoreRecord(
                call.generator, "quick", "call", metric, "ok", value,
                sample_id=f"base/{call.round}/{number}", fingerprint=f"{metric}@1",
                extras=json.dumps({"higher_is_better": metric in RISING}),
                call=call.call,
                contended=call.contended,
            )
            for metric, value in values.items()
        ]  # fmt: skip
    return rows


def make_scaling_run(root: Path, run_id: str = "5" * 16, *, contended: bool = False) -> RunDir:
    """A run of the scaling suite: seconds grow as frames to the power 1 or 2, exactly but for 1%."""
    run = make_run(root, run_id, clips=False, created="2025-06-01T10:00:00+00:00")
    document = run.document()
    sweep = {"frames": [16, 24, 32, 48, 64, 96], "check_frames": 128}
    document.suites[0] |= {"name": "scaling", "performance": {"sweep": sweep}}
    document.hardware = {"cpu": "test", "memory_bytes": 8e9}
    run.write_document(document)
    calls = []
    for label, power in zip(GENERATORS, (2.0, 1.0, 1.5), strict=True):
        for size in (16, 24, 32, 48, 64, 96, 128):
            for number in range(4):
                took = 0.01 * (size / 16) ** power * (1.01 if number % 2 else 0.99) * (4 if power == 1 else 1)
                calls.append(
                    Measurement(
                        label, f"frames={size}", number // 2, "warm", 0.4, took, ((took, size),), size, size,
                        1, 32, 32, 8.0, {}, 10**8 + size * 10**6 + number, 10**8,
                        contended=contended and number == 0,
                    )
                )  # fmt: skip
    from vbench_lite.store.tables import FILES, arrow, write_table

    rows = [measurement_row(call, "scaling") for call in calls]
    write_table(run.path / FILES["measurement"], "measurement", arrow("measurement", rows), {})
    return run


def make_audit(root: Path, name: str = "shapes") -> AuditResult:
    """Store an audit of two metrics: one sound, one that a blur pleases."""
    outcomes = {
        "alignment/shapes_shape": ("sound", -2.0, "noticed"),
        "frames/sharpness": ("fooled", 1.5, "rewarded"),
    }
    metrics = [
        {
            "metric": metric, "axis": "quality", "higher_is_better": True, "words": f"{verdict}: because",
            "verdict": verdict,
            "cells": [
                {
                    "damage": "blur", "kind": "frames", "meant": True, "seen": seen, "values": {"0": 1.0},
                    "rho": -0.9, "rho_ci": [-1.0, -0.8], "effect": effect,
                    "effect_ci": [effect - 0.1, effect + 0.1], "monotone": True, "n": 8, "p_value": 0.001,
                    "reason": None,
                }
            ],
        }
        for metric, (verdict, effect, seen) in outcomes.items()
    ]  # fmt: skip
    data = {"kind": "shapes", "name": name, "clips": 8}
    result = AuditResult("c" * 16, "2026-03-03T10:00:00+00:00", data, [], metrics, 3.0, notes=[f"of {name}"])
    store_audit(root, result)
    return result


def _write(
    run: RunDir, samples: list[SampleRecord], scores: list[ScoreRecord], calls: list[Measurement]
) -> None:
    from vbench_lite.store.tables import FILES, arrow, write_table

    tables: dict[str, list[dict[str, Any]]] = {
        "sample": [record.as_dict() for record in samples],
        "score": [record.as_dict() for record in scores],
        "measurement": [measurement_row(call, "quick") for call in calls],
    }
    for kind, rows in tables.items():
        write_table(run.path / FILES[kind], kind, arrow(kind, rows), {})


def make_root(root: Path, state: str) -> Path:
    """Fill a folder with the runs of a state."""
    if state == "one":
        make_run(root, "a" * 16, failed=1, contended=True)
        make_scaling_run(root)
        make_audit(root)
    elif state == "running":
        make_run(root, "b" * 16, status="running")
    elif state == "damaged":
        make_run(root, "a" * 16, clips=False)
        bad = root / "runs" / ("d" * 16)
        bad.mkdir(parents=True)
        (bad / "run.json").write_text('{"run_id": "dddd', encoding="utf-8")
        (root / "audits").mkdir()
        (root / "audits" / "dddd.json").write_text('{"id": "dddd', encoding="utf-8")
    elif state == "many":
        make_run(root, "a" * 16, created="2026-12-01T10:00:00+00:00", clips=False)
        document = json.loads((root / "runs" / ("a" * 16) / "run.json").read_text(encoding="utf-8"))
        for number in range(199):
            run_id = f"{number:016x}"
            folder = root / "runs" / run_id
            folder.mkdir()
            document |= {
                "run_id": run_id,
                "created": f"2025-01-01T{number // 60:02d}:{number % 60:02d}:00+00:00",
            }
            (folder / "run.json").write_text(json.dumps(document), encoding="utf-8")
            for name in ("samples", "scores", "measurements"):
                (folder / f"{name}.parquet").hardlink_to(root / "runs" / ("a" * 16) / f"{name}.parquet")
    elif state == "hostile":
        make_run(root, "e" * 16, failed=1, hostile=True)
        make_audit(root, HOSTILE)
    elif state == "failing":  # one generator has no clip at all
        make_run(root, "f" * 16, prompts=3, failed=3)
    elif state == "axisless":  # as `vbench` or `use-cases`
        run = make_run(root, prompts=2, clips=False)
        document = run.document()
        document.suites = [{**suite, "axes": {}} for suite in document.suites]
        run.write_document(document)
    return root


if __name__ == "__main__":
    make_root(Path(sys.argv[1]), *(sys.argv[2:] or ["one"]))
