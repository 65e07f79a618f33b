"""The tab key: verbs, options and registered names."""

from __future__ import annotations

import pytest
from click.shell_completion import BashComplete, CompletionItem

from vbench_lite.cli.completion import SHELLS
from vbench_lite.cli.main import PROGRAM, app, call


def offered(*words: str) -> list[str]:
    """What bash would be offered for the last of some words."""
    complete = BashComplete(app, {}, PROGRAM, "_VBENCH_LITE_COMPLETE")
    items: list[CompletionItem] = complete.get_completions(list(words[:-1]), words[-1])
    return [item.value for item in items]


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_gets_a_script_that_calls_back(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["completion", shell]) == 0
    assert "_VBENCH_LITE_COMPLETE" in capsys.readouterr().out


def test_an_unknown_shell_is_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["completion", "tcsh"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_verbs_options_and_names_are_offered() -> None:
    assert offered("lead") == ["leaderboard"]
    assert "--samples" in offered("run", "--s")
    assert offered("run", "-g", "reference/h") == ["reference/hybrid"]
    assert "quick" in offered("run", "--suite", "q")
    assert "vbench/temporal_flickering" in offered("show", "vbench/temporal_f")
