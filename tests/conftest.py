"""One compute thread in every test: what workers have, and no spinning when tests run side by side.

And an environment that has nothing: what programs of others run in.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A machine at work on other things is slow at random: how long an example takes says nothing.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("any machine")

for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")


# A shell that starts the tests in the background makes them deaf to Ctrl-C, and so every program they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The short files last: a long one at the end would leave the other processes without work."""
    items.sort(key=lambda item: "unit" in item.path.parts)


@pytest.fixture(scope="session")
def other_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment without any package, not even pip: no torch, no numpy."""
    folder = tmp_path_factory.mktemp("other") / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder
