"""The fingerprint of an adapter changes with the code that it uses, and with no other."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from vbench_lite import registry
from vbench_lite.run.plan import code
from vbench_lite.run.plan.build import code_sha256

ADAPTER = """
from vbench_lite.generator import Generator
from own_adapter import helper

class Own(Generator):
    pass
"""


@pytest.fixture
def hashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """The hash of an adapter in a package of its own, after files were written."""
    folder = tmp_path / "own_adapter"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(**files: str) -> str:
        for name, text in files.items():
            (folder / f"{name}.py").write_text(text)
        for name in [name for name in sys.modules if name.startswith("own_adapter")]:
            del sys.modules[name]
        importlib.invalidate_caches()
        code._imports.cache_clear()
        code._file.cache_clear()
        return code_sha256(importlib.import_module("own_adapter.adapter").Own)

    return write


def test_what_it_imports_counts_and_its_neighbours_do_not(hashed: Callable[..., str]) -> None:
    first = hashed(__init__="", adapter=ADAPTER, helper="from . import deep", deep="LEVEL = 1")
    assert hashed(neighbour="X = 1") == first
    assert hashed(neighbour="X = 2") == first
    changed = hashed(deep="LEVEL = 2")
    assert changed != first
    assert hashed(adapter=ADAPTER + "# edited\n") not in (first, changed)


def test_the_data_set_that_an_adapter_is_made_for_is_part_of_its_code() -> None:
    kind = registry.load("generators", "reference/hybrid")
    module = sys.modules[kind.__module__]
    found = code.code_of(module.__name__, Path(str(module.__file__)))
    assert "vbench_lite.adapters.reference.hybrid" in found
    assert any(name.startswith("vbench_lite.datasets.") for name in found)
    assert not any(name.startswith("vbench_lite.adapters.external") for name in found)
    assert "vbench_lite.generator" not in found
    controls = registry.load("generators", "control/real")
    own = sys.modules[controls.__module__]
    assert list(code.code_of(own.__name__, Path(str(own.__file__)))) == ["vbench_lite.adapters.controls"]
