"""Networks in published layouts, on seeded random weights, against independent ways to the same numbers."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from vbench_lite.clip import ClipInfo
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Frames, SampleInfo
from vbench_lite.suites.alignment.human_action import HumanAction, labels, named_action
from vbench_lite.suites.coherence.warping_error import WarpingError, visible
from vbench_lite.suites.extractors.geometry import resize, short_side
from vbench_lite.suites.extractors.i3d_network import I3D, max_pool, same_padding
from vbench_lite.suites.extractors.inception_network import InceptionFid, inception_v3_fid
from vbench_lite.suites.extractors.videomae_network import Shape, VideoMae, sines, videomae
from vbench_lite.weights import convert

SAMPLE = SampleInfo("g", "s", "p", None, 0)


# --- I3D ----------------------------------------------------------------------------------------


@given(st.integers(1, 40), st.integers(1, 7), st.integers(1, 3))
@settings(max_examples=60)
def test_same_padding_gives_as_many_outputs_as_tensorflow_does(size: int, width: int, step: int) -> None:
    before, after = same_padding([size], (width,), (step,))
    padded = size + before[0] + after[0]
    if padded >= width:
        assert (padded - width) // step + 1 == math.ceil(size / step) or padded == size
    assert after[0] - before[0] in (0, 1)


@pytest.mark.parametrize(
    ("kernel", "stride"),
    [((1, 3, 3), (1, 2, 2)), ((3, 3, 3), (1, 1, 1)), ((3, 3, 3), (2, 2, 2)), ((2, 2, 2), (2, 2, 2))],
)
@pytest.mark.parametrize("size", [(4, 7, 8), (5, 9, 6)])
def test_pools_of_slices_are_the_librarys(
    kernel: tuple[int, int, int], stride: tuple[int, int, int], size: tuple[int, int, int]
) -> None:
    x = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(0))
    before, after = same_padding(x.shape[2:], kernel, stride)
    edges = [edge for pair in zip(before[::-1], after[::-1], strict=True) for edge in pair]
    expected = functional.max_pool3d(functional.pad(x, edges), kernel, stride)
    assert torch.equal(max_pool(x, kernel, stride), expected)


def flax_i3d(network: I3D) -> dict[str, object]:
    """Random weights in the nested layout of the published file."""
    rng = np.random.default_rng(0)
    nested: dict[str, dict[str, object]] = {"params": {}, "batch_stats": {}}
    branches = {ours: theirs for theirs, ours in convert._BRANCHES.items()}
    for name, value in network.state_dict().items():
        parts = name.split(".")
        if parts[-1] in ("num_batches_tracked",) or name.endswith("bn.weight"):
            continue
        array = rng.standard_normal(tuple(value.shape)).astype(np.float32) * 0.05
        group, layer, leaf = "params", "Conv_0", "kernel"
        if parts[-1] == "running_mean":
            group, layer, leaf, array = "batch_stats", "BatchNorm_0", "mean", array.reshape(1, 1, 1, 1, -1)
        elif parts[-1] == "running_var":
            group, layer, leaf, array = "batch_stats", "BatchNorm_0", "var", np.abs(array) + 0.5
        elif parts[-2] == "bn":
            layer, leaf, array = "BatchNorm_0", "bias", array.reshape(1, 1, 1, 1, -1)
        elif parts[-1] == "bias":
            leaf = "bias"
        else:
            array = array.transpose(2, 3, 4, 1, 0)
        unit = (
            ["Logits/Conv3d_0c_1x1"]
            if parts[0] == "logits"
            else [parts[0], *(branches[p] for p in parts[1:-2])]
        )
        place: dict[str, object] = nested[group]
        for part in (*unit, layer):
            place = place.setdefault(part, {})  # type: ignore[assignment]
        place[leaf] = array
    return dict(nested)


def test_the_published_layout_of_i3d_fills_every_parameter() -> None:
    network = I3D()
    held = flax_i3d(network)
    tensors = convert.convert("i3d-k400", held)
    assert len(tensors) == 230
    missing, unexpected = network.load_state_dict(tensors, strict=False)
    assert unexpected == [] and all(name.endswith(("bn.weight", "num_batches_tracked")) for name in missing)
    again = convert.convert("i3d-k400", {f"module.{name}": value for name, value in tensors.items()})
    assert all(torch.equal(again[name], value) for name, value in tensors.items())
    kernel = held["params"]["Conv3d_1a_7x7"]["Conv_0"]["kernel"]  # type: ignore[index]
    assert float(tensors["Conv3d_1a_7x7.conv3d.weight"][5, 2, 1, 3, 6]) == float(kernel[1, 3, 6, 2, 5])


# --- Inception ------------------------------------------------------------------------------------


def test_inception_is_torchvisions_with_its_pools_exchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    """FID's network leaves the border out of average pools and takes a maximum in its last block."""
    from torchvision.models import inception

    torch.manual_seed(0)
    published = inception.inception_v3(
        num_classes=1008, aux_logits=False, init_weights=False, weights=None
    ).eval()
    published.fc = torch.nn.Identity()
    images = torch.rand(1, 3, 299, 299) * 2 - 1
    average, in_last = functional.avg_pool2d, False

    def pool(x: torch.Tensor, *arguments: int, **named: int) -> torch.Tensor:
        if in_last:
            return functional.max_pool2d(x, 3, 1, 1)
        return average(x, 3, 1, 1, count_include_pad=False)

    def enter(*_: object) -> None:
        nonlocal in_last
        in_last = True

    published.Mixed_7c.register_forward_pre_hook(enter)
    monkeypatch.setattr(inception.F, "avg_pool2d", pool)
    with torch.inference_mode():
        expected = published(images)
    monkeypatch.undo()
    with torch.inference_mode():
        found = inception_v3_fid(published.state_dict())(images)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_weights_that_do_not_fit_name_what_is_missing() -> None:
    with pytest.raises(ValueError, match="missing"):
        inception_v3_fid({"fc.weight": torch.zeros(1)})
    shape = Shape(width=16, depth=1, heads=2, hidden=32, patch=8, side=16)
    tensors = VideoMae(shape).state_dict()
    with pytest.raises(ValueError, match="do not fit"):
        videomae(tensors, replace(shape, hidden=64))
    assert len(InceptionFid().state_dict()) > 500


# --- VideoMAE -------------------------------------------------------------------------------------


def test_videomae_is_that_of_transformers() -> None:
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    shape = Shape(width=32, depth=2, heads=4, hidden=64, patch=8, frames=4, side=24)
    config = transformers.VideoMAEConfig(
        image_size=24, patch_size=8, num_frames=4, tubelet_size=2, hidden_size=32, num_hidden_layers=2,
        num_attention_heads=4, intermediate_size=64, num_labels=3, use_mean_pooling=True, layer_norm_eps=1e-6,
    )  # fmt: skip
    other = transformers.VideoMAEForVideoClassification(config).eval()
    ours: dict[str, torch.Tensor] = {}
    theirs = {name.replace("videomae.", ""): value for name, value in other.state_dict().items()}
    for name in ("weight", "bias"):
        ours[f"patch_embed.proj.{name}"] = theirs[f"embeddings.patch_embeddings.projection.{name}"]
        ours[f"fc_norm.{name}"] = theirs[f"fc_norm.{name}"]
    for layer in range(2):
        there, here = f"encoder.layer.{layer}", f"blocks.{layer}"
        weights = [theirs[f"{there}.attention.attention.{part}.weight"] for part in ("query", "key", "value")]
        ours[f"{here}.attn.qkv.weight"] = torch.cat(weights)
        for part, full in (("q", "query"), ("v", "value")):
            known = theirs.get(f"{there}.attention.attention.{part}_bias")
            ours[f"{here}.attn.{part}_bias"] = (
                theirs[f"{there}.attention.attention.{full}.bias"] if known is None else known
            )
        names = {
            "attn.proj": "attention.output.dense",
            "norm1": "layernorm_before",
            "norm2": "layernorm_after",
            "mlp.fc1": "intermediate.dense",
            "mlp.fc2": "output.dense",
        }
        for name, full in names.items():
            for kind in ("weight", "bias"):
                ours[f"{here}.{name}.{kind}"] = theirs[f"{there}.{full}.{kind}"]
    clips = torch.randn(2, 3, 4, 24, 24)
    with torch.inference_mode():
        found = videomae(ours, shape)(clips)
        other.classifier = torch.nn.Identity()
        expected = other(clips.transpose(1, 2)).logits
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_positions_are_sines_and_cosines_in_turn() -> None:
    table = sines(5, 4)
    assert table.shape == (1, 5, 4)
    torch.testing.assert_close(
        table[0, 3], torch.tensor([math.sin(3), math.cos(3), math.sin(0.03), math.cos(0.03)])
    )


# --- geometry -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(48, 64), (64, 48), (40, 40), (20, 33)])
def test_short_side_and_crop_are_torchvisions(size: tuple[int, int]) -> None:
    from torchvision.transforms import v2
    from torchvision.transforms.v2 import functional as transforms

    frames = np.random.default_rng(0).integers(0, 256, (2, *size, 3), dtype=np.uint8)
    images = torch.from_numpy(frames).permute(0, 3, 1, 2).float()
    resized = transforms.resize(images, [32], v2.InterpolationMode.BILINEAR, antialias=True)
    expected = transforms.center_crop(resized, [32, 32]).permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(short_side(frames, 32, antialias=True), expected, atol=1e-3)


def test_a_frame_of_the_wanted_size_is_left_as_it_is() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    assert np.array_equal(resize(frames, (8, 8), antialias=True), frames)
    assert np.array_equal(short_side(frames, 8, antialias=True), frames)


# --- human actions --------------------------------------------------------------------------------


def test_an_action_is_found_in_the_prompt_and_among_the_five_likeliest() -> None:
    assert len(labels()) == 400 and list(labels()) == sorted(labels(), key=str.lower)
    assert named_action("A person is riding a bike.") == named_action("riding a bike") == "riding a bike"
    assert named_action("a red circle moves left") is None and named_action(None) is None
    metric, info = HumanAction(), ClipInfo("c", 32, 64, 64, 8.0)
    with pytest.raises(NotApplicable, match="names no action"):
        metric.start(info, SampleInfo("g", "s", "p", "a dog", 0))
    place = labels().index("yoga")
    logits = np.zeros((2, 400), np.float32)
    logits[:, :4] = 3.0
    logits[0, place] = 4.0  # 2 on average: the fifth
    metric.start(info, SampleInfo("g", "s", "p", "A person is yoga", 0))
    assert metric.finish({"i3d": logits}) == 1.0
    logits[:, 5] = 2.5
    assert metric.finish({"i3d": logits}) == 0.0


# --- warping error --------------------------------------------------------------------------------


def texture(size: tuple[int, int], seed: int = 0) -> Frames:
    noise = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    smooth = np.asarray(cv2.GaussianBlur(noise, (0, 0), 3), np.float64)
    return np.asarray((smooth - smooth.min()) * 255 / np.ptp(smooth), np.uint8)


def error(frames: Frames) -> float:
    metric = WarpingError()
    metric.start(ClipInfo("c", len(frames), frames.shape[1], frames.shape[2], 8.0), SAMPLE)
    metric.push(frames, np.arange(len(frames)))
    return metric.finish({})


def test_a_picture_that_only_moves_has_little_error_and_flicker_has_much() -> None:
    big = texture((96, 128))
    moving = np.stack([big[8:72, at : at + 96] for at in range(0, 16, 2)])
    flicker = moving.copy()
    flicker[1::2] = np.clip(flicker[1::2].astype(int) + 60, 0, 255).astype(np.uint8)
    noisy = np.clip(
        moving.astype(int) + np.random.default_rng(1).integers(-40, 41, moving.shape), 0, 255
    ).astype(np.uint8)
    assert error(np.repeat(moving[:1], 5, axis=0)) == 0.0
    assert error(moving) < 0.1
    assert error(flicker) > 3 * error(moving)
    assert error(noisy) > 3 * error(moving)


def test_plain_frames_have_no_error_however_their_brightness_goes() -> None:
    fade = np.stack([np.full((32, 32, 3), 4 * level, np.uint8) for level in range(8)])
    with pytest.raises(NotApplicable, match="contrast"):
        error(fade)


def test_what_is_hidden_does_not_count() -> None:
    """A bright square passes over a texture: without the mask the uncovered ground would be an error."""
    ground = texture((64, 96))
    frames = np.stack([ground.copy() for _ in range(4)])
    for t, frame in enumerate(frames):
        frame[20:44, 10 + 6 * t : 34 + 6 * t] = texture((24, 24), seed=9)
    assert error(frames) < 0.2
    forward = np.zeros((8, 8, 2), np.float32)
    backward = forward.copy()
    backward[:, 4:] = 3.0  # what goes on the right does not come back
    seen = visible(forward, backward)
    assert seen[:, :4].all() and not seen[:, 4:].any()


def test_contrast_does_not_show_and_flat_frames_have_no_value() -> None:
    big = texture((96, 128))
    moving = np.stack([big[8:72, at : at + 96] for at in range(0, 16, 2)])
    noisy = np.clip(moving.astype(int) + np.random.default_rng(1).integers(-20, 21, moving.shape), 0, 255)
    half = (noisy // 2 + 64).astype(np.uint8)
    assert error(half) == pytest.approx(error(noisy.astype(np.uint8)), rel=0.1)
    with pytest.raises(NotApplicable, match="no two neighbouring frames"):
        error(np.full((4, 32, 32, 3), 90, np.uint8))
