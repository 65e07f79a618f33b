"""Networks with random weights in the published layouts, imported once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
import random_weights
import torch
from torch import Tensor

OF_VBENCH = (
    "dino-vitb16",
    "clip-vit-b32-openai",
    "clip-vit-l14-openai",
    "laion-aesthetic-l14",
    "musiq-spaq",
    "raft-things",
)


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, Tensor]]]:
    """What the published files hold, imported with `unverified` into a cache of this session."""
    folder = tmp_path_factory.mktemp("weights")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VBENCH_LITE_CACHE", str(folder))
        yield {key: random_weights.import_file(key, folder) for key in OF_VBENCH}
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def wide() -> npt.NDArray[np.uint8]:
    """Four frames of a moving texture, 144x200: not square, no multiple of 16 or 32."""
    return texture(4, 144, 200)


def texture(count: int, height: int, width: int, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Frames uint8 (T, H, W, 3) of a texture that moves and brightens."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0, 255, (height // 8 + 8, width // 8 + 8, 3)).repeat(8, 0).repeat(8, 1)
    frames = [coarse[3 * t : 3 * t + height, 5 * t : 5 * t + width] + 6 * t for t in range(count)]
    fine = rng.normal(0, 12, (count, height, width, 3))
    return np.clip(np.stack(frames) + fine, 0, 255).astype(np.uint8)
