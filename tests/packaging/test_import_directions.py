"""Imports point downwards only, the core imports no plug-in, and plug-ins do not import each other.

The layers are read from the place of a module in the tree; the imports from its syntax tree, so that an
import within a function or under TYPE_CHECKING counts as well.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
TOPS = {"vbench_lite": (), "adapters": ("adapters",), "suites": ("suites",), "dashboard": ("dashboard",)}

# Lowest first. A module may import from its own layer and from those below it.
LAYERS: dict[str, tuple[str, ...]] = {
    "contracts": (
        *(
            "",
            "generator",
            "control",
            "arrays",
            "extractor",
            "metric",
            "dataset",
            "suite",
            "suite_axes",
            "clip",
            "registry",
            "errors",
        ),
        *(
            "size_rules",
            "secrets",
            "spelling",
            "validation_errors",
            "yaml_text",
            "gc_pause",
            "processes",
            "format",
            "grouping",
            "printable",
            "turns",
        ),
    ),
    "services": ("store", "stats", "measure", "weights", "video", "interop"),
    "data sets": ("datasets",),
    "plug-ins": ("adapters", "suites"),
    "work": ("run",),
    "results": ("results",),
    "judgement": ("compare", "sensitivity", "votes"),
    "advice": ("advise",),
    "pictures": ("report",),
    "faces": ("cli", "pytest_plugin", "dashboard"),
}
HEIGHT = {part: height for height, parts in enumerate(LAYERS.values()) for part in parts}
PLUGINS = ("adapters", "suites", "datasets")
FOR_A_WORLD = ("adapters", "suites")  # generators and metrics that are made for one data set import it
BESIDE = ("benchmarks", "docs", "tests", "tools")  # programs on top of the package, which it never imports
# The floors of the layer "work", lowest first. Parts of one floor do not import each other.
RUN_FLOORS: tuple[tuple[str, ...], ...] = (
    ("networks",),
    ("progress", "worker_process"),
    ("plan",),
    ("generate", "timing", "scoring", "load"),
    ("executors",),
    ("score_stored",),
    ("merge", "runner"),
)
RUN_HEIGHT = {part: height for height, parts in enumerate(RUN_FLOORS) for part in parts}


def modules() -> dict[str, Path]:
    """Every module of the package, by its name without the leading `vbench_lite`: "cli.main", or ""."""
    found = {}
    for top, prefix in TOPS.items():
        for path in (REPOSITORY / top).rglob("*.py"):
            parts = [*prefix, *path.relative_to(REPOSITORY / top).with_suffix("").parts]
            found[".".join(p for p in parts if p != "__init__")] = path
    return found


def imports(module: str, path: Path) -> Iterator[str]:
    """Names that a module imports, as in `vbench_lite.store.schema`, relative imports resolved."""
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        targets: list[str] = []
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = ["vbench_lite", *(p for p in package if p)]
                above = above[: len(above) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            targets = [f"{base}.{alias.name}" for alias in node.names]
        yield from targets


def part_of(name: str) -> str:
    """The first component, which decides the layer; names that are no module (`__version__`) are the top."""
    first = name.split(".")[0]
    return first if first in HEIGHT else ""


def faults(module: str, path: Path) -> Iterator[str]:
    """Every import of a module that goes against the rules."""
    mine = part_of(module)
    for name in imports(module, path):
        top, _, target = name.partition(".")
        if top in BESIDE:
            yield f"{module} imports {name}: from beside the package"
        if top != "vbench_lite":
            continue
        other = part_of(target)
        if HEIGHT[other] > HEIGHT[mine]:
            yield f"{module} imports {target}: up"
        elif mine == other == "run" and not stands_above(module, target):
            yield f"{module} imports {target}: not from a floor below"
        elif other in PLUGINS and mine != other and not (other == "datasets" and mine in FOR_A_WORLD):
            yield f"{module} imports {target}: only entry points lead to a plug-in"


def stands_above(module: str, target: str) -> bool:
    """Whether one module of `run` may import another: its own part, or one of a floor below."""
    upper, lower = (name.split(".")[1:2] for name in (module, target))
    if not upper or not lower or upper == lower:
        return True
    return RUN_HEIGHT[upper[0]] > RUN_HEIGHT[lower[0]]


MODULES = modules()


def test_every_module_has_a_layer() -> None:
    firsts = {name.split(".")[0] for name in MODULES}
    assert firsts == HEIGHT.keys(), "give the new part a layer here and in the design"


def test_the_design_draws_these_layers() -> None:
    text = (REPOSITORY / "docs" / "design.md").read_text(encoding="utf-8")
    drawing = " ".join(text.split("Imports point down:")[1].split("The core finds")[0].split())
    drawn = [set(re.findall(r"`(\w+)`", layer)) for layer in drawing.split(" over ")]
    assert drawn == [{*parts} - {""} for parts in reversed(LAYERS.values())]


@pytest.mark.parametrize("module", sorted(MODULES), ids=lambda name: name or "vbench_lite")
def test_imports_point_down(module: str) -> None:
    assert list(faults(module, MODULES[module])) == []


def test_no_module_needs_itself() -> None:
    """Not even by an import within a function: what two modules need has a place below both."""
    needs = {name: {holder(target) for target in inner(name)} - {name} for name in MODULES}
    try:
        tuple(TopologicalSorter(needs).static_order())
    except CycleError as error:
        pytest.fail(f"a ring of imports: {' <- '.join(error.args[1])}")


def inner(module: str) -> Iterator[str]:
    """Imports of a module from the package, as `faults` names them."""
    for name in imports(module, MODULES[module]):
        top, _, target = name.partition(".")
        if top == "vbench_lite":
            yield target


def holder(name: str) -> str:
    """The module that a name lies in."""
    while name not in MODULES:
        name = name.rpartition(".")[0]
    return name


def test_the_rules_catch_what_they_should(tmp_path: Path) -> None:
    file = tmp_path / "module.py"

    def found(module: str, text: str) -> int:
        file.write_text(text)
        return len(list(faults(module, file)))

    assert found("store.rundir", "from vbench_lite.run import runner") == 1
    assert found("store.rundir", "def f():\n    from vbench_lite.run.runner import run") == 1
    assert found("store.rundir", "from ..run import runner") == 1
    assert found("run.plan.plan", "import vbench_lite.adapters.controls") == 1
    assert found("adapters.a", "from vbench_lite.suites import frames") == 1
    assert found("cli.run", "from vbench_lite.adapters import controls") == 1
    assert found("run.plan.plan", "from benchmarks import figure") == 1
    assert found("run.scoring.scorer", "from vbench_lite.run.executors import contract") == 1
    assert found("run.timing.performance", "from vbench_lite.run.generate.batch import run_batch") == 1
    assert found("run.generate.batch", "from vbench_lite.run.plan.plan import Batch") == 0
    assert found("run.plan.plan", "from vbench_lite.datasets import clips") == 1
    assert found("adapters.a", "from vbench_lite.datasets import clips") == 0
    assert found("adapters.a", "from vbench_lite.adapters.reference import codec") == 0
    assert found("run.plan.plan", "from vbench_lite import registry\nfrom vbench_lite import suite") == 0


def test_bare_names_of_the_top_folders_are_banned() -> None:
    """`import adapters` from the repository root would load a second copy of every module."""
    for path in [p for name in (*TOPS, *BESIDE) for p in (REPOSITORY / name).rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            assert not {n.split(".")[0] for n in names} & {"adapters", "suites", "dashboard"}, path
