"""From 4:2:0 files to the published values: the formulas on OpenCV's frames against the whole way here."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import vbench_reference as plain
from conftest import texture
from torch import Tensor

from vbench_lite.run.scoring.score_folder import score_clips
from vbench_lite.video.encode import write_preview

Frames = npt.NDArray[np.uint8]


def by_opencv(path: Path) -> tuple[Frames, float]:
    """Frames uint8 (T, H, W, 3), RGB, and rate, as the published tool reads them."""
    capture = cv2.VideoCapture(str(path))
    frames: list[Frames] = []
    while (read := capture.read())[0]:
        frames.append(np.asarray(read[1][..., ::-1], np.uint8))
    return np.stack(frames), float(capture.get(cv2.CAP_PROP_FPS))


def test_six_dimensions_of_a_file_are_the_published_formulas_on_the_frames_of_opencv(
    weights: Mapping[str, dict[str, Tensor]], tmp_path: Path
) -> None:
    path = tmp_path / "a.mp4"
    write_preview(path, texture(3, 144, 200), 8.0)  # H.264, 4:2:0, not enlarged
    frames, fps = by_opencv(path)
    assert frames.shape == (3, 144, 200, 3) and fps == 8
    steps = [float(np.abs(a.astype(float) - b).mean()) for a, b in itertools.pairwise(frames)]
    clip14, head = weights["clip-vit-l14-openai"], weights["laion-aesthetic-l14"]
    radii = plain.flow_radii(weights["raft-things"], frames, fps)
    published = {
        "vbench/temporal_flickering": (255 - float(np.mean(steps))) / 255,
        "vbench/subject_consistency": plain.subject_consistency(weights["dino-vitb16"], frames),
        "vbench/background_consistency": plain.background_consistency(weights["clip-vit-b32-openai"], frames),
        "vbench/aesthetic_quality": plain.aesthetic_quality(clip14, head, frames),
        "vbench/imaging_quality": plain.imaging_quality(weights["musiq-spaq"], frames),
        "vbench/dynamic_degree": float(plain.dynamic_degree(radii, *frames.shape[1:3])),
    }
    found = score_clips(path, list(published)).samples[path.name]
    assert found == pytest.approx(published, abs=1e-4)
