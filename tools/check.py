"""Checks of one change, for the minutes between two edits: lint, types, and the tests that it touches.

Tests are the house's own (imports, repetition), those that changed, the unit, contract and dashboard tests
that import a changed module, and, after a change of the dashboard, those that open its pages. `make test` is
everything. Run by `make check`.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
HOUSE = ("tests/packaging/test_import_directions.py", "tests/packaging/test_house.py")
FAST = ("tests/unit", "tests/contract", "tests/dashboard")
OPENED = "vbench_lite.dashboard"  # its pages are files that Streamlit opens by path
CODE = ("vbench_lite", "adapters", "suites", "dashboard", "tools", "tests", "benchmarks", "docs")
PLUGINS = ("adapters", "suites", "dashboard")  # folders at the top that are imported from vbench_lite


def main(base: str = "main") -> int:
    """Check what differs from a branch; returns the exit code of the first check that fails."""
    files = [path for path in changed(base) if (REPOSITORY / path).is_file()]
    sys.stdout.write(f"{len(files)} Python files differ from {base}\n")
    python = [sys.executable, "-m"]
    steps = [[*python, "ruff", "check", *CODE], [*python, "ruff", "format", "--check", *CODE]]
    modules = [f"-m{name}" for path in files if (name := module_of(path))]
    if modules:
        steps.append([*python, "mypy", *modules])
    steps += [[*python, "mypy", *beside] for beside in tests_by_folder(files)]
    steps.append([*python, "pytest", "-q", "-n", "2", "--dist", "loadfile", *tests_of(files)])
    for step in steps:
        code = subprocess.run(step, cwd=REPOSITORY, check=False).returncode
        if code:
            return code
    return 0


def changed(base: str) -> list[Path]:
    """Python files that differ from the commit where this branch left another, also those not yet added."""
    start = _git("merge-base", "HEAD", base)[0]
    found = {*_git("diff", "--name-only", start), *_git("ls-files", "--others", "--exclude-standard")}
    return sorted(Path(name) for name in found if name.endswith(".py"))


def module_of(path: Path) -> str | None:
    """What a file of the package is imported as; None for one beside the package."""
    parts = list(path.with_suffix("").parts)
    if parts[0] not in ("vbench_lite", *PLUGINS):
        return None
    parts = parts if parts[0] == "vbench_lite" else ["vbench_lite", *parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def tests_by_folder(files: Iterable[Path]) -> list[list[str]]:
    """Changed files of tests, a list for each folder: mypy takes only one conftest.py at a time."""
    folders: dict[Path, list[str]] = defaultdict(list)
    for path in files:
        if path.parts[0] == "tests":
            folders[path.parent].append(str(path))
    return list(folders.values())


def tests_of(files: Sequence[Path]) -> list[str]:
    """The house's tests, those that changed, and the fast ones that import a changed module.

    What a test imports from a file beside it counts as its own.
    """
    names = {name for path in files if (name := module_of(path))}
    names |= {OPENED for name in names if name.startswith(OPENED)}
    own = {str(path) for path in files if path.parts[0] == "tests" and path.name.startswith("test_")}
    for folder in FAST:
        beside = {path.stem: imported(path) for path in (REPOSITORY / folder).glob("*.py")}
        for path in (REPOSITORY / folder).glob("test_*.py"):
            found = beside[path.stem].union(*(beside[name] for name in beside[path.stem] & beside.keys()))
            if names & found:
                own.add(str(path.relative_to(REPOSITORY)))
    return [*HOUSE, *sorted(own - {*HOUSE})]


def imported(path: Path) -> set[str]:
    """Modules that a file imports by name, and what it takes from them, as that may be a module too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def _git(*arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=REPOSITORY, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
