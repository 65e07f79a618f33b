"""One line that says how a run's numbers were made, to stand beside them; and what two such lines allow.

Fields are `key:value` joined by `|`, after the signature of sacrebleu (Post 2018, "A Call for Clarity in
Reporting BLEU Scores"). Quality may be compared where suite, prompts, seed and size are one; speed and
memory where the hardware is one too.
"""

from __future__ import annotations

from dataclasses import dataclass

from vbench_lite import __version__
from vbench_lite.errors import SpecError
from vbench_lite.results.arms import CEILING, control_of
from vbench_lite.store.schema import RunDocument
from vbench_lite.suite import parse_suite

ALWAYS = ("suite", "prompts", "seed", "size", "scale")  # must be one for any comparison
TIMED = ("device",)  # and for speed and memory
_KEYS = (*ALWAYS, "generators", *TIMED, "vbench_lite")
_UNSAFE = str.maketrans({"|": "/", ":": "-", "\n": " "})


@dataclass(frozen=True)
class Verdict:
    """Whether numbers under two signatures may be compared: fields that differ and forbid it."""

    quality: tuple[str, ...]
    speed: tuple[str, ...]

    def lines(self) -> list[str]:
        """What may be compared and why not, one sentence each."""
        said = []
        for what, differs in (("quality", self.quality), ("speed and memory", self.speed)):
            may = "may be compared" if not differs else f"may not be compared: {', '.join(differs)} differ"
            said.append(f"{what} {may if len(differs) != 1 else may.replace('differ', 'differs')}")
        return said


def signature(document: RunDocument, suite: str | None = None) -> str:
    """The line of a run under one suite.

    Args:
        suite: its name; None takes the first.

    Raises:
        SpecError: the run has no such suite.
    """
    content = next((s for s in document.suites if suite in (None, s["name"])), None)
    if content is None:
        raise SpecError(f"run {document.run_id} has no suite {suite!r}")
    parsed = parse_suite(content, f"run {document.run_id}")
    size = parsed.request
    roles = {e.label: control_of(e.label, e.info.get("family")) for e in document.generators}
    controls = [label for label, role in roles.items() if role]
    real = [label for label in controls if roles[label] == CEILING]
    generators = [e for e in document.generators if e.label not in controls]
    devices = document.hardware.get("devices") or []
    named = [str(d.get("name", d)) if isinstance(d, dict) else str(d) for d in devices]
    fields = {
        "suite": f"{parsed.name}@{parsed.version}#{parsed.content_sha256()[:8]}",
        "prompts": str(document.samples),
        "seed": str(document.seed),
        "size": f"{size.num_frames}x{size.height}x{size.width}@{size.fps:g}",
        "scale": "real and floors" if real and len(controls) > 1 else "none",
        "generators": ",".join(f"{e.label}#{e.fingerprint[:8]}" for e in generators),
        "device": " ".join([str(document.hardware.get("cpu_model", "unknown")), *named]),
        "vbench_lite": str(document.environment.get("libraries", {}).get("vbench-lite", __version__)),
    }
    return "|".join(f"{key}:{value.translate(_UNSAFE)}" for key, value in fields.items())


def is_signature(text: str) -> bool:
    """Whether a text is such a line."""
    return "|" in text and text.lstrip().startswith("suite:")


def parse(text: str) -> dict[str, str]:
    """The fields of a line.

    Raises:
        SpecError: it is none, or a field is missing.
    """
    fields = dict(part.split(":", 1) for part in text.strip().split("|") if ":" in part)
    missing = [key for key in _KEYS if key not in fields]
    if missing:
        raise SpecError(f"{text[:60]!r} is no line of `vbench-lite cite`: {missing[0]} is missing")
    return fields


def comparable(first: str, second: str) -> Verdict:
    """What two lines allow.

    Raises:
        SpecError: one of them is no signature.
    """
    one, other = parse(first), parse(second)

    def differing(keys: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(key for key in keys if one[key] != other[key])

    return Verdict(differing(ALWAYS), differing((*ALWAYS, *TIMED)))
