"""Names to plug-ins: generators, metrics, extractors, data sets, suites and executors by entry point.

A name maps to "module:attribute" and nothing is imported until it is asked for. A third party adds
to any group from its own package; two packages that claim one name are an error. While a plug-in is
being written, "package.module:Class" can stand for a name: any importable attribute, not registered.
"""

from __future__ import annotations

import difflib
import importlib
from contextlib import suppress
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from vbench_lite.errors import RegistryError

_MOST_LISTED = 30  # names in one message

Group = Literal["generators", "metrics", "extractors", "datasets", "suites", "executors", "prompts"]


@cache
def _entries(group: Group) -> dict[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for entry in entry_points(group=f"vbench_lite.{group}"):
        other = found.get(entry.name)
        if other is not None and other.value != entry.value:
            raise RegistryError(
                f"two packages register {group[:-1]} {entry.name!r}: {other.value} and {entry.value}; "
                "uninstall one of them"
            )
        found[entry.name] = entry
    return found


def names(group: Group) -> list[str]:
    """Every registered name of a group, sorted; imports no plug-in."""
    return sorted(_entries(group))


def load(group: Group, name: str) -> Any:
    """Import and return what a name, or "package.module:Class", stands for.

    Raises:
        RegistryError: the name is unknown (with the nearest known ones), or its import failed.
    """
    if ":" in name:
        return _load_path(group, name)
    check(group, name)
    entries = _entries(group)
    try:
        return entries[name].load()
    except Exception as error:  # importing runs somebody's code, which may raise anything
        raise RegistryError(
            f"{group[:-1]} {name!r} ({entries[name].value}) cannot be imported: {error}"
        ) from error


def loadable(group: Group) -> dict[str, Any]:
    """What the registered names stand for; a plug-in that cannot be imported is not among them."""
    found = {}
    for name in names(group):
        with suppress(RegistryError):
            found[name] = load(group, name)
    return found


def check(group: Group, name: str) -> None:
    """Raise RegistryError, with the nearest names there are, if a name is not registered."""
    known = _entries(group)
    if name in known:
        return
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if near:
        hint = f"did you mean {' or '.join(near)}?"
    elif len(known) > _MOST_LISTED:
        hint = f"there are {len(known)}; see: vbench-lite list {group}"
    else:
        hint = f"there are: {', '.join(sorted(known)) or 'none'}"
    raise RegistryError(f"no {group[:-1]} is named {name!r}; {hint}")


def _load_path(group: Group, path: str) -> Any:
    module, _, attribute = path.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except Exception as error:  # as above
        raise RegistryError(
            f"{group[:-1]} {path!r} cannot be imported: {error}; give package.module:Class"
        ) from error
    if group == "metrics" and not hasattr(found, "info"):
        raise RegistryError(f"metric {path!r} is none: it declares no info; give package.module:Class")
    return found


def provider(group: Group, name: str) -> str:
    """The distribution that registers a name, for listings."""
    entry = _entries(group)[name]
    return entry.dist.name if entry.dist is not None else "unknown"
