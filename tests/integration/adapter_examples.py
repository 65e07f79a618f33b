"""The example files of docs/adapters, laid out so that they can be run."""

from __future__ import annotations

import csv
import shutil
import sys
from pathlib import Path

import tiny_pipelines
import tiny_tokens

from vbench_lite.datasets import shapes
from vbench_lite.video.decode import write_lossless

DOCS = Path(__file__).parents[2] / "docs" / "adapters"


def lay_out(folder: Path, other_environment: Path) -> Path:
    """Copy the examples, make the clips that list.csv names, and put environment and models beside them."""
    shutil.copytree(DOCS / "examples", folder, ignore=shutil.ignore_patterns("__pycache__"))
    with (folder / "list.csv").open() as file:
        for seed, row in enumerate(csv.DictReader(file)):
            frames = shapes.real_clip(shapes.parse_caption(row["prompt"]), seed)
            write_lossless(folder / row["file"], frames, 8.0)
    write_lossless(folder / "stray.mkv", frames, 8.0)  # which the list does not name
    (folder / "other-env").symlink_to(other_environment)
    (folder / "my-env").symlink_to(sys.prefix)
    (folder / "my-pipeline").symlink_to(tiny_pipelines.folder("wan"))
    (folder / "my-token-model").symlink_to(tiny_tokens.folder())
    return folder
