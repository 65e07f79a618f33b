"""The controls on the metrics of quick-shapes: real data is the ceiling and no floor comes above it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from vbench_lite import registry
from vbench_lite.clip import ClipInfo
from vbench_lite.datasets import shapes
from vbench_lite.metric import Axis, CallMetric, ClipMetric, Frames, SampleInfo, SetMetric
from vbench_lite.suite import Suite, load_suite

FLOORS = ("frozen", "noise", "shuffled")
AXES = (Axis.QUALITY, Axis.COHERENCE, Axis.ALIGNMENT, Axis.DIVERSITY)
CLIPS = 16


def _arm(name: str, real: Frames, rng: np.random.Generator) -> Frames:
    if name == "frozen":
        return np.repeat(real[:1], len(real), axis=0)
    if name == "noise":
        return rng.integers(0, 256, real.shape, dtype=np.uint8)
    return real[rng.permutation(len(real))] if name == "shuffled" else real


class _Scores:
    """Values of every quality-like metric of a suite for each control."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        classes = [registry.load("metrics", name) for name in suite.metrics]
        self._classes = [kind for kind in classes if not issubclass(kind, CallMetric)]
        needed = {name for kind in self._classes for name in kind.info.extractors}
        self._extractors = {name: registry.load("extractors", name)() for name in needed}
        reference = suite.reference
        assert reference is not None
        scenes = shapes.sample_scenes(reference.count, reference.seed)
        self._reference = [
            (scene, self._features(shapes.real_clip(scene, 10_000 + i))) for i, scene in enumerate(scenes)
        ]

    def _features(self, frames: Frames) -> Mapping[str, np.ndarray]:
        return {
            name: e.extract(frames.reshape(-1, e.info.window, *frames.shape[1:]))
            for name, e in self._extractors.items()
        }

    def of(self, arm: str) -> dict[str, float]:
        rng = np.random.default_rng(17)
        per_clip: dict[str, list[float]] = {}
        sets: dict[str, SetMetric] = {}
        metrics = [kind() for kind in self._classes]
        for i, scene in enumerate(shapes.sample_scenes(CLIPS, 0)):
            frames = _arm(arm, shapes.real_clip(scene, i), rng)
            sample = SampleInfo(arm, f"s{i:03}", f"p{i:03}", scene.caption, i)
            features = self._features(frames)
            for metric in metrics:
                if isinstance(metric, ClipMetric):
                    metric.start(ClipInfo("clip", len(frames), 32, 32, 8.0), sample)
                    metric.push(frames, np.arange(len(frames)))
                    per_clip.setdefault(metric.info.id, []).append(float(metric.finish(features)))
                else:
                    metric.update(features, sample, "generated")
                    sets[metric.info.id] = metric
        for i, (scene, features) in enumerate(self._reference):
            sample = SampleInfo("reference", f"r{i:03}", f"r{i:03}", scene.caption, i)
            for metric in sets.values():
                if metric.needs_reference:
                    metric.update(features, sample, "reference")
        values = {name: float(np.mean(found)) for name, found in per_clip.items()}
        return values | {name: metric.compute().value for name, metric in sets.items()}


@pytest.fixture(scope="module")
def suite() -> Suite:
    return load_suite("quick-shapes")


@pytest.fixture(scope="module")
def values(suite: Suite) -> dict[str, dict[str, float]]:
    scores = _Scores(suite)
    return {arm: scores.of(arm) for arm in ("real", *FLOORS)}


def _axis(suite: Suite, values: Mapping[str, Mapping[str, float]], axis: Axis, arm: str) -> float:
    """Weighted mean of metrics between the worst floor (0) and real (1), held within, times the gate."""
    spec = suite.axes[axis]
    real, total = values["real"], 0.0
    for name, weight in spec.metrics.items():
        better = registry.load("metrics", name).info.higher_is_better
        floors = [values[floor][name] for floor in FLOORS]
        floor = min(floors) if better else max(floors)
        place = (values[arm][name] - floor) / (real[name] - floor)
        total += weight * min(1.0, max(0.0, place)) / sum(spec.metrics.values())
    for gate in spec.gates:
        total *= min(1.0, values[arm][gate.metric] / (gate.floor * real[gate.metric]))
    return total


@pytest.mark.parametrize("axis", AXES)
def test_real_clips_top_every_axis(suite: Suite, values: dict[str, dict[str, float]], axis: Axis) -> None:
    assert _axis(suite, values, axis, "real") == pytest.approx(1.0)
    for floor in FLOORS:
        assert _axis(suite, values, axis, floor) < 0.95, floor


def test_every_metric_of_an_axis_has_a_floor_below_real(
    suite: Suite, values: dict[str, dict[str, float]]
) -> None:
    for axis in AXES:
        for name in suite.axes[axis].metrics:
            sign = 1 if registry.load("metrics", name).info.higher_is_better else -1
            worst = min(sign * values[floor][name] for floor in FLOORS)
            assert sign * values["real"][name] > worst, name


def test_the_judge_reads_real_captions_and_no_noise(values: dict[str, dict[str, float]]) -> None:
    for attribute in ("shape", "colour", "direction", "speed"):
        name = f"alignment/shapes_{attribute}"
        assert values["real"][name] >= 0.98
        assert values["noise"][name] <= 0.15
    for attribute in ("direction", "speed"):
        assert values["frozen"][f"alignment/shapes_{attribute}"] == 0
        assert values["shuffled"][f"alignment/shapes_{attribute}"] <= 0.15


@pytest.mark.parametrize("floor", FLOORS)
def test_floors_lie_clearly_farther_from_real_clips(values: dict[str, dict[str, float]], floor: str) -> None:
    for name in ("distribution/kvd_shapes", "distribution/frechet_shapes"):
        assert values[floor][name] > values["real"][name]
    assert values[floor]["distribution/kvd_shapes"] > 0.3


def test_noise_is_not_diverse_and_nothing_frozen_moves(values: dict[str, dict[str, float]]) -> None:
    assert values["noise"]["diversity/feature_distance"] < 0.5 * values["real"]["diversity/feature_distance"]
    assert values["frozen"]["coherence/motion_amount"] == 0
    assert values["frozen"]["frames/degenerate"] == 1
    assert values["real"]["frames/degenerate"] == 0
