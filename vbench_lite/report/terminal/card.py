"""The answer card on a terminal; fits 80 columns. Only what is sure has a colour."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from vbench_lite.advise.card import SURE, Card, Fact

_STYLES = {SURE: "green"}


def card_text(card: Card, commands: Sequence[tuple[str, str]] = ()) -> RenderableType:
    """The card as one rich renderable.

    Args:
        commands: what to run next: (command, what it does).
    """
    parts: list[RenderableType] = [Text(card.title, style="bold"), _facts([*card.facts, *card.take])]
    parts += [Text(f"! {doubt}", style="yellow") for doubt in card.doubts]
    if commands:
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
        for command, purpose in commands:
            table.add_row(Text(command), Text(purpose, style="dim"))
        parts += [Text(), Text("next", style="bold"), table]
    return Group(*parts)


def _facts(facts: Sequence[Fact]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for fact in facts:
        style = _STYLES.get(fact.sure, "dim")
        table.add_row(Text(fact.sure, style=style), Text(fact.about), Text(fact.words))
    return table
