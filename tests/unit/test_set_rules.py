"""Values of clips become the value of a set: our mean over prompts, or a published tool's own rule."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbench_lite.clip import ClipInfo
from vbench_lite.errors import NotApplicable
from vbench_lite.extractor import ExtractorInfo, FeatureExtractor
from vbench_lite.metric import Features, Frames, Scored, SetRule
from vbench_lite.results.catalogue import metric_facts
from vbench_lite.run.scoring.features import FeatureStream
from vbench_lite.run.scoring.outcome import Outcome, checked_value
from vbench_lite.stats.over_set import set_estimate
from vbench_lite.store.schema import ScoreStatus
from vbench_lite.suites.vbench.temporal_flickering import TemporalFlickering

PROMPTS = ["a", "a", "a", "b"]


def test_without_a_rule_every_prompt_counts_once() -> None:
    assert set_estimate([1, 1, 1, 0], PROMPTS, None).value == 0.5


def test_a_mean_of_videos_counts_every_clip_once() -> None:
    assert set_estimate([1, 1, 1, 0], PROMPTS, SetRule(), weights=[9, 9, 9, 1]).value == 0.75


def test_frame_weights_give_the_sum_over_frames_and_a_scale_its_unit() -> None:
    rule = SetRule(weighted=True, scale=0.01)
    estimate = set_estimate([40, 60, 80, 100], PROMPTS, rule, weights=[1, 2, 3, 4], bounds=(0, 100))
    assert estimate.value == pytest.approx((40 + 120 + 240 + 400) / 10 / 100, abs=1e-15)
    assert estimate.low is not None and estimate.high is not None
    assert 0 <= estimate.low < estimate.value < estimate.high <= 1
    assert estimate.replicates == pytest.approx(((100) / 100, (400 / 6) / 100))


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0.1, 50), st.sampled_from("abcd")), min_size=2, max_size=20)
)
def test_the_value_is_the_weighted_mean_whatever_the_prompts(clips: list[tuple[float, float, str]]) -> None:
    values, weights, prompts = (list(column) for column in zip(*clips, strict=True))
    estimate = set_estimate(values, prompts, SetRule(weighted=True), weights=weights, bounds=(0, 1))
    assert estimate.value == pytest.approx(float(np.average(values, weights=weights)), abs=1e-9)
    if estimate.low is not None and estimate.high is not None:
        assert estimate.low - 1e-9 <= estimate.value <= estimate.high + 1e-9


def test_the_published_rule_of_a_metric_reaches_the_report() -> None:
    assert metric_facts("vbench/temporal_flickering", {}).over_set == SetRule()
    assert metric_facts("coherence/motion_amount", {}).over_set is None


def test_a_weight_must_be_positive_and_is_kept_with_the_outcome() -> None:
    kept = checked_value(Scored(0.5, weight=15.0, note="cut"), TemporalFlickering.info)
    assert (kept.status, kept.weight, kept.note) == (ScoreStatus.OK, 15.0, "cut")
    for weight in (0.0, float("nan")):
        assert checked_value(Scored(0.5, weight=weight), TemporalFlickering.info).status is ScoreStatus.ERROR


class EveryThird(FeatureExtractor):
    """The red level of pairs of every third frame; needs a rate."""

    info = ExtractorInfo(id="every-third", dim=2, window=2, stride=1, preprocessing="every third frame")

    def load(self, device: str = "cpu") -> None:
        return

    def keep(self, clip: ClipInfo, indices: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        if clip.fps is None:
            raise NotApplicable("the clip's frame rate is unknown")
        kept: npt.NDArray[np.bool_] = indices % 3 == 0
        return kept

    def extract(self, windows: Frames) -> Features:
        return windows[:, :, 0, 0, 0].astype(np.float32)


@pytest.mark.parametrize("chunk", [1, 2, 5, 16])
def test_an_extractor_sees_the_frames_that_it_keeps(chunk: int) -> None:
    frames = np.arange(10, dtype=np.uint8)[:, None, None, None].repeat(3, 3)
    stream = FeatureStream(EveryThird(), ClipInfo("clip", 10, 1, 1, 24.0))
    rateless = FeatureStream(EveryThird(), ClipInfo("no rate", 10, 1, 1, None))
    for start in range(0, 10, chunk):
        stream.push(frames[start : start + chunk])
        rateless.push(frames[start : start + chunk])
    found = stream.finish()
    assert not isinstance(found, Outcome)
    assert found.tolist() == [[0, 3], [3, 6], [6, 9]]
    lost = rateless.finish()
    assert isinstance(lost, Outcome) and "rate is unknown" in str(lost.reason)
