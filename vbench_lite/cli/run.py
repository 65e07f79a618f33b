"""`vbench-lite run`: generate, score and time; the same command again resumes or shows the result."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vbench_lite.cli.exit_codes import FINE, INTERRUPTED, SOME_FAILED
from vbench_lite.cli.options import (
    networks_options,
    registered,
    root_and_json,
    root_flag,
    when_idle_option,
    workers_options,
)
from vbench_lite.cli.output import print_json, print_text, warn
from vbench_lite.format import plural
from vbench_lite.grouping import grouped

if TYPE_CHECKING:
    from vbench_lite.run.runner import RunOutcome
    from vbench_lite.store.rundir import RunDir

SMALL_WORKERS = 4  # processes for a suite's own generators, where nobody says how many
MOST_LISTED = 20  # causes of failed samples on stderr; --json has every sample


@click.command("run")
@click.argument("spec", required=False, metavar="[SPEC.yaml]", type=click.Path(path_type=Path))
@click.option(
    "-g", "--generator", "generators", multiple=True, metavar="NAME", shell_complete=registered("generators"),
    help="A registered generator (see: list generators); with SPEC.yaml, one of its labels. Repeatable.",
)  # fmt: skip
@click.option(
    "--suite", "suites", multiple=True, metavar="NAME", shell_complete=registered("suites"),
    help="A suite or its YAML file. Repeatable.",
)  # fmt: skip
@click.option(
    "--prompts", multiple=True, metavar="NAME", shell_complete=registered("prompts"),
    help="Prompts in place of the suites' own: a set (film, games ...), or a file: .txt, one a line, "
    "or YAML. Repeatable.",
)  # fmt: skip
@click.option(
    "--dataset", metavar="NAME|PATH", shell_complete=registered("datasets"),
    help="A data set, or a folder or manifest of real clips, in place of that of the suites, which are open.",
)  # fmt: skip
@click.option(
    "--size", metavar="FxHxW@FPS", help="Size of every clip, as 16x256x256@8, of suites that are open."
)
@click.option(
    "--samples", type=click.IntRange(min=1), help="The first N requests per generator; default: the suite's."
)
@click.option("--seed", type=int, help="Seed of the whole plan; default 0.")
@workers_options
@networks_options
@click.option("--shard", metavar="I/N", help="Make the I-th of N parts only; then: merge.")
@click.option("--no-controls", is_flag=True, help="Leave out the arms real, frozen, noise and shuffled.")
@click.option("--fresh", is_flag=True, help="Make everything again, though a finished run has it.")
@click.option(
    "--retime",
    is_flag=True,
    help="Time the generators again, in a run of its own with the clips of this.",
)
@when_idle_option
@click.option(
    "--keep-going",
    is_flag=True,
    help="Go on with a generator that failed three times at its start.",
)
@click.option("--yes", is_flag=True, help="Do not ask before hours of work (asked on a terminal only).")
@click.option(
    "--name", "run_name", metavar="NAME", help="What the run is called wherever it is listed or asked for."
)
@root_and_json
def command(
    spec: Path | None,
    generators: tuple[str, ...],
    executor: str,
    workers: int | None,
    address: str | None,
    shard: str | None,
    no_controls: bool,
    fresh: bool,
    retime: bool,
    when_idle: bool,
    keep_going: bool,
    yes: bool,
    run_name: str | None,
    root: Path,
    as_json: bool,
    **flags: Any,  # keys of a specification
) -> int:
    """Generate clips, score them, time the generators, and say who is best at what.

    Without arguments this is the default benchmark. What was finished is never made again: after a stop,
    the same command goes on. --workers, --executor ray and --shard change who works, never a clip or a
    score. With --json: {run, ok, failed, reused, resumed, messages[], failures[], leaderboard,
    other_leaderboards[], scaling[], card{title, facts[], take[], doubts[]}}. Exit code 3 if some samples
    failed.
    """
    from vbench_lite.cli.leaderboard import make_card, print_card, print_scaling
    from vbench_lite.cli.progress import shown
    from vbench_lite.cli.specification import build_spec
    from vbench_lite.measure.hardware import usable_cores
    from vbench_lite.results.board import build_board
    from vbench_lite.results.scaling import run_scaling
    from vbench_lite.run import runner
    from vbench_lite.run.executors.make import make_executor
    from vbench_lite.run.plan.shards import FOLDER, parse_shard
    from vbench_lite.store.run_names import check_name
    from vbench_lite.store.rundir import RunDir, resolve_run

    controls = False if no_controls else None
    resolved = build_spec(spec, generators=generators, controls=controls, **flags)
    if workers is None and spec is None and not generators and executor == "local":
        workers = min(usable_cores(), SMALL_WORKERS)  # a suite's own generators are small ones
    maker = make_executor(executor, workers, address)
    called = "" if run_name is None else check_name(run_name)
    part = None if shard is None else parse_shard(shard)
    if part is not None and (fresh or retime):
        flag = "--fresh" if fresh else "--retime"
        raise click.UsageError(f"{flag} repeats a whole run; delete the part's folder to make it again")
    if fresh and retime:
        raise click.UsageError("--fresh makes the clips again, --retime keeps them; give one of them")
    with shown(ask=not yes, watch=f"vbench-lite dashboard{root_flag(root)}") as progress:
        outcome = runner.run(
            resolved,
            root,
            fresh=fresh,
            progress=progress,
            executor=maker,
            shard=part,
            name=called,
            keep_going=keep_going,
            retime=retime,
            when_idle=when_idle,
        )
    if outcome.interrupted:
        return INTERRUPTED
    if part is not None:
        return _part_done(RunDir(root, outcome.run_id, folder=FOLDER), outcome, as_json)
    finished = resolve_run(root, outcome.run_id)
    failures = failed_samples(finished)
    boards = {
        str(suite["name"]): build_board([finished], suite=suite["name"])
        for suite in finished.document().suites
    }
    reports = run_scaling(finished)
    if as_json:
        first, *others = boards.values()
        counts = {key: getattr(outcome, key) for key in ("ok", "failed", "reused", "resumed", "messages")}
        print_json(
            {
                "run": outcome.run_id,
                **counts,
                "failures": failures,
                "leaderboard": first.as_dict(),
                "other_leaderboards": [board.as_dict() for board in others],
                "scaling": [report.as_dict() for report in reports],
                "card": make_card(first, [finished]).as_dict(),
            }
        )
    else:
        print_scaling(reports)
        brought = {name for board in boards.values() for name in board.suite.also}
        shown_boards = [board for name, board in boards.items() if name not in brought]
        for place, board in enumerate(shown_boards, 1):
            print_card(board, [finished], next_steps=place == len(shown_boards), summary=True)
        _list_failures(failures)
    return SOME_FAILED if failures else FINE


def _part_done(part: RunDir, outcome: RunOutcome, as_json: bool) -> int:
    """What there is to say of a part: it has no scores, and so no leaderboard."""
    failures = failed_samples(part)
    if as_json:
        facts = {"ok": outcome.ok, "failed": outcome.failed, "resumed": outcome.resumed}
        messages = {"messages": list(outcome.messages), "failures": failures}
        print_json({"part": part.run_id, "shard": part.document().shard, **facts, **messages})
    else:
        print_text(f"part {part.run_id}: {plural(outcome.ok, 'sample')}, {outcome.failed} failed")
        where = root_flag(part.root)
        print_text(f"when all parts are done: vbench-lite merge {part.run_id.rsplit('-', 3)[0]}{where}")
        _list_failures(failures)
    return SOME_FAILED if failures else FINE


def failed_samples(run: RunDir) -> list[dict[str, Any]]:
    """Every sample of a run that did not end well: where, how, and why."""
    keys = ("generator", "suite", "sample_id", "prompt", "status", "phase", "reason")
    return [{key: row[key] for key in keys} for row in run.rows("sample", keys) if row["status"] != "ok"]


def _list_failures(failures: list[dict[str, Any]]) -> None:
    """One line for each cause at a generator: which samples, and why."""
    keys = ("status", "generator", "phase", "reason")
    causes = grouped((tuple(str(row[key] or "") for key in keys), str(row["sample_id"])) for row in failures)
    for (status, generator, phase, reason), samples in list(causes.items())[:MOST_LISTED]:
        others = f" and {plural(len(samples) - 1, 'other')}" if len(samples) > 1 else ""
        where = f"{generator} {samples[0]}{others}"
        warn(f"{status}: {where}{f' in {phase}' if phase else ''}: {reason}")
    if len(causes) > MOST_LISTED:
        left = sum(len(samples) for samples in list(causes.values())[MOST_LISTED:])
        warn(f"and {plural(left, 'sample')} more; see: vbench-lite export RUN --format csv")
