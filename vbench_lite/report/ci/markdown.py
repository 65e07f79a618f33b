"""A comparison, and an answer card, as GitHub-flavoured Markdown: for a pull request or a step summary.

A step summary holds at most 1 MiB; what is beyond `limit` is cut at a line's end, and says so.
"""

from __future__ import annotations

import html
import re

from vbench_lite.advise.card import LIKELY, OPEN, SURE, Card
from vbench_lite.compare import Comparison, MetricResult
from vbench_lite.compare.headline import counts_text, side_text
from vbench_lite.format import significant, unit_of
from vbench_lite.printable import printable
from vbench_lite.report.terminal.comparison import CHANGE, change, environment_lines, open_question
from vbench_lite.stats.noninferiority import Verdict

_MARKS = re.compile(r"[\\`*\[\]|~$]")
_SURE = {SURE: "**sure**", LIKELY: "likely", OPEN: "open"}
STEP_SUMMARY_BYTES = 1024 * 1024
SYMBOLS = {
    Verdict.IMPROVED: "🟢",
    Verdict.PASS: "✅",
    Verdict.INCONCLUSIVE: "🟡",
    Verdict.INCOMPARABLE: "🟣",
    Verdict.REGRESSED: "🔴",
}


def markdown(comparison: Comparison, *, limit: int = STEP_SUMMARY_BYTES) -> str:
    """The verdict, primary metrics, what is open, the rest folded away; at most `limit` bytes of UTF-8."""
    first, second = comparison.baseline, comparison.candidate
    lines = [
        f"## {SYMBOLS[comparison.verdict]} {comparison.verdict}: {counts_text(comparison.metrics)}",
        "",
        *(f"- {part} **{verdict}**: {counts}" for part, verdict, counts in comparison.part_lines()),
        "",
        f"{_code(side_text(second))} against {_code(side_text(first))}, suite {escaped(comparison.suite)}, "
        f"policy {escaped(comparison.policy.name)} v{comparison.policy.version}",
        "",
    ]
    primary = [r for r in comparison.metrics if r.primary]
    lines += _table(primary)
    lines += ["", CHANGE, ""]
    lines += [f"- **{escaped(r.metric)}**: {why}" for r in primary if (why := _why(r))]
    lines += [f"- {escaped(note)}" for note in comparison.notes]
    if comparison.fidelity is not None:
        lines += [f"- {escaped(line)}" for line in comparison.fidelity.lines()]
    others = [r for r in comparison.metrics if not r.primary]
    if others:
        lines += ["", f"<details><summary>{len(others)} other metrics</summary>", "", *_table(others)]
        lines += ["", "</details>"]
    environment = environment_lines(comparison)
    if environment:
        lines += ["", "<details><summary>What differs between the two</summary>", "", "```"]
        lines += [
            *(printable(line).replace("```", "'''") for line in environment[1:]),
            "```",
            "",
            "</details>",
        ]
    return within("\n".join(lines) + "\n", limit)


def card_markdown(card: Card) -> str:
    """The answer card: a row a fact, what to take, and what to know before trusting it."""
    lines = [f"## {escaped(card.title)}", "", "| how sure | about | |", "|---|---|---|"]
    lines += [
        f"| {_SURE[fact.sure]} | {escaped(fact.about)} | {escaped(fact.words)} |"
        for fact in (*card.facts, *card.take)
    ]
    return "\n".join([*lines, "", *(f"- ⚠️ {escaped(doubt)}" for doubt in card.doubts)]) + "\n"


def _table(results: list[MetricResult]) -> list[str]:
    lines = ["| metric | baseline | candidate | change | verdict |", "|---|---:|---:|---:|---|"]
    for result in results:
        verdict = f"{SYMBOLS[result.verdict]} {result.verdict}" if result.verdict is not None else ""
        lines.append(f"| {' | '.join([*_numbers(result), verdict])} |")
    return lines


def _numbers(result: MetricResult) -> list[str]:
    if result.baseline is None or result.candidate is None:
        return [_code(result.metric), "–", "–", "–"]
    unit, factor = unit_of(result.unit, max(abs(result.baseline), abs(result.candidate)))
    title = _code(result.metric) + (
        f" {escaped(unit)}" if unit and not result.metric.endswith(f"_{unit}") else ""
    )
    values = [significant(value / factor) for value in (result.baseline, result.candidate)]
    return [title, *values, change(result, factor)]


def _why(result: MetricResult) -> str | None:
    if result.verdict is Verdict.INCONCLUSIVE:
        return open_question(result)
    return escaped(result.reason or "") if result.verdict is Verdict.INCOMPARABLE else None


def escaped(text: str) -> str:
    """Text of one line that is shown as it is: it opens no tag, link, picture, mention or table cell."""
    return _MARKS.sub(r"\\\g<0>", html.escape(printable(" ".join(text.split())), quote=False)).replace(
        "@", "&#64;"
    )


def _code(text: str) -> str:
    """Text in backticks, in a table or out of it; what would end them is left out."""
    return f"`{printable(' '.join(text.split())).replace('`', chr(39)).replace('|', chr(0x2502))}`"


def within(text: str, limit: int) -> str:
    """A text of at most so many bytes of UTF-8, cut at a line's end, which it says."""
    if len(text.encode()) <= limit:
        return text
    note = "\n\n(cut: the rest is in the JSON report)\n"
    kept = text.encode()[: limit - len(note.encode())].decode(errors="ignore")
    return kept[: kept.rfind("\n")] + note
