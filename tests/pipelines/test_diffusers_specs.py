"""The ready specifications name what the pipeline classes of the installed diffusers have.

The models themselves are not here. Their configurations are: the published models have the values that the
classes default to, except where `LAYOUTS` says otherwise.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import pytest

from vbench_lite.adapters.diffusers import calls
from vbench_lite.adapters.diffusers.loading import pipeline_class
from vbench_lite.adapters.diffusers.pipeline import Diffusers
from vbench_lite.cli.describe import ready_specs
from vbench_lite.generator import GenerationRequest, Streaming
from vbench_lite.run.plan.spec import GeneratorSpec, read_spec
from vbench_lite.suite import load_suite

SPECS = {path.stem: path for path in ready_specs(Diffusers)}
GENERATORS = {g.label: g for path in SPECS.values() for g in read_spec(path).generators or ()}

# Class of VAE and denoiser, and what the published configuration says beyond their defaults.
WAN22: dict[str, Any] = {"patch_size": 2, "scale_factor_spatial": 16}
SD: dict[str, Any] = {"block_out_channels": [128, 256, 512, 512]}
LAYOUTS: dict[str, tuple[str, dict[str, Any], str, dict[str, Any]]] = {
    "wan2.1-t2v-1.3b": ("AutoencoderKLWan", {}, "WanTransformer3DModel", {}),
    "wan2.2-ti2v-5b": ("AutoencoderKLWan", WAN22, "WanTransformer3DModel", {}),
    "ltx-video-0.9.5": ("AutoencoderKLLTXVideo", {}, "LTXVideoTransformer3DModel", {}),
    "cogvideox-2b": ("AutoencoderKLCogVideoX", {}, "CogVideoXTransformer3DModel", {}),
    "animatediff-v1.5.2": ("AutoencoderKL", SD, "UNetMotionModel", {}),
    "skyreels-v2-df-1.3b": ("AutoencoderKLWan", {}, "SkyReelsV2Transformer3DModel", {}),
    "helios-base": ("AutoencoderKLWan", {}, "HeliosTransformer3DModel", {}),
}


def defaults(kind: str, changes: dict[str, Any]) -> dict[str, Any]:
    """The configuration of a class with its default values."""
    import diffusers

    parameters = inspect.signature(getattr(diffusers, kind).__init__).parameters.values()
    known = {p.name: p.default for p in parameters if p.default is not p.empty}
    return {"_class_name": kind, **known, **changes}


@pytest.fixture(params=list(GENERATORS))
def spec(request: Any) -> GeneratorSpec:
    return GENERATORS[request.param]


@pytest.fixture
def generator(spec: GeneratorSpec, tmp_path: Path) -> Diffusers:
    """The generator of a specification, its model replaced by a folder of declarations."""
    vae, vae_changes, denoiser, denoiser_changes = LAYOUTS[spec.label]
    declared = {"vae": defaults(vae, vae_changes), "transformer": defaults(denoiser, denoiser_changes)}
    components = {}
    for name, part in spec.config.get("components", {}).items():
        declared[name] = defaults(part["kind"], {})
        components[name] = {**part, "model": str(tmp_path), "subfolder": name}
    for name, config in declared.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(json.dumps(config))
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": spec.config["pipeline"]}))
    return Diffusers({**spec.config, "model": str(tmp_path), "components": components}, device=spec.device)


def test_there_are_six_and_all_are_listed() -> None:
    assert set(SPECS) == {"wan", "ltx", "cogvideox", "animatediff", "skyreels-v2-df", "helios"}
    assert set(GENERATORS) == set(LAYOUTS)


def test_its_head_says_license_and_that_it_was_not_run(spec: GeneratorSpec) -> None:
    mine = [p for p in SPECS.values() if spec.label in [g.label for g in read_spec(p).generators or ()]]
    (text,) = (p.read_text() for p in mine)
    head = text.partition("generators:")[0]
    assert "License" in head
    assert "not run with the real weights" in head
    assert spec.config["weights_license"] not in (None, "unknown")


def test_every_argument_is_one_of_the_class(spec: GeneratorSpec) -> None:
    signature = calls.Signature.of(pipeline_class(spec.config["pipeline"]))
    signature.check(list(spec.config["call"]))


def test_scheduler_and_components_exist_with_their_values(spec: GeneratorSpec) -> None:
    import diffusers

    if "scheduler" in spec.config:
        parameters = inspect.signature(getattr(diffusers, spec.config["scheduler"]).__init__).parameters
        assert set(spec.config["scheduler_config"]) <= set(parameters)
    expected = inspect.signature(pipeline_class(spec.config["pipeline"]).__init__).parameters
    for name, part in spec.config.get("components", {}).items():
        assert name in expected
        assert hasattr(diffusers, part["kind"])


def test_the_sizes_a_class_defaults_to_are_allowed(spec: GeneratorSpec, generator: Diffusers) -> None:
    arguments = calls.Signature.of(pipeline_class(spec.config["pipeline"])).defaults
    info = generator.info
    if arguments["num_frames"] is not None:
        assert info.frames.snap(arguments["num_frames"]) == arguments["num_frames"]
    if arguments["height"] is not None:
        size = (arguments["height"], arguments["width"])
        wanted = (
            (704, 1280) if spec.label == "wan2.2-ti2v-5b" else size
        )  # its own size; 480 is no multiple of 32
        assert info.size.snap(*wanted) == wanted


def test_the_suite_can_be_served(spec: GeneratorSpec, generator: Diffusers) -> None:
    asked = load_suite("open-prompts").request
    request = GenerationRequest("s", "a cat", asked.num_frames, asked.height, asked.width, asked.fps, 0)
    made = generator.info.snap(request)
    generator.check(made)
    assert made.num_frames >= asked.num_frames
    assert (made.height, made.width) == (asked.height, asked.width)


def test_those_that_stream_say_so(spec: GeneratorSpec, generator: Diffusers) -> None:
    streams = spec.label in ("skyreels-v2-df-1.3b", "helios-base")
    assert (generator.info.streaming is Streaming.CHUNK) == streams
    assert generator.info.native_fps == spec.config["fps"]
