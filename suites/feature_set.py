"""The base of metrics over a set of clips: what they keep, in which order, and how they merge."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from vbench_lite.arrays import Matrix
from vbench_lite.errors import NotApplicable, StoreError
from vbench_lite.metric import Estimate, Features, Role, SampleInfo, SetMetric


@dataclass(frozen=True)
class FeatureRows:
    """Rows of a set in their fixed order.

    Attributes:
        values: float64 (rows, dim), one row a window.
        prompts: the prompt of each row.
        lengths: rows of each clip, in their order.
    """

    values: Matrix
    prompts: tuple[str, ...]
    lengths: tuple[int, ...]

    @property
    def clips(self) -> int:
        """How many clips the rows come from."""
        return len(self.lengths)


class FeatureSetMetric(SetMetric):
    """A set metric over one extractor's features.

    The state is the features themselves by (prompt, sample), float64. Rows are sorted before anything is
    computed, so neither the order of clips nor their split over objects can change a bit of the value.

    one_row: whether a clip of several windows is one row, their mean; else it gives a row for each.
    """

    one_row: ClassVar[bool] = False

    def __init__(self) -> None:
        self._sets: dict[Role, dict[tuple[str, str], Matrix]] = {"generated": {}, "reference": {}}

    def update(self, features: Mapping[str, Features], sample: SampleInfo, role: Role) -> None:
        """Add one clip, float32 (windows, dim). A clip without a window is left out (it is too short)."""
        rows = np.asarray(features[self.info.extractors[0]], np.float64)
        if len(rows):
            if self.one_row:
                rows = rows.mean(axis=0, keepdims=True)
            self._add(role, (sample.prompt_id, sample.sample_id), rows)

    def merge(self, other: SetMetric) -> None:
        if not isinstance(other, FeatureSetMetric) or other.info != self.info:
            raise TypeError(f"{self.info.id} cannot merge {other.info.id}")
        for role, clips in other._sets.items():
            for key, rows in clips.items():
                self._add(role, key, rows)

    def compute(self) -> Estimate:
        """Return the value, with a delete-a-prompt-group jackknife interval.

        Raises:
            NotApplicable: fewer clips in a set than the metric declares, or no reference where one is needed.
        """
        generated = self._rows("generated", self.info.min_n)
        reference = self._rows("reference", max(2, self.info.min_n)) if self.needs_reference else None
        return self.estimate(generated, reference)

    @abstractmethod
    def estimate(self, generated: FeatureRows, reference: FeatureRows | None) -> Estimate:
        """Return the value of these sets; `reference` is None for metrics that need none."""

    def _add(self, role: Role, key: tuple[str, str], rows: Matrix) -> None:
        known = self._sets[role].get(key)
        if known is not None and not np.array_equal(known, rows):
            raise StoreError(f"{self.info.id}: two different {role} clips are both sample {key[1]!r}")
        self._sets[role][key] = rows

    def _rows(self, role: Role, least: int) -> FeatureRows:
        clips = self._sets[role]
        if len(clips) < least:
            raise NotApplicable(f"n too small: {len(clips)} {role} clips, and this needs {least}")
        keys = sorted(clips)
        prompts = tuple(prompt for prompt, sample in keys for _ in clips[prompt, sample])
        lengths = tuple(len(clips[key]) for key in keys)
        return FeatureRows(np.concatenate([clips[key] for key in keys]), prompts, lengths)


def with_clips(estimate: Estimate, rows: FeatureRows, reference: FeatureRows | None) -> Estimate:
    """Return an estimate over rows with its n in clips and, where there is one, the reference's n."""
    extras = dict(estimate.extras)
    if reference is not None:
        extras["reference_n"] = float(reference.clips)
    return replace(estimate, n=rows.clips, extras=extras)
