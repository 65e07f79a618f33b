"""Stands for the models of a reader: `python lent_models.py FOLDER=NAME ...` links tiny pipelines."""

from __future__ import annotations

import sys
from pathlib import Path

import tiny_pipelines


def lend(**names: str) -> None:
    """Make each folder here a link to the tiny pipeline of its name."""
    for folder, name in names.items():
        Path(folder).symlink_to(tiny_pipelines.folder(name))


if __name__ == "__main__":
    lend(**dict(argument.split("=", 1) for argument in sys.argv[1:]))
