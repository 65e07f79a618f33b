"""What `validate` takes for what, and what it says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from vbench_lite.cli.validate import _kind, spec_problems


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("generators: [{label: a, adapter: reference/hybrid}]\nprompts: [film]\n", "run specification"),
        ("suites: [open-prompts]\nprompts: [./mine.yaml]\n", "run specification"),
        ("samples: 4\n", "run specification"),
        ("prompts: {texts: [a]}\n", "suite"),
        ("name: s\nprompts: {texts: [a]}\nmetrics: []\naxes: {}\n", "suite"),
    ],
)
def test_a_file_is_known_by_what_only_its_kind_has(tmp_path: Path, text: str, kind: str) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(text)
    assert _kind(path) == kind


def test_a_specification_with_prompts_is_a_good_one(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text("generators: [{label: a, adapter: reference/hybrid}]\nsuites: [quick]\nprompts: [film]\n")
    assert list(spec_problems(path)) == []
