"""Another package adds a generator, a metric, a data set and a suite, and this package is not touched for it.

`tests/third_party/waves` is installed by pip into a folder of its own, which is put on PYTHONPATH.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

WAVES = Path(__file__).parents[1] / "third_party" / "waves"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a process that sees the other package."""
    import shutil

    folder = tmp_path_factory.mktemp("third-party")
    source = shutil.copytree(WAVES, folder / "source", ignore=shutil.ignore_patterns("__pycache__"))
    target = folder / "installed"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--no-build-isolation",
         "--target", str(target), str(source)],
        check=True,
    )  # fmt: skip
    return {**os.environ, "PYTHONPATH": str(target)}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("results")


def answer(environment: dict[str, str], root: Path, *arguments: str, code: int = 0) -> Any:
    """The JSON that a command line prints."""
    done = subprocess.run(
        [sys.executable, "-m", "vbench_lite.cli.main", *arguments, "--json", "--root", str(root)],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def test_it_runs_and_is_on_the_leaderboard(environment: dict[str, str], root: Path) -> None:
    outcome = answer(environment, root, "run", "-g", "waves/stripes", "--suite", "waves")
    assert (outcome["ok"], outcome["failed"]) == (4, 0)
    (row,) = answer(environment, root, "leaderboard")["rows"]
    assert (row["generator"], row["family"], row["coverage"]) == ("waves/stripes", "external", 1.0)
    brightness = row["metrics"]["waves/brightness"]
    # Columns hold 0, 31, ... 217 of 255: the mean over a period is known, whatever the seed.
    assert brightness["value"] == pytest.approx(31 * 3.5 / 255, abs=1e-6)
    assert brightness["n"] == 4
    # Of eight columns seven grow by 31 and one falls by 217 from frame to frame.
    flicker = row["metrics"]["vbench/temporal_flickering"]["value"]
    assert flicker == pytest.approx((255 - (7 * 31 + 217) / 8) / 255, abs=1e-6)


PLUGINS = {
    "generators": "waves/stripes",
    "metrics": "waves/brightness",
    "suites": "waves",
    "datasets": "waves/light",
}


@pytest.fixture(scope="module")
def said(environment: dict[str, str]) -> dict[str, Any]:
    """What `list` says of each kind, and `show` of each plug-in, all in one process."""
    verbs = [("list", kind) for kind in PLUGINS] + [("show", name) for name in PLUGINS.values()]
    code = (
        "import json, sys; sys.path.append(sys.argv[1]); from command_line import vbench_lite\n"
        "print(json.dumps([vbench_lite(*verb, '--json').json for verb in json.loads(sys.argv[2])]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(Path(__file__).parent), json.dumps(verbs)],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(zip([name for _, name in verbs], json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("kind", PLUGINS)
def test_it_is_listed_with_its_package(said: dict[str, Any], kind: str) -> None:
    rows = {row["name"]: row for row in said[kind][kind]}
    assert rows[PLUGINS[kind]]["package"] == "vbench-lite-waves"
    assert len(rows) > 1


def test_it_is_shown(said: dict[str, Any]) -> None:
    assert said["waves/light"]["vocabulary"] == "closed"
    shown = said["waves/stripes"]
    assert shown["info"]["streaming"] == "frame"
    assert shown["config"]["properties"]["period"]["default"] == 8


def test_its_configuration_is_checked(environment: dict[str, str], root: Path, tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text("generators: [{label: w, adapter: waves/stripes, config: {perod: 4}}]\nsuites: [waves]\n")
    done = subprocess.run(
        [sys.executable, "-m", "vbench_lite.cli.main", "run", str(spec), "--root", str(root)],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "perod" in done.stderr


def test_without_the_package_nothing_is_left_of_it(root: Path) -> None:
    plain = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    names = [row["name"] for row in answer(plain, root, "list", "metrics")["metrics"]]
    assert "waves/brightness" not in names
    (row,) = answer(plain, root, "leaderboard")["rows"]  # a stored run needs no plug-in to be read
    assert row["metrics"]["waves/brightness"]["value"] is not None


def test_its_data_set_makes_prompts_and_controls(
    environment: dict[str, str], root: Path, tmp_path: Path
) -> None:
    (tmp_path / "light.yaml").write_text(
        "{name: light, version: 1, description: '', prompts: {dataset: waves/light}, samples: 3, axes: {},"
        " request: {num_frames: 4, height: 16, width: 16, fps: 8}, metrics: [frames/sharpness]}"
    )
    suite = str(tmp_path / "light.yaml")
    outcome = answer(environment, root, "run", "-g", "waves/stripes", "--suite", suite)
    assert (outcome["ok"], outcome["failed"]) == (15, 0)
    controls = {
        row["generator"] for row in answer(environment, root, "leaderboard", "--suite", "light")["controls"]
    }
    assert controls == {"real", "frozen", "noise", "shuffled"}
