"""The wall of clips: prompts down, generators across, real clips first, all looping on one clock.

Like the player it gets plain data: text is put in as text, clips and strips are data URIs. A page of the
wall holds so many prompts; a video above the limit is shown by its strip of frames.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from vbench_lite.dashboard.component import component
from vbench_lite.errors import ClipError, StoreError
from vbench_lite.format import number, shorten
from vbench_lite.report.charts import gallery
from vbench_lite.report.html.markup import clock_script, uri
from vbench_lite.results.catalogue import metric_facts
from vbench_lite.store.pool import Pool

MOST_BYTES = 400_000  # of one video of the wall
MOST_SCORES = 6  # that a card shows on hover
DIFFERENT, FAILED, AS_ASKED = "most different", "failed first", "as asked"


@dataclass(frozen=True)
class Sample:
    """One cell of the wall: a clip with its scores, or why there is none."""

    generator: str
    sha256: str | None
    reason: str
    scores: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """One prompt of the wall."""

    sample_id: str
    prompt: str
    seed: int
    cells: tuple[Sample, ...]


def lines(samples: pd.DataFrame, scores: pd.DataFrame, arms: Sequence[str]) -> list[Line]:
    """The wall of a run in the order of its requests.

    Args:
        samples: every sample with generator, sample_id, prompt, seed, status, reason, clip_sha256.
        scores: of single clips (`gallery.clip_scores`).
        arms: generators across, in order.
    """
    told: dict[tuple[str, str], list[str]] = {}
    for score in scores.to_dict("records"):
        metric = str(score["metric"])
        facts = metric_facts(metric, {})
        if facts.sign:
            text = f"{metric.rsplit('/', 1)[-1]} {number(float(score['value']), facts.unit)}"
            told.setdefault((str(score["generator"]), str(score["sample_id"])), []).append(text)
    by_cell = {(str(r["generator"]), str(r["sample_id"])): r for r in samples.to_dict("records")}
    found = []
    for sample_id, (prompt, seed) in gallery.prompts(samples).items():
        cells = []
        for arm in arms:
            row = by_cell.get((arm, sample_id))
            if row is None:
                cells.append(Sample(arm, None, "not asked for"))
                continue
            sha = row["clip_sha256"] if isinstance(row["clip_sha256"], str) else None
            ok = row["status"] == "ok" and sha is not None
            reason = "" if ok else gallery.why_none(row)
            shown = tuple(told.get((arm, sample_id), ())[:MOST_SCORES])
            cells.append(Sample(arm, sha if ok else None, reason, shown))
        found.append(Line(sample_id, prompt, seed, tuple(cells)))
    return found


def ordered(wall: Sequence[Line], order: str, scores: pd.DataFrame, generators: Sequence[str]) -> list[Line]:
    """The lines in an order: as asked, failed first, most different, or the worst of a metric first.

    Args:
        order: AS_ASKED, FAILED, DIFFERENT (the widest range over generators, in standard deviations of
            each metric), or a metric's id.
        generators: whose scores count; controls are left out.
    """
    if order == FAILED:
        return sorted(wall, key=lambda line: -sum(cell.sha256 is None for cell in line.cells))
    mine = scores[scores["generator"].isin(generators)]
    if order == DIFFERENT:
        spread = mine.groupby("metric")["value"].std().replace(0.0, float("nan"))
        ranges = mine.groupby(["metric", "sample_id"])["value"].agg(lambda v: v.max() - v.min()).reset_index()
        ranges["size"] = ranges["value"] / ranges["metric"].map(spread)
        sizes = ranges.groupby("sample_id")["size"].max().fillna(0.0).to_dict()
        return sorted(wall, key=lambda line: -float(sizes.get(line.sample_id, 0.0)))
    if order == AS_ASKED:
        return list(wall)
    sign = metric_facts(order, {}).sign or 1
    worst = mine[mine["metric"] == order].groupby("sample_id")["value"]
    values = (worst.min() if sign > 0 else worst.max()).to_dict()
    return sorted(wall, key=lambda line: sign * float(values.get(line.sample_id, float("inf") * sign)))


def payload(root: Path, wall: Sequence[Line], link: str, titles: Mapping[str, str]) -> dict[str, Any]:
    """What the component is given.

    Args:
        link: address of the player's page, to which `&sample=` is added.
        titles: what each generator is called.
    """
    arms = [cell.generator for cell in wall[0].cells] if wall else []
    prompts = [line.prompt for line in wall]
    rows = [
        {
            "prompt": shorten(" ".join(line.prompt.split()), 160),
            "seed": f"seed {line.seed}" if prompts.count(line.prompt) > 1 else "",
            "sample": gallery.label(line.prompt, line.seed),
            "cells": [_cell(root, line, cell) for cell in line.cells],
        }
        for line in wall
    ]
    digest = hashlib.sha256(repr((link, rows)).encode()).hexdigest()
    return {"arms": [titles.get(arm, arm) for arm in arms], "rows": rows, "link": link, "signature": digest}


def _cell(root: Path, line: Line, cell: Sample) -> dict[str, Any]:
    alt = f"{cell.generator}: {line.prompt}, seed {line.seed}"
    made: dict[str, Any] = {"alt": alt, "scores": list(cell.scores), "reason": cell.reason}
    if cell.sha256 is None:
        return made
    try:
        video = gallery.preview(root, cell.sha256)
        if len(video) <= MOST_BYTES:
            return made | {"video": uri("video/mp4", video)}
        return made | {"strip": uri("image/png", gallery.strip(Pool(root).read(cell.sha256).frames))}
    except (ClipError, StoreError) as error:
        return made | {"reason": str(error)}


def show(data: Mapping[str, Any], key: str = "wall") -> None:
    """Draw the wall on the page that is being built."""
    component("wall", "wall of clips", clock_script())(data=data, key=key)
