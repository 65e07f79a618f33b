"""Draw sample strips of the reference generators next to real clips, as one PNG.

`python -m tools.reference.strips --out docs/images/reference-strips.png`
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from tools.reference.judging import FIRST_SEED, GENERATORS, make_clips
from vbench_lite.datasets import shapes
from vbench_lite.generator import Frames

GAP_PIXELS, GAP_GREY = 2, 90
SCALE = 2
CAPTION_PIXELS, NAME_PIXELS = 30, 150  # room for text above and beside the strips, in the picture
TEXT_SIZE, TEXT_GREY = 0.5, 230
ROWS = ("real clip", *GENERATORS)


def strip(clip: Frames, shown: int = shapes.DEFAULT_FRAMES) -> Frames:
    """Evenly spaced frames of a clip side by side, uint8 (H, shown * (W + gap), 3)."""
    picked = clip[np.linspace(0, len(clip) - 1, shown).round().astype(int)]
    framed = np.pad(picked, ((0, 0), (0, 0), (0, GAP_PIXELS), (0, 0)), constant_values=GAP_GREY)
    return np.concatenate(list(framed), axis=1)


def draw(count: int, num_frames: int, split: str) -> Frames:
    """For each of `count` captions: a real clip, then one of each generator, named, uint8 (H, W, 3)."""
    scenes = shapes.sample_scenes(count, FIRST_SEED + 1, split)
    columns = [[shapes.real_clip(scene, FIRST_SEED + i, num_frames) for i, scene in enumerate(scenes)]]
    for kind in GENERATORS.values():
        generator = kind()
        generator.load()
        columns.append(make_clips(generator, scenes, num_frames))
    return np.concatenate(
        [
            _block(scene.caption, [strip(clip) for clip in clips])
            for scene, *clips in zip(scenes, *columns, strict=True)
        ]
    )


def _block(caption: str, strips: list[Frames]) -> Frames:
    """The strips of one caption below each other, under the caption and beside the names of their makers."""
    import cv2

    pixels = np.concatenate(strips).repeat(SCALE, axis=0).repeat(SCALE, axis=1)
    picture = np.pad(pixels, ((CAPTION_PIXELS, 0), (NAME_PIXELS, 0), (0, 0)), constant_values=GAP_GREY // 2)

    def write(text: str, x: int, y: int) -> None:
        cv2.putText(
            picture, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, TEXT_SIZE, (TEXT_GREY,) * 3, 1, cv2.LINE_AA
        )

    write(caption, NAME_PIXELS, CAPTION_PIXELS - 10)
    height = len(pixels) // len(strips)
    for place, name in enumerate(ROWS):
        write(name, 8, CAPTION_PIXELS + place * height + height // 2 + 5)
    return picture


def main(arguments: list[str] | None = None) -> None:
    """Entry point."""
    import cv2

    parser = argparse.ArgumentParser(prog="tools.reference.strips", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=4, help="captions")
    parser.add_argument("--frames", type=int, default=shapes.DEFAULT_FRAMES)
    parser.add_argument("--split", choices=["all", "seen", "held_out"], default="all")
    given = parser.parse_args(arguments)
    picture = draw(given.count, given.frames, given.split)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_bytes(
        cv2.imencode(".png", picture[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes()
    )


if __name__ == "__main__":
    main()
