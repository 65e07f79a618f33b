"""Answers and comparisons on the page of a GitHub Actions job: annotations by workflow commands, a summary.

GitHub shows at most 10 errors, 10 warnings and 10 notices of a step; beyond that the last line of a
kind counts the rest. https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from vbench_lite.advise.card import Card
from vbench_lite.compare import Comparison
from vbench_lite.compare.sweep_table import SweepTable
from vbench_lite.report.ci.junit import message
from vbench_lite.report.ci.markdown import STEP_SUMMARY_BYTES, card_markdown, markdown, within
from vbench_lite.report.ci.sweep import sweep_markdown
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
        if comparison.fails_by(result):
            errors.append(message(result))
        elif comparison.decides(result) or result.contended:
            warnings.append(message(result))
    notices = [f"vbench-lite: {comparison.verdict}"] if not errors and not warnings else []
    return [*_commands("error", errors), *_commands("warning", warnings), *_commands("notice", notices)]


def sweep_commands(sweep: SweepTable) -> list[str]:
    """Workflow commands for settings: errors for those that fail the gate, warnings for what is open."""
    by_failing: dict[bool, list[str]] = {True: [], False: []}
    for row in sweep.rows:
        if row.verdict not in (None, Verdict.PASS, Verdict.IMPROVED):
            text = f"setting {row.setting} is {row.verdict}: {row.kind}"
            by_failing[row.verdict in sweep.policy.fail_on].append(text)
    quiet = not any(by_failing.values())
    notices = ["vbench-lite: no setting of the sweep is worse than its base"] if quiet else []
    found = {"error": by_failing[True], "warning": by_failing[False], "notice": notices}
    return [line for kind, messages in found.items() for line in _commands(kind, messages)]


def add_step_summary(comparison: Comparison, environment: Mapping[str, str]) -> None:
    """Append the comparison to the file that GITHUB_STEP_SUMMARY names, within what is left of its limit."""
    _append(environment, lambda limit: markdown(comparison, limit=limit))


def add_card(card: Card, environment: Mapping[str, str]) -> None:
    """Append the answer card of a run to the file that GITHUB_STEP_SUMMARY names."""
    _append(environment, lambda limit: within(card_markdown(card), limit))


def add_sweep(sweep: SweepTable, environment: Mapping[str, str]) -> None:
    """Append a sweep to the file that GITHUB_STEP_SUMMARY names."""
    _append(environment, lambda limit: sweep_markdown(sweep, limit=limit))


def _append(environment: Mapping[str, str], text: Callable[[int], str]) -> None:
    """Append what is given the bytes that are left; nothing where no file is named or it is full."""
    if not environment.get("GITHUB_STEP_SUMMARY"):
        return
    path = Path(environment["GITHUB_STEP_SUMMARY"])
    used = path.stat().st_size if path.exists() else 0
    if STEP_SUMMARY_BYTES - used < _LEAST_SUMMARY_BYTES:
        return
    with path.open("a", encoding="utf-8") as file:
        file.write(text(STEP_SUMMARY_BYTES - used))


def _commands(kind: str, messages: list[str]) -> list[str]:
    if len(messages) > MOST_OF_A_KIND:
        rest = len(messages) - MOST_OF_A_KIND + 1
        messages = [*messages[: MOST_OF_A_KIND - 1], f"and {rest} more; see the report"]
    return [f"::{kind} title=vbench-lite::{_escaped(message)}" for message in messages]


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
