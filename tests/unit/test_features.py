"""Windows of frames for extractors, and the cache of what they gave."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tiny_metrics import Means

from vbench_lite.clip import Frames
from vbench_lite.extractor import ExtractorInfo, FeatureExtractor, Features
from vbench_lite.run.scoring.features import FeatureCache, FeatureStream
from vbench_lite.run.scoring.outcome import Outcome


@pytest.mark.parametrize(("window", "stride"), [(4, 4), (4, 1), (4, 2), (4, 7), (1, 1), (1, 3), (3, 2)])
@pytest.mark.parametrize("chunk", [1, 2, 5, 16])
def test_windows_do_not_depend_on_chunks(window: int, stride: int, chunk: int) -> None:
    class Starts(FeatureExtractor):
        info = ExtractorInfo(id="starts", dim=1, window=window, stride=stride, preprocessing="none")

        def load(self, device: str = "cpu") -> None:
            return

        def extract(self, windows: Frames) -> Features:
            return windows[:, 0, 0, 0, :1].astype(np.float32)

    frames = np.arange(20, dtype=np.uint8)[:, None, None, None].repeat(3, axis=3)
    stream = FeatureStream(Starts())
    for start in range(0, 20, chunk):
        stream.push(frames[start : start + chunk])
    features = stream.finish()
    assert not isinstance(features, Outcome)
    assert features[:, 0].tolist() == list(range(0, 20 - window + 1, stride))


def test_the_cache_holds_what_was_stored_and_survives_damage(tmp_path: Path) -> None:
    cache, means = FeatureCache(tmp_path), Means()
    features = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert cache.get("ab12", means) is None
    cache.put("ab12", means, features)
    stored = cache.get("ab12", means)
    assert stored is not None and np.array_equal(stored, features)
    (path,) = tmp_path.rglob("*.npy")
    damages: list[Callable[[bytes], bytes]] = [
        lambda b: b[: len(b) // 2],
        lambda b: b"",
        lambda b: b"x" * 200,
    ]
    whole = path.read_bytes()
    for damage in damages:
        path.write_bytes(damage(whole))
        assert cache.get("ab12", means) is None
