"""Twelve tiny pipelines keep the promises of a generator: classes of diffusers, random weights, no hub."""

from __future__ import annotations

from typing import Any

import pytest
import tiny_pipelines
from generator_promises import *  # noqa: F403  the tests themselves
from generator_promises import Subject

STREAMED = {
    "framepack vanilla": tiny_pipelines.configuration("framepack", sampling_type="vanilla"),
    "skyreels by blocks": tiny_pipelines.configuration("skyreels", ar_step=2, causal_block_size=1),
}
SUBJECTS = {name: tiny_pipelines.configuration(name) for name in tiny_pipelines.BUILDERS} | STREAMED


@pytest.fixture(params=list(SUBJECTS), scope="module")
def subject(request: Any) -> Subject:
    return Subject("diffusers", SUBJECTS[request.param])
