"""`vbench-lite history METRIC`: one metric over runs, and where the measurement itself changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vbench_lite.cli.exit_codes import FINE
from vbench_lite.cli.options import registered, root_and_json, stored_run
from vbench_lite.cli.output import print_json, print_table, print_text

if TYPE_CHECKING:
    from vbench_lite.results.history import Point


@click.command("history")
@click.argument("metric", shell_complete=registered("metrics"))
@click.argument("runs", nargs=-1, metavar="[RUN]...", shell_complete=stored_run)
@click.option("-g", "--generator", help="Only this generator; default: every one, a table each.")
@click.option("--suite", shell_complete=registered("suites"), help="Only values under this suite.")
@root_and_json
def command(
    metric: str, runs: tuple[str, ...], generator: str | None, suite: str | None, root: Path, as_json: bool
) -> int:
    """Show METRIC over runs, oldest first, for each generator: value, interval, n.

    Without RUN: every finished run. A run whose value may not be subtracted from the one before says why in
    the last column: the measurement changed (metric, weights, requests), or the hardware did.
    With --json: {metric, generators{name: [{run, called (its name, or null), created, generator, value,
    ci, n, unit, higher_is_better, break}]}}.
    """
    from vbench_lite.cli.leaderboard import warn_damaged, warn_left_out
    from vbench_lite.results.choice import choose
    from vbench_lite.results.history import history

    warn_damaged(root, runs)
    choice = choose(root, runs, every=True)
    warn_left_out(choice)
    found = history(choice.sound, metric, suite=suite, generator=generator, picked=choice.picked)
    if as_json:
        points = {name: [point.as_dict() for point in those] for name, those in found.items()}
        print_json({"metric": metric, "generators": points})
        return FINE
    for place, (name, those) in enumerate(found.items()):
        print_text(("\n" if place else "") + name)
        print_table(("made", "value", "95%", "n", "run", "changed"), (_cells(point) for point in those))
    return FINE


def _cells(point: Point) -> tuple[str, ...]:
    from vbench_lite.format import interval, moment, number

    low, high = point.ci or (None, None)
    ends, value = interval(low, high, point.unit), number(point.value, point.unit)
    return moment(point.created), value, ends, str(point.n), point.called or point.run, point.break_ or ""
