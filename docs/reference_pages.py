"""The reference pages in docs/reference, written from the code: `python docs/reference_pages.py`.

Nothing on these pages is written by hand, so nothing on them can be out of date: a test compares them with
the code.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, get_args

import click
import pyarrow as pa
from pydantic import BaseModel

from vbench_lite import registry
from vbench_lite.cli import describe
from vbench_lite.cli.config_keys import Key, attributes, keys
from vbench_lite.cli.main import PROGRAM, VERBS, LazyGroup
from vbench_lite.suite import load_suite

FOLDER = Path(__file__).parent / "reference"


def commands() -> str:
    """Every verb with its arguments, options and the keys of its JSON."""
    parts = [
        "# Commands",
        "Every verb takes `--root DIR`; those that print results take `--json`, and then stdout holds one "
        "JSON document with the keys named below. Exit codes: 0 fine; 1 a gate failed; 2 wrong use, or "
        "nothing could be done (one line on stderr says what); 3 done, but some samples or clips failed "
        "(they are listed); 130 stopped with Ctrl-C.",
    ]
    group = LazyGroup()
    for verb in VERBS:
        command = group.get_command(click.Context(click.Command(PROGRAM)), verb)
        assert command is not None
        parts += list(_command(command, f"{PROGRAM} {verb}"))
    return "\n\n".join(parts)


def _command(command: click.Command, path: str) -> Iterator[str]:
    context = click.Context(command, info_name=path)
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"## {path}"
    yield f"    {path} {usage}"
    yield textwrap.dedent(inspect.cleandoc(command.help or ""))
    options = [p for p in command.params if isinstance(p, click.Option)]
    rows = [record for p in options if (record := p.get_help_record(context)) is not None]
    if rows:
        yield _table(["option", "meaning"], [[f"`{name}`", text] for name, text in rows])
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _command(inner, f"{path} {name}")


def suites() -> str:
    """Every suite: what it asks for, and what makes each of its axes."""
    parts = [
        "# Suites",
        "`vbench-lite run --suite NAME`, or a path to a YAML file of the same form "
        "([how to write one](../tutorials/add-a-suite.md)).",
    ]
    for name in registry.names("suites"):
        suite = describe.suite(name)
        request = suite["request"]
        parts += [
            f"## {name}",
            suite["description"],
            f"Version {suite['version']}; {suite['samples']} samples a generator, {request['num_frames']} "
            f"frames of {request['width']}x{request['height']} at {request['fps']:g} frames a second.",
        ]
        rows = [
            [
                str(axis),
                ", ".join(f"`{m}` x{w:g}" if w != 1 else f"`{m}`" for m, w in spec.metrics.items()),
                ", ".join(f"`{gate.metric}`" for gate in spec.gates),
            ]
            for axis, spec in load_suite(name).axes.items()
        ]
        if rows:
            parts.append(_table(["axis", "made of", "gated by"], rows))
        counted = {metric for spec in suite["axes"].values() for metric in spec["metrics"]}
        beside = [f"`{metric}`" for metric in suite["metrics"] if metric not in counted]
        if beside:
            parts.append(f"Beside the axes: {', '.join(beside)}.")
    return "\n\n".join(parts)


def adapters() -> str:
    """Every registered generator with its configuration."""
    parts = [
        "# Adapters",
        "What `adapter:` in a specification can name, with the keys of its `config:`. How to use each with a "
        "model of your own is on its page under *Your model*.",
    ]
    for name in registry.names("generators"):
        found = describe.generator(name)
        info = found["info"]
        parts.append(f"## {name}")
        if info is None:
            parts.append(inspect.cleandoc(registry.load("generators", name).__doc__ or "").split("\n\n")[0])
        else:
            parts.append(f"{info['summary'][:1].upper()}{info['summary'][1:].rstrip('.')}.")
            facts = [
                f"family {info['family']}",
                f"streams: {info['streaming']}",
                f"license {info['license']}",
            ]
            parts.append("; ".join(facts) + ".")
        rows = _rows(keys(found["config"], attributes(registry.load("generators", name).Config)))
        if rows:
            parts.append(_table(["key", "type", "default", "meaning"], rows))
    configs = [registry.load("generators", name).Config for name in registry.names("generators")]
    nested = {kind.__name__: kind for config in configs for kind in _parts(config)}
    parts.append("## Parts of configurations")
    for name, kind in sorted(nested.items()):
        parts += [f"### {name}", *_model(kind)]
    return "\n\n".join(parts)


def _parts(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """The models that keys of a model hold, at any depth."""
    for field in model.model_fields.values():
        for kind in _models(field.annotation):
            yield kind
            yield from _parts(kind)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def run_directory() -> str:
    """The columns of a run's tables, and what lies where."""
    from vbench_lite.store import schema

    tables = {
        "samples.parquet": (schema.SAMPLES, schema.SampleRecord),
        "scores.parquet": (schema.SCORES, schema.ScoreRecord),
        "measurements.parquet": (schema.MEASUREMENTS, None),
    }
    parts = [
        "# Run directory",
        f"Schema version {schema.SCHEMA_VERSION}. `run.json` holds the resolved plan; these are its keys.",
        _code(schema.RunDocument.__doc__),
    ]
    for name, (columns, record) in tables.items():
        parts.append(f"## {name}")
        if record is not None:
            parts.append(_code(record.__doc__))
        parts.append(
            _table(["column", "type"], [[f"`{field.name}`", f"`{_type(field)}`"] for field in columns])
        )
    return "\n\n".join(parts)


def specifications() -> str:
    """The keys of the YAML files that a user writes."""
    from vbench_lite.advise.profiles import Use
    from vbench_lite.compare.policy import Policy
    from vbench_lite.run.plan.spec import RunSpec
    from vbench_lite.suite import Suite
    from vbench_lite.votes.judge_spec import FolderSpec, ServerSpec

    parts = ["# Files that you write", "Unknown keys are errors, with the place where they stand."]
    files: tuple[tuple[str, str, type[BaseModel]], ...] = (
        ("Run specification", "`vbench-lite run SPEC.yaml`.", RunSpec),
        ("Suite", "`vbench-lite run --suite FILE.yaml`.", Suite),
        ("Policy of a gate", "`vbench-lite compare --policy FILE.yaml`.", Policy),
        ("Use", "`vbench-lite advise --use FILE.yaml`.", Use),
        ("Judge behind an API", "`vbench-lite vote ask --judge FILE.yaml`, with a `url`.", ServerSpec),
        ("Judge in a folder", "`vbench-lite vote ask --judge FILE.yaml`, without one.", FolderSpec),
    )
    for title, how, model in files:
        parts += [f"## {title}", how, *_model(model)]
        for name, kind in sorted({kind.__name__: kind for kind in _parts(model)}.items()):
            parts += [f"### {name}", *_model(kind)]
    return "\n\n".join(parts)


def _model(model: type[BaseModel]) -> Iterator[str]:
    """What its docstring says of a model, and its keys."""
    yield _prose(inspect.cleandoc(model.__doc__ or "").partition("\n\nAttributes:")[0])
    rows = _rows(keys(model.model_json_schema(), attributes(model)))
    yield _table(["key", "type", "default", "meaning"], rows)


def _rows(found: Iterable[Key]) -> list[list[str]]:
    """Rows of a table: key, type, default, meaning."""
    rows = []
    for key in found:
        default = "required" if key.required else f"`{key.default}`" if key.default else ""
        rows.append([f"`{key.name}`", key.kind, default, key.meaning])
    return rows


def _type(field: pa.Field) -> str:
    return str(field.type).replace("double", "float64")


def _prose(docstring: str) -> str:
    """A docstring's paragraphs, each on one line."""
    return "\n\n".join(" ".join(part.split()) for part in inspect.cleandoc(docstring).split("\n\n"))


def _code(text: str | None) -> str:
    return "\n".join(["```text", inspect.cleandoc(text or ""), "```"])


def _table(headings: list[str], rows: list[list[str]]) -> str:
    def line(cells: list[str]) -> str:
        return "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells) + " |"

    return "\n".join([line(headings), "|" + "---|" * len(headings), *map(line, rows)])


PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands,
    "suites.md": suites,
    "adapters.md": adapters,
    "run-directory.md": run_directory,
    "files.md": specifications,
}


def main() -> None:
    """Write every page."""
    FOLDER.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
