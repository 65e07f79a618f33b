"""The file that foreign environments import: old Pythons read it, it needs nothing, and takes any frames."""

from __future__ import annotations

import ast
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from vbench_lite.adapters.external.foreign import WORKER_FILE
from vbench_lite.adapters.external.foreign.vbench_lite_worker import PROTOCOL, _pieces
from vbench_lite.adapters.external.worker_session import PROTOCOL as SPOKEN_HERE


def test_python_3_8_reads_it() -> None:
    ast.parse(WORKER_FILE.read_text(), feature_version=(3, 8))


def test_it_imports_the_standard_library_only() -> None:
    tree = ast.parse(WORKER_FILE.read_text())
    found = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    found |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert found - sys.stdlib_module_names == set()


def test_both_ends_speak_one_version() -> None:
    assert PROTOCOL == SPOKEN_HERE


def test_where_it_lies_is_printed() -> None:
    command = [sys.executable, "-m", "vbench_lite.adapters.external.foreign"]
    assert subprocess.check_output(command, text=True) == f"{WORKER_FILE}\n"


@given(
    arrays.arrays(np.uint8, st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 4), st.just(3))),
    st.permutations([0, 1, 2]),
    st.sampled_from([1, -1, 2]),
)
def test_any_strides_give_the_bytes_of_the_frames(frames: np.ndarray, axes: list[int], step: int) -> None:
    seen = frames.transpose([*axes, 3])[::step, :, ::-1]
    ((count, height, width, data),) = _pieces(seen, 0, 0)
    assert (count, height, width) == seen.shape[:3]
    assert bytes(data) == seen.tobytes()


def test_tensors_images_bytes_and_lists() -> None:
    import torch
    from PIL import Image

    frames = np.random.default_rng(0).integers(0, 256, (2, 4, 6, 3), np.uint8)
    for form in (
        torch.from_numpy(frames),
        list(frames),
        [Image.fromarray(frame) for frame in frames],
        [frame.tobytes() for frame in frames],
        frames.tobytes(),
        bytearray(frames.tobytes()),
        [torch.from_numpy(frames[:1]), frames[1]],
    ):
        pieces = _pieces(form, 4, 6)
        assert b"".join(bytes(data) for *_, data in pieces) == frames.tobytes()
        assert sum(count for count, *_ in pieces) == 2
        assert {(height, width) for _, height, width, _ in pieces} == {(4, 6)}


@pytest.mark.parametrize("wrong", [np.zeros((4, 6, 4), np.uint8), np.zeros((4, 6), np.uint8)])
def test_other_shapes_are_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"\(H, W, 3\) or \(T, H, W, 3\)"):
        _pieces(wrong, 4, 6)
