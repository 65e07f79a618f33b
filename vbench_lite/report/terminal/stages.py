"""Where the seconds of a call go, as bars of characters."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from rich.console import Group, RenderableType
from rich.text import Text

from vbench_lite.format import number, percent, shorten
from vbench_lite.metric import Measurement
from vbench_lite.report.charts import stages

_NAME, _BAR = 20, 36
_FILLS = {"encode": "▒", "denoise": "█", "decode": "▓", "queue": ":", "download": "=", "other": "░"}
_STYLES = {"encode": "cyan", "denoise": "blue", "decode": "yellow", "download": "magenta"}


def stages_text(calls: Sequence[Measurement]) -> RenderableType | None:
    """A bar for each generator, as long as its latency; None where no generator names a phase.

    Args:
        calls: one of each generator.
    """
    frame = stages.seconds(calls)
    if frame.empty:
        return None
    longest_s = float(frame["end"].max())
    lines: list[RenderableType] = [Text("where the seconds go", style="bold")]
    for generator, parts in frame.groupby("generator", sort=False):
        lines.append(_bar(str(generator), parts, longest_s))
    shown = [stage for stage in stages.COLORS if stage in set(frame["stage"])]
    legend = Text("  ".join(f"{_FILLS[stage]} {stage}" for stage in shown), style="dim")
    return Group(*lines, legend, Text("the warm call of each generator nearest to its latency", style="dim"))


def _bar(generator: str, parts: pd.DataFrame, longest_s: float) -> Text:
    line = Text(f"{shorten(generator, _NAME):<{_NAME}} ")
    drawn = 0
    for stage, end_s in zip(parts["stage"], parts["end"], strict=True):
        upto = round(_BAR * float(end_s) / longest_s)
        line.append(_FILLS[str(stage)] * (upto - drawn), style=_STYLES.get(str(stage), ""))
        drawn = upto
    share, stage = max(zip(parts["share"], parts["stage"], strict=True))
    whole = number(float(parts["end"].max()), "s")
    return line.append(f" {whole}, {percent(float(share))} {stage}")
