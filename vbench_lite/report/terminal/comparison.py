"""A comparison on a terminal: the verdict, what decided it, and every metric in one line."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from vbench_lite.compare import Comparison, MetricResult
from vbench_lite.compare.headline import WORDS, counts_text, settling, side_text
from vbench_lite.format import change_text, margin_text, significant, unit_of
from vbench_lite.stats.noninferiority import Verdict

STYLES = {
    Verdict.IMPROVED: "bold green",
    Verdict.PASS: "green",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.INCOMPARABLE: "magenta",
    Verdict.REGRESSED: "bold red",
}
VERDICTS = {verdict: str(verdict) for verdict in Verdict}  # of an update; else the plain words are said
CHANGE = (
    "change: + is better, ± is the wider side of the 95% interval; speed and memory in percent, "
    "of the means over rounds, beside the medians; coverage is judged by its value."
)  # how to read the table
_MOST_ENVIRONMENT = 12
_FOLLOWS = "generator.fingerprint"  # which differs because something else does
_LONGEST = 32  # characters of a metric's id on one line


def comparison_text(
    comparison: Comparison, *, update: bool | None = None, accept: str | None = None
) -> RenderableType:
    """The counts, the verdicts, the metrics and what differs in the environment; fits 80 columns.

    Args:
        update: whether the candidate is to replace the baseline, and so gets a verdict; None: where both
            are one generator. Else the two are set against each other.
        accept: the command that makes the candidate the baseline.
    """
    update = comparison.update if update is None else update
    first, second = comparison.baseline, comparison.candidate
    parts: list[RenderableType] = [
        *_headline(comparison, update),
        Text(f"baseline   {side_text(first)}", style="dim"),
        Text(f"candidate  {side_text(second)}", style="dim"),
        Text(
            f"suite {comparison.suite}, policy {comparison.policy.name} v{comparison.policy.version}", "dim"
        ),
        Text(),
    ]
    words = VERDICTS if update else WORDS
    judged = [result for result in comparison.metrics if result.verdict is not None]
    parts += _section([r for r in judged if r.primary], "primary metrics (these decide; Holm)", words)
    parts += _section([r for r in judged if not r.primary], "other metrics (Benjamini-Hochberg)", words)
    parts += _section(
        [r for r in comparison.metrics if r.verdict is None], "descriptions, neither good nor bad", words
    )
    parts += [Text(line, style="dim") for line in _footnotes(comparison)]
    parts += [Text(f"! {note}", style="yellow") for note in comparison.notes]
    if comparison.fidelity is not None:
        parts += [Text(line) for line in comparison.fidelity.lines()]
    parts += [Text(line, style="dim") for line in environment_lines(comparison)]
    if update and accept:
        parts += [Text(), Text(f"to accept the candidate as baseline: {accept}")]
    return Group(*parts)


def _headline(comparison: Comparison, update: bool) -> list[RenderableType]:
    """Counts first; then the verdicts of an update, or which two models are set against each other."""
    counted = counts_text(comparison.metrics)
    if not update:
        first, second = comparison.baseline["generator"], comparison.candidate["generator"]
        parts = [Text(f"{part:<18}{counts}") for part, _, counts in comparison.part_lines()]
        return [Text(f"{second} against {first}: {counted}", "bold"), *parts]
    lines: list[RenderableType] = [
        Text.assemble("verdict: ", (str(comparison.verdict), STYLES[comparison.verdict]), f" · {counted}")
    ]
    for part, verdict, counts in comparison.part_lines():
        said = Text(f"{part:<18}")
        said.append(f"{verdict:<14}", STYLES[Verdict(verdict)])
        lines.append(said.append(counts))
    return lines


def _section(results: list[MetricResult], title: str, words: Mapping[Verdict, str]) -> list[RenderableType]:
    if not results:
        return []
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column(title.split(" (")[0], min_width=28, overflow="fold")  # gives way before a number does
    for heading in ("baseline", "candidate", "change"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for result in results:
        table.add_row(*_cells(result, words))
    return [table, Text()]


def _cells(result: MetricResult, words: Mapping[Verdict, str]) -> list[Text]:
    told = result.verdict
    verdict = Text("", "dim") if told is None else Text(words[told], STYLES[told])
    if result.baseline is None or result.candidate is None:
        return [_name(result), Text("–"), Text("–"), Text("–"), verdict]
    unit, factor = unit_of(result.unit, max(abs(result.baseline), abs(result.candidate)))
    title = _name(result)
    if unit and not result.metric.endswith(f"_{unit}"):
        title.append(f" {unit}", style="dim")
    return [
        title,
        Text(significant(result.baseline / factor)),
        Text(significant(result.candidate / factor)),
        Text(change(result, factor)),
        verdict,
    ]


def _name(result: MetricResult) -> Text:
    """The id of a metric, on two lines where it would push the numbers off 80 columns."""
    return Text(result.metric if len(result.metric) <= _LONGEST else result.metric.replace("/", "/\n  ", 1))


def change(result: MetricResult, factor: float = 1.0) -> str:
    """`+0.021 ±0.034`, or `-12.0% ±4.0%` where ratios are compared; + is better."""
    return change_text(
        None if result.ci is None else result.delta,
        result.ci,
        ratio=result.scale == "log_ratio",
        higher_is_better=result.higher_is_better,
        factor=factor,
    )


def _footnotes(comparison: Comparison) -> list[str]:
    lines = [CHANGE]
    refused: dict[str, list[str]] = {}
    for result in comparison.metrics:
        if result.verdict is Verdict.INCOMPARABLE:
            refused.setdefault(result.reason or "", []).append(result.metric)
        elif result.verdict is Verdict.INCONCLUSIVE and result.primary:
            lines.append(f"– {result.metric}: {open_question(result)}")
    for reason, metrics in refused.items():
        who = ", ".join(metrics) if len(metrics) < 4 else f"{metrics[0]} and {len(metrics) - 1} more"
        lines.append(f"– {who}: {reason}")
    return lines


def open_question(result: MetricResult) -> str:
    """What an inconclusive result leaves open, and what would settle it."""
    if result.margin is None:
        return result.reason or "cannot tell"
    size = margin_text(result.margin, ratio=result.scale == "log_ratio")
    more = f"; {settling(result)}"
    if result.ci is not None and result.ci[0] > -result.margin:  # which is not adjusted, as the verdict is
        return f"excludes a loss of {size} alone, but not as one of many metrics that are judged{more}"
    if result.ci is not None and result.ci[1] < 0:
        return f"a loss if judged alone, but not surely as one of many metrics{more}"
    return f"cannot exclude a loss of {size}{more}"


def environment_lines(comparison: Comparison) -> list[str]:
    """What differs between the two in software, hardware and the generators themselves."""
    told = [item for item in comparison.environment if item["field"] != _FOLLOWS] or comparison.environment
    shown = told[:_MOST_ENVIRONMENT]
    lines = ["differs between the two:"] if shown else []
    for item in shown:
        most = 12 if item["field"].endswith("_sha256") else None
        before, after = (str(item[side])[:most] for side in ("baseline", "candidate"))
        lines.append(f"  {item['field']}: {before} -> {after}")
    if len(told) > len(shown):
        lines.append(f"  and {len(told) - len(shown)} more fields (--json lists all)")
    return lines
