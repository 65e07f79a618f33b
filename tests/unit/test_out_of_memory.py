"""Every allocator's way to say that memory ran out is understood."""

from __future__ import annotations

import pytest
import torch

from vbench_lite.errors import is_out_of_memory


def test_the_processors_allocator_of_torch() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**50, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)


@pytest.mark.parametrize(
    ("error", "out"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA"), True),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), True),
        (RuntimeError("DefaultCPUAllocator: not enough memory"), True),
        (RuntimeError("shapes do not match"), False),
    ],
)
def test_others(error: Exception, out: bool) -> None:
    assert is_out_of_memory(error) is out
