"""A contract that needs weights which are not here is skipped, and the report says which."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from vbench_lite.errors import WeightsError


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    try:
        return (yield)
    except WeightsError as error:
        if " not found (tried " not in str(error):
            raise
        pytest.skip(str(error).partition("; get them")[0])
