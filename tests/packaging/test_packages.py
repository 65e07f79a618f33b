"""The explicit lists in pyproject.toml say what the tree holds: an unlisted folder would not be installed."""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
TOPS = {
    "vbench_lite": "vbench_lite",
    "adapters": "vbench_lite.adapters",
    "suites": "vbench_lite.suites",
    "dashboard": "vbench_lite.dashboard",
}


def folders() -> dict[str, Path]:
    """Every folder that holds Python files, by the package it should be."""
    found = {}
    for top, package in TOPS.items():
        for folder in [REPOSITORY / top, *(p for p in (REPOSITORY / top).rglob("*") if p.is_dir())]:
            if "__pycache__" not in folder.parts and any(folder.glob("*.py")):
                inner = folder.relative_to(REPOSITORY / top).parts
                found[".".join([package, *inner])] = folder
    return found


def test_listed_packages_are_the_tree() -> None:
    assert sorted(PYPROJECT["tool"]["setuptools"]["packages"]) == sorted(folders())


def test_every_package_has_an_init_file() -> None:
    assert [name for name, folder in folders().items() if not (folder / "__init__.py").exists()] == []


def test_package_dir_maps_every_top_folder() -> None:
    assert PYPROJECT["tool"]["setuptools"]["package-dir"] == {name: top for top, name in TOPS.items()}


def test_every_data_file_matches_a_package_data_pattern() -> None:
    patterns = PYPROJECT["tool"]["setuptools"]["package-data"]
    stray = []
    for package, folder in folders().items():
        owned = {file for pattern in patterns.get(package, []) for file in folder.glob(pattern)}
        inner = {f for f in folder.rglob("*") if f.is_file() and "__pycache__" not in f.parts}
        deeper = {
            f
            for other in folders().values()
            if other != folder and folder in other.parents
            for f in other.rglob("*")
        }
        stray += [str(f.relative_to(REPOSITORY)) for f in inner - owned - deeper if f.suffix != ".py"]
    assert stray == []


@pytest.mark.parametrize("extra", ["diffusers", "ray", "dev"])
def test_extras_exist(extra: str) -> None:
    assert extra in metadata.metadata("vbench-lite").get_all("Provides-Extra", [])


def test_installed_entry_points_are_those_of_the_tree() -> None:
    declared = {
        (group, name, value)
        for group, entries in PYPROJECT["project"]["entry-points"].items()
        for name, value in entries.items()
    }
    installed = {
        (e.group, e.name, e.value)
        for e in metadata.distribution("vbench-lite").entry_points
        if e.group.startswith("vbench_lite.") or e.group == "pytest11"
    }
    assert installed == declared, "run: make setup"


def test_every_entry_point_points_into_the_tree() -> None:
    for group, entries in PYPROJECT["project"]["entry-points"].items():
        for name, value in entries.items():
            module, _, attribute = value.partition(":")
            # The longest package that fits: vbench_lite.suites before vbench_lite.
            top = max((t for t, p in TOPS.items() if module.startswith(p)), key=lambda t: len(TOPS[t]))
            path = REPOSITORY / top / Path(*module.removeprefix(TOPS[top]).strip(".").split("."))
            assert path.with_suffix(".py").exists() or (path / "__init__.py").exists(), f"{group} {name}"
            assert attribute or group == "pytest11", f"{group} {name} names no attribute"


def test_direct_dependencies_are_pinned_for_the_tests() -> None:
    import re

    def normal(line: str) -> str:
        match = re.match(r"[\w.-]+", line)
        assert match is not None
        return re.sub(r"[-_.]+", "-", match[0]).lower()

    lines = (REPOSITORY / "constraints.txt").read_text().splitlines()
    pinned = {normal(line) for line in lines if line and not line.startswith("#")}
    project = PYPROJECT["project"]
    wanted = {normal(line) for line in project["dependencies"]}
    wanted |= {normal(line) for extra in project["optional-dependencies"].values() for line in extra}
    assert wanted <= pinned
