"""Command lines, in this process or in one of their own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vbench_lite.cli.main import call


@dataclass(frozen=True)
class Answer:
    """What a command line said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Stdout as JSON: that it holds nothing else is part of the promise."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Chain:
    """A finished run, and what the command that made it said."""

    root: Path
    spec: Path
    first: Answer


def vbench_lite(*arguments: str | Path, **environment: str) -> Answer:
    """Run `vbench-lite ARGUMENTS` in this process, which saves the imports of another."""
    # like real ones: of bytes, which a verb that writes a file to stdout uses
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="", write_through=True) for _ in range(2))
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = call([str(argument) for argument in arguments])
    finally:
        os.environ.clear()
        os.environ.update(before)
    return Answer(code, *(stream.buffer.getvalue().decode() for stream in (out, err)))


def process(*arguments: str | Path, **environment: str) -> Answer:
    """Run `vbench-lite ARGUMENTS` in a process of its own, as users do."""
    done = subprocess.run(
        [sys.executable, "-m", "vbench_lite.cli.main", *map(str, arguments)],
        env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return Answer(done.returncode, done.stdout, done.stderr)
