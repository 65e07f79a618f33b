"""`vbench-lite calibrate RUN`: how often a gate alarms on equal generators here, and what it can find."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vbench_lite.cli.exit_codes import INTERRUPTED
from vbench_lite.cli.options import policy_option, root_and_json, stored_run, suite_option
from vbench_lite.cli.output import answer

if TYPE_CHECKING:
    from vbench_lite.run.plan.spec import RunSpec
    from vbench_lite.store.rundir import RunDir

FOLDER = "calibration"  # under the root: repeats must not be taken for results


@click.command("calibrate")
@click.argument("run", default="latest", shell_complete=stored_run)
@suite_option("the first of the run")
@click.option(
    "--repeats", type=click.IntRange(min=2), default=4, show_default=True,
    help="How often the generators are run again, each time with other seeds.",
)  # fmt: skip
@click.option(
    "--draws", type=click.IntRange(min=20), default=200, show_default=True,
    help="Comparisons of a generator with itself, drawn from the repeats.",
)  # fmt: skip
@policy_option
@root_and_json
def command(
    run: str, suite: str | None, repeats: int, draws: int, policy: str | None, root: Path, as_json: bool
) -> int:
    """Compare the generators of RUN with themselves: false-alarm rate and smallest loss that is found.

    The generators are run again with other seeds, kept under ROOT/calibration; a stopped calibration goes
    on where it was. With --json: {run, called, suite, policy, repeats, draws, samples, gate{}, metrics[],
    advice[]}.
    """
    from vbench_lite.cli.progress import shown
    from vbench_lite.compare import load_policy
    from vbench_lite.compare.aa_test import calibrate
    from vbench_lite.report.terminal.calibration import calibration_text
    from vbench_lite.run import runner
    from vbench_lite.store.rundir import RunDir, resolve_run

    found = resolve_run(root, run)
    rules = load_policy(policy)
    name = suite if suite is not None else str(found.document().suites[0]["name"])
    folder, made = root / FOLDER, []
    for repeat in range(1, repeats + 1):
        with shown() as progress:
            outcome = runner.run(repetition(found, name, repeat, folder), folder, progress=progress)
        if outcome.interrupted:
            return INTERRUPTED
        made.append(RunDir(folder, outcome.run_id))
    result = calibrate(found, made, suite=name, policy=rules, draws=draws)
    return answer(result.as_dict(), calibration_text(result), as_json=as_json)


def repetition(run: RunDir, suite: str, repeat: int, folder: Path) -> RunSpec:
    """The run's generators and one suite again, without controls, with the seeds of this repetition.

    The suite is taken as the run recorded it, so that a file that has changed since changes nothing here.

    Raises:
        StoreError: the run has no such suite.
    """
    import yaml

    from vbench_lite.generator import Family
    from vbench_lite.results.arms import suite_content
    from vbench_lite.run.plan.spec import parse_spec
    from vbench_lite.store import atomic
    from vbench_lite.store.inside import inside

    document = run.document()
    content = suite_content(document, suite)
    file = folder / "suites" / f"{run.run_id}-{suite}.yaml"
    alone = {**content, "also": []}
    atomic.write_text(inside(folder, file), yaml.safe_dump(alone, sort_keys=False))
    generators = [
        {
            key: getattr(entry, key)
            for key in ("label", "adapter", "config", "device", "batch", "params", "draw")
        }
        for entry in document.generators
        if entry.info.get("family") != Family.CONTROL
    ]
    spec = {
        "generators": generators,
        "suites": [str(file)],
        "samples": document.samples,
        "seed": document.seed + repeat,
        "controls": False,
        "timeout_s": document.timeout_s,
    }
    return parse_spec(spec, f"run {run.run_id}")
