"""Every registered generator that needs no configuration keeps the promises; controls are what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from generator_promises import *  # noqa: F403  the tests themselves
from generator_promises import Subject, ask, make

from vbench_lite import registry
from vbench_lite.errors import SpecError
from vbench_lite.generator import Family
from vbench_lite.store.pool import Pool


def _with_empty_configuration() -> list[str]:
    """Names of generators that need no configuration; others have tests of their own."""
    found = []
    for name in registry.names("generators"):
        try:
            registry.load("generators", name)({})
        except SpecError:
            continue
        found.append(name)
    return found


@pytest.fixture(params=_with_empty_configuration(), scope="module")
def subject(request: Any) -> Subject:
    return Subject(request.param)


def test_control_arms_are_what_they_say(tmp_path: Path) -> None:
    arms = {}
    for name in ("real", "frozen", "noise", "shuffled"):
        generator = registry.load("generators", f"control/{name}")({})
        assert generator.info.family is Family.CONTROL
        (record,) = make(generator, ask(generator, num_frames=8), root=tmp_path)
        arms[name] = Pool(tmp_path).read(record.clip_sha256).frames
    assert (arms["frozen"] == arms["real"][:1]).all()
    order = [
        next(index for index, real in enumerate(arms["real"]) if (real == frame).all())
        for frame in arms["shuffled"]
    ]
    assert sorted(order) == list(range(8)) != order
    assert 120 < arms["noise"].mean() < 135


def test_steered_arms_are_what_they_say(tmp_path: Path) -> None:
    arms = {}
    for name in ("oracle", "action-blind", "delayed-3", "copy-last", "swapped-keys"):
        generator = registry.load("generators", f"control/{name}")({})
        (record,) = make(generator, ask(generator, num_frames=12), root=tmp_path)
        arms[name] = Pool(tmp_path).read(record.clip_sha256).frames
    oracle = arms["oracle"]
    assert all((frames[0] == oracle[0]).all() for frames in arms.values())  # one past for all
    assert (arms["delayed-3"][3:] == oracle[:-3]).all() and (arms["delayed-3"][:3] == oracle[0]).all()
    assert (arms["copy-last"] == oracle[0]).all()
    assert (arms["swapped-keys"] != oracle).any() and (arms["action-blind"] != oracle).any()
