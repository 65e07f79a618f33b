"""Write what the installed diffusers has of video pipelines: the kept facts, and the page of the documents.

    python -m tools.pipeline_classes

Run it after diffusers was upgraded, look at what is new, and say in `adapters/diffusers/rules.py` and in
`tests/pipelines/tiny_families.py` what it takes.
"""

from __future__ import annotations

import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.append(str(REPOSITORY / "tests" / "pipelines"))

import tiny_families  # noqa: E402

from tools.class_facts import FILE, ClassFacts, as_json, facts_of, installed_classes  # noqa: E402
from vbench_lite.adapters.diffusers import rules  # noqa: E402
from vbench_lite.adapters.diffusers.geometry import FrameScheme  # noqa: E402
from vbench_lite.adapters.diffusers.modular import OUTPUT, SUFFIX  # noqa: E402

PAGE = REPOSITORY / "docs" / "adapters" / "diffusers-classes.md"

HEAD = """\
# Video pipelines of diffusers

Every video pipeline class of diffusers {version}, by what its own signature says and by the rules of this
adapter; written by `python -m tools.pipeline_classes`, held to by a test. *Tried*: a tiny pipeline of the
class, with random weights, keeps the promises of a generator in the tests, or why none does. A class that is
refused says so in one line before anything is loaded. Frames: what comes back, for a VAE that compresses time
by four.

| class | tasks | needs | takes | frames | side x | steps | guidance | returns | tried |
|---|---|---|---|---|---|---|---|---|---|
"""

MODULAR_HEAD = """
## Modular pipelines

Pipelines of blocks that make clips, named under `pipeline` for a folder of the pipeline with the same
components: `{model: ./wan, pipeline: WanModularPipeline}`. They take no options that change how components
are loaded.

| class | tasks | tried |
|---|---|---|
"""


def row(name: str, facts: ClassFacts) -> str:
    """One class as a line of the table."""
    rule = rules.class_rule(name)
    lacks = None if rule is None else rule.lacks
    tasks = "refused" if lacks else ", ".join(rule.tasks or ()) if rule else "unknown"
    guidance = "guider" if facts.guider else ", ".join(facts.guidance)
    cells = [
        f"`{name}`",
        tasks,
        ", ".join(facts.required),
        ", ".join(each for each in facts.given if each not in facts.required),
        frames(rule),
        "" if rule is None else str(rule.size),
        ", ".join(facts.steps),
        guidance,
        ", ".join(facts.returns),
        tried(name, lacks),
    ]
    return "| " + " | ".join(cell or "–" for cell in cells) + " |"


def frames(rule: rules.ClassRule | None) -> str:
    """The frame rule in short."""
    if rule is None:
        return ""
    if rule.counts is not None:
        return str(rule.counts.maximum)
    if rule.frames_argument is None:
        return "as given"
    return {
        FrameScheme.ANY: "any",
        FrameScheme.CAUSAL: "4k+1",
        FrameScheme.PAIRS: "8k+1",
        FrameScheme.WHOLE: "4k",
        FrameScheme.CHUNKS: "chunks",
        FrameScheme.SECTIONS: "sections",
    }[rule.scheme]


def tried(name: str, lacks: str | None) -> str:
    """Whether a tiny one runs, or why not."""
    if name in tiny_families.SUBJECTS:
        return "yes"
    return lacks or tiny_families.NOT_TRIED[name]


def page(classes: dict[str, type]) -> str:
    """The page of the documents."""
    import diffusers

    rows = [row(name, facts_of(kind)) for name, kind in classes.items()]
    table = HEAD.format(version=diffusers.__version__) + "\n".join(rows) + "\n"
    return table + MODULAR_HEAD + "\n".join(map(modular_row, modular_classes())) + "\n"


def modular_classes() -> list[str]:
    """Pipelines of blocks that make clips, by name."""
    import diffusers

    names = [name for name in dir(diffusers) if name.endswith(SUFFIX) and name != SUFFIX]
    return sorted(name for name in names if OUTPUT in getattr(diffusers, name)().blocks.output_names)


def modular_row(name: str) -> str:
    """One class of blocks as a line of the table."""
    rule = rules.class_rule(name)
    tasks = "refused" if rule is None or rule.lacks else ", ".join(rule.tasks or ())
    return f"| `{name}` | {tasks} | {(rule and rule.lacks) or 'yes'} |"


def main() -> None:
    """Write both files."""
    classes = installed_classes()
    FILE.write_text(as_json(classes), "utf-8")
    PAGE.write_text(page(classes), "utf-8")
    print(f"{len(classes)} classes, {len(tiny_families.SUBJECTS)} tried")


if __name__ == "__main__":
    main()
