"""How things look and read: a colour and a shape for each family, names of axes, numbers with units.

Colours are Okabe and Ito's palette (distinguishable with every common colour-vision deficiency, and on
light and dark grounds); a family has a shape too, so that no chart depends on colour.
Source: M. Okabe and K. Ito, "Color Universal Design", 2008.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from vbench_lite.generator import Family
from vbench_lite.metric import Axis


@dataclass(frozen=True)
class Mark:
    """The look of a family: `shape` is a Vega symbol name."""

    title: str
    colour: str
    shape: str


FAMILIES: dict[str, Mark] = {
    Family.LATENT_DIFFUSION: Mark("latent diffusion", "#0072B2", "circle"),
    Family.PIXEL_DIFFUSION: Mark("pixel diffusion", "#56B4E9", "triangle-down"),
    Family.AUTOREGRESSIVE: Mark("autoregressive", "#D55E00", "square"),
    Family.HYBRID: Mark("hybrid", "#009E73", "triangle-up"),
    Family.EXTERNAL: Mark("external", "#CC79A7", "diamond"),
    Family.CONTROL: Mark("control", "#8A8A8A", "cross"),
}

AXES: dict[str, str] = {
    Axis.QUALITY: "How much single frames and whole sets look like the real clips.",
    Axis.COHERENCE: "Whether things stay what they are from frame to frame, while they move.",
    Axis.ALIGNMENT: "Whether the clip shows what the prompt says.",
    Axis.DIVERSITY: "How much clips of different prompts and seeds differ.",
    Axis.HORIZON: "How little quality and identity drift as the clip gets longer.",
    Axis.SPEED: "How soon the first frame and the whole clip arrive; 0 is the suite's reference, "
    "+1 is twice as fast.",
    Axis.MEMORY: "How little memory is needed at the peak; 0 is the suite's reference, +1 is half of it.",
}
AXIS_ORDER: tuple[str, ...] = tuple(AXES)

FOUR_AXES: tuple[str, ...] = (Axis.QUALITY, Axis.COHERENCE, Axis.SPEED, Axis.MEMORY)

_MARKDOWN = re.compile(r"([!-/:-@\[-`{-~])")


def family_title(family: str) -> str:
    """The family's name for people; families of other packages are shown as they are written."""
    mark = FAMILIES.get(family)
    return mark.title if mark else family.replace("_", " ")


def axis_order(axes: list[str] | set[str]) -> list[str]:
    """Axes in the order in which every page shows them; unknown ones last, by name."""
    return sorted(axes, key=lambda a: (AXIS_ORDER.index(a) if a in AXIS_ORDER else len(AXIS_ORDER), a))


def plain(text: object) -> str:
    """Return text for a place that renders Markdown so that it shows as it is.

    Prompts, labels, reasons and errors come from runs, so nothing in them may become a link, a picture
    (a request to another host) or markup: every ASCII punctuation mark is escaped, line ends are spaces.
    """
    return _MARKDOWN.sub(r"\\\1", " ".join(str(text).split()))


def shorten(text: str, limit: int) -> str:
    """Cut text to `limit` characters; the cut shows."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def number(value: float | None, unit: str = "") -> str:
    """A value for people: three significant digits, bytes and short times in a fitting unit.

    A missing value is a dash.
    """
    if value is None or not math.isfinite(value):
        return "–"
    if unit in ("bytes", "byte", "B"):
        return _scaled(value, ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")), "B")
    if unit in ("s", "seconds"):
        return _scaled(value, ((1.0, "s"), (1e-3, "ms")), "µs", 1e6)
    figure = _three(value)
    return f"{figure} {unit}" if unit else figure


def duration(seconds: float) -> str:
    """A time for people who wait: seconds, minutes, or hours and minutes."""
    whole = max(1, round(seconds))
    if whole < 100:
        return f"{whole} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def interval(low: float | None, high: float | None, unit: str = "") -> str:
    """An interval for people, or a dash where none is known."""
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return "–"
    return f"{number(low, unit)} to {number(high, unit)}"


def _scaled(value: float, steps: tuple[tuple[float, str], ...], last: str, factor: float = 1.0) -> str:
    rounded = abs(float(f"{value:.3g}"))  # 999.9 kB is 1 MB
    for size, name in steps:
        if rounded >= size or value == 0:
            return f"{_three(value / size)} {name}"
    return f"{_three(value * factor)} {last}"


def _three(value: float) -> str:
    if value == 0:
        return "0"
    value = value if abs(value) >= 1000 else float(f"{value:.3g}")
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(digits, 6)}f}"
