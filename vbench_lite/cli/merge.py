"""`vbench-lite merge RUN...`: the parts of a run put together and scored."""

from __future__ import annotations

from pathlib import Path

import click

from vbench_lite.cli.exit_codes import FINE, SOME_FAILED
from vbench_lite.cli.options import root_and_json, stored_run, workers_options
from vbench_lite.cli.output import print_json, warn


@click.command("merge")
@click.argument("parts", nargs=-1, required=True, metavar="RUN...", shell_complete=stored_run)
@workers_options
@root_and_json
def command(
    parts: tuple[str, ...], executor: str, workers: int | None, address: str | None, root: Path, as_json: bool
) -> int:
    """Put the parts that `run --shard I/N` made together under --root, score the whole, show the table.

    RUN is the id of a run (all of its parts under --root), a part's name, or a part's folder under any
    root; clips are copied from there. The merged run is the one that `run` without --shard would have
    made: the same id, clips and scores. With --json: {run, ok, failed, messages[], leaderboard}. Exit code
    3 if some samples failed.
    """
    from vbench_lite.cli.leaderboard import print_board
    from vbench_lite.cli.progress import shown
    from vbench_lite.results.board import build_board
    from vbench_lite.run.executors.make import make_executor
    from vbench_lite.run.merge import find_parts, merge
    from vbench_lite.store.rundir import RunDir

    with shown() as progress:
        outcome = merge(
            root, find_parts(root, parts), make_executor(executor, workers, address), progress=progress
        )
    board = build_board([RunDir(root, outcome.run_id)])
    if as_json:
        print_json(
            {
                "run": outcome.run_id,
                "ok": outcome.ok,
                "failed": outcome.failed,
                "messages": outcome.messages,
                "leaderboard": board.as_dict(),
            }
        )
    else:
        for message in outcome.messages:
            warn(message)
        print_board(board)
    return SOME_FAILED if outcome.failed else FINE
