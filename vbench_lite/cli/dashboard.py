"""`vbench-lite dashboard`: charts and clips in a browser, served on this machine only."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from typing import NoReturn

import click

from vbench_lite.cli.exit_codes import FINE
from vbench_lite.cli.options import root_flag, root_option
from vbench_lite.cli.output import warn


@click.command("dashboard")
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="TCP port.")
@click.option("--headless", is_flag=True, help="Serve, but open no browser.")
@root_option
def command(port: int, headless: bool, root: Path) -> int:
    """Open the dashboard over every run under --root; Ctrl-C ends it.

    It listens on the loopback interface only and sends no usage statistics.
    """
    from vbench_lite.dashboard import server
    from vbench_lite.errors import StoreError

    _check_port(port)
    if not (root / "runs").is_dir():
        warn(f"no run is under {root} yet; make one with: vbench-lite run{root_flag(root)}")
    warn(f"dashboard over {root}: http://{server.LOOPBACK}:{port}  (Ctrl-C ends it)")
    process = subprocess.Popen(server.command(root, port=port, headless=headless))
    signal.signal(signal.SIGTERM, _interrupt)  # the default would leave the server behind
    try:
        code = process.wait()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)  # a terminal's Ctrl-C reached it already; twice does no harm
        process.wait()
        return FINE
    if code != 0:
        raise StoreError(f"the dashboard ended with code {code}; its own message stands above")
    return FINE


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _check_port(port: int) -> None:
    """Raise SpecError early if the port is taken, which Streamlit would say only after its start."""
    import socket

    from vbench_lite.errors import SpecError

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise SpecError(f"port {port}: {error.strerror}; choose another with --port") from None
