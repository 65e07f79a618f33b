"""One compute thread in every test: what workers have, and no spinning when tests run side by side.

And an environment that has nothing: what programs of others run in.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")


# A shell that starts the tests in the background makes them deaf to Ctrl-C, and so every program they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def other_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment without any package, not even pip: no torch, no numpy."""
    folder = tmp_path_factory.mktemp("other") / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder
