"""Code that a configuration names: "module:attribute", or "file.py:attribute"."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
from pathlib import Path
from typing import Any

from vbench_lite.errors import SpecError


def check_reference(value: str | None) -> str | None:
    """The value, if it is a reference or None.

    Raises:
        ValueError: it is of another form.
    """
    if value is not None and not all(value.rpartition(":")):
        raise ValueError(f"{value!r} is not of the form module:attribute")
    return value


def load_reference(path: str) -> Any:
    """What "module:attribute" or "file.py:attribute" stands for.

    Raises:
        SpecError: it cannot be imported.
    """
    module, _, attribute = path.rpartition(":")
    try:
        if not module.endswith(".py"):
            return getattr(importlib.import_module(module), attribute)
        spec = importlib.util.spec_from_file_location(f"_vbench_lite_{Path(module).stem}", module)
        if spec is None or spec.loader is None:
            raise ImportError(f"{module} is no Python file")
        loaded = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(loaded)
        return getattr(loaded, attribute)
    except (ImportError, AttributeError, OSError) as error:
        hint = "; install vbench-lite[diffusers]" if module == "transformers" else ""
        raise SpecError(f"{path} cannot be imported: {error}{hint}") from None


def reference_sha256(path: str) -> str:
    """Hash of the file in "module:attribute" or "file.py:attribute"; it is not run."""
    module = path.rpartition(":")[0]
    file = Path(module) if module.endswith(".py") else None
    if file is None:
        try:
            spec = importlib.util.find_spec(module)
        except (ImportError, ValueError):
            spec = None
        file = Path(spec.origin) if spec is not None and spec.origin is not None else None
    if file is None or not file.is_file():
        raise SpecError(
            f"{path}: there is no module {module} on the Python path; a file may be named instead"
        )
    return hashlib.sha256(file.read_bytes()).hexdigest()
