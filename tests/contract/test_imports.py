"""Every registered plug-in can be imported; one that cannot is one failed test with its name."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import get_args

import pytest

from vbench_lite import registry
from vbench_lite.errors import RegistryError

PLUGINS = [(group, name) for group in get_args(registry.Group) for name in registry.names(group)]


@pytest.mark.parametrize(("group", "name"), PLUGINS, ids=[f"{group}-{name}" for group, name in PLUGINS])
def test_it_can_be_imported(group: registry.Group, name: str) -> None:
    registry.load(group, name)


def test_a_metric_that_cannot_be_imported_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    others = registry.loadable("metrics").keys()
    entries = dict(registry._entries("metrics"))
    entries["t/broken"] = EntryPoint("t/broken", "no.such.module:Metric", "vbench_lite.metrics")
    monkeypatch.setattr(registry, "_entries", lambda group: entries)
    assert registry.loadable("metrics").keys() == others
    with pytest.raises(RegistryError, match=r"metric 't/broken' .* cannot be imported"):
        test_it_can_be_imported("metrics", "t/broken")
