"""Both arms timed again in one pass: scripted processes, stored runs, and who cannot be loaded as it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from fabricated import World, default_world, fabricate, store_run
from test_performance import Lab, Session

from vbench_lite.compare import RunArm, compare
from vbench_lite.compare.comparison import TIMED_AGAIN, common_suite
from vbench_lite.compare.remeasure import Remeasured, remeasure
from vbench_lite.errors import StoreError
from vbench_lite.run.plan.build import resolve
from vbench_lite.run.plan.spec import GeneratorSpec
from vbench_lite.run.timing.timed_worker import Call, Failed
from vbench_lite.stats.noninferiority import Verdict
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.schema import GeneratorEntry

NAME = "reference/latent-diffusion"


def stored(root: Path, run_id: str) -> RunDir:
    """A run whose generator can be resolved here, and whose stored times are those of every such run."""
    usual = default_world()
    world = World({"frames/sharpness": usual.mean["frames/sharpness"]}, calls=usual.calls)
    run = fabricate(world, run_id=run_id)
    entry, _ = resolve(GeneratorSpec(label=NAME, adapter="faulty:Faulty"))
    return store_run(replace(run, doc=replace(run.doc, generators=[entry])), root)


def timed_again(first: RunDir, second: RunDir, lab: Lab) -> Remeasured:
    suite = common_suite(first.document(), second.document())
    pairs = ((first, NAME), (second, NAME))

    def opened(entry: GeneratorEntry) -> Session:
        return lab.open_session(entry)

    return remeasure(pairs, suite, open_session=opened)


def test_times_come_from_the_pass_and_its_rounds_alone(tmp_path: Path) -> None:
    first, second = stored(tmp_path, "a"), stored(tmp_path, "b")
    lab = Lab({"baseline": 1.0, "candidate": 1.2})
    again = timed_again(first, second, lab)
    assert lab.opened == ["baseline", "candidate", "candidate", "baseline"]  # interleaved, there and back
    found = compare(RunArm(first, NAME), RunArm(second, NAME), remeasured=again)
    latency = next(one for one in found.metrics if one.metric == "speed/latency_s")
    assert (latency.baseline, latency.candidate) == (1.0, 1.2)
    assert latency.verdict is Verdict.REGRESSED
    assert latency.ci is not None and latency.ci[1] - latency.ci[0] < 1e-9  # no occasion lies between
    assert TIMED_AGAIN in found.notes
    assert found.slow_stage is not None and found.slow_stage.stage == "denoise"


def test_quality_stays_that_of_the_runs(tmp_path: Path) -> None:
    first, second = stored(tmp_path, "a"), stored(tmp_path, "b")
    again = timed_again(first, second, Lab({"baseline": 1.0, "candidate": 1.0}))
    arms = RunArm(first, NAME), RunArm(second, NAME)
    found = [compare(*arms, remeasured=one) for one in (None, again)]
    assert (
        len({r.as_dict()["delta"] for c in found for r in c.metrics if r.metric == "frames/sharpness"}) == 1
    )


def test_who_is_not_what_it_was_is_not_timed(tmp_path: Path) -> None:
    first, second = stored(tmp_path, "a"), stored(tmp_path, "b")
    document = second.document()
    document.generators = [replace(document.generators[0], fingerprint="another")]
    second.write_document(document)
    with pytest.raises(StoreError, match="b:reference/latent-diffusion cannot be timed again: its code"):
        timed_again(first, second, Lab({}))


def test_a_failed_call_ends_it_in_one_line(tmp_path: Path) -> None:
    first, second = stored(tmp_path, "a"), stored(tmp_path, "b")
    lab = Lab({"baseline": 1.0, "candidate": 1.0})

    def fail(label: str, call: Call) -> Failed | None:
        return Failed("generate: no memory", oom=True) if label == "candidate" else None

    lab.fail = fail
    with pytest.raises(StoreError, match="the candidate could not be timed again"):
        timed_again(first, second, lab)
