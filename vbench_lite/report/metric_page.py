"""The page of a metric: what it declares and what its docstring says, in one form for every face.

`vbench-lite show ID`, the pages in docs/metrics and the glossary of the dashboard are made from here. A
docstring is free text (the meaning), then sections `Formula:`, `Preprocessing:`, `Traps:`, `Cost:` and
`Source:`, each with its text beside it or indented below it. A section that a class has not is that of its
bases in the same module, and what follows from the contract (what a kind of metric reads) is filled in. Free
text of a base is added where it speaks of all that is made from it: a base that is a metric itself, or
private, adds none.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from vbench_lite import registry
from vbench_lite.errors import RegistryError, WeightsError
from vbench_lite.metric import (
    CallMetric,
    ClipMetric,
    FrameMetric,
    MetricInfo,
    NeighbourMetric,
    PairMetric,
    SetMetric,
    SummaryMetric,
)
from vbench_lite.weights import catalogue

SECTIONS = ("Formula", "Preprocessing", "Traps", "Cost", "Source")
_HEADING = re.compile(rf"^({'|'.join(SECTIONS)})s?:[ \t]*(.*)$")
_TRAILING_SOURCE = re.compile(r"\s*\bSources?: (.+?)\s*$", re.DOTALL)

# What a kind of metric looks at, and what its value costs.
_KINDS: tuple[tuple[type, str, str], ...] = (
    (FrameMetric, "each frame on its own", "one pass over the frames"),
    (NeighbourMetric, "pairs of neighbouring frames", "one pass over the frames"),
    (ClipMetric, "one clip", "one pass over the frames"),
    (PairMetric, "a clip and its reference, frame by frame", "one pass over both clips"),
    (SetMetric, "the clips of a generator as a set", "a computation over the features of the set"),
    (CallMetric, "one timed call", "nothing beyond the timed calls"),
    (SummaryMetric, "the values of other metrics", "nothing beyond them"),
)


@dataclass(frozen=True)
class Weights:
    """A file of weights that a metric needs, by its key in the catalogue."""

    key: str
    license: str
    upstream: str


@dataclass(frozen=True)
class MetricPage:
    """All that is to be said of a metric.

    Attributes:
        reads: what the metric looks at. meaning: paragraphs beyond the summary.
        needs: conditions under which a clip or a set has a value.
    """

    info: MetricInfo
    reads: str
    meaning: tuple[str, ...]
    formula: str
    preprocessing: str
    traps: str
    cost: str
    source: str
    needs: tuple[str, ...]
    weights: tuple[Weights, ...]

    @property
    def direction(self) -> str:
        """Which way is better, in words."""
        match self.info.higher_is_better:
            case True:
                return "higher is better"
            case False:
                return "lower is better"
        return "a description: neither way is better"

    @property
    def bounds(self) -> str:
        """The closed interval of the values; a side that is open is infinite."""
        low, high = self.info.bounds
        return f"{'−∞' if low is None else f'{low:g}'} to {'∞' if high is None else f'{high:g}'}"

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values: what the metric declares, and the sections of the page."""
        texts = {
            name: getattr(self, name)
            for name in ("reads", "formula", "preprocessing", "traps", "cost", "direction")
        }
        return {
            **dataclasses.asdict(self.info),
            **texts,
            "meaning": list(self.meaning),
            "needs": list(self.needs),
            "weight_files": [dataclasses.asdict(weights) for weights in self.weights],
        }

    def facts(self) -> list[tuple[str, str]]:
        """Name and text of every fact, in order; those that are nothing to this metric are left out."""
        unit = self.info.unit or "none (a pure number)"
        listed = [
            ("Axis", str(self.info.axis)),
            ("Looks at", self.reads),
            ("Unit", unit),
            ("Direction", self.direction),
            ("Bounds", self.bounds),
            ("Needs", "; ".join(self.needs)),
            ("Weights", "; ".join(f"{w.key} ({w.license}; {w.upstream})" for w in self.weights) or "none"),
            ("Cost", self.cost),
            ("Version", str(self.info.version)),
        ]
        return [(name, text) for name, text in listed if text]

    def sections(self) -> list[tuple[str, str]]:
        """Heading and text of every section, in order."""
        listed = [
            ("Formula", self.formula),
            ("Preprocessing", self.preprocessing),
            ("Traps", self.traps),
            ("Source", self.source),
        ]
        return [(name, text) for name, text in listed if text]

    def markdown(self) -> str:
        """The page as Markdown, ending in a line break."""
        parts = [f"# {self.info.id}", self.info.summary, *self.meaning]
        rows = [f"| {name} | {cell(text)} |" for name, text in self.facts()]
        parts.append("\n".join(["| | |", "|---|---|", *rows]))
        for name, text in self.sections():
            parts += [f"## {name}", text]
        return "\n\n".join(parts) + "\n"


def page(name: str) -> MetricPage:
    """The page of a registered metric.

    Raises:
        RegistryError: no metric has this id, or it cannot be imported.
    """
    metric = registry.load("metrics", name)
    kind: type = metric if isinstance(metric, type) else type(metric)
    info: MetricInfo = metric.info
    meaning, sections = _documented(kind)
    reads, cost = next(((what, cost) for base, what, cost in _KINDS if issubclass(kind, base)), ("", ""))
    parts: Sequence[str] = getattr(kind, "parts", ())
    return MetricPage(
        info=info,
        reads=f"{reads}: {', '.join(parts)}" if parts else reads,
        meaning=tuple(text for text in meaning if text != info.summary),
        formula=sections.get("Formula", ""),
        preprocessing=sections.get("Preprocessing") or _preprocessing(kind, info),
        traps=sections.get("Traps", ""),
        cost=sections.get("Cost") or _cost(cost, info),
        source="\n\n".join(dict.fromkeys(filter(None, (info.source, sections.get("Source", ""))))),
        needs=_needs(kind, info),
        weights=tuple(_weights(info)),
    )


def pages() -> list[MetricPage]:
    """The pages of every registered metric that can be imported, by id."""
    found = []
    for name in registry.names("metrics"):
        try:
            found.append(page(name))
        except RegistryError:
            continue  # `list metrics` says which and why
    return sorted(found, key=lambda one: one.info.id)


def file_name(metric: str) -> str:
    """The file of a metric's page."""
    return f"{metric.replace('/', '-')}.md"


# --- docstrings -------------------------------------------------------------------------------


def parse(docstring: str) -> tuple[list[str], dict[str, str]]:
    """Paragraphs of free text, and the text of each section that there is.

    A section begins at a line `Name:`; it holds the rest of that line and the indented lines below. A
    source may also stand at the end of the free text, as `Source: ...`.
    """
    free: list[str] = []
    sections: dict[str, list[str]] = {}
    place = free
    for line in inspect.cleandoc(docstring).splitlines():
        heading = _HEADING.match(line)
        if heading:
            place = sections.setdefault(heading[1], [])
            line = heading[2]
        elif place is not free and line and not line[0].isspace():
            place = free
        place.append(line)
    texts = {name: "\n\n".join(_paragraphs(lines)) for name, lines in sections.items()}
    paragraphs = _paragraphs(free)
    for index, text in enumerate(paragraphs):
        found = _TRAILING_SOURCE.search(text)
        if found and "Source" not in texts:
            texts["Source"] = found[1]
            paragraphs[index] = text[: found.start()]
    # A formula begins as it begins: its first letter may be a name.
    said = {name: text if name == "Formula" else _sentence(text) for name, text in texts.items()}
    return [text for text in paragraphs if text], said


def _paragraphs(lines: Iterable[str]) -> list[str]:
    blocks = "\n".join(line.strip() for line in lines).split("\n\n")
    return [" ".join(block.split()) for block in blocks if block.strip()]


def _sentence(text: str) -> str:
    """Text that begins with a capital, if its first word is a plain one (`vbench_lite` stays)."""
    first = text.split(" ", 1)[0].rstrip(".,;:")
    return text[:1].upper() + text[1:] if first.isalpha() else text


def _documented(kind: type) -> tuple[list[str], dict[str, str]]:
    """Free text and sections of a class, with what the bases in its module add."""
    free: list[str] = []
    sections: dict[str, str] = {}
    for base in kind.__mro__:
        if base.__module__ != kind.__module__ or not base.__doc__:
            continue
        own, found = parse(base.__doc__)
        if base is kind or not ("info" in vars(base) or base.__name__.startswith("_")):
            free += [text for text in own if text not in free]
        sections = {**found, **sections}
    return free, sections


# --- what follows from the contract -----------------------------------------------------------


def _preprocessing(kind: type, info: MetricInfo) -> str:
    if info.extractors:
        texts = []
        for name in info.extractors:
            try:
                extractor = registry.load("extractors", name).info
            except RegistryError:
                texts.append(f"`{name}` (not installed here)")
                continue
            windows = f"windows of {extractor.window} frames every {extractor.stride}"
            reads = windows if extractor.window > 1 else "frame by frame"
            texts.append(f"`{name}`: {extractor.preprocessing}; {reads}.")
        return "\n\n".join(texts)
    if issubclass(kind, (ClipMetric, PairMetric)):
        return "Frames as decoded, uint8 RGB at full size, all of them."
    return ""


def _cost(base: str, info: MetricInfo) -> str:
    if info.weights:
        return f"{base}, through a network ({', '.join(info.weights)})"
    if not info.extractors:
        return base if not base or "beyond" in base else f"{base}; no network"
    names = ", ".join(info.extractors)
    return f"features of {names}, made once for each clip and shared by all metrics that read them"


def _needs(kind: type, info: MetricInfo) -> tuple[str, ...]:
    listed = []
    if info.min_frames > 1:
        listed.append(f"clips of at least {info.min_frames} frames")
    if info.min_n > 1:
        listed.append(f"at least {info.min_n} clips")
    if info.needs_world is not None:
        listed.append(f"captions of the {info.needs_world} world")
    if issubclass(kind, PairMetric):
        listed.append("a reference clip")
    if issubclass(kind, SetMetric) and kind.needs_reference:
        listed.append("reference clips")
    if issubclass(kind, CallMetric):
        listed.append("timed calls, which a run makes")
    return tuple(listed)


def _weights(info: MetricInfo) -> Iterable[Weights]:
    keys = list(info.weights)
    for name in info.extractors:
        try:
            keys += registry.load("extractors", name).info.weights
        except RegistryError:
            continue  # named under preprocessing
    for key in dict.fromkeys(keys):
        try:
            entry = catalogue.entry(key)
        except WeightsError:
            yield Weights(key, "unknown", "not in the catalogue")
        else:
            yield Weights(key, entry.license, entry.upstream)


def cell(text: str) -> str:
    """A text as it stands in a cell of a Markdown table."""
    return text.replace("|", "\\|")
