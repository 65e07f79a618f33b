"""`vbench-lite try MODEL`: one's own model judged, with adapter, suite and size chosen and said."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from vbench_lite.cli.options import registered, root_and_json
from vbench_lite.cli.output import warn


def _checked(context: click.Context, option: click.Parameter, label: str | None) -> str | None:
    """A label that is a file name as well."""
    if label is not None and not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", label):
        raise click.BadParameter(f"{label!r}; a label holds a-z 0-9 . _ - alone", context, option)
    return label


@click.command("try")
@click.argument("model", metavar="MODEL")
@click.option(
    "--dataset", metavar="NAME|PATH", shell_complete=registered("datasets"),
    help="Real clips that make the scale; default: open-clips, through the package index.",
)  # fmt: skip
@click.option("--size", metavar="FxHxW@FPS", help="Size of every clip, as 16x256x256@8; default: chosen.")
@click.option("--samples", type=click.IntRange(min=1), help="Prompts; default: those of the suite.")
@click.option(
    "--label", metavar="NAME", callback=_checked,
    help="What it is called in tables; default: as its file or folder.",
)  # fmt: skip
@root_and_json
@click.pass_context
def command(
    context: click.Context,
    model: str,
    dataset: str | None,
    size: str | None,
    samples: int | None,
    label: str | None,
    root: Path,
    as_json: bool,
) -> int:
    """Judge a model of your own on real prompts.

    MODEL is a folder of a diffusers pipeline, a hub id, a folder or manifest of clips, a registered
    generator, or a command line in quotes with {request} among its arguments. Adapter, suite and size are
    chosen, and said with the reason. The specification is kept under ROOT/try, to be edited and run again.
    A second model beside the first: `try` it too, then `leaderboard`. Ends as `run`.
    """
    import yaml

    from vbench_lite.cli.run import command as run_command
    from vbench_lite.run.plan.own_model import choose
    from vbench_lite.store.atomic import replaced

    choice = choose(model)
    for reason in choice.reasons:
        warn(reason)
    if label is not None and len(choice.listed) > 1:
        raise click.UsageError(f"--label calls one model, and {model} names {', '.join(choice.listed)}")
    called, arms = label or choice.label, choice.arms(label)
    path = root / "try" / f"{called}.yaml"
    if label is None and len(arms) == 1 and _holds_another(path, arms):
        warn(f"{called} was another model before; tables show the newest of a name: --label NAME keeps both")
    content = {
        "generators": arms,
        "suites": [choice.suite],
        **({} if dataset is None else {"dataset": dataset}),
        **({"size": size} if size else {} if choice.size is None else {"size": str(choice.size)}),
        **({} if samples is None else {"samples": samples}),
    }
    with replaced(path) as temporary:
        temporary.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    warn(f"suite {choice.suite}; the specification is {path}")
    found: int = context.invoke(run_command, spec=path, root=root, as_json=as_json)
    return found


def _holds_another(path: Path, arms: list[dict[str, Any]]) -> bool:
    """Whether the specification of an earlier `try` has this name for another model."""
    import yaml

    try:
        before = yaml.safe_load(path.read_text(encoding="utf-8"))["generators"]
    except (OSError, yaml.YAMLError, TypeError, KeyError, UnicodeDecodeError):
        return False  # there is none, or what a person made of it is no specification
    return bool(before != arms)
