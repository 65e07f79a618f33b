"""Tiny pipelines of further classes keep the promises of a generator: three always, the others if slow."""

from __future__ import annotations

from typing import Any

import pytest
import tiny_families
from generator_promises import *  # noqa: F403  the tests themselves
from generator_promises import Subject
from tiny_parts import BUILDERS

# From an image, in tiles, and from text, images and clips.
OFTEN = {"LTXImageToVideoPipeline", "AllegroPipeline", "LTXConditionPipeline"}
# Makes five frames and no more, so that it cannot be asked as the others: see `test_class_facts`.
SHORT = {"ChronoEditPipeline"}
SUBJECTS = [
    pytest.param(name, marks=[] if name in OFTEN else [pytest.mark.slow])
    for name in tiny_families.SUBJECTS
    if name in BUILDERS and name not in SHORT
]


@pytest.fixture(params=SUBJECTS, scope="module")
def subject(request: Any) -> Subject:
    return Subject("diffusers", tiny_families.configuration(request.param))
