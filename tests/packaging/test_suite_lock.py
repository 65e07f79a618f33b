"""A suite's content cannot change under the same version: lock.json holds the hash of each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vbench_lite.suite import read_suite

SUITES = Path(__file__).parents[2] / "suites"
FILES = sorted(SUITES.glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_content_matches_the_lock(path: Path) -> None:
    suite = read_suite(path)
    lock = json.loads((SUITES / "lock.json").read_text())
    expected = lock.get(suite.name, {}).get(str(suite.version))
    assert expected is not None, f"add version {suite.version} of {suite.name} to suites/lock.json"
    assert suite.content_sha256() == expected, f"{suite.name} changed: raise its version and lock that"


def test_the_lock_names_no_suite_that_is_gone() -> None:
    lock = json.loads((SUITES / "lock.json").read_text())
    assert set(lock) == {read_suite(path).name for path in FILES}
