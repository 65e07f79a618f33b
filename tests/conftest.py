"""One compute thread in every test: what workers have, and no spinning when tests run side by side.

And an environment that has nothing: what programs of others run in.
"""

import os
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# Folders whose files share what is long to make: a browser and a server, weights. Each stays in one process.
TOGETHER = ("tests/browser", "tests/contract", "tests/vbench")

# A machine at work on other things is slow at random: how long an example takes says nothing.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("any machine")

# Promises and rules that tests take from modules say what was found, as those of a test do.
pytest.register_assert_rewrite("generator_promises", "visit")

for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")


# A shell that starts the tests in the background makes them deaf to Ctrl-C, and so every program they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The short files last: a long one at the end would leave the other processes without work."""
    items.sort(key=lambda item: "unit" in item.path.parts)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file of tests stays in one process, and so do the files of some folders."""
    if config.getvalue("dist") != "loadfile":
        return None

    def together(nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        folder = file.rpartition("/")[0]
        return folder if folder in TOGETHER else file

    scheduling: Any = import_module("xdist.scheduler").LoadFileScheduling(config, log)  # without types
    scheduling._split_scope = together
    return scheduling


@pytest.fixture(scope="session")
def other_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment without any package, not even pip: no torch, no numpy."""
    folder = tmp_path_factory.mktemp("other") / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder
