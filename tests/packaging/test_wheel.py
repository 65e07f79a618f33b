"""What is in the wheel and the source distribution, and a run from the wheel outside the repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
TOPS = {
    "vbench_lite": "vbench_lite",
    "adapters": "vbench_lite/adapters",
    "suites": "vbench_lite/suites",
    "dashboard": "vbench_lite/dashboard",
}

PARTS = ("vbench_lite", "adapters", "suites", "dashboard", "pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel by way of a source distribution, so that one that lacks a file shows.

    Built from a copy of the tree, since a build directory left in the tree can leak into a wheel.
    """
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in PARTS:
        path = REPOSITORY / name
        if path.is_dir():
            shutil.copytree(path, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, source / name)
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(source)],
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of an environment that holds the wheel and sees this one's libraries.

    A .pth file lends the libraries, from every folder of them that this environment sees: its own and those
    that its .pth files add. The editable install beside them is not taken over, since the hook that makes
    it importable is a .pth file of that folder, and those are not read along.
    """
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
    own = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    lent = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    (Path(own) / "lent.pth").write_text("".join(f"{path}\n" for path in lent))
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps", "--no-index",
         "--no-compile", str(wheel)],
        check=True,
    )  # fmt: skip
    return folder / "bin"


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_nothing_is_installed_outside_the_package(wheel: Path) -> None:
    """A top-level `adapters` or `dashboard` would overwrite other people's packages of that name."""
    tops = {name.split("/")[0] for name in names(wheel)}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"vbench_lite"}


def test_every_file_of_the_tree_is_in_the_wheel(wheel: Path) -> None:
    expected = set()
    for top, inside in TOPS.items():
        folder = wheel.parent / "source" / top
        for path in folder.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                expected.add(f"{inside}/{path.relative_to(folder).as_posix()}")
    assert expected == {name for name in names(wheel) if name.startswith("vbench_lite/")}


def test_metadata_is_complete(wheel: Path) -> None:
    found = {name.split("/", 1)[1] for name in names(wheel) if ".dist-info/" in name}
    assert {"METADATA", "entry_points.txt", "licenses/LICENSE"} <= found
    done = subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", str(wheel), *wheel.parent.glob("*.tar.gz")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_a_run_from_the_wheel_outside_the_repository(installed: Path, tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    where = subprocess.run(
        [installed / "python", "-c", "import vbench_lite.suites as s; print(s.__file__)"],
        cwd=tmp_path, env=environment, check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    assert Path(where).is_relative_to(installed.parent)
    words = ["run", "-g", "reference/autoregressive", "--suite", "quick-shapes", "--samples", "2"]
    done = subprocess.run(
        [installed / "vbench-lite", *words, "--json"],
        cwd=tmp_path, env=environment, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["leaderboard"]["rows"]
    assert [row["generator"] for row in rows] == ["reference/autoregressive"]
    assert rows[0]["coverage"] == 1.0
    assert (tmp_path / "vbench-results" / "runs").is_dir()
