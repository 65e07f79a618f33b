"""`vbench-lite sweep SPEC.yaml`: settings of one generator against its base; what is free, what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vbench_lite.cli.exit_codes import FINE, GATE_FAILED, INTERRUPTED, SOME_FAILED
from vbench_lite.cli.options import (
    OutputFile,
    policy_option,
    root_and_json,
    stored_run,
    suite_option,
    when_idle_option,
    workers_options,
)
from vbench_lite.cli.output import answer, warn

if TYPE_CHECKING:
    from vbench_lite.compare.sweep_table import SweepTable


@click.command("sweep")
@click.argument("what", metavar="SPEC.yaml|RUN", shell_complete=stored_run)
@suite_option("the first of the sweep")
@click.option("--samples", type=click.IntRange(min=1), help="Requests for each arm; more extend a sweep.")
@policy_option
@click.option("--gate", is_flag=True, help="Exit code 1 where a setting is worse (REGRESSED, INCOMPARABLE).")
@click.option("--markdown", type=OutputFile(), help="Write a Markdown summary.")
@workers_options
@click.option("--fresh", is_flag=True, help="Make and time everything again, in a run of its own.")
@click.option("--retime", is_flag=True, help="Time everything again, with the clips that are there.")
@when_idle_option
@root_and_json
def command(
    what: str,
    suite: str | None,
    samples: int | None,
    policy: str | None,
    gate: bool,
    markdown: Path | None,
    executor: str,
    workers: int | None,
    address: str | None,
    fresh: bool,
    retime: bool,
    when_idle: bool,
    root: Path,
    as_json: bool,
) -> int:
    """Hold settings of one generator against its base: speed-up, nearness, axes, memory.

    SPEC.yaml has `sweep: {base: {...}, settings: {NAME: {config, params, device}}}`; a run of an earlier
    sweep is shown again. The base is made again from the same seeds and once from other seeds, which shows
    how much of a difference is noise. The same command goes on after a stop, and makes only what a changed
    file adds. With --json: {run, suite, policy, samples, base, rows[], floors{again, seeds}, sentence,
    notes[]}. Exit code 3 if some samples failed.
    """
    from vbench_lite.compare.policy import load_policy
    from vbench_lite.compare.sweep import sweep
    from vbench_lite.report.charts.settings import sentence
    from vbench_lite.report.terminal.sweep import sweep_text
    from vbench_lite.run.executors.make import make_executor
    from vbench_lite.store.rundir import resolve_run

    rules = load_policy(policy)
    if fresh and retime:
        raise click.UsageError("--fresh makes the clips again, --retime keeps them; give one of them")
    name, failed = what, False
    if what.endswith((".yaml", ".yml")):
        maker = make_executor(executor, workers, address)
        outcome = _make(
            Path(what), samples, root, executor=maker, fresh=fresh, retime=retime, when_idle=when_idle
        )
        if outcome is None:
            return INTERRUPTED
        name, failed = outcome
    found = sweep(resolve_run(root, name), suite=suite, policy=rules)
    answer(found.as_dict() | {"sentence": sentence(found)}, sweep_text(found), as_json=as_json)
    if markdown is not None:
        from vbench_lite.report.ci.sweep import sweep_markdown
        from vbench_lite.store.output_file import write_output

        write_output(markdown, sweep_markdown(found))
    if gate:
        _announce(found)
    return GATE_FAILED if gate and found.fails else SOME_FAILED if failed else FINE


def _make(file: Path, samples: int | None, root: Path, **how: Any) -> tuple[str, bool] | None:
    """Carry the sweep out: its run, and whether samples failed; None if it was stopped.

    Args:
        how: arguments of `runner.run`.

    Raises:
        SpecError: the file has no sweep.
    """
    from vbench_lite.cli.progress import shown
    from vbench_lite.cli.specification import build_spec
    from vbench_lite.errors import SpecError
    from vbench_lite.run import runner

    spec = build_spec(file, samples=samples)
    if spec.sweep is None:
        raise SpecError(f"{file} has no sweep: {{base, settings}}; vbench-lite run takes it as it is")
    with shown() as progress:
        outcome = runner.run(spec, root, progress=progress, **how)
    return None if outcome.interrupted else (outcome.run_id, outcome.failed > 0)


def _announce(found: SweepTable) -> None:
    """Say on stderr why a gate fails; in a GitHub workflow, on the job's page too."""
    import os

    from vbench_lite.report.ci.github import add_sweep, sweep_commands

    if "GITHUB_ACTIONS" in os.environ:
        for line in sweep_commands(found):
            warn(line)
        add_sweep(found, os.environ)
    for row in found.rows:
        if row.verdict in found.policy.fail_on:
            warn(f"gate: {row.setting} is {row.verdict}")
