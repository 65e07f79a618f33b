"""Distances, neighbourhoods and diversity against closed forms and their defining properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vbench_lite import registry
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import SampleInfo, SetMetric
from vbench_lite.stats.extrapolation import SIZES, at_infinity, sizes
from vbench_lite.stats.frechet import frechet_distance
from vbench_lite.stats.kernel_distance import gaussian_kernel, kernel_distance
from vbench_lite.stats.manifold import K, Neighbourhoods, distances, radii
from vbench_lite.stats.vendi import cosine_similarity, vendi_score

RNG = np.random.default_rng


def everything(count: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.arange(count)


# --- Vendi --------------------------------------------------------------------------------------


def test_vendi_counts_what_differs() -> None:
    assert vendi_score(np.array([[1, 0.9, 0], [0.9, 1, 0], [0, 0, 1.0]], np.float64)) == pytest.approx(
        2.1573, abs=5e-5
    )
    assert vendi_score(np.ones((7, 7))) == pytest.approx(1.0, abs=1e-9)
    assert vendi_score(np.eye(7)) == pytest.approx(7.0, abs=1e-9)
    groups = np.asarray(np.kron(np.eye(3), np.ones((4, 4))), np.float64)
    assert vendi_score(groups) == pytest.approx(3.0, abs=1e-9)


@given(st.integers(2, 12), st.integers(2, 6), st.integers(0, 99))
@settings(max_examples=40)
def test_vendi_lies_between_one_and_n_and_does_not_know_rotation_or_order(n: int, d: int, seed: int) -> None:
    rng = RNG(seed)
    features = rng.standard_normal((n, d))
    value = vendi_score(cosine_similarity(features))
    assert 1 - 1e-9 <= value <= n + 1e-9
    turn = np.linalg.qr(rng.standard_normal((d, d)))[0]
    assert vendi_score(cosine_similarity(rng.permutation(features @ turn))) == pytest.approx(value, abs=1e-8)


# --- precision, recall, density, coverage --------------------------------------------------------


def by_hand(real: np.ndarray, generated: np.ndarray, k: int) -> tuple[float, float, float, float]:
    """The four numbers, point by point."""

    def reach(points: np.ndarray, place: int) -> float:
        gaps = sorted(math.dist(points[place], other) for i, other in enumerate(points) if i != place)
        return gaps[k - 1]

    reaches = [reach(real, i) for i in range(len(real))]
    back = [reach(generated, i) for i in range(len(generated))]
    inside = [[math.dist(r, g) < reaches[i] for i, r in enumerate(real)] for g in generated]
    precision = sum(any(row) for row in inside) / len(generated)
    density = sum(sum(row) for row in inside) / (k * len(generated))
    coverage = sum(any(row[i] for row in inside) for i in range(len(real))) / len(real)
    recall = sum(any(math.dist(r, g) < back[j] for j, g in enumerate(generated)) for r in real) / len(real)
    return precision, recall, density, coverage


@pytest.mark.parametrize("seed", range(4))
def test_neighbourhoods_are_the_definition_point_by_point(seed: int) -> None:
    rng = RNG(seed)
    real, generated = rng.standard_normal((14, 3)), 0.5 + 1.3 * rng.standard_normal((11, 3))
    places, kept = Neighbourhoods(real, generated), everything(11)
    found = places.precision(kept), places.recall(kept), places.density(kept), places.coverage(kept)
    assert found == pytest.approx(by_hand(real, generated, K), abs=1e-12)
    some = np.array([0, 2, 3, 5, 6, 7, 9])
    places_of_some = Neighbourhoods(real, generated[some])
    assert places.recall(some) == pytest.approx(places_of_some.recall(everything(7)), abs=1e-12)
    assert places.coverage(some) == pytest.approx(places_of_some.coverage(everything(7)), abs=1e-12)


def test_equal_sets_lie_wholly_in_each_other_and_far_sets_not_at_all() -> None:
    real = RNG(0).standard_normal((40, 8))
    same, far = Neighbourhoods(real, real.copy()), Neighbourhoods(real, real + 100)
    for name in ("precision", "recall", "coverage"):
        assert getattr(same, name)(everything(40)) == 1.0
        assert getattr(far, name)(everything(40)) == 0.0
    assert same.density(everything(40)) == pytest.approx(1.0)  # k - 1 others and itself, over k
    assert far.density(everything(40)) == 0.0


def test_a_point_on_the_border_of_a_ball_is_outside() -> None:
    line = np.arange(7.0)[:, None]
    assert radii(distances(line, line), 1).tolist() == [1.0] * 7
    places = Neighbourhoods(line, np.array([[-1.0]]), k=1)
    assert places.precision(everything(1)) == 0.0
    assert Neighbourhoods(line, np.array([[-0.999]]), k=1).precision(everything(1)) == 1.0


def test_many_copies_of_one_good_clip_are_precise_but_cover_little() -> None:
    real = RNG(1).standard_normal((60, 4))
    copies = np.repeat(real[:1], 30, axis=0) + 1e-6 * RNG(2).standard_normal((30, 4))
    places = Neighbourhoods(real, copies)
    assert places.precision(everything(30)) == 1.0
    assert places.recall(everything(30)) < 0.1 and places.coverage(everything(30)) < 0.3


# --- Gaussian kernel ----------------------------------------------------------------------------


def test_gaussian_kernel_distance_of_two_points_is_known() -> None:
    assert gaussian_kernel(np.zeros((1, 2)), np.array([[6.0, 8.0]]))[0, 0] == pytest.approx(math.exp(-0.5))
    first, second = np.zeros((3, 2)), np.tile([6.0, 8.0], (4, 1))
    assert kernel_distance(first, second, gaussian_kernel) == pytest.approx(2 - 2 * math.exp(-0.5))


def test_gaussian_kernel_distance_is_unbiased() -> None:
    """Under equal distributions its mean over many draws is 0 within its own standard error."""
    rng = RNG(3)
    draws = [
        kernel_distance(rng.standard_normal((9, 5)) * 8, rng.standard_normal((12, 5)) * 8, gaussian_kernel)
        for _ in range(400)
    ]
    assert abs(np.mean(draws)) < 3 * np.std(draws) / math.sqrt(len(draws))


# --- Fréchet distance at infinity -----------------------------------------------------------------


def test_sizes_are_ten_or_more_and_evenly_spaced_in_their_inverse() -> None:
    found = sizes(400, 100)
    assert len(found) == SIZES >= 10 and found[0] == 100 and found[-1] == 400
    gaps = np.diff([1 / size for size in found])
    assert gaps.max() - gaps.min() < 1e-4


def test_a_statistic_that_goes_as_one_over_n_is_read_off_at_infinity() -> None:
    value = at_infinity(lambda kept: 3.0 + 50.0 / len(kept), everything(200), 50, 200)
    assert value == pytest.approx(3.0, abs=1e-9)


def test_the_extrapolated_frechet_distance_loses_most_of_its_bias() -> None:
    rng = RNG(4)
    reference = rng.standard_normal((20_000, 24))
    plain, extrapolated = [], []
    for _ in range(6):
        x = rng.standard_normal((200, 24))
        plain.append(frechet_distance(x, reference))

        def of(kept: np.ndarray[tuple[int], np.dtype[np.int64]], x: np.ndarray = x) -> float:
            return frechet_distance(x[kept], reference)

        extrapolated.append(at_infinity(of, everything(200), 50, 200))
    assert np.mean(plain) > 0.7
    assert abs(np.mean(extrapolated)) < 0.15 * np.mean(plain)


# --- the metrics that carry them ------------------------------------------------------------------


def filled(
    name: str, generated: np.ndarray, reference: np.ndarray, *, same_scenes: bool = False
) -> SetMetric:
    """A metric with both sets; `same_scenes`: clip i of each is of one prompt, else all are apart."""
    metric: SetMetric = registry.load("metrics", name)()
    (extractor,) = metric.info.extractors
    for role, rows in (("generated", generated), ("reference", reference)):
        scene = "r" if role == "reference" and not same_scenes else "p"
        for i, row in enumerate(rows):
            sample = SampleInfo("g", f"s{i:04}", f"{scene}{i:04}", None, i)
            metric.update({extractor: row[None].astype(np.float32)}, sample, role)  # type: ignore[arg-type]
    return metric


@pytest.mark.parametrize("name", ["fvd", "fvd_styleganv", "fvd_videomae", "fid", "frechet_efficientnet"])
def test_frechet_metrics_report_n_and_the_bias_of_a_perfect_generator(name: str) -> None:
    dim = registry.load(
        "extractors", registry.load("metrics", f"distribution/{name}").info.extractors[0]
    ).info.dim
    scales = np.sqrt(np.arange(1.0, dim + 1) ** -1.2)  # a spectrum as networks have
    estimates = []
    for seed in range(6):
        x, y = (scales * RNG([seed, role]).standard_normal((n, dim)) for role, n in ((0, 16), (1, 64)))
        estimates.append(filled(f"distribution/{name}", x, y).compute())
        exact = frechet_distance(x.astype(np.float32).astype(float), y.astype(np.float32).astype(float))
        assert estimates[-1].value == pytest.approx(exact, rel=1e-12)
    estimate = estimates[-1]
    assert estimate.n == 16 and estimate.extras["reference_n"] == 64
    shown = float(np.mean([one.value for one in estimates]))  # both sets are of one distribution
    assert np.mean([one.extras["perfect"] for one in estimates]) == pytest.approx(shown, rel=0.15)
    assert estimate.low is estimate.high is None  # 16 rows of this many numbers
    assert estimate.note is not None and f"cannot be taken off below {5 * dim}" in estimate.note
    with pytest.raises(NotApplicable, match="n too small: 15 generated clips, and this needs 16"):
        filled(f"distribution/{name}", x[:15], y).compute()


@pytest.mark.parametrize("name", ["kvd", "kid", "kernel_efficientnet", "cmmd_b32"])
def test_kernel_metrics_may_be_negative_and_grow_with_the_gap(name: str) -> None:
    dim = registry.load(
        "extractors", registry.load("metrics", f"distribution/{name}").info.extractors[0]
    ).info.dim
    rng = RNG(7)
    reference = rng.standard_normal((64, dim))
    values = [
        filled(f"distribution/{name}", shift + rng.standard_normal((32, dim)), reference).compute().value
        for shift in (0.0, 0.3, 0.6)
    ]
    assert abs(values[0]) < values[1] < values[2]
    copies = filled(f"distribution/{name}", reference[:32], reference)
    assert copies.compute().value < 0  # a clip and its copy are taken for two draws
    pairs = filled(f"distribution/{name}", reference[:32], reference, same_scenes=True).compute()
    assert pairs.low is not None and pairs.high is not None
    assert pairs.low < 0 < pairs.high and abs(pairs.value) < values[1]  # told of, they are left out


def test_cmmd_is_a_thousand_times_the_distance_of_unit_vectors() -> None:
    x, y = RNG(8).standard_normal((6, 512)), 1 + RNG(9).standard_normal((7, 512))
    unit = [
        z.astype(np.float32) / np.linalg.norm(z.astype(np.float32).astype(float), axis=1, keepdims=True)
        for z in (x, y)
    ]
    estimate = filled("distribution/cmmd_b32", x, y).compute()
    assert estimate.value == pytest.approx(
        1000 * kernel_distance(unit[0], unit[1], gaussian_kernel), rel=1e-6
    )
    assert estimate.low is not None and estimate.high is not None
    assert estimate.low <= estimate.value <= estimate.high
