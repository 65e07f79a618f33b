"""`vbench-lite show NAME`: all that is known of a generator, metric, suite, data set or run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from vbench_lite.cli.exit_codes import FINE
from vbench_lite.cli.options import registered, root_and_json
from vbench_lite.cli.output import console, print_json

WIDTH = 60  # where a text of several words is folded; the word at the fold stands beyond it
FITS = 56  # characters of a list or a mapping that stands on one line


@click.command("show")
@click.argument(
    "name", shell_complete=registered("generators", "metrics", "extractors", "datasets", "suites")
)
@click.option("--markdown", "as_markdown", is_flag=True, help="The page of a metric, as Markdown.")
@root_and_json
def command(name: str, as_markdown: bool, root: Path, as_json: bool) -> int:
    """Show all that is known of one NAME.

    NAME is a data set, a generator, a metric, an extractor, a suite (or a path to its YAML file),
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
        if found["kind"] == "generator":
            found["config"] = config_lines(name)
        if found["kind"] == "run":
            found = run_in_short(found)
        if found["kind"] == "metric":
            console().print(in_words(found), markup=False)
            console().print()
        console().print(as_yaml(found).rstrip(), markup=False, soft_wrap=True)
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

    if name in registry.names("datasets"):
        return describe.dataset(name)
    if name in registry.names("generators"):
        return describe.generator(name)
    if name in registry.names("metrics"):
        return describe.metric(name)
    if name in registry.names("extractors"):
        return describe.extractor(name)
    if name in registry.names("suites") or name.endswith((".yaml", ".yml")):
        return describe.suite(name)
    tail = [one for one in registry.names("metrics") if one.endswith(f"/{name}")]
    if len(tail) == 1:  # as tables print it
        return describe.metric(tail[0])
    try:
        return describe.run(name, root)
    except StoreError:
        known: list[str] = []
        for group in ("datasets", "generators", "metrics", "extractors", "suites"):
            known += registry.names(group)
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else "see: vbench-lite list --help"
        raise RegistryError(
            f"{name!r} is no data set, generator, metric, suite, or run under {root}; {hint}"
        ) from None


def in_words(metric: dict[str, Any]) -> str:
    """A metric in two sentences: what it means, and how its numbers are read."""
    better = {True: "higher is better", False: "lower is better", None: "neither end is better"}
    low, high = metric["bounds"]
    ends = [f"{word} {end:g}" for word, end in (("from", low), ("to", high)) if end is not None]
    unit = f", in {metric['unit']}" if metric["unit"] else ""
    reading = ", ".join([better[metric["higher_is_better"]], *([" ".join(ends)] if ends else [])])
    return f"{metric['name']}: {metric['summary'].rstrip('.')}. {reading[:1].upper()}{reading[1:]}{unit}."


def run_in_short(found: dict[str, Any]) -> dict[str, Any]:
    """What a reader asks of a run: how it ended, what was asked of whom, and where."""
    keys = ("run_id", "name", "status", "created", "finished", "path", "samples", "seed", "outcome")
    return {
        "kind": "run",
        **{key: found[key] for key in keys if found[key] not in (None, "")},
        "suites": [f"{suite['name']} v{suite['version']}" for suite in found["suites"]],
        "generators": {
            one["label"]: {key: one[key] for key in ("adapter", "config", "device", "batch")}
            for one in found["generators"]
            if one["info"].get("family") != "control"
        },
        **{key: found[key] for key in ("hardware", "environment", "notes") if found[key]},
        "more": "the whole plan, with every suite and what each generator declares: show RUN --json",
    }


def config_lines(name: str) -> dict[str, str]:
    """What an adapter's configuration may hold, a line for each key; --json has its whole schema."""
    from vbench_lite import registry
    from vbench_lite.cli.config_keys import attributes, keys

    model = registry.load("generators", name).Config
    lines = {}
    for key in keys(model.model_json_schema(), attributes(model)):
        state = ", required" if key.required else f", default {key.default}" if key.default else ""
        lines[key.name] = f"{key.kind}{state}{'; ' if key.meaning else ''}{key.meaning}"
    return lines


def as_yaml(found: dict[str, Any]) -> str:
    """YAML for a terminal: a list or a mapping that fits a line stands on one, others item by item."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def represent_sequence(self, tag: str, sequence: Any, flow_style: bool | None = None) -> Any:
            return super().represent_sequence(tag, sequence, flow_style=len(str(sequence)) <= FITS)

        def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> Any:
            return super().represent_mapping(tag, mapping, flow_style=len(str(mapping)) <= FITS)

        def ignore_aliases(self, data: Any) -> bool:
            return True

    return yaml.dump(_plain(found), Dumper=Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)


def _plain(value: Any) -> Any:
    """Tuples, enumerations and mappings as YAML's own kinds."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, str) else value
