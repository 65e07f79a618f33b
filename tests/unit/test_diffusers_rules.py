"""What the adapter diffusers knows of classes and files, without diffusers: rules, hashes, refusals."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbench_lite.adapters.diffusers import geometry as geometry_rules
from vbench_lite.adapters.diffusers import rules
from vbench_lite.adapters.diffusers.geometry import FrameScheme, Geometry
from vbench_lite.adapters.diffusers.pipeline import Diffusers
from vbench_lite.adapters.model_files import locate
from vbench_lite.errors import RequestError, SpecError, WeightsError
from vbench_lite.generator import Family, FrameRule, Mechanism, Streaming, Task

WAN_VAE = {"_class_name": "AutoencoderKLWan", "scale_factor_temporal": 4, "scale_factor_spatial": 8}


def model(folder: Path, pipeline: str = "WanPipeline", **components: dict[str, Any]) -> Path:
    """A folder that declares a pipeline, and holds a weight of one byte."""
    configs = {"vae": WAN_VAE, "transformer": {"patch_size": [1, 2, 2]}, **components}
    for name, config in configs.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "config.json").write_text(json.dumps(config))
    (folder / "transformer" / "model.safetensors").write_bytes(b"1")
    (folder / "model_index.json").write_text(json.dumps({"_class_name": pipeline}))
    return folder


def info(folder: Path, **config: Any) -> Any:
    return Diffusers({"model": str(folder), **config}).info


@pytest.mark.parametrize(
    ("config", "compression"),
    [
        (WAN_VAE, (4, 8)),
        ({"temperal_downsample": [False, True, True], "patch_size": 2}, (4, 16)),
        ({"temporal_expansions": [1, 2, 3], "spatial_expansions": [2, 2, 2]}, (6, 8)),
        ({"spatio_temporal_scaling": [True, True, True, False], "patch_size": 4, "patch_size_t": 1}, (8, 32)),
        ({"temporal_compression_ratio": 4, "block_out_channels": [1, 2, 3, 4]}, (4, 8)),
        ({"temporal_compression_ratio": 4, "spatial_compression_ratio": 16}, (4, 16)),
        ({"_class_name": "AutoencoderKL", "block_out_channels": [1, 2, 3, 4]}, (1, 8)),
        ({"_class_name": "AutoencoderKLMagvit", "block_out_channels": [1, 2]}, (4, 8)),
        ({"_class_name": "SomethingElse", "block_out_channels": [1, 2]}, None),
        ({}, None),
    ],
)
def test_compression_in_all_its_spellings(config: Any, compression: Any) -> None:
    assert geometry_rules.vae_compression(config) == compression


@pytest.mark.parametrize(
    ("name", "tasks", "mechanism"),
    [
        ("WanPipeline", (Task.T2V,), Mechanism.BIDIRECTIONAL),
        ("WanImageToVideoPipeline", (Task.I2V,), Mechanism.BIDIRECTIONAL),
        ("LTX2ImageToVideoPipeline", (Task.I2V,), Mechanism.BIDIRECTIONAL),
        ("CogVideoXVideoToVideoPipeline", (Task.V2V,), Mechanism.BIDIRECTIONAL),
        ("SkyReelsV2Pipeline", (Task.T2V,), Mechanism.BIDIRECTIONAL),
        ("SkyReelsV2DiffusionForcingPipeline", (Task.T2V,), Mechanism.DIFFUSION_FORCING),
        ("AnyFlowPipeline", (Task.T2V, Task.V2V), Mechanism.BIDIRECTIONAL),
        ("AnyFlowFARPipeline", (Task.T2V, Task.V2V), Mechanism.CHUNK_AUTOREGRESSIVE),
        ("StableVideoDiffusionPipeline", (Task.I2V,), Mechanism.BIDIRECTIONAL),
        ("HeliosPyramidPipeline", (Task.T2V, Task.I2V, Task.V2V), Mechanism.CHUNK_AUTOREGRESSIVE),
    ],
)
def test_the_longest_known_beginning_of_a_name_decides(name: str, tasks: Any, mechanism: Any) -> None:
    rule = rules.class_rule(name)
    assert rule is not None
    assert (rule.tasks, rule.mechanism) == (tasks, mechanism)


def test_a_class_that_is_not_known_has_no_rule() -> None:
    assert rules.class_rule("SomeoneElsesPipeline") is None


@pytest.mark.parametrize(
    ("scheme", "geometry", "counts"),
    [
        (FrameScheme.CAUSAL, Geometry(4, 8), [1, 5, 9, 13]),
        (FrameScheme.CAUSAL, Geometry(8, 32), [1, 9, 17, 25]),
        (FrameScheme.CAUSAL, Geometry(4, 8, block=5), [17, 37, 57, 77, 97]),
        (FrameScheme.PAIRS, Geometry(4, 8), [1, 9, 17, 25]),
        (FrameScheme.WHOLE, Geometry(4, 8), [4, 8, 12]),
        (FrameScheme.CHUNKS, Geometry(4, 8, window=9), [33, 66, 99]),
        (FrameScheme.SECTIONS, Geometry(4, 8, window=9), [37, 73, 109]),
        (FrameScheme.ANY, Geometry(1, 8), [1, 2, 3]),
    ],
)
def test_frame_counts_of_a_scheme(scheme: FrameScheme, geometry: Geometry, counts: list[int]) -> None:
    rule = geometry_rules.made_frames(scheme, geometry)
    found: list[int] = []
    asked = 1
    while len(found) < len(counts):
        found.append(rule.snap(asked))
        asked = found[-1] + 1
    assert found == counts


def test_a_framepack_clip_is_asked_for_by_its_sections() -> None:
    geometry = Geometry(4, 8, window=9)
    assert [geometry_rules.asked_frames(FrameScheme.SECTIONS, geometry, n) for n in (37, 73)] == [33, 66]


@given(st.sampled_from([1, 2, 4, 6, 8]), st.integers(1, 9), st.integers(1, 200))
def test_without_the_given_image_a_count_is_one_less(temporal: int, window: int, frames: int) -> None:
    for scheme in (FrameScheme.CAUSAL, FrameScheme.SECTIONS, FrameScheme.ANY):
        made = geometry_rules.made_frames(scheme, Geometry(temporal, 8, window=window))
        left = geometry_rules.without_image(made).snap(frames)
        assert left >= frames
        assert made.snap(left + 1) == left + 1


@given(st.integers(1, 100), st.lists(st.integers(1, 5), min_size=1, max_size=6))
def test_chunks_add_up(latents: int, trained: list[int]) -> None:
    parts = geometry_rules.partition(latents, tuple(trained))
    assert sum(parts) == latents
    assert min(parts) >= 1


def test_an_exact_rule_refuses_what_it_cannot_make() -> None:
    rule = FrameRule(multiple=4, offset=1, exact=True)
    assert rule.snap(13) == 13
    with pytest.raises(RequestError, match="nearest that can be made is 17"):
        rule.snap(14)


def test_a_folder_describes_its_model(tmp_path: Path) -> None:
    found = info(model(tmp_path))
    assert found.frames.snap(48) == 49
    assert found.size.snap(481, 703) == (480, 704)
    assert (found.family, found.streaming) == (Family.LATENT_DIFFUSION, Streaming.NONE)
    assert found.guidance and not info(tmp_path, call={"guidance_scale": 1}).guidance
    assert (found.native_fps, info(tmp_path, fps=16).native_fps) == (None, 16)
    assert found.weights_license == "unknown"


def test_the_size_fits_vae_and_patches(tmp_path: Path) -> None:
    wan22 = {"temperal_downsample": [False, True, True], "patch_size": 2}
    assert info(model(tmp_path, vae=wan22)).size.multiple == 32


def test_the_longest_clip_of_a_motion_adapter(tmp_path: Path) -> None:
    image_vae = {"_class_name": "AutoencoderKL", "block_out_channels": [1, 2, 3, 4]}
    folder = model(
        tmp_path, "AnimateDiffPipeline", vae=image_vae, motion_adapter={"motion_max_seq_length": 32}
    )
    with pytest.raises(RequestError, match="at most 32"):
        info(folder).frames.snap(33)


def test_a_component_from_elsewhere_counts(tmp_path: Path) -> None:
    own = model(tmp_path / "own")
    other = model(tmp_path / "other", transformer={"patch_size": [1, 4, 4]})
    part = {"transformer": {"kind": "WanTransformer3DModel", "model": str(other), "subfolder": "transformer"}}
    plain, changed = info(own), info(own, components=part)
    assert (plain.size.multiple, changed.size.multiple) == (16, 32)
    assert plain.weights_sha256 != changed.weights_sha256


def test_streaming_follows_the_configuration(tmp_path: Path) -> None:
    def streams(pipeline: str, **config: Any) -> bool:
        return bool(info(model(tmp_path / pipeline, pipeline), **config).streaming is Streaming.CHUNK)

    assert streams("HeliosPipeline")
    assert not streams("HeliosPipeline", stream=False)
    assert not streams("HunyuanVideoFramepackPipeline")
    assert streams("HunyuanVideoFramepackPipeline", call={"sampling_type": "vanilla"})
    assert not streams("SkyReelsV2DiffusionForcingPipeline")
    assert streams("SkyReelsV2DiffusionForcingPipeline", call={"ar_step": 5})
    assert not streams("AnyFlowFARPipeline", tiling=True)


def test_what_is_not_known_has_to_be_said(tmp_path: Path) -> None:
    folder = model(tmp_path, "SomeoneElsesPipeline", vae={"_class_name": "TheirVae"})
    with pytest.raises(SpecError, match="give frames and size_multiple"):
        info(folder)
    found = info(folder, frames={"multiple": 6, "offset": 1}, size_multiple=24)
    assert (found.frames.snap(8), found.size.snap(32, 50)) == (13, (24, 48))
    assert found.mechanism is Mechanism.UNKNOWN
    causal = info(model(tmp_path / "b", "SomeoneElsesPipeline"))
    assert causal.frames.snap(8) == 9


def test_the_hash_is_of_names_and_contents(tmp_path: Path) -> None:
    first, second = model(tmp_path / "a"), model(tmp_path / "b")
    assert info(first).weights_sha256 == info(second).weights_sha256
    assert Diffusers({"model": str(first)}).fingerprint() != Diffusers({"model": str(second)}).fingerprint()
    (second / "transformer" / "model.safetensors").write_bytes(b"2")
    assert info(first).weights_sha256 != info(second).weights_sha256
    (first / "README.md").write_text("words")
    assert info(first).weights_sha256 == info(model(tmp_path / "c")).weights_sha256


def test_a_variant_leaves_other_weights_out(tmp_path: Path) -> None:
    folder = model(tmp_path)
    (folder / "transformer" / "model.fp16.safetensors").write_bytes(b"h")
    before = info(folder, variant="fp16").weights_sha256
    (folder / "transformer" / "model.safetensors").write_bytes(b"other")
    assert info(folder, variant="fp16").weights_sha256 == before
    (folder / "transformer" / "model.fp16.safetensors").write_bytes(b"i")
    assert info(folder, variant="fp16").weights_sha256 != before


def test_the_model_card_states_the_license(tmp_path: Path) -> None:
    folder = model(tmp_path)
    (folder / "README.md").write_text("---\nlanguage: en\nlicense: apache-2.0\n---\n# Model\nlicense: mit\n")
    assert info(folder).weights_license == "apache-2.0"
    assert info(folder, weights_license="MIT").weights_license == "MIT"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"model": "./nowhere"}, "no such folder"),
        ({"model": "nowhere"}, "no such folder"),
        ({"call": {"num_frames": 3}}, "num_frames comes from the suite"),
        ({"custom_pipeline": "x"}, "trust_remote_code"),
        ({"dtype": "int8"}, "dtype"),
        ({"fps": 0}, "fps"),
        ({"offload": "model"}, "device is cpu"),
        ({"no_such": 1}, "no_such"),
    ],
)
def test_a_wrong_configuration_is_one_clear_line(tmp_path: Path, config: Any, message: str) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        assert info(model(tmp_path), **config)
    assert "\n" not in str(caught.value)


def test_damaged_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"no model_index\.json"):
        info(tmp_path)
    folder = model(tmp_path / "m")
    (folder / "model_index.json").write_text("{")
    with pytest.raises(SpecError, match=r"model_index\.json cannot be read"):
        info(folder)
    (folder / "model_index.json").write_text("{}")
    with pytest.raises(SpecError, match="_class_name"):
        info(folder)


def test_a_hub_id_is_looked_for_in_the_cache_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A snapshot in the cache is found without a network, and known by its commit."""
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    asked = {}

    def download(model: str, **options: Any) -> str:
        from huggingface_hub.errors import LocalEntryNotFoundError

        asked.update(options)
        if model != "owner/here":
            raise LocalEntryNotFoundError("not there")
        return str(tmp_path / "models--owner--here" / "snapshots" / "abc")

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    folder = model(tmp_path / "models--owner--here" / "snapshots" / "abc")
    before = locate("owner/here").weights_sha256()
    assert asked["local_files_only"] is True
    (folder / "transformer" / "more.safetensors").write_bytes(b"fetched later")
    assert locate("owner/here").weights_sha256() == before
    with pytest.raises(WeightsError, match="hf download owner/away"):
        locate("owner/away")
    monkeypatch.setenv("VBENCH_LITE_OFFLINE", "1")
    locate("owner/here", local_files_only=False)
    assert asked["local_files_only"] is True
    monkeypatch.setenv("VBENCH_LITE_OFFLINE", "0")
    locate("owner/here", local_files_only=False)
    assert asked["local_files_only"] is False


def test_a_request_without_what_the_task_needs_is_refused(tmp_path: Path) -> None:
    from vbench_lite.generator import GenerationRequest

    request = GenerationRequest("s1", "a cat", 9, 32, 32, 8.0, 0)
    for pipeline, message in (
        ("WanImageToVideoPipeline", "s1: WanImageToVideoPipeline needs an image"),
        ("CogVideoXVideoToVideoPipeline", "at least 9 frames"),
    ):
        generator = Diffusers({"model": str(model(tmp_path / pipeline, pipeline))})
        with pytest.raises(RequestError, match=message):
            generator.check(request)
    Diffusers({"model": str(model(tmp_path / "t2v"))}).check(request)


def test_every_rule_can_be_written_down() -> None:
    for name, rule in rules.CLASSES.items():
        geometry = Geometry(4, 8, 2)
        assert geometry_rules.made_frames(rule.scheme, geometry).snap(16) >= 16, name
        assert math.gcd(rules.size_multiple(rule, geometry), 8) == 8, name


@pytest.mark.parametrize("kind", ["AutoencoderKL", "AutoencoderKLWan"])
def test_a_lossless_latent_code_gives_the_clip_back(kind: str) -> None:
    """Of images and of video alike: layout, range and rounding lose nothing."""
    from types import SimpleNamespace

    import numpy as np
    import torch

    from vbench_lite.adapters.diffusers import latents

    identity = type(
        kind,
        (),
        {
            "device": torch.device("cpu"),
            "dtype": torch.float32,
            "config": SimpleNamespace(),
            "encode": lambda self, x: SimpleNamespace(latents=x),
            "decode": lambda self, z, return_dict: (z,),
        },
    )()
    clip = np.random.default_rng(0).integers(0, 256, (6, 8, 16, 3), np.uint8)
    coded = latents.encode(identity, clip, temporal=4)
    assert tuple(coded.shape) == ((9, 3, 8, 16) if kind == "AutoencoderKL" else (1, 3, 9, 8, 16))
    assert np.array_equal(latents.decode(identity, coded, 6), clip)


def test_it_is_listed_with_what_it_needs() -> None:
    from vbench_lite.cli.describe import all_plugins

    rows = {row["name"]: row for row in all_plugins("generators")[0]}
    assert rows["diffusers"]["summary"].endswith("by hub id or local folder. Its config needs model.")
    assert "Its config needs model, decoder, height, width" in rows["transformers"]["summary"]
