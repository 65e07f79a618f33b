"""`vbench-lite dashboard` serves on the loopback interface and leaves nothing behind."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from command_line import vbench_lite

PATIENCE_S = 120.0  # for a start on a busy machine


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_ended(end: signal.Signals, tmp_path: Path) -> None:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "vbench_lite.cli.main", "dashboard", "--headless", "--port", str(port),
         "--root", str(tmp_path)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not answers(port):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.2)
            assert process.poll() is None, process.stderr.read() if process.stderr else ""
            assert time.monotonic() < deadline
        process.send_signal(end)
        assert process.wait(PATIENCE_S) == 0
        assert not answers(port)
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        done = vbench_lite("dashboard", "--port", port, "--headless", "--root", tmp_path)
    assert done.code == 2
    assert f"port {port}" in done.err
    assert "--port" in done.err
