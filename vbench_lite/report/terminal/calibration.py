"""A calibration on a terminal: the gate's false alarms, and what each primary metric can find."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from vbench_lite.compare.aa_test import MEANT, Calibration, MetricCalibration, advice
from vbench_lite.format import MOST_FORECAST, margin_text, percent


def calibration_text(calibration: Calibration) -> RenderableType:
    """The calibration as one rich renderable; fits 80 columns."""
    parts: list[RenderableType] = [
        Text(f"{calibration.called}, suite {calibration.suite}, policy {calibration.policy}", style="bold"),
        Text(
            f"{calibration.draws} comparisons of each generator with itself, "
            f"drawn from {calibration.repeats} repeats of {calibration.samples} samples",
            style="dim",
        ),
        Text(),
    ]
    for generator, rate in calibration.gate.items():
        style = "red" if rate.low > MEANT else "green"
        parts.append(
            Text.assemble(
                (generator, "bold"),
                "  false alarms of the gate: ",
                (percent(rate.value, 1), style),
                (f" (95% interval {percent(rate.low, 1)} to {percent(rate.high, 1)})", "dim"),
            )
        )
        parts.append(
            _table([row for row in calibration.metrics if row.generator == generator and row.primary])
        )
        parts.append(Text())
    parts.append(
        Text(
            "finds: the smallest true loss that is called REGRESSED in 4 of 5 comparisons; margin: what is "
            "still no loss; needs: prompts or rounds to tell a loss as small as the margin from none.",
            style="dim",
        )
    )
    parts += [Text(f"– {line}") for line in advice(calibration)]
    return Group(*parts)


def _table(rows: list[MetricCalibration]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("primary metric", no_wrap=True, min_width=30)
    for heading in ("alarms", "finds", "margin", "has", "needs"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(cell) for cell in _cells(row)))
    return table


def _cells(row: MetricCalibration) -> list[str]:
    alarms = percent(row.alarms.value, 1)
    if row.reason is not None:
        return [row.metric, "–", "–", "–", "–", "–"]
    has = f"{row.n} {row.units}"
    needs = "–" if row.needed is None else "enough" if row.needed <= row.n else str(row.needed)
    if row.needed is not None and row.needed > MOST_FORECAST:
        needs = f"> {MOST_FORECAST:,}"
    return [row.metric, alarms, _size(row, row.detectable), _size(row, row.margin), has, needs]


def _size(row: MetricCalibration, size: float | None) -> str:
    return margin_text(size, ratio=row.scale == "log_ratio", unit=row.unit)
