"""A sweep made of numbers: a base, the base again and with other seeds, and settings with planted losses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fabricated import CONTROLS, FakeRun, World, default_world, fabricate

from vbench_lite.run.plan.sweep import ROLES
from vbench_lite.store.schema import ScoreRecord

LIKE = "reference/latent-diffusion"  # whose levels the base has
CALLS = {"speed/latency_s", "memory/peak_bytes", "speed/stage_denoise_s", "speed/stage_decode_s"}


def world(settings: Mapping[str, Mapping[str, float]]) -> World:
    """Levels of the arms of a sweep; a setting gives factors by metric, of what the base has."""
    known = default_world()
    labels = [*ROLES.values(), *settings]

    def levels(usual: Mapping[str, float], metric: str) -> dict[str, float]:
        arms = {label: usual[LIKE] * settings.get(label, {}).get(metric, 1.0) for label in labels}
        return arms | {name: usual[name] for name in CONTROLS}

    latency = known.calls["speed/latency_s"]
    calls = {name: values for name, values in known.calls.items() if name in CALLS}
    for stage, share in (("denoise", 0.75), ("decode", 0.25)):
        calls[f"speed/stage_{stage}_s"] = {name: value * share for name, value in latency.items()}
    near = {"reconstruction/psnr": 30.0, "reconstruction/lpips": 0.02}
    return replace(
        known,
        mean={metric: levels(values, metric) for metric, values in known.mean.items()}
        | {
            metric: {
                label: value * settings.get(label, {}).get(metric, 1.0) for label in [*labels[1:], *CONTROLS]
            }
            for metric, value in near.items()
        },
        calls={metric: levels(values, metric) for metric, values in calls.items()},
    )


def fabricated(
    settings: Mapping[str, Mapping[str, float]],
    *,
    equal: tuple[str, ...] = (),
    prompts: int = 64,
    seeds: int = 1,
    noise_seed: int = 0,
    alike: bool = True,
) -> FakeRun:
    """A finished sweep; the clips of the arms in `equal` are those of the base.

    Args:
        alike: a setting scores on each clip what the base does, but for what is planted; else it is drawn
            anew, as clips of other seeds are.
    """
    run = fabricate(world(settings), prompts=prompts, seeds=seeds, noise_seed=noise_seed)
    if alike:
        run = replace(run, score_rows=_alike(run, settings))
    base = {r.sample_id: r.clip_sha256 for r in run.sample_rows if r.generator == ROLES["base"]}
    samples = [
        replace(r, clip_sha256=base[r.sample_id]) if r.generator in equal else r for r in run.sample_rows
    ]
    return replace(run, doc=replace(run.doc, sweep=dict(ROLES)), sample_rows=samples)


def _alike(run: FakeRun, settings: Mapping[str, Mapping[str, float]]) -> list[ScoreRecord]:
    base = [r for r in run.score_rows if r.generator == ROLES["base"] and r.level != "call"]
    planted = {(label, metric) for label, factors in settings.items() for metric in factors}
    known = {row.metric for row in base}
    kept = [
        row
        for row in run.score_rows
        if row.level == "call"
        or row.generator not in settings
        or row.metric not in known
        or (row.generator, row.metric) in planted
    ]
    copies = [
        replace(row, generator=label)
        for label in settings
        for row in base
        if (label, row.metric) not in planted
    ]
    return kept + copies
