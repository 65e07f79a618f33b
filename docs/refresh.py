"""Put what commands print into the documents that quote them: `make readme`.

A quotation stands between `<!-- $ COMMAND -->` and `<!-- end -->`; the command is run and its output takes
the place of what was there. So a figure in a document is always one that the command named beside it gave.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
DOCUMENTS = (REPOSITORY / "README.md", REPOSITORY / "docs" / "diffusion-or-autoregression.md")
QUOTATION = re.compile(r"(<!-- \$ (?P<command>[^\n]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def output_of(command: str) -> str:
    """What a `vbench-lite ...` command prints at 80 columns, as a code block."""
    program, *arguments = shlex.split(command)
    done = subprocess.run(
        [Path(sys.executable).with_name(program), *arguments],
        cwd=REPOSITORY, env={**os.environ, "COLUMNS": "80"}, check=True, capture_output=True, text=True,
    )  # fmt: skip
    lines = "\n".join(line.rstrip() for line in done.stdout.strip().splitlines())
    return f"```\n{lines}\n```\n"


def refresh(text: str) -> str:
    """A document with every quotation renewed."""
    return QUOTATION.sub(lambda m: m[1] + output_of(m["command"]) + m[3], text)


if __name__ == "__main__":
    for document in DOCUMENTS:
        document.write_text(refresh(document.read_text(encoding="utf-8")), encoding="utf-8")
