"""`vbench-lite weights list|fetch|import`: which weights are here, and how to have the others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vbench_lite.cli.exit_codes import FINE, SOME_FAILED, WRONG_USE
from vbench_lite.cli.options import json_option
from vbench_lite.cli.output import answer, print_json, print_table, warn
from vbench_lite.format import number

if TYPE_CHECKING:
    from vbench_lite.weights.catalogue import Entry


@click.group("weights")
def command() -> None:
    """List, fetch or import the weights of published networks."""


@command.command("list")
@json_option
def list_weights(as_json: bool) -> int:
    """List every key: whether it is here, its license and size, and what needs it.

    With --json: {weights: [{key, title, here, verified, license, commercial, upstream, size_bytes, sources,
    pinned, source_sha256, needed_by, path}]}; verified, source_sha256 and path are null where it is not here.
    """
    from vbench_lite.weights import catalogue

    needed = _needed_by()
    rows = [_row(entry, needed.get(entry.key, [])) for entry in catalogue.entries()]
    if as_json:
        print_json({"weights": rows})
        return FINE
    print_table(("key", "here", "size", "license", "needed by"), [_cells(row) for row in rows])
    if not all(row["here"] for row in rows):
        click.echo("\nto have one: vbench-lite weights fetch KEY")
        click.echo("a file of yours: vbench-lite weights import KEY FILE")
    return FINE


@command.command("fetch")
@click.argument("keys", nargs=-1, required=True)
@click.option(
    "--unverified", is_flag=True, help="Admit files whose hash nobody published; marks every score."
)
@json_option
def fetch(keys: tuple[str, ...], unverified: bool, as_json: bool) -> int:
    """Fetch the weights of KEYS into the cache; what is here stays.

    With --json: {fetched: {key: path}, errors: {key: reason}}. Exit code 3 if some failed, 2 if all.
    """
    from vbench_lite.errors import WeightsError
    from vbench_lite.weights import catalogue, files

    for key in keys:
        catalogue.entry(key)  # a misspelt key before anything is fetched
    fetched: dict[str, Path] = {}
    errors: dict[str, str] = {}
    for key in keys:
        try:
            fetched[key] = files.fetch(key, unverified)
        except WeightsError as error:
            errors[key] = str(error)
            warn(str(error))
            continue
        if not as_json:
            click.echo(f"{key} is at {fetched[key]}")
    if as_json:
        print_json({"fetched": fetched, "errors": errors})
    if not errors:
        return FINE
    return SOME_FAILED if fetched else WRONG_USE


@command.command("import")
@click.argument("key")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--unverified", is_flag=True, help="Admit a file with another hash; marks every score made with it."
)
@json_option
def import_weights(key: str, file: Path, unverified: bool, as_json: bool) -> int:
    """Take the weights of KEY from FILE, checked against the catalogue and converted.

    With --json: {key, path, verified, source_sha256}.
    """
    from vbench_lite.weights import files

    path = files.import_file(key, file, unverified)
    facts = files.origin(path)
    verified = facts["verified"] == "yes"
    mark = "" if verified else " (unverified: every score made with it says so)"
    document = {"key": key, "path": path, "verified": verified, "source_sha256": facts["source_sha256"]}
    return answer(document, f"{key} is at {path}{mark}", as_json=as_json)


def _row(entry: Entry, needed_by: list[str]) -> dict[str, Any]:
    from vbench_lite.weights import files

    path = files.cached(entry.key)
    facts = files.origin(path) if path is not None else None
    return {
        **entry.model_dump(include={"key", "title", "license", "commercial", "upstream", "size_bytes"}),
        "sources": [source.place for source in entry.sources],
        "pinned": entry.pinned,
        "here": path is not None,
        "verified": None if facts is None else facts["verified"] == "yes",
        "source_sha256": None if facts is None else facts["source_sha256"],
        "path": path,
        "needed_by": needed_by,
    }


def _cells(row: dict[str, Any]) -> list[str]:
    here = {True: "yes", False: "unverified", None: "no"}[row["verified"]]
    size = number(row["size_bytes"], "bytes")
    return [row["key"], here, size, row["license"], ", ".join(row["needed_by"]) or "-"]


def _needed_by() -> dict[str, list[str]]:
    """Metrics and extractors by the weights that they declare."""
    from vbench_lite import registry
    from vbench_lite.errors import VBenchLiteError

    needed: dict[str, list[str]] = {}
    groups: tuple[registry.Group, ...] = ("extractors", "metrics")
    for group in groups:
        for name in registry.names(group):
            try:
                keys = registry.load(group, name).info.weights
            except VBenchLiteError:  # `list` and `doctor` say what is wrong with it
                continue
            for key in keys:
                needed.setdefault(key, []).append(name)
    return needed
