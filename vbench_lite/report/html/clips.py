"""Clips in a static page: the first prompts, the worst by each metric that counts, those that changed most.

A video is embedded while the page's share for videos lasts; after that a clip is shown by its strip of
frames alone, so that a report of large clips still opens.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from vbench_lite.errors import ClipError, StoreError
from vbench_lite.format import number
from vbench_lite.report.charts import gallery
from vbench_lite.report.charts.boards import BoardTable
from vbench_lite.report.charts.comparisons import clip_changes, most_changed
from vbench_lite.report.html import markup
from vbench_lite.results.catalogue import metric_facts
from vbench_lite.store.pool import Pool
from vbench_lite.store.rundir import RunDir

VIDEO_BYTES = 24_000_000  # of all videos of a page together, before encoding
SHOWN = 3
MOST_ARMS = 6  # of one prompt, the real clip included


@dataclass
class Shelf:
    """Hands out clips of a root as markup; counts what the videos weigh, and whose clips are not there."""

    root: Path
    spent: int = 0
    missing: list[str] = field(default_factory=list)

    def clip(self, sha256: str, title: str, lines: Sequence[str]) -> Markup:
        """A clip as markup; a clip that cannot be read is left out and named in `missing`."""
        try:
            gallery.clip_file(self.root, sha256)
            strip = gallery.strip(Pool(self.root).read(sha256).frames)
            video = gallery.preview(self.root, sha256)
        except (ClipError, StoreError) as error:
            self.missing.append(f"{title}: {error}")
            return Markup()
        if self.spent + len(video) > VIDEO_BYTES:
            return markup.clip(title, lines, strip, None)
        self.spent += len(video)
        return markup.clip(title, lines, strip, video)


def first_prompts(run: RunDir, suite: str, board: BoardTable, shelf: Shelf) -> list[Markup]:
    """The first prompts, one after the other: the real clip, then every generator in the board's order."""
    samples = gallery.shown_samples(run, suite)
    generators = board.arms.loc[~board.arms["control"], "generator"].tolist()
    arms = gallery.first_shown(list(dict.fromkeys(samples["generator"])), generators, MOST_ARMS)
    parts = []
    for sample, (prompt, seed) in list(gallery.prompts(samples).items())[:SHOWN]:
        mine = samples[samples["sample_id"] == sample].drop_duplicates("generator").set_index("generator")
        there = [arm for arm in arms if arm in mine.index]
        cards = [shelf.clip(str(mine.loc[arm, "clip_sha256"]), arm, (f"seed {seed}",)) for arm in there]
        parts += [markup.heading(3, prompt), markup.group("clips", cards)]
    return parts


def worst(run: RunDir, suite: str, board: BoardTable, shelf: Shelf, shown: int = SHOWN) -> list[Markup]:
    """The worst clips of generators by each metric of single clips that counts, beside the real clip."""
    samples, scores = gallery.shown_samples(run, suite), gallery.clip_scores(run, suite)
    generators = set(board.arms.loc[~board.arms["control"], "generator"])
    parts = []
    for metric in _counting(board, scores):
        found = gallery.extremes(samples, scores, metric, generators, worst=True)
        if found["value"].nunique() < 2:
            continue
        found = found[found["value"] != found["value"].iloc[-1]]  # as good as the best is not among the worst
        cards = []
        for row in found.head(shown).to_dict("records"):
            cards += _beside_real(row, samples, metric, shelf)
        parts += [
            markup.heading(3, f"Worst by {metric}"),
            markup.paragraph(metric_facts(metric, {}).summary, "soft"),
            markup.group("clips", cards),
        ]
    return parts


def _counting(board: BoardTable, scores: pd.DataFrame) -> list[str]:
    """Metrics with a direction that weigh on an axis and have values of single clips."""
    there = set(scores["metric"].unique())
    weighing = dict.fromkeys(metric for metrics in board.weights.values() for metric in metrics)
    return [m for m in weighing if m in there and metric_facts(m, {}).higher_is_better is not None]


def _beside_real(
    row: Mapping[Hashable, Any], samples: pd.DataFrame, metric: str, shelf: Shelf
) -> list[Markup]:
    same = samples[samples["sample_id"] == row["sample_id"]]
    said = (f"{metric} {number(float(row['value']), metric_facts(metric, {}).unit)}",)
    cards: list[Markup] = []
    for one in same.to_dict("records"):
        name = str(one["generator"])
        if name == row["generator"]:
            request = f"{row['prompt']}, seed {row['seed']}"
            cards.insert(0, shelf.clip(str(one["clip_sha256"]), name, (*said, request)))
        elif gallery.is_real(name):
            cards.append(shelf.clip(str(one["clip_sha256"]), name, ("the real clip of the same request",)))
    return cards


@dataclass(frozen=True)
class Side:
    """One side of a comparison: where its clips are and what they are called."""

    run: RunDir
    generator: str
    shelf: Shelf


def changed(baseline: Side, candidate: Side, suite: str, metrics: Sequence[str]) -> list[Markup]:
    """The clips that lost most, baseline and candidate side by side, by each of some metrics."""
    sides = [
        (gallery.shown_samples(side.run, suite), gallery.clip_scores(side.run, suite))
        for side in (baseline, candidate)
    ]
    changes = clip_changes(sides[0], sides[1], (baseline.generator, candidate.generator))
    parts = []
    for metric in metrics:
        facts = metric_facts(metric, {})
        rows = most_changed(changes, metric)
        rows = rows[rows["change"] * facts.sign < 0].head(SHOWN)
        if rows.empty:
            continue
        cards = []
        for row in rows.to_dict("records"):
            request = f"{row['prompt']}, seed {row['seed']}"
            for role, side in (("baseline", baseline), ("candidate", candidate)):
                value = f"{metric} {number(float(row[role]), facts.unit)}"
                title = f"{role}: {side.generator}"
                cards.append(side.shelf.clip(str(row[f"{role}_clip"]), title, (value, request)))
        parts += [
            markup.heading(3, f"Lost most by {metric}"),
            markup.paragraph(facts.summary, "soft"),
            markup.group("clips", cards),
        ]
    return parts
