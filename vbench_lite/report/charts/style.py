"""How things look and read: a colour and a shape for each family, names and meanings of axes.

Colours are Okabe and Ito's palette (distinguishable with every common colour-vision deficiency, and on
light and dark grounds); a family has a shape too, so that no chart depends on colour.
Source: M. Okabe and K. Ito, "Color Universal Design", 2008.
"""

from __future__ import annotations

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
    Axis.CONTROL: "How far a clip does what it is steered to, or follows the control clip that it was given.",
    Axis.SPEED: "How soon the first frame and the whole clip arrive; 0 is the suite's reference, "
    "+1 is twice as fast.",
    Axis.MEMORY: "How little memory is needed at the peak; 0 is the suite's reference, +1 is half of it.",
    Axis.PREFERENCE: "How often voters prefer it to the average generator shown; .5 is as often as not.",
}
AXIS_ORDER: tuple[str, ...] = tuple(AXES)


_WORD_JOINER = "\u2060"
_ADDRESS = re.compile(r"(?<=\w)(?=://|@)|(?<=www)(?=\.)", re.IGNORECASE)
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
    (a request to another host) or markup: every ASCII punctuation mark is escaped, line ends are spaces, and
    what a renderer would take for an address is parted by a mark without width.
    """
    words = _ADDRESS.sub(_WORD_JOINER, " ".join(str(text).split()))
    return _MARKDOWN.sub(r"\\\1", words)
