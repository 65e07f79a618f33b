"""YAML from anybody: plain values only, of a bounded size, or one line that says what is wrong.

`yaml.safe_load` builds no objects of classes. Two things are left: a date that is none raises a bare
ValueError, and a few aliases of aliases stand for billions of values once somebody walks over them.
"""

from __future__ import annotations

from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml

from vbench_lite.errors import SpecError

MOST_VALUES = 250_000  # after every alias is written out


def parse_yaml(text: str, where: str) -> Any:
    """The values of a YAML text; `where` names it in errors.

    Raises:
        SpecError: it is no YAML, holds a text that is no Unicode, or stands for more values than MOST_VALUES.
    """
    try:
        data = yaml.safe_load(text)
    except RecursionError:
        raise SpecError(f"{where} is no YAML: it is nested too deeply") from None
    except (yaml.YAMLError, ValueError) as error:
        raise SpecError(f"{where} is no YAML: {_fault(error)}") from None
    left = [MOST_VALUES]
    _count(data, left, set(), where)
    return data


def read_yaml(path: Path | Traversable, where: str, meant: str = "") -> Any:
    """The values of a YAML file; `where` names it in errors.

    Args:
        meant: what to try instead, where there is no such file.

    Raises:
        SpecError: it cannot be read, or as `parse_yaml`.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SpecError(f"{where}: {error.strerror}{meant}") from None
    except UnicodeDecodeError as error:
        raise SpecError(f"{where} is no YAML: {error}") from None
    return parse_yaml(text, where)


def _fault(error: Exception) -> str:
    """What is wrong and where, without the excerpt: messages are one line."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    if mark is None or problem is None:
        return " ".join(str(error).split())
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}"


def _count(value: Any, left: list[int], above: set[int], where: str) -> None:
    """Walk over all values, as a reader would, and stop at the limit or at a value that nobody can use."""
    left[0] -= 1
    if left[0] < 0:
        raise SpecError(f"{where} stands for more than {MOST_VALUES:,} values; use fewer aliases")
    if isinstance(value, str) and not _is_unicode(value):
        raise SpecError(f"{where} holds half of a surrogate pair, which is no text: {value[:40]!r}")
    if not isinstance(value, dict | list | tuple | set):
        return
    if id(value) in above:
        raise SpecError(f"{where} holds an alias of something that holds the alias; write it out")
    above.add(id(value))
    inner = [*value.keys(), *value.values()] if isinstance(value, dict) else list(value)
    for one in inner:
        _count(one, left, above, where)
    above.discard(id(value))


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
