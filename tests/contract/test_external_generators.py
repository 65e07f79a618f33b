"""The adapter `clips` keeps the promises of a generator, on clips that were made before."""

from __future__ import annotations

import numpy as np
import pytest
from generator_promises import *  # noqa: F403  the tests themselves
from generator_promises import CAPTIONS, Subject

from vbench_lite.datasets import shapes
from vbench_lite.datasets.video import write_lossless


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    """Clips of 16 frames at 32x32 for both captions and five seeds, with a manifest."""
    folder = tmp_path_factory.mktemp("clips")
    lines = ["file,prompt,seed"]
    for place, caption in enumerate(CAPTIONS):
        for seed in range(5):
            frames = shapes.real_clip(shapes.parse_caption(caption), seed)
            write_lossless(folder / f"{place}-{seed}.mkv", np.asarray(frames, np.uint8), 8.0)
            lines.append(f"{place}-{seed}.mkv,{caption},{seed}")
    (folder / "list.csv").write_text("\n".join(lines))
    licences = {"licence": "MIT", "weights_licence": "MIT"}
    return Subject("clips", {"clips": str(folder / "list.csv"), "match": "seed", **licences})
