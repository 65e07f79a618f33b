"""Annotations for GitHub Actions: workflow commands on stdout.

GitHub shows at most 10 errors, 10 warnings and 10 notices of a step; beyond that the last line of a
kind counts the rest. https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from vbench_lite.compare import Comparison
from vbench_lite.report.junit import message
from vbench_lite.stats.noninferiority import Verdict

MOST_OF_A_KIND = 10


def workflow_commands(comparison: Comparison) -> list[str]:
    """Workflow commands for primary metrics: errors for what fails the gate, warnings for what is open."""
    errors: list[str] = []
    warnings: list[str] = []
    for result in comparison.metrics:
        if not result.primary or result.verdict in (None, Verdict.PASS, Verdict.IMPROVED):
            continue
        (errors if result.verdict in comparison.policy.fail_on else warnings).append(message(result))
    notices = [f"vbench-lite: {comparison.verdict}"] if not errors and not warnings else []
    return [*_commands("error", errors), *_commands("warning", warnings), *_commands("notice", notices)]


def _commands(kind: str, messages: list[str]) -> list[str]:
    if len(messages) > MOST_OF_A_KIND:
        rest = len(messages) - MOST_OF_A_KIND + 1
        messages = [*messages[: MOST_OF_A_KIND - 1], f"and {rest} more; see the report"]
    return [f"::{kind} title=vbench-lite::{_escaped(message)}" for message in messages]


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
