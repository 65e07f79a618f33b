"""The pool gives back the very bytes it was given, under a name that depends on nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vbench_lite.clip import clip_sha256
from vbench_lite.errors import StoreError
from vbench_lite.store import atomic
from vbench_lite.store.pool import Pool


def noise(shape: Any, seed: int = 0) -> Any:
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype=np.uint8)


@settings(max_examples=15)
@given(
    shape=st.tuples(st.integers(1, 9), st.integers(1, 40), st.integers(1, 40)),
    fps=st.one_of(st.none(), st.floats(0.1, 240.0)),
)
def test_clips_come_back_bit_exact(tmp_path_factory: pytest.TempPathFactory, shape: Any, fps: Any) -> None:
    pool = Pool(tmp_path_factory.mktemp("pool"))
    frames = noise(shape)
    sha = pool.put(frames, fps)
    clip = pool.read(sha)
    np.testing.assert_array_equal(clip.frames, frames)
    assert clip.fps == fps
    assert clip.sha256 == sha == clip_sha256(frames, fps)
    assert pool.verify(sha)


@pytest.mark.parametrize("fps", [None, 0.1, 7.3, 239.76])
@pytest.mark.parametrize("count", [1, 2, 4, 9])
def test_clips_smaller_than_their_headers_are_whole(tmp_path: Path, count: int, fps: float | None) -> None:
    pool, frames = Pool(tmp_path), noise((count, 1, 1))
    np.testing.assert_array_equal(pool.read(pool.put(frames, fps)).frames, frames)


def test_equal_clips_are_kept_once_and_others_apart(tmp_path: Path) -> None:
    pool = Pool(tmp_path)
    frames = noise((4, 16, 16))
    first = pool.put(frames, 8.0)
    written = pool.path(first).stat()
    assert pool.put(frames.copy(order="F"), 8.0) == first
    assert pool.path(first).stat().st_mtime_ns == written.st_mtime_ns
    assert len({first, pool.put(frames, 9.0), pool.put(frames[:3], 8.0), pool.put(frames[::-1], 8.0)}) == 4


def test_chunks_hold_every_frame_once(tmp_path: Path) -> None:
    pool = Pool(tmp_path)
    frames = noise((10, 8, 8))
    sha = pool.put(frames, 8.0)
    chunks = list(pool.chunks(sha, 4))
    assert [len(chunk) for chunk in chunks] == [4, 4, 2]
    np.testing.assert_array_equal(np.concatenate(chunks), frames)
    assert (pool.info(sha).num_frames, pool.info(sha).height, pool.info(sha).fps) == (10, 8, 8.0)


def test_a_clip_that_is_not_there_is_named(tmp_path: Path) -> None:
    pool = Pool(tmp_path)
    assert not pool.has("0" * 64)
    with pytest.raises(StoreError, match=r"clip 0{64} is not in the pool"):
        pool.path("0" * 64)


def test_a_preview_is_made_once(tmp_path: Path) -> None:
    pool = Pool(tmp_path)
    sha = pool.put(noise((4, 16, 16)), 8.0)
    preview = pool.preview(sha)
    made = preview.stat().st_mtime_ns
    assert preview.suffix == ".mp4"
    assert pool.preview(sha).stat().st_mtime_ns == made


def test_a_write_that_fails_leaves_the_old_content_and_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    atomic.write_text(path, "old")
    with pytest.raises(RuntimeError), atomic.replaced(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_many_hashes_are_asked_for_at_once(tmp_path: Path) -> None:
    pool = Pool(tmp_path)
    there = pool.put(np.zeros((2, 4, 4, 3), dtype=np.uint8), 8.0)
    assert pool.has(there) and pool.lacking([there, "0" * 64]) == {"0" * 64} and not pool.has("0" * 64)
    with pytest.raises(StoreError, match="sha256"):
        pool.lacking(["../run"])
