"""Write the weights of a training that still runs, so that they can be judged: `snapshot DIR OUT`."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import torch

from tools.reference.train import export
from vbench_lite.adapters.reference.worlds import CODEC_FILE


def main(arguments: list[str] | None = None) -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="tools.reference.snapshot", description=__doc__)
    parser.add_argument("training", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(given.training / CODEC_FILE, given.out / CODEC_FILE)
    for checkpoint in given.training.glob("*.checkpoint.pt"):
        name = checkpoint.name.split(".", maxsplit=1)[0]
        if f"{name}.safetensors" != CODEC_FILE:
            export(torch.load(checkpoint, weights_only=True)["average"], given.out / f"{name}.safetensors")


if __name__ == "__main__":
    main()
