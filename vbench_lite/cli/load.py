"""`vbench-lite load`: how a server does when many ask it at once, and where it is saturated."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vbench_lite.cli.exit_codes import FINE, INTERRUPTED, SOME_FAILED
from vbench_lite.cli.options import root_and_json
from vbench_lite.cli.output import print_json, print_table, print_text, warn

if TYPE_CHECKING:
    from vbench_lite.results.load_test import LoadResult
    from vbench_lite.run.load.target import Target


class Duration(click.ParamType[Any]):
    """A time above 0 as people write it: 30, 30s, 500ms, 2min."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from vbench_lite.results.load import seconds

        if isinstance(value, float):
            return value
        try:
            return seconds(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Range(click.ParamType[Any]):
    """A number above 0, or LOW:HIGH."""

    name = "range"

    def __init__(self, kind: type[int] | type[float]) -> None:
        self._kind = kind

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, tuple):
            return value
        low, colon, high = str(value).partition(":")
        try:
            found = self._kind(low), self._kind(high if colon else low)
            if not 0 < found[0] <= found[1] < float("inf"):
                raise ValueError
        except ValueError:
            kind = "whole number" if self._kind is int else "number"
            self.fail(f"{value!r} is no {kind} above 0, and no range such as 1:16", param, ctx)
        return found


@click.command("load")
@click.argument("spec", metavar="SPEC.yaml", type=click.Path(path_type=Path))
@click.option("-g", "--generator", "label", metavar="LABEL", help="Which of the specification's generators.")
@click.option(
    "--rate", type=Range(float), metavar="R|LOW:HIGH",
    help="Open loop: so many requests a second, whatever the server does; a range doubles step by step.",
)  # fmt: skip
@click.option(
    "--concurrency", type=Range(int), metavar="C|LOW:HIGH",
    help="Closed loop: so many requests under way at a time; a range doubles step by step.",
)  # fmt: skip
@click.option(
    "--for", "seconds", type=Duration(), default="60s", show_default=True, metavar="TIME",
    help="How long requests are sent, all steps together.",
)  # fmt: skip
@click.option(
    "--arrivals", type=click.Choice(["poisson", "fixed"]), default="poisson", show_default=True,
    help="Open loop: random gaps, or even ones.",
)  # fmt: skip
@click.option("--seed", default=0, show_default=True, help="Of the random gaps.")
@click.option(
    "--objective", "objectives", multiple=True, metavar="NAME=VALUE",
    help="What makes a request good: latency=2s, first_frame=500ms, on_time=0.95. Repeatable; all must hold.",
)  # fmt: skip
@click.option(
    "--start", "start_s", type=Duration(), default="1s", show_default=True, metavar="TIME",
    help="When the first frame is wanted after the request; the others follow at the clip's rate.",
)  # fmt: skip
@click.option(
    "--host", "hosts", multiple=True, metavar="NAME",
    help="A machine that may be asked beside this one. Repeatable.",
)  # fmt: skip
@click.option(
    "--requests", "most_requests", type=click.IntRange(min=1), default=1000, show_default=True,
    help="At most so many in all.",
)  # fmt: skip
@click.option(
    "--under-way", "most_under_way", type=click.IntRange(1, 1024), default=64, show_default=True,
    help="Open loop: at most so many at a time; others wait here, and that counts.",
)  # fmt: skip
@click.option(
    "--drain", "drain_s", type=Duration(), default="60s", show_default=True, metavar="TIME",
    help="How long the last requests may take after that.",
)  # fmt: skip
@root_and_json
def command(
    spec: Path,
    label: str | None,
    seconds: float,
    objectives: tuple[str, ...],
    hosts: tuple[str, ...],
    root: Path,
    as_json: bool,
    **asked: Any,  # fields of `LoadPlan`
) -> int:
    """Put a server under load: latency with the queue apart, first frame, deadlines, goodput, saturation.

    SPEC.yaml is a specification of `run`; the requests are those of its first suite, each with a seed that
    was never asked before. Only this machine is asked, and hosts that --host names. A range of --rate ends
    when requests pile up, one of --concurrency when twice as many bring little more: that is the saturation
    point. Ctrl-C ends it with what was measured. The result is kept under ROOT/loads. With --json:
    {schema_version, id, created, generator, asked, steps[], saturation {rate, reached, words}, requests[],
    interrupted, notes[], environment}.
    """
    from vbench_lite.cli.progress import shown
    from vbench_lite.cli.specification import build_spec
    from vbench_lite.results.load import Objective
    from vbench_lite.results.load_store import store_load
    from vbench_lite.results.load_test import LoadPlan, put_under_load
    from vbench_lite.run.load.target import find_target
    from vbench_lite.run.progress import Event

    plan = LoadPlan(seconds=seconds, objective=Objective.of(objectives), **asked)
    plan.steps()
    target = find_target(build_spec(spec), label, hosts)
    for remark in target.remarks:
        warn(f"{target.entry.label}, each request: {remark}")
    with shown() as progress:

        def tell(ended: int, sent: int, at_s: float) -> None:
            text = f"{target.entry.label}: {ended} of {sent} requests ended"
            done_s = min(at_s, seconds)
            progress.on_event(Event("load", text, round(done_s), round(seconds), seconds - done_s))

        result = put_under_load(target.client, plan, tell)
    document = result.document(target.described)
    path = store_load(root, document)
    if as_json:
        print_json(document.as_dict())
    else:
        _print(target, result)
        warn(f"kept as {path}")
    if result.load.interrupted:
        return INTERRUPTED
    return SOME_FAILED if any(step.failed or step.unfinished for step in result.steps) else FINE


def _print(target: Target, result: LoadResult) -> None:
    from vbench_lite.report.terminal.load import HEADINGS, closing_lines, heading, spread_rows, step_rows

    print_text(heading(target.entry.label, target.entry.adapter, result))
    print_table(HEADINGS, step_rows(result.steps))
    if len(result.steps) == 1:
        print_text("")
        print_table(("seconds of a request", "p50", "p95", "p99"), spread_rows(result.steps[0]))
    for line in closing_lines(result):
        print_text(line)
