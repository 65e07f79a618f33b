"""A comparison on the page of a GitHub Actions job: annotations by workflow commands, and a summary.

GitHub shows at most 10 errors, 10 warnings and 10 notices of a step; beyond that the last line of a
kind counts the rest. https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vbench_lite.compare import Comparison
from vbench_lite.report.ci.junit import message
from vbench_lite.report.ci.markdown import STEP_SUMMARY_BYTES, markdown
from vbench_lite.stats.noninferiority import Verdict

MOST_OF_A_KIND = 10
_LEAST_SUMMARY_BYTES = 1000  # less room than this holds no verdict worth reading


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


def add_step_summary(comparison: Comparison, environment: Mapping[str, str]) -> None:
    """Append the comparison to the file that GITHUB_STEP_SUMMARY names, within what is left of its limit."""
    if not environment.get("GITHUB_STEP_SUMMARY"):
        return
    path = Path(environment["GITHUB_STEP_SUMMARY"])
    used = path.stat().st_size if path.exists() else 0
    if STEP_SUMMARY_BYTES - used < _LEAST_SUMMARY_BYTES:
        return
    with path.open("a", encoding="utf-8") as file:
        file.write(markdown(comparison, limit=STEP_SUMMARY_BYTES - used))


def _commands(kind: str, messages: list[str]) -> list[str]:
    if len(messages) > MOST_OF_A_KIND:
        rest = len(messages) - MOST_OF_A_KIND + 1
        messages = [*messages[: MOST_OF_A_KIND - 1], f"and {rest} more; see the report"]
    return [f"::{kind} title=vbench-lite::{_escaped(message)}" for message in messages]


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
