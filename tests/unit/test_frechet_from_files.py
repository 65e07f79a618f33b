"""A Fréchet distance of 4:2:0 files is that of the frames that OpenCV reads from them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from vbench_lite.clip import Frames
from vbench_lite.datasets import shapes
from vbench_lite.run.scoring.score_folder import score_clips
from vbench_lite.video.encode import write_lossless, write_preview

METRIC = "distribution/frechet_shapes"
CLIPS = 8  # the least for which there is a value


def test_the_distance_of_files_is_that_of_the_same_frames(tmp_path: Path) -> None:
    for kind in ("files", "frames", "real"):
        (tmp_path / kind).mkdir()
    for seed, scene in enumerate(shapes.sample_scenes(2 * CLIPS, 0)):
        clip = shapes.real_clip(scene, seed)
        if seed % 2:
            write_lossless(tmp_path / "real" / f"{seed}.mkv", clip, 8.0)
            continue
        path = tmp_path / "files" / f"{seed}.mp4"
        write_preview(path, clip, 8.0)
        capture = cv2.VideoCapture(str(path))
        frames: list[Frames] = []
        while (read := capture.read())[0]:
            frames.append(np.asarray(read[1][..., ::-1], np.uint8))
        write_lossless(tmp_path / "frames" / f"{seed}.mkv", np.stack(frames), 8.0)
    values = [
        score_clips(tmp_path / kind, [METRIC], reference=tmp_path / "real").sets[METRIC].value
        for kind in ("files", "frames")
    ]
    assert values[0] == pytest.approx(values[1], rel=1e-6) and values[0] > 0
