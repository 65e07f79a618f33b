"""Where text goes: results to stdout, all else to stderr, JSON without NaN."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console


def print_json(document: Any) -> None:
    """Print one JSON document to stdout; NaN and infinity are refused, as JSON has no word for them."""
    click.echo(json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False, default=_plain))


def _plain(value: Any) -> Any:
    """Turn what json does not know into what it knows."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if hasattr(value, "model_dump"):  # pydantic
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value).__name__} has no JSON form")


def print_text(text: str) -> None:
    """One line on stdout."""
    click.echo(text)


def warn(message: str) -> None:
    """One line on stderr."""
    click.echo(message, err=True)


def console(*, stderr: bool = False) -> Console:
    """A rich console; NO_COLOR and pipes are honoured, long cells are not cut when piped."""
    import shutil
    import sys

    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    if stream.isatty():
        return Console(stderr=stderr, highlight=False)
    # A pipe or a file has no width: what is meant for a person keeps to a readable one.
    return Console(stderr=stderr, highlight=False, width=max(shutil.get_terminal_size((100, 24)).columns, 80))


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None) -> None:
    """Print a plain table to stdout, its last column wrapping; a line says so when there are no rows."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for place, heading in enumerate(headings):
        table.add_column(heading, no_wrap=place < len(headings) - 1, overflow="fold")
    count = 0
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))  # Text: a bracket in a value is no markup
        count += 1
    console().print(table if count else "none")
