"""`vbench-lite advise`: which generator to take, under which limits and weights, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vbench_lite.cli.exit_codes import FINE
from vbench_lite.cli.options import (
    axis_weight,
    cut_by_tag,
    named_use,
    root_and_json,
    stored_run,
    suite_option,
    support_by_tag,
    tag_option,
)
from vbench_lite.cli.output import answer, console, print_json

if TYPE_CHECKING:
    from vbench_lite.metric import Axis
    from vbench_lite.results.arms import Run
    from vbench_lite.store.rundir import RunDir


@click.command("advise")
@click.argument("runs", nargs=-1, metavar="[RUN]...", shell_complete=stored_run)
@click.option(
    "--require", "limits", multiple=True, metavar="LIMIT",
    help="A limit, as in 'speed/time_to_first_frame_s<=0.5' or 'memory/peak_bytes<=8GB'; repeatable.",
)  # fmt: skip
@click.option(
    "--weight",
    "weighed",
    multiple=True,
    metavar="AXIS=W",
    shell_complete=axis_weight,
    help="How much an axis counts; repeatable.",
)
@click.option(
    "--use",
    "use_name",
    shell_complete=named_use,
    help="A named use, or a YAML file of one: its limits and weights apply.",
)
@click.option("--uses", "list_uses", is_flag=True, help="List the named uses and leave.")
@suite_option("the first of the run", what="Whose axes are weighed")
@click.option(
    "--price-per-hour",
    type=click.FloatRange(min=0.0, min_open=True),
    help="Of the machine: gives cost a clip.",
)
@tag_option
@click.option("--brief", is_flag=True, help="Only the answer, without limits one by one and beliefs.")
@click.option("--beliefs", "only_beliefs", is_flag=True, help="Only what the run says of common beliefs.")
@root_and_json
def command(
    runs: tuple[str, ...],
    limits: tuple[str, ...],
    weighed: tuple[str, ...],
    use_name: str | None,
    list_uses: bool,
    suite: str | None,
    price_per_hour: float | None,
    tag: str | None,
    brief: bool,
    only_beliefs: bool,
    root: Path,
    as_json: bool,
) -> int:
    """Say which generator to take: limits met or not by interval, Pareto front, ranking with probabilities.

    Without RUN: the newest finished run of the broadest suite (or of --suite); what it did not measure is
    looked up in the other finished runs of the same generators. NAME of a limit is a metric, an axis,
    coverage, clip_seconds or (with --price-per-hour) cost_per_clip. With --tag a value over a whole set of
    clips, and votes, are left out: they are not cut. With --json: {suite, runs[], use, weights, doublings,
    requirements[], price_per_hour, verdict, leaders[], words, gap, standings[], left_out, beliefs[],
    notes[]}, and tag where one was given.
    """
    from vbench_lite.advise import advise, load_use, parse_requirement, use_names
    from vbench_lite.cli.leaderboard import tag_text, warn_damaged, warn_left_out
    from vbench_lite.report.terminal.advice import advice_text, beliefs_text, uses_text
    from vbench_lite.results.board import build_board
    from vbench_lite.results.choice import choose, newest_with
    from vbench_lite.votes.preference import with_preference

    if list_uses:
        uses = [load_use(name) for name in use_names()]
        return answer([use.model_dump(mode="json") for use in uses], uses_text(uses), as_json=as_json)
    requirements = [parse_requirement(text) for text in limits]
    weights = dict(_weight(text) for text in weighed)
    use = load_use(use_name) if use_name is not None else None
    if any(":" in name for name in runs):
        raise click.UsageError(f"a run is advised on as a whole; leave the generator out of {runs[0]!r}")
    warn_damaged(root, runs)
    choice = choose(root, runs, larger=False)
    chosen = choice.sound
    warn_left_out(choice)
    others: Sequence[RunDir] = ()
    if not runs:
        chosen, others = (newest_with(chosen, suite),), chosen
    asked: Sequence[Run] = chosen
    support: Sequence[Run] = others
    if tag is not None:
        asked = [cut_by_tag(run, tag) for run in chosen]
        support = [support_by_tag(run, tag) for run in others]
    board = build_board(asked, suite=suite)
    found = advise(
        asked,
        suite=suite,
        board=board if tag is not None else with_preference(board, chosen),
        use=use,
        require=requirements,
        weights=weights,
        price_per_hour=price_per_hour,
        support=support,
    )
    if as_json:
        print_json(found.as_dict() | ({"tag": tag} if tag is not None else {}))
    elif only_beliefs:
        console().print(beliefs_text(found))
    else:
        out = console()
        if tag is not None:
            out.print(tag_text(tag, board), markup=False)
        out.print(advice_text(found, out.width, brief=brief))
    return FINE


def _weight(text: str) -> tuple[Axis, float]:
    """Read AXIS=WEIGHT."""
    from vbench_lite.errors import SpecError
    from vbench_lite.metric import Axis

    name, _, number = text.partition("=")
    try:
        weight = float(number)
    except ValueError:
        weight = math.nan
    if not math.isfinite(weight) or name.strip() not in list(Axis):
        raise SpecError(f"weight {text!r} is not AXIS=NUMBER; axes are {', '.join(Axis)}")
    return Axis(name.strip()), weight
