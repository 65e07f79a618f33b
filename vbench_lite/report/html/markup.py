"""Building blocks of a static HTML page that needs nothing else: text, tables, pictures, clips.

The page holds no script, and its Content-Security-Policy forbids the browser to ask any host for anything;
pictures and videos are data URIs. Everything that comes from a run passes through `text` or `table`.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from html import escape

import pandas as pd

from vbench_lite.format import NONE, significant

_LONG = 48  # characters of a cell beyond which its text wraps
POLICY = "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'"

_STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; --ground: #ffffff;
  --box: #f6f8fa; --good: #006c4e; --bad: #a83200; --open: #7a5400; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --soft: #9aa4ae; --line: #3b424a;
  --ground: #0f1317; --box: #191f25; --good: #4fd1a5; --bad: #ff9a66; --open: #f0c05a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 24px 16px 64px; max-width: 1080px; color: var(--ink);
  background: var(--ground); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 4px; }
h2 { font-size: 1.4rem; margin: 40px 0 8px; padding-top: 12px; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 24px 0 4px; }
p { margin: 6px 0; } .soft { color: var(--soft); font-size: 0.9rem; }
nav { margin: 12px 0; } nav a { margin-right: 14px; display: inline-block; } a { color: inherit; }
ul { margin: 6px 0; padding-left: 22px; }
.box { background: var(--box); border-left: 4px solid var(--line); padding: 8px 14px; margin: 12px 0; }
.good { border-color: var(--good); } .bad { border-color: var(--bad); } .open { border-color: var(--open); }
.verdict { font-size: 1.2rem; font-weight: 700; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(440px, 100%), 1fr));
  gap: 8px 24px; }
figure { margin: 10px 0; } figure img { max-width: 100%; height: auto; }
.scroll { overflow-x: auto; margin: 10px 0; }
table { border-collapse: collapse; font-size: 0.86rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding: 4px 0; }
th, td { padding: 5px 10px; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top;
  white-space: nowrap; }
td.long { white-space: normal; min-width: 260px; }
th { background: var(--box); font-weight: 600; } td.number { text-align: right; }
details { margin: 10px 0; } summary { cursor: pointer; padding: 4px 0; }
.clips { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(160px, 46%), 1fr)); gap: 12px; }
.clip { border: 1px solid var(--line); border-radius: 8px; overflow: hidden; margin: 0; }
.clip video { display: block; width: 100%; background: #000; image-rendering: pixelated; }
.clip img { display: block; width: 100%; image-rendering: pixelated; border-top: 1px solid var(--line); }
.clip figcaption { padding: 8px 12px; font-size: 0.82rem; } .clip strong { display: block; }
@media print { details:not([open]) > *:not(summary) { display: block; } }
"""


def text(value: object) -> str:
    """Text as text: nothing in it can open a tag or end an attribute."""
    return escape(" ".join(str(value).split()), quote=True)


def document(title: str, parts: Iterable[str]) -> str:
    """A whole page; `parts` are pieces of markup made by the functions here."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<link rel="icon" href="data:,">\n'
        f"<title>{text(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body>\n</html>\n"
    )


def heading(level: int, words: object, anchor: str = "") -> str:
    """A heading of level 1 to 6."""
    named = f' id="{text(anchor)}"' if anchor else ""
    return f"<h{level}{named}>{text(words)}</h{level}>"


def links(targets: Sequence[tuple[str, str]]) -> str:
    """Links to (anchor, words) on the same page."""
    inner = "".join(f'<a href="#{text(anchor)}">{text(words)}</a>' for anchor, words in targets)
    return f'<nav aria-label="contents">{inner}</nav>'


def paragraph(words: object, kind: str = "") -> str:
    """A paragraph; kind "soft" is smaller print."""
    return f'<p class="{text(kind)}">{text(words)}</p>' if kind else f"<p>{text(words)}</p>"


def bullets(lines: Iterable[object]) -> str:
    """A list; nothing where there are no lines."""
    items = "".join(f"<li>{text(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else ""


def box(kind: str, *parts: str) -> str:
    """A marked box of markup; kind is "good", "bad", "open" or "" for neither."""
    return f'<div class="box {text(kind)}">{"".join(parts)}</div>'


def table(frame: pd.DataFrame, caption: str) -> str:
    """A frame as a table that scrolls sideways; numbers stand to the right, missing values are dashes."""
    head = "".join(f'<th scope="col">{text(name)}</th>' for name in frame.columns)
    rows = ("".join(_cell(value) for value in row) for row in frame.itertuples(index=False, name=None))
    body = "".join(f"<tr>{cells}</tr>" for cells in rows)
    return (
        f'<div class="scroll" role="region" aria-label="{text(caption)}" tabindex="0"><table>'
        f"<caption>{text(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(value: object) -> str:
    if isinstance(value, float | int) and not isinstance(value, bool):
        return f'<td class="number">{NONE if pd.isna(value) else significant(value, 4)}</td>'
    words = text("–" if value is None else value)
    return f'<td class="long">{words}</td>' if len(words) > _LONG else f"<td>{words}</td>"


def folded(words: str, *parts: str) -> str:
    """Markup that opens on demand."""
    return f"<details><summary>{text(words)}</summary>{''.join(parts)}</details>"


def uri(kind: str, content: bytes) -> str:
    """A data URI; kind is a media type."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def clip(title: str, lines: Sequence[str], strip: bytes, video: bytes | None) -> str:
    """A clip: its video (left out where there is none), a strip of its frames, and what is said of it."""
    shown = (
        f'<video controls loop muted playsinline preload="auto" src="{uri("video/mp4", video)}" '
        f'aria-label="{text(title)}"></video>'
        if video is not None
        else ""
    )
    said = "".join(f"<span>{_breakable(line)}</span><br>" for line in lines)
    return (
        f'<figure class="clip">{shown}<img src="{uri("image/png", strip)}" '
        f'alt="frames of {text(title)}, in order of time">'
        f"<figcaption><strong>{_breakable(title)}</strong>{said}</figcaption></figure>"
    )


def _breakable(words: str) -> str:
    """Text whose lines may break after a slash or an underscore."""
    return "<wbr>".join(text(part) for part in re.split(r"(?<=[/_])(?=\S)", " ".join(words.split())))
