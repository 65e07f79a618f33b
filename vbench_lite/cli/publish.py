"""`vbench-lite publish [RUN]... -o DIR`: a static folder that anyone can open, from disk or a web server."""

from __future__ import annotations

from pathlib import Path

import click

from vbench_lite.cli.options import root_and_json, stored_run, suite_option
from vbench_lite.cli.output import answer


@click.command("publish")
@click.argument("runs", nargs=-1, metavar="[RUN]...", shell_complete=stored_run)
@click.option(
    "-o", "--output", required=True, type=click.Path(file_okay=False, path_type=Path),
    help="The folder to write; it must not exist, be empty, or hold an earlier publication.",
)  # fmt: skip
@suite_option("that of the broadest run")
@click.option(
    "--prompts", type=click.IntRange(min=0), default=12, show_default=True,
    help="How many prompts of clips go along; 0 leaves clips out.",
)  # fmt: skip
@click.option("--title", help="Of the page; default: that of the run.")
@root_and_json
def command(
    runs: tuple[str, ...],
    output: Path,
    suite: str | None,
    prompts: int,
    title: str | None,
    root: Path,
    as_json: bool,
) -> int:
    """Write the answer, the leaderboard, a wall of clips, trade-offs, methods and licenses of some runs.

    Without RUN: what `leaderboard` shows. The folder needs no server and asks no host for anything. With
    --json: {folder, files, bytes, clips}.
    """
    from vbench_lite.format import number, plural
    from vbench_lite.report.html.publish import publish
    from vbench_lite.results.choice import choose
    from vbench_lite.store.disk import writing

    with writing(output, "-o"):
        done = publish(choose(root, runs, suite=suite), output, prompts=prompts, title=title)
    document = {"folder": str(output), "files": done.files, "bytes": done.bytes, "clips": done.clips}
    told = f"{output / 'index.html'}: {plural(done.files, 'file')}, {number(done.bytes, 'bytes')}"
    return answer(document, told, as_json=as_json)
