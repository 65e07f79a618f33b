"""What every registered metric and extractor must hold, whoever wrote it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache

import numpy as np
import pytest

from vbench_lite import registry
from vbench_lite.clip import ClipInfo
from vbench_lite.dataset import ClipSize, Draw, load_dataset
from vbench_lite.datasets import shapes
from vbench_lite.errors import NotApplicable
from vbench_lite.extractor import FeatureExtractor
from vbench_lite.metric import (
    Axis,
    CallMetric,
    ClipMetric,
    Estimate,
    Features,
    Frames,
    Measurement,
    PairMetric,
    Role,
    SampleInfo,
    SetMetric,
)
from vbench_lite.stats.jackknife import MIN_GROUPS

pytestmark = pytest.mark.usefixtures("weights")
METRICS = registry.names("metrics")
EXTRACTORS = registry.names("extractors")
FRAMES, SIDE, FPS = 16, 32, 8.0
FEW = 4  # frames for a published network, which takes up to a second for each


def _of(kind: type) -> list[str]:
    """Names of a kind; one that cannot be imported fails in test_imports.py, and hides no other here."""
    return [name for name, found in registry.loadable("metrics").items() if issubclass(found, kind)]


def _world(name: str) -> str:
    """The data set whose captions a metric reads."""
    return registry.load("metrics", name).info.needs_world or "shapes"


@cache
def _real(count: int = 12, world: str = "shapes") -> tuple[tuple[SampleInfo, Frames], ...]:
    data = load_dataset(world)
    height, width = data.info.size.snap(SIDE, SIDE)
    size = ClipSize(FRAMES, height, width, FPS)
    texts = [prompt.text for prompt in data.prompts(Draw(count, seed=5))]
    return tuple(
        (SampleInfo("real", f"s{i:03}", f"p{i:03}", text, i), data.real(text, 400 + i, size).frames())
        for i, text in enumerate(texts)
    )


@cache
def _clips(world: str = "shapes") -> Mapping[str, Frames]:
    rng = np.random.default_rng(0)
    real = _real(world=world)[0][1]
    return {
        "real": real,
        "other": _real(world=world)[1][1],
        "noise": rng.integers(0, 256, real.shape, dtype=np.uint8),
        "black": np.zeros_like(real),
        "white": np.full_like(real, 255),
        "frozen": np.repeat(real[:1], len(real), axis=0),
        "shuffled": real[rng.permutation(len(real))],
        "checkers": np.tile(np.array([[0, 255], [255, 0]], np.uint8), (real.shape[1] // 2,) * 2)[
            None, :, :, None
        ]
        .repeat(FRAMES, 0)
        .repeat(3, 3),
        "wide": shapes.real_clip(shapes.sample_scenes(1, 0)[0], 0, FRAMES, 40, 64),
    }


@cache
def _extractor(name: str) -> FeatureExtractor:
    extractor: FeatureExtractor = registry.load("extractors", name)()
    extractor.load()  # without weights the test is skipped: see conftest.py
    return extractor


@cache
def _feature(name: str, shape: tuple[int, ...], window: bytes) -> Features:
    """Features (1, dim) of one window of frames; remembered, since clips here share many."""
    extractor = _extractor(name)
    frames = np.frombuffer(bytearray(window), np.uint8).reshape(shape)
    return extractor.extract(extractor.prepare(frames)[None])


def _features(names: tuple[str, ...], frames: Frames) -> dict[str, Features]:
    """Features of a clip in the windows that each extractor declares."""
    found = {}
    for name in names:
        extractor = _extractor(name)
        info = extractor.info
        kept = frames[extractor.keep(_info(frames), np.arange(len(frames)))]
        starts = range(0, len(kept) - info.window + 1, info.stride)
        windows = [kept[start : start + info.window] for start in starts]
        rows = [_feature(name, window.shape, window.tobytes()) for window in windows]
        found[name] = np.concatenate([np.empty((0, info.dim), np.float32), *rows])
    return found


def _large_enough(names: tuple[str, ...], frames: Frames) -> Frames:
    """Frames, or a few of them four times as large where an extractor refuses small ones with a reason."""
    for name in names:
        try:
            _extractor(name).prepare(frames[:1])
        except NotApplicable as reason:
            assert len(str(reason)) > 10
            return frames[:FEW].repeat(4, axis=1).repeat(4, axis=2)
    return frames


def _info(frames: Frames) -> ClipInfo:
    return ClipInfo("clip", len(frames), frames.shape[1], frames.shape[2], FPS)


def _score(metric: ClipMetric, frames: Frames, sample: SampleInfo, chunk: int = FRAMES) -> float:
    """Score a clip; for a metric of longer ones, the clip over and over, as long as it needs."""
    infos = [_extractor(name).info for name in metric.info.extractors]
    if any(info.weights for info in infos):
        frames = frames[: max(FEW, *(info.window for info in infos))]
    frames = _large_enough(metric.info.extractors, frames)
    needed = max(len(frames), metric.info.min_frames)
    frames = np.concatenate([frames] * math.ceil(needed / len(frames)))[:needed]
    metric.start(_info(frames), sample)
    for start in range(0, len(frames), chunk):
        piece = frames[start : start + chunk]
        metric.push(piece, np.arange(start, start + len(piece)))
    return float(metric.finish(_features(metric.info.extractors, frames)))


def _inside(value: float, bounds: tuple[float | None, float | None]) -> bool:
    low, high = bounds
    return (low is None or value >= low - 1e-9) and (high is None or value <= high + 1e-9)


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_declares_what_it_is(name: str) -> None:
    metric = registry.load("metrics", name)
    info = metric.info
    assert info.id == name
    assert name.count("/") == 1
    assert info.version >= 1
    assert isinstance(info.axis, Axis)
    assert len(info.summary) > 20 and info.summary.endswith(".")
    assert len(info.source) > 5
    assert len(info.bounds) == 2
    assert info.min_frames >= 1 and info.min_n >= 1
    assert set(info.extractors) <= set(EXTRACTORS)
    assert metric.__doc__ and len(metric.__doc__) >= 20, f"{name} has no docstring of its own"
    assert "__init__" not in metric.__dict__ or metric.__init__.__code__.co_argcount == 1


@pytest.mark.parametrize("name", EXTRACTORS)
def test_an_extractor_declares_what_it_is(name: str) -> None:
    info = registry.load("extractors", name).info
    assert info.id == name
    assert info.version >= 1 and info.dim >= 1 and info.window >= 1 and info.stride >= 1
    assert len(info.preprocessing) > 10
    assert registry.load("extractors", name).__doc__


@pytest.mark.parametrize("name", EXTRACTORS)
def test_a_feature_depends_on_its_window_only(name: str) -> None:
    extractor = _extractor(name)
    info = extractor.info
    windows = np.stack([clip[: info.window] for key, clip in _clips().items() if key != "wide"])
    if windows.shape[1] < info.window:
        windows = np.concatenate([windows] * math.ceil(info.window / FRAMES), axis=1)[:, : info.window]
    few = 2 if info.weights else len(windows)  # up to a second for each
    windows = np.stack([extractor.prepare(_large_enough((name,), window)) for window in windows[:few]])
    together = extractor.extract(windows)
    assert together.dtype == np.float32 and together.shape == (len(windows), info.dim)
    assert np.isfinite(together).all()
    ends = np.concatenate([extractor.extract(window[None]) for window in (windows[0], windows[-1])])
    backwards = extractor.extract(windows[::-1].copy())[::-1]
    scale = max(1.0, float(np.abs(together).max()))
    np.testing.assert_allclose(ends, together[[0, -1]], rtol=0, atol=1e-5 * scale)
    np.testing.assert_allclose(backwards, together, rtol=0, atol=1e-5 * scale)


@pytest.mark.parametrize("name", EXTRACTORS)
def test_the_fingerprint_names_the_extractor_and_is_stable(name: str) -> None:
    one, two = registry.load("extractors", name)(), registry.load("extractors", name)()
    assert one.fingerprint == two.fingerprint
    assert one.fingerprint.startswith(f"{name}@{one.info.version}")


@pytest.mark.parametrize("clip", list(_clips()))
@pytest.mark.parametrize("name", _of(ClipMetric))
def test_a_clip_metric_keeps_its_bounds(name: str, clip: str) -> None:
    metric = registry.load("metrics", name)()
    sample, _ = _real(world=_world(name))[0]
    try:
        value = _score(metric, _clips(_world(name))[clip], sample)
    except NotApplicable as reason:
        assert len(str(reason)) > 10
        return
    assert math.isfinite(value)
    assert _inside(value, metric.info.bounds)


@pytest.mark.parametrize("name", _of(ClipMetric))
def test_a_clip_metric_scores_a_clip_alike_in_any_company(name: str) -> None:
    """One object serves many clips; neither they nor the size of the chunks may show in the value."""
    sample, real = _real(world=_world(name))[0]
    kind = registry.load("metrics", name)
    try:
        alone = _score(kind(), real, sample)
    except NotApplicable:
        return
    shared = kind()
    for other in ("noise", "black", "wide"):
        try:
            _score(shared, _clips(_world(name))[other], sample)
        except NotApplicable:
            continue
    for chunk in (1, 5, FRAMES):
        assert _score(shared, real, sample, chunk) == pytest.approx(alone, abs=1e-5)


@pytest.mark.parametrize("name", _of(ClipMetric))
def test_a_clip_metric_needs_no_prompt_or_says_so(name: str) -> None:
    metric = registry.load("metrics", name)()
    for prompt in (None, "a dog on a skateboard"):
        sample = SampleInfo("g", "s", "p", prompt, None)
        try:
            assert math.isfinite(_score(metric, _clips(_world(name))["real"], sample))
        except NotApplicable as reason:
            assert len(str(reason)) > 10


def _enlarged(metric: PairMetric, frames: Frames) -> Frames:
    """Frames, or their first two six times as large where a metric refuses small ones with a reason."""
    try:
        metric.start(_info(frames), _info(frames), _real()[0][0])
    except NotApplicable as reason:
        assert len(str(reason)) > 10
        return frames[:2].repeat(6, axis=1).repeat(6, axis=2)
    return frames


@pytest.mark.parametrize("name", _of(PairMetric))
def test_a_pair_metric_keeps_its_bounds_and_chunks_do_not_show(name: str) -> None:
    metric: PairMetric = registry.load("metrics", name)()
    sample, real = _real()[0]
    real, info = _enlarged(metric, real), metric.info
    for clip in ("real", "other", "noise", "black", "white"):
        values = []
        for chunk in (FRAMES, 5 if len(real) > 5 else 1):
            frames = _enlarged(metric, _clips()[clip])
            metric.start(_info(frames), _info(real), sample)
            for start in range(0, len(frames), chunk):
                stop = min(len(frames), start + chunk)
                metric.push(frames[start:stop], real[start:stop], np.arange(start, stop))
            values.append(metric.finish())
        assert math.isfinite(values[0]) and _inside(values[0], info.bounds)
        assert values[1] == pytest.approx(values[0], abs=1e-5)


@pytest.mark.parametrize("name", _of(PairMetric))
def test_a_pair_metric_is_best_on_equal_clips_and_refuses_other_sizes(name: str) -> None:
    metric: PairMetric = registry.load("metrics", name)()
    sample, real = _real()[0]
    real = _enlarged(metric, real)

    def score(frames: Frames) -> float:
        metric.start(_info(frames), _info(real), sample)
        metric.push(frames, real, np.arange(len(frames)))
        return metric.finish()

    sign = 1 if metric.info.higher_is_better else -1
    assert sign * score(real) > sign * score(_enlarged(metric, _clips()["other"]))
    with pytest.raises(NotApplicable):
        metric.start(_info(_clips()["wide"]), _info(real), sample)


def _set(name: str, count: int) -> list[tuple[SampleInfo, dict[str, Features]]]:
    """Clips of a set with their features; made up where they would come from published weights."""
    extractors = registry.load("metrics", name).info.extractors
    infos = [registry.load("extractors", extractor).info for extractor in extractors]
    found = []
    for i, (sample, frames) in enumerate(_real(count, _world(name))):
        rng = np.random.default_rng(i)
        found.append(
            (
                sample,
                {info.id: rng.normal(0.5, 1.0, (1, info.dim)).astype(np.float32) for info in infos}
                if any(info.weights for info in infos)
                else _features(extractors, frames),
            )
        )
    return found


def _count(name: str) -> int:
    """Clips that make two sets, each large enough for a metric."""
    least: int = registry.load("metrics", name).info.min_n
    return max(12, 2 * least + 2)


def _compute(name: str, parts: int, order: list[int]) -> Estimate | None:
    """The estimate by a metric fed through `parts` objects that are merged; None where there is none."""
    kind, clips = registry.load("metrics", name), _set(name, len(order))
    metrics: list[SetMetric] = [kind() for _ in range(parts)]
    for place, i in enumerate(order):
        sample, features = clips[i]
        role: Role = "generated" if i % 2 or not kind.needs_reference else "reference"
        metrics[place % parts].update(features, sample, role)
    for other in metrics[1:]:
        metrics[0].merge(other)
    try:
        return metrics[0].compute()
    except NotApplicable:
        return None


@pytest.mark.parametrize("name", _of(SetMetric))
def test_order_and_split_of_a_set_do_not_show(name: str) -> None:
    order = list(range(_count(name)))
    whole = _compute(name, 1, order)
    mixed = np.random.default_rng(1).permutation(len(order)).tolist()
    for parts, other in ((3, order), (1, order[::-1]), (2, mixed)):
        assert _compute(name, parts, other) == whole


@pytest.mark.parametrize("name", _of(SetMetric))
def test_a_set_metric_gives_an_estimate_inside_its_bounds(name: str) -> None:
    metric = registry.load("metrics", name)()
    clips = _set(name, _count(name))
    for i, (sample, features) in enumerate(clips):
        metric.update(features, sample, "generated")
        if metric.needs_reference:
            other = clips[-i][1]
            factor = 2.0 if i == 0 else 1.0  # a reference that differs in one clip
            metric.update({key: value * factor for key, value in other.items()}, sample, "reference")
    try:
        estimate = metric.compute()
    except NotApplicable as reason:  # no set of the kind that it speaks of
        assert len(str(reason)) > 10 and "n too small" not in str(reason)
        return
    assert math.isfinite(estimate.value) and _inside(estimate.value, metric.info.bounds)
    assert estimate.n == len(clips)
    assert estimate.replicates is not None and len(estimate.replicates) >= MIN_GROUPS
    withheld = estimate.note is not None and estimate.note.startswith("no interval: ")
    if "groups" in estimate.extras or not withheld:
        assert len(estimate.replicates) == estimate.extras["groups"]
    if estimate.low is None or estimate.high is None:
        assert estimate.low is estimate.high is None
        assert withheld or set(estimate.replicates) == {estimate.value}, (
            "an interval may be missing only where nothing varies, or where the note says why"
        )
    else:
        assert not withheld
        assert estimate.low <= estimate.value <= estimate.high and estimate.low < estimate.high
    assert all(math.isfinite(value) for value in estimate.extras.values())


@pytest.mark.parametrize("name", _of(SetMetric))
def test_a_set_metric_refuses_a_set_that_is_too_small(name: str) -> None:
    metric = registry.load("metrics", name)()
    with pytest.raises(NotApplicable, match="n too small"):
        metric.compute()


@pytest.mark.parametrize("name", _of(CallMetric))
def test_a_call_metric_is_finite_or_not_applicable(name: str) -> None:
    metric: CallMetric = registry.load("metrics", name)()
    full = Measurement(
        generator="g", case="base", round=0, call="warm", load_s=1.0, total_s=2.0,
        arrivals=((0.5, 8), (2.0, 8)), frames_generated=16, frames_returned=16, batch=1, height=32,
        width=32, fps=8.0, peak_bytes=2_000_000, baseline_bytes=1_000_000, nfe=20.0, tokens=100.0,
        kv_cache_bytes=10.0, flops=1e9, energy_j=3.0,
    )  # fmt: skip
    bare = Measurement(
        generator="g", case="base", round=0, call="warm", load_s=1.0, total_s=2.0, arrivals=((2.0, 16),),
        frames_generated=16, frames_returned=16, batch=1, height=32, width=32, fps=8.0,
    )  # fmt: skip
    for call in (full, bare):
        try:
            value = metric.value(call)
        except NotApplicable as reason:
            assert len(str(reason)) > 10
            continue
        assert math.isfinite(value) and _inside(value, metric.info.bounds)
