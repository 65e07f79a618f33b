"""How the dashboard is started: the command line for Streamlit, and how the root reaches the pages.

The root is passed as `--root DIR` after a `--` that ends Streamlit's own options; the environment
variable VBENCH_LITE_DASHBOARD_ROOT does the same where no arguments can be given (tests, containers).
The flags bind to loopback, send no usage statistics and offer no links to other hosts.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from vbench_lite.errors import SpecError

ROOT_VARIABLE = "VBENCH_LITE_DASHBOARD_ROOT"
DEFAULT_ROOT = Path("vbench-results")
LOOPBACK = "127.0.0.1"
APP = Path(__file__).with_name("app.py")

GROUND = {"light": "#ffffff", "dark": "#171614"}  # behind a page, by theme

_FLAGS = (
    # Streamlit takes a folder that is not called site-packages for its own source tree and then refuses ports
    "--global.developmentMode=false",
    *(f"--theme.{theme}.backgroundColor={colour}" for theme, colour in GROUND.items()),
    "--theme.light.primaryColor=#0072B2",  # of the palette of report.charts.style
    "--theme.dark.primaryColor=#56B4E9",
    # Streamlit writes captions and labels in 60% of the ink: only near black (white) leaves them 4.5:1
    "--theme.light.textColor=#0b0d10",
    "--theme.dark.textColor=#ffffff",
    "--browser.gatherUsageStats=false",
    "--server.fileWatcherType=none",
    "--server.showEmailPrompt=false",
    "--client.toolbarMode=minimal",
    "--client.showErrorLinks=false",
    "--client.showErrorDetails=type",
)


def command(root: Path, *, port: int = 8501, address: str = LOOPBACK, headless: bool = False) -> list[str]:
    """Return the command that serves the dashboard over `root`.

    Args:
        root: the results folder; it need not exist yet.
        port: TCP port.
        address: interface to bind to; anything but loopback shows the results to the network.
        headless: do not open a browser.
    """
    served = [
        f"--server.port={port}",
        f"--server.address={address}",
        f"--server.headless={str(headless).lower()}",
    ]
    if address == LOOPBACK:  # a page of another site must not reach the server under a name of its own
        served += [f"--server.allowedHosts={host}" for host in (LOOPBACK, "localhost")]
    script = [sys.executable, "-m", "streamlit", "run", str(APP), *served, *_FLAGS]
    return [*script, "--", "--root", str(root)]


def root_from(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Path:
    """Return the results folder that the pages read.

    Args:
        arguments: what came after `--`.
        environment: where ROOT_VARIABLE is looked up when no argument names a root.

    Raises:
        SpecError: an argument that is not `--root DIR`.
    """
    if not arguments:
        return Path(environment.get(ROOT_VARIABLE) or DEFAULT_ROOT)
    if len(arguments) == 2 and arguments[0] == "--root":
        return Path(arguments[1])
    raise SpecError(f"dashboard: cannot read arguments {' '.join(arguments)!r}; use: -- --root DIR")
