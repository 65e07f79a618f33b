"""Which modules the code of an adapter is: its own, and those that it imports from plug-ins."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from functools import cache
from pathlib import Path

# Within this package, what belongs to one plug-in; contracts and services are the same for all of them.
_PLUGINS = ("vbench_lite.adapters.", "vbench_lite.datasets.", "vbench_lite.suites.")


def code_of(name: str, path: Path) -> dict[str, Path]:
    """Files by module: the adapter's own, and in turn those that they import of the same plug-in's code.

    In this package that are adapters, data sets and metrics; in another one, every module of it. Imports
    within functions count as well.
    """
    found = {name: path}
    waiting = [name]
    while waiting:
        module = waiting.pop()
        for other in _imports(module, found[module]):
            if other in found or not _belongs(other, name):
                continue
            file = _file(other)
            if file is not None:
                found[other] = file
                waiting.append(other)
    return found


def _belongs(other: str, name: str) -> bool:
    top = name.split(".")[0]
    if top == "vbench_lite":
        return other.startswith(_PLUGINS)
    return other == top or other.startswith((f"{top}.", *_PLUGINS))


@cache
def _imports(module: str, path: Path) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_named(module, path)))


def _named(module: str, path: Path) -> Iterator[str]:
    """Modules that a file's import statements name; of `from a import b` both a and a.b, as b may be one."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


@cache
def _file(name: str) -> Path | None:
    """The file of a module; None where there is no such module, or it has no source."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):  # `from module import name` of what is no package
        return None
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    return Path(spec.origin)
