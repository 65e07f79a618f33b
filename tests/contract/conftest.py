"""Weights that cannot be had here are random ones in their layout: a contract holds for any weights.

The cache of these tests has what the user's holds and the package index gives, and random weights for the
rest. No weights stand in for those of VideoMAE, which are too large; and without a network those of the
package index may be missing. Tests that need them are skipped, and the report says which.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator, Iterator

import pytest
import random_weights

from vbench_lite.errors import WeightsError
from vbench_lite.store.cache import cache_folder
from vbench_lite.weights import catalogue, files


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The cache of the module above; for tests of metrics, which alone ask for weights."""
    folder = tmp_path_factory.mktemp("cache")
    for entry in catalogue.entries():
        if any(source.package for source in entry.sources):
            with contextlib.suppress(WeightsError):
                files.fetch(entry.key)
    held = [path for path in cache_folder("weights").glob("*@*") if path.is_dir()]
    (folder / "weights").mkdir()
    for path in held:
        (folder / "weights" / path.name).symlink_to(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VBENCH_LITE_CACHE", str(folder))
        for key in random_weights.FILES:
            if files.cached(key) is None:
                random_weights.import_file(key, folder)
        if files.cached("owlv2-base") is None:
            random_weights.owlv2(folder / "owlv2")
            files.import_file("owlv2-base", folder / "owlv2", unverified=True)
        yield


def _has_to_be_here(reason: str) -> bool:
    """Whether the weights are on the package index, from where continuous integration has to fetch them."""
    packaged = [entry.key for entry in catalogue.entries() if any(source.package for source in entry.sources)]
    return os.environ.get("CI") == "true" and any(f"weights {key} not found" in reason for key in packaged)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    try:
        return (yield)
    except WeightsError as error:
        if " not found (tried " not in str(error) or _has_to_be_here(str(error)):
            raise
        pytest.skip(str(error).partition("; get them")[0])
