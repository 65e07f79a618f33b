"""Draw sample strips of the reference generators next to real clips, as one PNG.

python -m tools.reference.strips --out docs/images/reference-strips.png
python -m tools.reference.strips --world stage --count 3 --shown 8 --out docs/images/stage-strips.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from tools.reference.judging import FIRST_SEED, KITS, make_clips
from vbench_lite.datasets import shapes
from vbench_lite.generator import Frames

GAP_PIXELS, GAP_GREY = 2, 90
SCALE = 2
CAPTION_PIXELS, NAME_PIXELS = 30, 150  # room for text above and beside the strips, in the picture
TEXT_SIZE, TEXT_GREY = 0.5, 230


def strip(clip: Frames, shown: int) -> Frames:
    """Evenly spaced frames of a clip side by side, uint8 (H + gap, shown * (W + gap), 3)."""
    picked = clip[np.linspace(0, len(clip) - 1, shown).round().astype(int)]
    framed = np.pad(picked, ((0, 0), (0, GAP_PIXELS), (0, GAP_PIXELS), (0, 0)), constant_values=GAP_GREY)
    return np.concatenate(list(framed), axis=1)


def draw(world: str, count: int, num_frames: int, shown: int, split: str) -> Frames:
    """For each of `count` captions: a real clip, then one of each generator, named, uint8 (H, W, 3)."""
    kit = KITS[world]
    scenes = kit.sample_scenes(count, FIRST_SEED + 1, split)
    rows = {"real clip": [kit.real_clip(scene, FIRST_SEED + i, num_frames) for i, scene in enumerate(scenes)]}
    for name, kind in kit.generators.items():
        generator = kind()
        generator.load()
        rows[name] = make_clips(generator, scenes, num_frames)
    return np.concatenate(
        [
            _block(scene.caption, {name: strip(clips[place], shown) for name, clips in rows.items()})
            for place, scene in enumerate(scenes)
        ]
    )


def _block(caption: str, strips: dict[str, Frames]) -> Frames:
    """The strips of one caption below each other, under the caption and beside the names of their makers."""
    import cv2

    pixels = np.concatenate(list(strips.values())).repeat(SCALE, axis=0).repeat(SCALE, axis=1)
    picture = np.pad(pixels, ((CAPTION_PIXELS, 0), (NAME_PIXELS, 0), (0, 0)), constant_values=GAP_GREY // 2)

    def write(text: str, x: int, y: int) -> None:
        size = min(TEXT_SIZE, TEXT_SIZE * (picture.shape[1] - x) / (8.5 * len(text)))
        cv2.putText(picture, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, (TEXT_GREY,) * 3, 1, cv2.LINE_AA)

    write(caption, 8, CAPTION_PIXELS - 10)
    height = len(pixels) // len(strips)
    for place, name in enumerate(strips):
        write(name, 8, CAPTION_PIXELS + place * height + height // 2 + 5)
    return picture


def main(arguments: list[str] | None = None) -> None:
    """Entry point."""
    import cv2

    parser = argparse.ArgumentParser(prog="tools.reference.strips", description=__doc__)
    parser.add_argument("--world", choices=list(KITS), default="shapes")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=4, help="captions")
    parser.add_argument("--frames", type=int, default=shapes.DEFAULT_FRAMES)
    parser.add_argument("--shown", type=int, default=shapes.DEFAULT_FRAMES, help="of these, evenly spaced")
    parser.add_argument("--split", choices=["all", "seen", "held_out"], default="all")
    given = parser.parse_args(arguments)
    picture = draw(given.world, given.count, given.frames, given.shown, given.split)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_bytes(
        cv2.imencode(".png", picture[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes()
    )


if __name__ == "__main__":
    main()
