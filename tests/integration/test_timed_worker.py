"""A timed worker never outlives the pass that started it."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil

ADAPTER = """
    import time
    from vbench_lite.generator import Family, Generator, GeneratorInfo

    class Endless(Generator):
        @property
        def info(self):
            return GeneratorInfo("endless", Family.EXTERNAL)

        def load(self):
            pass

        def generate(self, requests, context):
            time.sleep(3600)
"""
PARENT = """
    import sys
    from pathlib import Path
    from vbench_lite.run.worker_process import Settings
    from vbench_lite.run.timing.timed_process import TimedProcess
    from vbench_lite.run.timing.timed_worker import Ready
    from vbench_lite.generator import GenerationRequest
    from vbench_lite.store.schema import GeneratorEntry

    entry = GeneratorEntry("endless", "endless_adapter:Endless", {}, "cpu", 1, {"family": "external"}, "0")
    session = TimedProcess(entry, Settings(Path(), Path(sys.argv[1]), 1, 3600, 3600))
    assert isinstance(session.ready(), Ready)
    print(session.pid, flush=True)
    session.ask(("timed", [GenerationRequest("a", "p", 4, 16, 16, 8.0, 0)]))
"""


def test_a_worker_in_the_middle_of_a_call_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    (tmp_path / "endless_adapter.py").write_text(textwrap.dedent(ADAPTER))
    script = tmp_path / "parent.py"
    script.write_text(textwrap.dedent(PARENT))
    with subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        worker = psutil.Process(int(parent.stdout.readline()))
        assert worker.is_running()
        parent.send_signal(signal.SIGKILL)
        worker.wait(timeout=60)
    assert not worker.is_running()
