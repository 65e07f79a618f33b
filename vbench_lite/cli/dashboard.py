"""`vbench-lite dashboard`: charts and clips in a browser, served on this machine only."""

from __future__ import annotations

import subprocess
from pathlib import Path

import click

from vbench_lite.cli.options import root_option
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
        warn(f"no run is under {root} yet; make one with: vbench-lite run --root {root}")
    warn(f"dashboard over {root}: http://{server.LOOPBACK}:{port}  (Ctrl-C ends it)")
    process = subprocess.Popen(server.command(root, port=port, headless=headless))
    try:
        code = process.wait()
    except KeyboardInterrupt:  # Streamlit got it as well and is closing its connections
        process.wait()
        return 0
    finally:
        if process.poll() is None:
            process.terminate()
    if code != 0:
        raise StoreError(f"the dashboard ended with code {code}; its own message stands above")
    return 0


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
