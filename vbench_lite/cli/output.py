"""Where text goes: results to stdout, all else to stderr, JSON without NaN, no control characters."""

from __future__ import annotations

import dataclasses
import io
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vbench_lite.cli.exit_codes import FINE
from vbench_lite.printable import json_safe, printable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

GAP = 2  # between columns
INDENT = 4  # of what stands below its row
READABLE = 30  # characters of a column that wraps in its place


def print_json(document: Any) -> None:
    """Print one JSON document to stdout; NaN and infinity are refused, as JSON has no word for them."""
    text = json.dumps(document, indent=2, allow_nan=False, ensure_ascii=not _unicode_stdout(), default=_plain)
    click.echo(json_safe(text))


def answer(document: Any, text: RenderableType, *, as_json: bool) -> int:
    """Print what a verb found, as JSON or for people, and return the code of a verb that went well."""
    if as_json:
        print_json(document)
    elif isinstance(text, str):
        print_text(text)
    else:
        console().print(text)
    return FINE


def print_bytes(piece: str) -> None:
    """Part of a file on stdout, in UTF-8 whatever the terminal's encoding."""
    click.echo(piece.encode("utf-8"), nl=False)


def _unicode_stdout() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")


def any_encoding() -> None:
    """Have stdout and stderr take every character: one that their encoding lacks is spelled out."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


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
    click.echo(printable(text))


def warn(*messages: str) -> None:
    """Lines on stderr, all at once: there may be very many."""
    click.echo(printable("\n".join(messages)), err=True)


def console(*, stderr: bool = False) -> Console:
    """A rich console; NO_COLOR and pipes are honoured, long cells are not cut when piped.

    Control characters in what it prints are spelled out.
    """
    import shutil

    from rich.console import Console

    class Faced(Console):
        """A console whose reader may go away, as with `| head`: `main.call` ends quietly then."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    stream = sys.stderr if stderr else sys.stdout
    if stream.isatty():
        return _harmless(Faced(stderr=stderr, highlight=False))
    # A pipe or a file has no width: what is meant for a person keeps to a readable one.
    width = max(shutil.get_terminal_size((100, 24)).columns, 80)
    return _harmless(Faced(stderr=stderr, highlight=False, width=width))


def _harmless(made: Console) -> Console:
    from rich.console import ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult
    from rich.segment import Segment

    class Harmless:
        def __init__(self, inner: ConsoleRenderable) -> None:
            self.inner = inner

        def __rich_console__(self, out: Console, options: ConsoleOptions) -> RenderResult:
            for piece in out.render(self.inner, options):
                yield piece if piece.control else Segment(printable(piece.text), piece.style)

    class Hook(RenderHook):
        def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
            return [Harmless(one) for one in renderables]

    made.push_render_hook(Hook())
    return made


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a plain table to stdout, as `table_lines` lays it out; "none" where there are no rows."""
    from rich.text import Text

    cells = [list(map(str, row)) for row in rows]
    out = console()
    if not cells:
        out.print("none")
        return
    heading, *lines = table_lines(headings, cells, out.width)
    out.print(Text(heading, style="bold"), soft_wrap=True)
    for line in lines:
        out.print(Text(line), soft_wrap=True)  # Text: a bracket in a value is no markup


def table_lines(headings: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """A table of a width in characters. Nothing is cut off.

    Columns stand side by side while they fit, the last of them wrapping in its place if enough of it is
    left; columns for which there is no room follow below their row, indented, each a paragraph, with its
    heading if they are several.
    """
    from rich.cells import cell_len

    sizes = [max(map(cell_len, column)) for column in zip(headings, *rows, strict=True)]
    starts = [sum(size + GAP for size in sizes[:place]) for place in range(len(sizes) + 1)]
    beside = max(1, sum(end - GAP <= width for end in starts[1:]))
    below = headings[beside:]
    wraps = beside == len(sizes) - 1 and width - starts[beside] >= READABLE

    def line(cells: Sequence[str]) -> str:
        padded = (
            cell + " " * (size - cell_len(cell) + GAP) for cell, size in zip(cells, sizes, strict=False)
        )
        return "".join(padded).rstrip()

    yield line(headings if wraps else headings[:beside])
    for row in rows:
        if wraps:
            first, *others = _wrapped(row[-1], width - starts[beside])
            yield line([*row[:-1], first])
            yield from (" " * starts[beside] + other for other in others)
        else:
            yield line(row[:beside])
            for heading, cell in zip(below, row[beside:], strict=True):
                text = f"{heading}: {cell}" if len(below) > 1 else cell
                yield from (f"{' ' * INDENT}{part}" for part in _wrapped(text, width - INDENT))


def _wrapped(text: str, width: int) -> list[str]:
    import textwrap

    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]
