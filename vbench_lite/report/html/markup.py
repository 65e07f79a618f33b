"""Building blocks of a static HTML page that needs nothing else: text, tables, pictures, clips, the card.

Each is a macro of `templates/parts.html`, rendered by Jinja2 with autoescape: what comes from a run is text,
and only what these functions return is markup. A page asks no host for anything; its
Content-Security-Policy forbids the browser to, and pictures and videos are data URIs or files beside it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from vbench_lite.advise.card import Card
from vbench_lite.format import NONE, significant

_LONG = 48  # characters of a cell beyond which its text wraps
POLICY = "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'"


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("vbench_lite.report.html"), autoescape=True, undefined=StrictUndefined
    )


@cache
def stylesheet() -> Markup:
    """The look of a static page, which holds its pieces too."""
    return Markup((files(__package__) / "style.css").read_text(encoding="utf-8")) + pieces_stylesheet()


@cache
def pieces_stylesheet() -> Markup:
    """The look of the card and the leaderboard alone, for a page with a look of its own."""
    return Markup((files(__package__) / "pieces.css").read_text(encoding="utf-8"))


def _part(name: str, *arguments: Any) -> Markup:
    macro = getattr(_environment().get_template("parts.html").module, name)
    made: Markup = macro(*arguments)
    return made


def line(value: object) -> str:
    """Text on one line."""
    return " ".join(str(value).split())


def document(title: str, parts: Iterable[Markup], *, policy: str = POLICY, script: str = "") -> str:
    """A whole page; `parts` are made by the functions here, `script` is ours."""
    page = _environment().get_template("page.html")
    return page.render(
        title=line(title), parts=list(parts), policy=policy, style=stylesheet(), script=Markup(script)
    )


def heading(level: int, words: object, anchor: str = "") -> Markup:
    """A heading of level 1 to 6."""
    return _part("heading", level, line(words), anchor)


def links(targets: Sequence[tuple[str, str]]) -> Markup:
    """Links to (address, words); `#anchor` is a place of the same page."""
    return _part("links", targets)


def paragraph(words: object, kind: str = "") -> Markup:
    """A paragraph; kind "soft" is smaller print."""
    return _part("paragraph", words if isinstance(words, Markup) else line(words), kind)


def bullets(lines: Iterable[object]) -> Markup:
    """A list; nothing where there are no lines."""
    return _part("bullets", [line(one) for one in lines])


def group(kind: str, parts: Iterable[Markup]) -> Markup:
    """Pieces that stand together: kind "pair" side by side, "clips" as cards."""
    return _part("group", kind, list(parts))


def box(kind: str, *parts: Markup) -> Markup:
    """A marked box of markup; kind is "good", "bad", "open" or "" for neither."""
    return group(f"box {kind}".strip(), parts)


def table(frame: pd.DataFrame, caption: str) -> Markup:
    """A frame as a table that scrolls sideways; numbers stand to the right, missing values are dashes."""
    rows = [[_cell(value) for value in row] for row in frame.itertuples(index=False, name=None)]
    return _part("table", list(frame.columns), rows, caption)


def _cell(value: object) -> tuple[str, str]:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}", "number"
    if isinstance(value, float):
        return NONE if pd.isna(value) else significant(value, 4), "number"
    words = line(NONE if value is None else value)
    return words, "long" if len(words) > _LONG else ""


def folded(words: str, *parts: Markup) -> Markup:
    """Markup that opens on demand."""
    return _part("folded", words, parts)


def uri(kind: str, content: bytes) -> str:
    """A data URI; kind is a media type."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def picture(sources: Sequence[tuple[str, str]], image: str, alt: str) -> Markup:
    """A picture with others for some media: (media query, address)."""
    return _part("picture", sources, image, alt)


def clip(title: str, lines: Sequence[str], strip: bytes, video: bytes | None) -> Markup:
    """A clip: its video (left out where there is none), a strip of its frames, and what is said of it."""
    shown = None if video is None else uri("video/mp4", video)
    return _part(
        "clip", title, _pieces(title), [_pieces(one) for one in lines], uri("image/png", strip), shown
    )


def _pieces(words: str) -> list[str]:
    """Text whose lines may break after a slash or an underscore."""
    return re.split(r"(?<=[/_])(?=\S)", line(words))


def card(found: Card) -> Markup:
    """The answer card."""
    return _part("card", found)


def leaderboard(board: Mapping[str, Any]) -> Markup:
    """The leaderboard's table, as `report.html.board_table` lays it out."""
    return _part("leaderboard", board)


def wall(rows: Sequence[Mapping[str, Any]]) -> Markup:
    """Clips that lie beside the page: rows of {prompt, cells: [{name, clip, reason}]}."""
    return _part("wall", rows)


def badge(label: str, words: str) -> str:
    """A badge as SVG."""
    left, right = (12 + round(6.8 * len(text)) for text in (label, words))
    return _environment().get_template("badge.svg").render(label=label, words=words, left=left, right=right)


@cache
def clock_script() -> str:
    """Defines `oneClock(videos, tell)`, which plays the videos in view together."""
    return (files(__package__) / "clock.js").read_text(encoding="utf-8")
