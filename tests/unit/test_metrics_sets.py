"""Set metrics against closed forms: Fréchet distance, kernel distance, pairwise feature distance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm

from vbench_lite.errors import NotApplicable, StoreError
from vbench_lite.metric import SampleInfo, SetMetric
from vbench_lite.stats.frechet import frechet_distance, perfect_distance
from vbench_lite.stats.kernel_distance import KernelDistance, cubic_kernel, kernel_distance
from vbench_lite.suites.distribution.frechet import FrechetShapes, FrechetVideoDistanceAtInfinity
from vbench_lite.suites.distribution.kernel import KvdShapes
from vbench_lite.suites.distribution.manifold import PrecisionShapes, RecallShapes
from vbench_lite.suites.diversity.feature_distance import FeatureDistance
from vbench_lite.suites.diversity.vendi import VendiShapes
from vbench_lite.suites.diversity.within_prompt import WithinPromptDistance, WithinPromptVendi
from vbench_lite.suites.feature_set import FeatureSetMetric

RNG = np.random.default_rng


def fill(metric: SetMetric, generated: np.ndarray, reference: np.ndarray | None = None) -> SetMetric:
    for role, rows in (("generated", generated), ("reference", reference)):
        for i, row in enumerate(rows if rows is not None else []):
            sample = SampleInfo("g", f"s{i:04}", f"p{i:04}", None, i)
            metric.update({"shapes-video": np.atleast_2d(row).astype(np.float32)}, sample, role)  # type: ignore[arg-type]
    return metric


# --- Fréchet ------------------------------------------------------------------------------------


def test_frechet_of_two_gaussians_is_exact_in_the_limit() -> None:
    rng = RNG(0)
    first, second = rng.standard_normal((200_000, 16)), 0.25 + 1.5 * rng.standard_normal((200_000, 16))
    assert frechet_distance(first, second) == pytest.approx(5.0, abs=0.03)


def test_frechet_of_sets_with_exact_moments() -> None:
    """Whitened samples have exactly mean 0 and covariance I, so the textbook value holds at any n."""
    rng = RNG(1)

    def white(n: int) -> np.ndarray:
        x = rng.standard_normal((n, 16))
        x -= x.mean(axis=0)
        return x @ np.linalg.inv(np.linalg.cholesky(np.cov(x.T))).T

    assert frechet_distance(white(40), 0.25 + 1.5 * white(90)) == pytest.approx(5.0, abs=1e-9)


@pytest.mark.parametrize("count", [5, 16, 17, 60])
def test_frechet_of_equal_sets_is_zero(count: int) -> None:
    features = RNG(2).standard_normal((count, 16))
    assert frechet_distance(features, features) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(("n", "m"), [(8, 9), (8, 60), (60, 8), (50, 60)])
def test_frechet_does_not_know_rotation_and_is_the_textbook_formula(n: int, m: int) -> None:
    rng = RNG(3)
    first, second = rng.standard_normal((n, 16)), 0.5 + 2 * rng.standard_normal((m, 16))
    turn = np.linalg.qr(rng.standard_normal((16, 16)))[0]
    value = frechet_distance(first, second)
    assert frechet_distance(first @ turn, second @ turn) == pytest.approx(value, abs=1e-9)
    assert frechet_distance(second, first) == pytest.approx(value, abs=1e-9)
    if min(n, m) > 16:
        s1, s2 = np.cov(first.T), np.cov(second.T)
        root = np.real(sqrtm(s1 @ s2))
        mean = ((first.mean(axis=0) - second.mean(axis=0)) ** 2).sum()
        assert value == pytest.approx(mean + np.trace(s1 + s2 - 2 * root), abs=1e-8)


@pytest.mark.parametrize(("n", "m", "dim", "off"), [(64, 256, 400, 0.15), (16, 256, 64, 0.15)])
def test_what_a_perfect_generator_shows_is_foretold(n: int, m: int, dim: int, off: float) -> None:
    """With a spectrum that falls as those of networks do, of fewer rows than dimensions too."""
    rng = RNG(4)
    scales = np.sqrt(np.arange(1.0, dim + 1) ** -1.2)
    shown, foretold = [], []
    for _ in range(6):
        real, generated = rng.standard_normal((m, dim)) * scales, rng.standard_normal((n, dim)) * scales
        shown.append(frechet_distance(generated, real))
        foretold.append(perfect_distance(real, [1] * m, [1] * n))
    assert np.mean(foretold) == pytest.approx(np.mean(shown), rel=off)


@pytest.mark.parametrize(("clips", "real"), [(80, 200), (20, 64)])
def test_what_a_perfect_generator_shows_knows_that_frames_of_a_clip_are_alike(clips: int, real: int) -> None:
    """As many rows that know nothing of one another would show a fifth of it, or less."""
    rng, scales = RNG(6), np.sqrt(np.arange(1.0, 17.0) ** -1.2)

    def frames(count: int) -> np.ndarray:
        rows = np.sqrt(0.9) * rng.standard_normal((count, 1, 16)) + np.sqrt(0.1) * rng.standard_normal(
            (count, 8, 16)
        )
        return np.asarray((rows * scales).reshape(-1, 16))

    shown = np.mean([frechet_distance(frames(clips), frames(real)) for _ in range(60)])
    told = np.mean([perfect_distance(frames(real), [8] * real, [8] * clips) for _ in range(4)])
    assert told == pytest.approx(shown, rel=0.25)
    alone = perfect_distance(frames(real), [1] * 8 * real, [1] * 8 * clips)
    assert alone < 0.3 * shown


def test_frechet_metric_reports_value_interval_and_bias() -> None:
    rng = RNG(5)
    first, second = rng.standard_normal((48, 8)), 1 + rng.standard_normal((80, 8))
    estimate = fill(FrechetShapes(), first, second).compute()
    expected = frechet_distance(
        first.astype(np.float32).astype(float), second.astype(np.float32).astype(float)
    )
    assert estimate.value == pytest.approx(expected, abs=1e-9)
    assert estimate.n == 48 and estimate.extras["reference_n"] == 80
    assert estimate.low is not None and estimate.high is not None
    assert 0 <= estimate.low < estimate.value <= estimate.high
    equal_isotropic = (1 / 48 + 1 / 80) * (8 + 8 * 9 / 4)
    assert estimate.extras["perfect"] == pytest.approx(equal_isotropic, rel=0.4)


def test_frechet_of_few_clips_has_no_interval_and_says_why() -> None:
    rng = RNG(5)
    estimate = fill(FrechetShapes(), rng.standard_normal((32, 8)), rng.standard_normal((80, 8))).compute()
    assert (estimate.low, estimate.high) == (None, None)
    assert estimate.note is not None and "below 40" in estimate.note and "perfect generator" in estimate.note
    assert set(estimate.extras) == {"perfect", "reference_n"}
    with pytest.raises(NotApplicable, match="2 reference clips"):
        fill(FrechetShapes(), rng.standard_normal((32, 8)), rng.standard_normal((2, 8))).compute()


# --- kernel -------------------------------------------------------------------------------------


def test_the_cubic_kernel() -> None:
    assert cubic_kernel(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]))[0, 0] == pytest.approx(6.5**3)


def test_kernel_distance_of_points_by_hand() -> None:
    """Points a, b against c, d in one dimension: k(a,b) + k(c,d) - mean of the four crossings x 2."""
    first, second = np.array([[0.0], [1.0]]), np.array([[2.0], [-1.0]])
    crossing = np.mean([1.0, 1.0, 27.0, 0.0])
    assert kernel_distance(first, second) == pytest.approx(1.0 + (-1.0) ** 3 - 2 * crossing)


def test_kernel_distance_is_unbiased_and_not_clipped() -> None:
    rng = RNG(6)
    values = [kernel_distance(rng.standard_normal((12, 6)), rng.standard_normal((30, 6))) for _ in range(600)]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(len(values))
    assert min(values) < 0


def test_pairs_of_one_scene_leave_the_cross_term() -> None:
    """A set and its near copies are at no distance, told by names or seen from the data."""
    rng = RNG(9)
    named, seen, blind = [], [], []
    for _ in range(100):
        real = rng.standard_normal((32, 16))
        copy = real + 0.1 * rng.standard_normal((32, 16))
        names = [str(place) for place in range(32)]
        every = np.arange(32)
        named.append(KernelDistance(copy, real, names=names, others=names)(every))
        seen.append(KernelDistance(copy, real)(every))
        blind.append(KernelDistance(copy, real, names=names, others=[f"r{name}" for name in names])(every))
    assert seen == pytest.approx(named)
    assert abs(np.mean(named)) < 0.05
    assert np.mean(blind) < -0.4  # what it would be


def test_seeds_of_a_prompt_are_no_independent_clips() -> None:
    """A perfect generator asked for four clips of each of eight prompts."""
    rng = RNG(10)
    values = []
    for _ in range(200):
        prompts = np.repeat(rng.standard_normal((8, 16)), 4, axis=0)
        clips = prompts + 0.3 * rng.standard_normal((32, 16))
        real = np.sqrt(1.09) * rng.standard_normal((64, 16))
        distance = KernelDistance(clips, real, names=[f"p{place // 4}" for place in range(32)])
        values.append(distance(np.arange(32)))
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(len(values))


def test_kernel_distance_of_a_subset_is_that_of_the_rows() -> None:
    rng = RNG(7)
    first, second = rng.standard_normal((20, 5)), rng.standard_normal((33, 5))
    kept = np.array([1, 4, 5, 19])
    assert KernelDistance(first, second)(kept) == pytest.approx(kernel_distance(first[kept], second))


def test_kernel_metric_tells_a_shift_from_none() -> None:
    rng = RNG(8)
    reference = rng.standard_normal((100, 8))
    same = fill(KvdShapes(), rng.standard_normal((40, 8)), reference).compute()
    far = fill(KvdShapes(), 1 + rng.standard_normal((40, 8)), reference).compute()
    assert same.low is not None and same.high is not None and far.low is not None
    assert same.low < 0 < same.high
    assert far.low > same.high


# --- diversity ----------------------------------------------------------------------------------


def test_feature_distance_in_closed_form() -> None:
    same = np.tile([[1.0, 2.0, 3.0]], (4, 1))
    assert fill(FeatureDistance(), same).compute().value == pytest.approx(0.0, abs=1e-7)
    assert fill(FeatureDistance(), 5 * np.eye(6)).compute().value == pytest.approx(1.0)
    four = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    assert fill(FeatureDistance(), four).compute().value == pytest.approx((2 * 2 + 4 * 1) / 6)


def test_two_modes_have_half_the_distance() -> None:
    rows = np.eye(2)[[0, 1] * 20]
    assert fill(FeatureDistance(), rows).compute().value == pytest.approx(20 * 20 / (40 * 39 / 2))


# --- state --------------------------------------------------------------------------------------


def test_a_sample_may_come_twice_but_not_differ() -> None:
    rows = RNG(9).standard_normal((6, 4))
    metric = fill(FeatureDistance(), rows)
    value = metric.compute().value
    fill(metric, rows)
    assert metric.compute().value == value
    with pytest.raises(StoreError, match="s0000"):
        fill(metric, rows + 1)


def test_metrics_of_another_kind_do_not_merge() -> None:
    with pytest.raises(TypeError):
        KvdShapes().merge(FrechetShapes())


def test_windows_of_a_clip_are_rows_and_clips_are_n() -> None:
    rng = RNG(10)
    metric = FeatureDistance()
    for i in range(5):
        sample = SampleInfo("g", f"s{i}", f"p{i}", None, None)
        metric.update({"shapes-video": rng.standard_normal((3, 4)).astype(np.float32)}, sample, "generated")
    estimate = metric.compute()
    assert estimate.n == 5 and estimate.replicates is not None and len(estimate.replicates) == 5


def test_clips_without_a_window_do_not_count() -> None:
    metric = fill(FeatureDistance(), RNG(11).standard_normal((3, 4)))
    metric.update(
        {"shapes-video": np.empty((0, 4), np.float32)}, SampleInfo("g", "x", "x", None, 0), "generated"
    )
    with pytest.raises(NotApplicable, match="3 generated clips"):
        metric.compute()


# --- clips of several windows ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    [FeatureDistance, VendiShapes, WithinPromptDistance, WithinPromptVendi, PrecisionShapes, RecallShapes],
)
def test_windows_of_a_clip_are_one_clip(kind: type[FeatureSetMetric]) -> None:
    """Clips that are twice as long, and show the same in both halves, are as many and as different clips."""
    rng = RNG(8)
    rows, real = rng.standard_normal((16, 6)), rng.standard_normal((16, 6))

    def value(windows: int, prompts: int) -> float:
        metric = kind()
        for role, of in (("generated", rows), ("reference", real)):
            for i, row in enumerate(of):
                sample = SampleInfo("g", f"s{i:02}", f"p{i % prompts:02}", None, i)
                features = np.array([row] * windows, dtype=np.float32)
                metric.update({"shapes-video": features}, sample, role)  # type: ignore[arg-type]
        return metric.compute().value

    assert value(3, prompts=4) == pytest.approx(value(1, prompts=4))
    if kind in (WithinPromptDistance, WithinPromptVendi):
        with pytest.raises(NotApplicable, match="no prompt has two clips"):
            value(2, prompts=16)


def test_clips_of_several_windows_are_extrapolated_by_clip() -> None:
    """Windows that repeat say nothing: the line goes through the values of as many clips as without them."""
    rng = RNG(9)
    rows, real = rng.standard_normal((128, 3)), rng.standard_normal((256, 3))
    values = []
    for windows in (1, 4):
        metric = FrechetVideoDistanceAtInfinity()
        for role, of in (("generated", rows), ("reference", real)):
            for i, row in enumerate(of):
                again = windows if role == "generated" else 1
                sample = SampleInfo("g", f"s{i:03}", f"p{i:03}", None, i)
                features = np.array([row] * again, dtype=np.float32)
                metric.update({"i3d": features}, sample, role)  # type: ignore[arg-type]
        values.append(metric.compute().value)
    assert values[1] == pytest.approx(values[0], abs=0.02)
