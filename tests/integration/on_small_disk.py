"""What a run meets on a disk that fills up; takes a FOLDER in a mount namespace of its own, and a SPEC.

Prints one JSON object: by stage, the exit code and what was said.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from command_line import vbench_lite

READING = (
    ("list", "runs"), ("leaderboard", "--json"), ("leaderboard",), ("show", "latest"),
    ("advise", "--require", "frames/sharpness>=0"),
    ("cite", "latest"), ("history", "frames/sharpness"), ("compare", "latest:toy", "latest:toy"),
    ("report", "latest", "-o", "OUT/report.html"), ("publish", "latest", "-o", "OUT/page"),
    ("export", "latest", "--format", "csv", "-o", "OUT/csv"), ("store", "ls"), ("store", "verify"),
    ("store", "prune", "--dry-run"),
)  # fmt: skip


def mount(folder: Path, *options: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)], check=True)


def remount(folder: Path, *options: str) -> None:
    subprocess.run(["mount", "-o", ",".join(["remount", *options]), str(folder)], check=True)


def read(folder: Path, verb: tuple[str, ...]) -> list[object]:
    """A verb that reads the root, and writes beside it."""
    done = vbench_lite(*(word.replace("OUT", str(folder.parent)) for word in verb), "--root", folder)
    return [" ".join(verb), done.code, done.err]


def main(folder: Path, spec: Path) -> None:
    stages: dict[str, list[object]] = {}

    def stage(name: str, *arguments: str | Path) -> None:
        done = vbench_lite(*arguments, "--root", folder)
        stages[name] = [done.code, done.err, done.out]

    mount(folder, "size=160k")
    stage("full", "run", spec)
    kept = sorted((folder / "pool" / "clips").glob("*.mkv"))
    remount(folder, "ro", "size=64m")
    stage("read-only", "run", spec)
    remount(folder, "rw", "size=64m")
    stage("room", "run", spec, "--json")
    remount(folder, "ro", "size=64m")
    stages["read"] = [read(folder, verb) for verb in READING]
    stages["kept"] = [len(kept), all(path.exists() for path in kept)]
    print(json.dumps(stages))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
