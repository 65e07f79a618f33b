"""Follow README, tutorials and how-tos word for word: `make docs-test`, or `python docs/walk.py PAGE.md`.

A page is followed in an empty directory, from top to bottom:

- a block with a title is a file: ```` ```yaml title="bench.yaml" ````;
- a comment `<!-- given: COMMAND -->` makes what the page takes for granted, a model of the reader's for
  example; `$REPOSITORY` is where this checkout is;
- in a ```` ```console ```` block each line that begins with `$ ` is a command; the lines below it are what
  it prints, for the reader, and are not compared. `# exit code 1` behind a command says how it must end
  (else 0).

The first command that ends otherwise is reported with what it said, and the walk fails.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
FOLDERS = tuple(Path(__file__).parent / name for name in ("tutorials", "how-to"))
BLOCK = re.compile(
    r"^```(?P<kind>\w+)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<body>.*?)^```$"
    r"|^<!-- given: (?P<given>[^\n]+) -->$",
    re.M | re.S,
)
CODE = re.compile(r"\s+# exit code (\d+)$")


@dataclass(frozen=True)
class File:
    """A file that the reader is told to write."""

    name: str
    text: str


@dataclass(frozen=True)
class Command:
    """A command that the reader is told to run, and the exit code that the page promises."""

    line: str
    code: int


def steps(page: str) -> Iterator[File | Command]:
    """What a page tells its reader to do, in order."""
    for block in BLOCK.finditer(page):
        if block["given"]:
            yield Command(block["given"], 0)
        elif block["title"]:
            yield File(block["title"], block["body"])
        elif block["kind"] == "console":
            for line in block["body"].splitlines():
                if line.startswith("$ "):
                    code = CODE.search(line)
                    yield Command(CODE.sub("", line[2:]), int(code[1]) if code else 0)


def walk(page: Path) -> str | None:
    """Follow a page; returns what went wrong, or None."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "COLUMNS": "80", "REPOSITORY": str(README.parent)}
    with tempfile.TemporaryDirectory() as folder:
        for step in steps(page.read_text(encoding="utf-8")):
            if isinstance(step, File):
                file = Path(folder, step.name)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(step.text, encoding="utf-8")
                continue
            began = time.monotonic()
            done = subprocess.run(
                ["bash", "-c", step.line],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )  # the commands of our own pages, as a reader's shell would run them
            print(f"  {time.monotonic() - began:5.1f} s  $ {step.line}", flush=True)
            if done.returncode != step.code:
                said = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
                return f"$ {step.line}\nended with {done.returncode}, the page says {step.code}:\n{said}"
    return None


def main(names: list[str]) -> int:
    """Follow the named pages, or all of them."""
    everything = [README, *(page for folder in FOLDERS for page in sorted(folder.glob("*.md")))]
    pages = [Path(name) for name in names] or everything
    failed = 0
    for page in pages:
        print(page.name, flush=True)
        fault = walk(page)
        if fault is not None:
            failed += 1
            print(f"{page}: {fault}", file=sys.stderr)
    print(f"{len(pages) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
