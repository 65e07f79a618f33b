"""Stages of calls by a scripted clock: they add up, a planted slowdown is named, and faces show them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from fabricated import World, default_world, fabricate, store_run
from rich.console import Console
from test_call_metrics import WHOLE
from test_context import ScriptedDevice

from vbench_lite import registry
from vbench_lite.compare import RunArm, compare
from vbench_lite.compare.slow_stage import slow_stage
from vbench_lite.generator import GenerationRequest
from vbench_lite.measure.context import RecordingContext
from vbench_lite.metric import Measurement
from vbench_lite.report.charts import stages
from vbench_lite.report.html.settings import where_seconds_go
from vbench_lite.report.terminal.stages import stages_text
from vbench_lite.run.plan.sweep import STAGES
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.tables import measurement_row

USUAL = {"encode": 0.1, "denoise": 1.5, "decode": 0.3}
GENERATOR = "reference/latent-diffusion"


def call(phases: Mapping[str, float], round: int = 0, unnamed_s: float = 0.1) -> Measurement:
    """A call of these phases as the recording context takes it, after some seconds without a name."""
    device = ScriptedDevice()
    context = RecordingContext([GenerationRequest("a", "a prompt", 16, 8, 8, 8.0, 0)], clock=device.clock())
    device.work(unnamed_s)
    for name, seconds in phases.items():
        context.phase(name)
        device.queue(seconds)  # asynchronous: only a wait shows it
    context.emit(0, np.zeros((16, 8, 8, 3), np.uint8))
    made = context.result()
    return Measurement(
        generator=GENERATOR, case="base", round=round, call="warm", load_s=1.0, total_s=made.total_s,
        arrivals=made.arrivals[0], frames_generated=16, frames_returned=16, batch=1, height=8, width=8,
        fps=8.0, phases=dict(made.phases), peak_bytes=1, baseline_bytes=0,
    )  # fmt: skip


def value(metric: str, one: Measurement) -> float:
    found: float = registry.load("metrics", metric)().value(one)
    return found


def test_stages_and_other_add_up_to_the_latency() -> None:
    one = call(USUAL | {"decode_tokens": 0.2, "warm_up": 0.4})
    parts = {name: value(STAGES[name], one) for name in ("encode", "denoise", "decode", "other")}
    assert parts == pytest.approx({"encode": 0.1, "denoise": 1.7, "decode": 0.3, "other": 0.5})
    assert sum(parts.values()) == pytest.approx(one.total_s, rel=0.01)
    assert stages.seconds([one])["end"].max() == pytest.approx(one.total_s, rel=0.01)


def test_rates_say_what_they_include() -> None:
    one = call(USUAL)
    assert value("speed/frames_per_s", one) == pytest.approx(16 / 2.0)
    assert value("speed/frames_per_s_without_decode", one) == pytest.approx(16 / 1.7)
    (row,) = stages.table([one]).to_dict("records")
    assert row["frames/s with everything"] == "8.00" and row["frames/s without decode"] == "9.41"
    assert row["decode"] == "300 ms (15%)"


@pytest.mark.parametrize("stage", ["denoise", "decode"])
def test_a_planted_slowdown_is_named_by_its_stage(stage: str) -> None:
    found = slow_stage([call(USUAL)], [call(USUAL | {stage: USUAL[stage] + 0.4})])
    assert found is not None and found.stage == stage
    assert found.line() == f"the call takes 400 ms longer, 400 ms of it in the stage {stage}"


def test_a_stage_may_grow_by_more_than_the_call_and_a_rare_one_is_not_typical() -> None:
    later = USUAL | {"denoise": 1.0, "decode": 1.0}
    found = slow_stage([call(USUAL)], [call(later)])
    assert found is not None
    assert found.line() == "the call takes 200 ms longer; the stage decode alone 700 ms"
    slower = [call(USUAL | {"decode": 0.5}) for _ in range(4)]
    found = slow_stage([call(USUAL)], [*slower, call(USUAL | {"download": 9.0})])
    assert found is not None and found.stage == "decode" and found.seconds == pytest.approx(0.2)


def test_a_faster_call_and_one_without_phases_name_none() -> None:
    assert slow_stage([call(USUAL)], [call(USUAL | {"denoise": 0.5})]) is None
    assert slow_stage([], [call(USUAL)]) is None
    assert slow_stage([call({}, unnamed_s=1.0)], [call(USUAL)]) is None  # phases that are named since


def stored(root: Path, run_id: str, phases: Mapping[str, float], factor: float) -> RunDir:
    usual = default_world()
    calls = {m: {g: v * factor for g, v in of.items()} for m, of in usual.calls.items() if "latency" in m}
    run = fabricate(World({"frames/sharpness": usual.mean["frames/sharpness"]}, calls=calls), run_id=run_id)
    kept = store_run(run, root)
    with kept.journal("runner") as journal:
        for round in range(3):
            row = measurement_row(call(phases, round), "quick")
            journal.append({"kind": "measurement", **row})
    return kept


def test_compare_names_the_stage_that_a_slowdown_comes_from(tmp_path: Path) -> None:
    base = stored(tmp_path, "a", USUAL, 1.0)
    slow = stored(tmp_path, "b", USUAL | {"decode": 1.3}, 1.5)
    found = compare(RunArm(base, GENERATOR), RunArm(slow, GENERATOR))
    assert found.as_dict()["slow_stage"] == {
        "stage": "decode", "seconds": pytest.approx(1.0), "total_s": pytest.approx(1.0)
    }  # fmt: skip
    assert found.notes[0] == "the call takes 1.00 s longer, 1.00 s of it in the stage decode"
    assert compare(RunArm(slow, GENERATOR), RunArm(base, GENERATOR)).slow_stage is None


def test_faces_draw_the_stages_and_leave_out_who_names_none() -> None:
    silent = Measurement(**{**WHOLE.__dict__, "generator": "silent", "phases": {}})
    console = Console(width=80, no_color=True)
    with console.capture() as captured:
        console.print(stages_text([call(USUAL), silent]))
    printed = captured.get()
    assert "75% denoise" in printed and "silent" not in printed
    assert max(map(len, printed.splitlines())) <= 80
    assert stages_text([silent]) is None
    page = "".join(where_seconds_go([call(USUAL), silent]))
    assert "Where the seconds go" in page and "frames/s without decode" in page
    assert list(where_seconds_go([silent])) == []
