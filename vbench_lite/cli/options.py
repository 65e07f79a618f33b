"""Options that many verbs share, each defined once."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from vbench_lite.registry import Group
    from vbench_lite.results.cut import Cut
    from vbench_lite.store.rundir import RunDir

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_ROOT = "vbench-results"


class Root(click.Path):
    """A folder, or a URL such as s3://bucket/results, for which a folder of this machine stands then."""

    name = "directory or URL"

    def __init__(self) -> None:
        super().__init__(file_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, str) and "://" in value:
            from vbench_lite.store.remote import mirror

            return mirror(value)
        return super().convert(value, param, ctx)


class OutputFile(click.Path):
    """A file to be written; one that cannot be is refused before the work that it is of is done."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from vbench_lite.store.output_file import check_output

        path = Path(value)
        check_output(path)
        return path


def root_flag(root: Path) -> str:
    """What a command over this root says after its verb, with the space before it; "" for the default."""
    return "" if str(root) == DEFAULT_ROOT else f" --root {shlex.quote(str(root))}"


def root_option(function: F) -> F:
    """`--root DIR`: where runs and clips are kept; the argument `root` is a Path."""
    return click.option(
        "--root",
        type=Root(),
        default=DEFAULT_ROOT,
        show_default=True,
        help="Folder that holds runs and clips, or a URL (s3://...).",
    )(function)


def workers_options(function: F) -> F:
    """`--executor`, `--workers` and `--address`: who works, and how many beside each other."""
    for option in (
        click.option("--address", metavar="HOST:PORT", help="Of a Ray cluster that is there already."),
        click.option(
            "--workers",
            type=click.IntRange(min=1),
            help="Processes at work beside each other; clips and scores stay the same. Default: generators "
            "queue, scoring takes every core, and the benchmark without arguments takes up to four.",
        ),
        click.option("--executor", default="local", show_default=True, metavar="NAME", help="local or ray."),
    ):
        function = option(function)
    return function


def networks_options(function: F) -> F:
    """`--score-device` and `--score-precision`: of the networks that score; None where nothing was said."""
    for option in (
        click.option(
            "--score-precision", type=click.Choice(["float32", "bf16", "fp16"]),
            help="What the networks that score compute in; another one is another measurement. "
            "Default: float32.",
        ),
        click.option(
            "--score-device", metavar="NAME",
            help="Where the networks that score compute: cpu, cuda:0 ... Default: cpu.",
        ),
    ):  # fmt: skip
        function = option(function)
    return function


def policy_option(function: F) -> F:
    """`--policy NAME|FILE`: what a comparison is held to; the argument `policy` is a text or None."""

    def complete(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
        from vbench_lite.compare.policy import SHIPPED

        return [name for name in SHIPPED if name.startswith(begun)]

    return click.option(
        "--policy",
        metavar="NAME|FILE",
        shell_complete=complete,
        help="What decides, with which margins: default, quality-only, strict, or a YAML file.",
    )(function)


def suites_option(function: F) -> F:
    """`--suite NAME`, several times: whose metrics are taken; the argument is `suites`."""
    return click.option(
        "--suite", "suites", multiple=True, metavar="NAME", shell_complete=registered("suites"),
        help="Metrics of this suite. Repeatable.",
    )(function)  # fmt: skip


def suite_option(default: str, what: str = "Which suite") -> Callable[[F], F]:
    """`--suite`, one of those that a run has.

    Args:
        default: which one it is where nobody says.
        what: it is asked for.
    """
    return click.option("--suite", shell_complete=registered("suites"), help=f"{what}; default: {default}.")


def metrics_option(function: F) -> F:
    """`--metric ID`, several times; the argument is `metrics`."""
    return click.option(
        "--metric", "metrics", multiple=True, metavar="ID", shell_complete=registered("metrics"),
        help="This metric. Repeatable.",
    )(function)  # fmt: skip


def when_idle_option(function: F) -> F:
    """`--when-idle`: the argument is `when_idle`."""
    return click.option(
        "--when-idle",
        is_flag=True,
        help="Begin each timed process when other programs leave the machine alone.",
    )(function)


def json_option(function: F) -> F:
    """`--json`: stdout holds one JSON document and nothing else; the argument is `as_json`."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON document and nothing else on stdout."
    )(function)


def root_and_json(function: F) -> F:
    """`--root` and `--json`: what nearly every verb over stored runs takes."""
    return root_option(json_option(function))


def tag_option(function: F) -> F:
    """`--tag WORD`: only the prompts with this tag; the argument `tag` is a text or None."""
    return click.option(
        "--tag", metavar="WORD", help="Only the prompts with this tag: of their data set, list or prompt set."
    )(function)


def cut_by_tag(run: RunDir, tag: str) -> Cut:
    """A run as if it had been asked for the prompts with a tag alone.

    Raises:
        StoreError: no prompt has it. DatasetError: the prompts cannot be looked up any more.
    """
    from vbench_lite.results.cut import cut
    from vbench_lite.run.plan.prompts import tags_of

    return cut(run, tag, tags_of(run.document()))


def support_by_tag(run: RunDir, tag: str) -> Cut:
    """The same of a run that others are supported by; prompts that cannot be looked up have no tag."""
    from vbench_lite.errors import VBenchLiteError
    from vbench_lite.results.cut import cut_support
    from vbench_lite.run.plan.prompts import tags_of

    try:
        return cut_support(run, tag, tags_of(run.document()))
    except VBenchLiteError:
        return cut_support(run, tag, {})


def stored_run(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """What the tab key offers where a run is asked for: `latest`, names of baselines and runs, ids.

    Behind a colon: the generators of the run before it.
    """
    from vbench_lite.store import rundir

    root = context.params.get("root") or Path(DEFAULT_ROOT)
    called, colon, _ = begun.partition(":")
    if colon:
        entries = rundir.resolve_run(root, called).document().generators
        known = [f"{called}:{entry.label}" for entry in entries]
    else:
        runs, _ = rundir.read_runs(root)
        known = ["latest", *rundir.baselines(root)]
        known += [document.name for document in runs if document.name]
        known += [document.run_id for document in runs]
    return [name for name in dict.fromkeys(known) if name.startswith(begun)]


def baseline_name(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """What the tab key offers where a baseline is named."""
    from vbench_lite.store import rundir

    known = rundir.baselines(context.params.get("root") or Path(DEFAULT_ROOT))
    return [name for name in known if name.startswith(begun)]


def named_use(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """What the tab key offers where a use is asked for."""
    from vbench_lite.advise import use_names

    return [name for name in use_names() if name.startswith(begun)]


def axis_weight(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """What the tab key offers where AXIS=WEIGHT is asked for."""
    from vbench_lite.metric import Axis

    return [f"{axis}=" for axis in Axis if axis.startswith(begun)]


def judged_axis(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """What the tab key offers where an axis of votes is asked for."""
    from vbench_lite.metric import Axis

    judged = [axis for axis in Axis if axis is not Axis.PREFERENCE]  # that one is made of votes on the whole
    return [axis for axis in ("overall", *judged) if axis.startswith(begun)]


def registered(*groups: Group) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """What the tab key offers where a registered name is asked for."""

    def complete(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
        from vbench_lite import registry

        return [name for group in groups for name in registry.names(group) if name.startswith(begun)]

    return complete
