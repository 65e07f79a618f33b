"""`vbench-lite show NAME`: all that is known of a generator, metric, suite, data set or run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from vbench_lite.cli.exit_codes import FINE
from vbench_lite.cli.options import json_option, registered, root_option
from vbench_lite.cli.output import console, print_json


@click.command("show")
@click.argument("name", shell_complete=registered("generators", "metrics", "extractors", "suites"))
@click.option("--markdown", "as_markdown", is_flag=True, help="The page of a metric, as Markdown.")
@root_option
@json_option
def command(name: str, as_markdown: bool, root: Path, as_json: bool) -> int:
    """Show all that is known of one NAME.

    NAME is a data set (shapes), a generator, a metric, an extractor, a suite (or a path to its YAML file),
    or a run (its id, the start of it, a baseline's name, or latest).
    """
    if as_markdown:
        from vbench_lite.report.metric_page import page

        click.echo(page(name).markdown(), nl=False)
        return FINE
    found = find(name, root)
    if as_json:
        print_json(found)
    else:
        import yaml

        text = yaml.safe_dump(
            _plain(found), sort_keys=False, allow_unicode=True, width=100, default_flow_style=None
        )
        console().print(text.rstrip(), markup=False, soft_wrap=True)
    return FINE


def find(name: str, root: Path) -> dict[str, Any]:
    """Return the whole form of a name.

    Raises:
        RegistryError: nothing has this name; the message holds the nearest names there are.
    """
    import difflib

    from vbench_lite import registry
    from vbench_lite.cli import describe
    from vbench_lite.errors import RegistryError, StoreError

    if name in describe.DATASETS:
        return describe.shapes(name)
    if name in registry.names("generators"):
        return describe.generator(name)
    if name in registry.names("metrics"):
        return describe.metric(name)
    if name in registry.names("extractors"):
        return describe.extractor(name)
    if name in registry.names("suites") or name.endswith((".yaml", ".yml")):
        return describe.suite(name)
    try:
        return describe.run(name, root)
    except StoreError:
        known = [*describe.DATASETS]
        for group in ("generators", "metrics", "extractors", "suites"):
            known += registry.names(group)
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else "see: vbench-lite list --help"
        raise RegistryError(
            f"{name!r} is no data set, generator, metric, suite, or run under {root}; {hint}"
        ) from None


def _plain(value: Any) -> Any:
    """Tuples, enumerations and mappings as YAML's own kinds."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, str) else value
