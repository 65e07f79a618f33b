"""What a call of each tiny pipeline reports: frames requested, made and returned, work, phases, pieces."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_pipelines
from generator_promises import ask, make

from vbench_lite.adapters.diffusers.pipeline import Diffusers
from vbench_lite.errors import Cancelled, RequestError, SpecError
from vbench_lite.measure.context import RecordingContext
from vbench_lite.store.pool import Pool


@dataclass(frozen=True)
class Expected:
    """A request for 12 frames of 33x33 in two steps.

    generated: frames handed on. returned: frames the pipeline made, a given image included.
    nfe: rows through the denoiser. calls: its forwards. size: side that is made.
    """

    generated: int
    returned: int
    nfe: int
    calls: int
    size: int = 32
    phases: tuple[str, ...] = ("encode", "denoise", "decode")
    fps_source: str = "assumed"


EXPECTED = {
    "ltx": Expected(17, 17, nfe=4, calls=2, fps_source="requested"),  # 8k+1; guidance in two rows
    "wan": Expected(13, 13, nfe=4, calls=4),  # 4k+1; guidance in two calls
    "cogvideox": Expected(17, 17, nfe=4, calls=2),
    "animatediff": Expected(12, 12, nfe=4, calls=2),
    "text-to-video-sd": Expected(12, 12, nfe=4, calls=2),
    "skyreels": Expected(13, 13, nfe=4, calls=4, fps_source="requested"),
    "hunyuan": Expected(13, 13, nfe=2, calls=2),  # guidance embedded in the one row
    "framepack": Expected(12, 13, nfe=2, calls=2),  # the first frame is the image that was given
    "mochi": Expected(13, 13, nfe=4, calls=2),  # 6k+1
    "svd": Expected(12, 12, nfe=4, calls=2, fps_source="requested"),
    "anyflow-far": Expected(13, 13, nfe=8, calls=8),  # three chunks of two steps, and two into the cache
    "helios": Expected(18, 18, nfe=8, calls=8),  # two chunks of nine frames
}


@pytest.fixture(params=list(EXPECTED), scope="module")
def name(request: Any) -> Any:
    return request.param


@pytest.fixture(scope="module")
def loaded(name: Any) -> Iterator[Diffusers]:
    generator = Diffusers(tiny_pipelines.configuration(name))
    generator.load()
    yield generator
    generator.close()


def call(generator: Any, num_frames: int = 12, seed: int = 3, **changes: Any) -> Any:
    """A finished call of one request, and the pieces it came in."""
    _, made = ask(generator, num_frames=num_frames, seed=seed)
    context = RecordingContext([replace(made, **changes)])
    generator.generate([replace(made, **changes)], context)
    return context.result()


def test_a_call_reports_frames_work_and_phases(name: Any, loaded: Diffusers, tmp_path: Path) -> None:
    expected = EXPECTED[name]
    (record,) = make(loaded, ask(loaded, num_frames=12, side=33), root=tmp_path)
    facts = json.loads(record.facts)
    assert (record.requested_frames, record.generated_frames, record.num_frames) == (
        12,
        expected.generated,
        12,
    )
    assert (record.height, record.width) == (expected.size, expected.size)
    assert facts["pipeline_frames"] == expected.returned
    assert (facts["nfe"], facts["denoiser_calls"]) == (expected.nfe, expected.calls)
    assert tuple(sorted(facts["phases"])) == tuple(sorted(expected.phases))
    assert facts["fps_source"] == expected.fps_source
    assert Pool(tmp_path).read(record.clip_sha256).frames.std() > 1


def test_the_profiled_count_is_the_noted_one(name: Any, loaded: Diffusers) -> None:
    from vbench_lite.measure.work import WorkCounter

    flops = name != "anyflow-far"  # torch cannot count operations of flex attention
    with WorkCounter(loaded.denoisers(), count_flops=flops) as work:
        record = call(loaded)
    assert work.nfe(1) == record.facts["nfe"] == EXPECTED[name].nfe
    assert not flops or (work.flops is not None and work.flops > 0)


def test_steps_of_a_suite_reach_the_pipeline(name: Any, loaded: Diffusers) -> None:
    few, more = (call(loaded, params={"steps": steps}).facts["denoiser_calls"] for steps in (2, 3))
    assert few < more


def test_a_parameter_that_the_class_does_not_have_is_refused(loaded: Diffusers) -> None:
    with pytest.raises(RequestError, match="no_such"):
        call(loaded, params={"no_such": 1})
    with pytest.raises(RequestError, match="config"):
        call(loaded, params={"ar_step": 1})


def test_a_clip_goes_through_the_latent_code_and_back(name: Any, loaded: Diffusers) -> None:
    """At lengths that fill the last latent frame and that do not; equally each time."""
    clip = np.random.default_rng(0).integers(0, 256, (17, 32, 32, 3), np.uint8)
    for length in (17, 12):
        _, made = ask(loaded)
        request = replace(made, image=None, clip=clip[:length], num_frames=length)
        loaded.check(request)
        contexts = [RecordingContext([request]) for _ in range(2)]
        for context in contexts:
            loaded.reconstruct([request], context)
        records: list[Any] = [context.result() for context in contexts]
        first, again = (record.frames[0] for record in records)
        assert first.shape == (length, 32, 32, 3)
        assert np.array_equal(first, again)
        assert set(records[0].phases) == {"encode", "decode"}


def test_it_stops_in_the_midst_and_works_again(loaded: Diffusers) -> None:
    """Asked at the second progress report: out of the denoising loop."""
    _, made = ask(loaded)
    heard = []

    def cancelled() -> bool:
        heard.append(True)
        return len(heard) >= 2

    whole = call(loaded)
    with pytest.raises(Cancelled):
        loaded.generate([made], RecordingContext([made], cancelled=cancelled))
    again = call(loaded)
    assert np.array_equal(whole.frames[0], again.frames[0])


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("anyflow-far", {}),
        ("framepack", {"sampling_type": "vanilla"}),
        ("skyreels", {"ar_step": 2, "causal_block_size": 1}),
        ("skyreels", {"ar_step": 2, "causal_block_size": 2}),
        ("skyreels", {"ar_step": 2, "causal_block_size": 1, "base_num_frames": 9, "overlap_history": 5}),
        ("helios", {}),
    ],
)
def test_streamed_frames_are_those_of_the_whole_clip(name: Any, changes: Any) -> None:
    configuration = tiny_pipelines.configuration(name, **changes)
    streamed, whole = (Diffusers({**configuration, "stream": stream}) for stream in (True, False))
    calls = []
    for generator in (streamed, whole):
        generator.load()
        calls.append(call(generator, num_frames=16))
    assert len(calls[0].arrivals[0]) > 1 == len(calls[1].arrivals[0])
    assert np.array_equal(calls[0].frames[0], calls[1].frames[0])
    assert calls[0].facts["nfe"] == calls[1].facts["nfe"]


def test_a_stream_that_differs_from_the_clip_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    from vbench_lite.adapters.diffusers import frames, streaming
    from vbench_lite.errors import ClipError

    generator = Diffusers(tiny_pipelines.configuration("helios"))
    generator.load()
    monkeypatch.setattr(streaming, "to_uint8", lambda clip: (frames.to_uint8(clip)[0] ^ 1, 0))
    with pytest.raises(ClipError, match="differ"):
        call(generator)


def test_the_given_image_is_left_out_or_kept() -> None:
    configuration = tiny_pipelines.configuration("framepack")
    dropped, kept = (Diffusers({**configuration, "drop_first_frame": drop}) for drop in (True, False))
    clips = []
    for generator in (dropped, kept):
        generator.load()
        clips.append(call(generator).frames[0])
    assert (len(clips[0]), len(clips[1])) == (12, 13)
    assert np.array_equal(clips[0], clips[1][1:])


def test_non_finite_values_make_an_invalid_sample(tmp_path: Path) -> None:
    from vbench_lite.run.generate.batch import run_batch
    from vbench_lite.run.plan.plan import Batch, Sample

    generator = Diffusers(tiny_pipelines.configuration("wan"))
    generator.load()
    decode = generator._pipe.vae.decode
    generator._pipe.vae.decode = lambda *args, **kwargs: (decode(*args, **kwargs)[0] * float("nan"),)
    asked, made = ask(generator)
    records = run_batch(generator, Batch("g", "s", (Sample("s", "p", asked, made),)), Pool(tmp_path))
    assert records is not None
    assert (records[0].status, records[0].reason) == ("invalid", "non-finite values in the output")
    assert json.loads(records[0].facts)["nonfinite"] == 13 * 32 * 32 * 3


def test_what_is_cut_off_a_prompt_is_said() -> None:
    generator = Diffusers(tiny_pipelines.configuration("wan", max_sequence_length=4))
    generator.load()
    facts = call(generator).facts
    assert facts["prompt_truncated"] is True
    assert facts["effective_prompt"] == "a red circle"


def test_a_wrong_argument_is_said_when_the_weights_are_loaded() -> None:
    generator = Diffusers(tiny_pipelines.configuration("wan", guidance_scael=2))
    with pytest.raises(SpecError, match="did you mean guidance_scale"):
        generator.load()


def test_an_option_the_model_does_not_have_is_said() -> None:
    for changes, message in (
        ({"scheduler": "NoSuchScheduler"}, "no scheduler"),
        ({"attention": "no-such-backend"}, "no-such-backend"),
        ({"pipeline": "NoSuchPipeline", "frames": {}, "size_multiple": 8}, "no pipeline"),
    ):
        generator = Diffusers({**tiny_pipelines.configuration("wan"), **changes})
        with pytest.raises(SpecError, match=message):
            generator.load()


def test_tiling_another_scheduler_and_bfloat16_are_other_generators() -> None:
    plain = tiny_pipelines.configuration("wan")
    variants: list[dict[str, Any]] = [
        {},
        {"tiling": True, "slicing": True},
        {"scheduler": "UniPCMultistepScheduler", "scheduler_config": {"use_flow_sigmas": True}},
        {"dtype": "bf16"},
    ]
    made = []
    for changes in variants:
        generator = Diffusers({**plain, **changes})
        generator.load()
        made.append((generator.fingerprint(), call(generator).frames[0].tobytes()))
    assert len({fingerprint for fingerprint, _ in made}) == len(variants)
    assert made[2][1] != made[0][1] != made[3][1]


def test_the_vae_may_have_a_type_of_its_own() -> None:
    import torch

    generator = Diffusers({**tiny_pipelines.configuration("wan"), "dtype": "bf16", "vae_dtype": "fp32"})
    generator.load()
    assert (generator._pipe.vae.dtype, generator._pipe.transformer.dtype) == (torch.float32, torch.bfloat16)
    assert call(generator).frames[0].std() > 1


@pytest.mark.parametrize(
    ("offload", "method"),
    [("model", "enable_model_cpu_offload"), ("sequential", "enable_sequential_cpu_offload")],
)
def test_offloading_replaces_the_move_to_the_device(
    monkeypatch: pytest.MonkeyPatch, offload: str, method: str
) -> None:
    """On a machine without a GPU: which methods of the pipeline are called, and with which device."""
    from diffusers import WanPipeline

    heard = []
    monkeypatch.setattr(WanPipeline, "to", lambda self, device: heard.append(("to", device)))
    monkeypatch.setattr(WanPipeline, method, lambda self, device: heard.append((method, device)))
    Diffusers({**tiny_pipelines.configuration("wan"), "offload": offload}, device="cuda:1").load()
    Diffusers(tiny_pipelines.configuration("wan"), device="cuda:1").load()
    assert heard == [(method, "cuda:1"), ("to", "cuda:1")]


def test_an_image_and_a_clip_reach_the_pipeline() -> None:
    """Helios takes both: another picture, another clip, and what was given is not part of the output."""
    generator = Diffusers(tiny_pipelines.configuration("helios"))
    generator.load()
    rng = np.random.default_rng(1)
    given = rng.integers(0, 256, (33, 32, 32, 3), np.uint8)
    clips = [call(generator).frames[0], call(generator, image=given[0]).frames[0]]
    clips.append(call(generator, past_frames=given).frames[0])
    assert [len(clip) for clip in clips] == [18, 18, 18]
    assert len({clip.tobytes() for clip in clips}) == 3


def test_a_clip_that_a_safety_checker_blacked_out_is_invalid(tmp_path: Path) -> None:
    from vbench_lite.run.generate.batch import run_batch
    from vbench_lite.run.plan.plan import Batch, Sample

    generator = Diffusers(tiny_pipelines.configuration("wan"))
    generator.load()
    generator._pipe = _Flagging(generator._pipe)
    asked, made = ask(generator)
    records = run_batch(generator, Batch("g", "s", (Sample("s", "p", asked, made),)), Pool(tmp_path))
    assert records is not None
    assert (records[0].status, records[0].reason) == ("invalid", "every pixel is black")
    assert json.loads(records[0].facts)["safety_flagged"] == 1


class _Flagging:
    """A pipeline whose safety checker dislikes everything."""

    def __init__(self, pipe: Any) -> None:
        self.pipe, self.scheduler, self.tokenizer = pipe, pipe.scheduler, pipe.tokenizer

    def __call__(self, **arguments: Any) -> Any:
        from types import SimpleNamespace

        return SimpleNamespace(frames=self.pipe(**arguments).frames * 0, nsfw_content_detected=[True])


def test_a_continuation_returns_what_comes_after_the_past() -> None:
    """SkyReels hands the past back before its clip, and makes its end once more."""
    generator = Diffusers(tiny_pipelines.configuration("skyreels-v2v"))
    generator.load()
    past = np.random.default_rng(0).integers(0, 256, (9, 32, 32, 3), np.uint8)
    record = call(generator, past_frames=past)
    # 9 given, 9 made once more, and 16 beyond: 24 are the next count that holds 9 + 13 frames.
    assert record.facts["pipeline_frames"] == 9 + 25
    assert len(record.frames[0]) == 13
    assert not any(np.array_equal(frame, given) for frame, given in zip(record.frames[0], past, strict=False))
    with pytest.raises(RequestError, match="needs past frames"):
        generator.check(replace(ask(generator)[1], past_frames=None))
    with pytest.raises(RequestError, match="overlap_history = 17 needs as many past frames"):
        Diffusers(tiny_pipelines.configuration("skyreels-v2v", overlap_history=17)).check(
            replace(ask(generator)[1], past_frames=past)
        )


def test_evaluations_are_those_of_one_clip_however_a_batch_is_made() -> None:
    """Clips from images are made one by one, and their work is not added up."""
    from vbench_lite.generator import GenerationRequest

    generator = Diffusers(tiny_pipelines.configuration("framepack"))
    generator.load()
    image = np.zeros((32, 32, 3), np.uint8)
    made = [
        generator.info.snap(GenerationRequest(f"s{seed}", "a ring", 12, 32, 32, 8.0, seed, image=image))
        for seed in range(2)
    ]
    notes = []
    for requests in (made[:1], made):
        context = RecordingContext(requests)
        generator.generate(requests, context)
        notes.append(context.result().facts["nfe"])
    assert notes[0] == notes[1] == EXPECTED["framepack"].nfe
