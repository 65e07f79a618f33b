"""The reference adapters with their packaged weights: what they promise beyond the common contract."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from tools.reference import judging
from tools.reference.batch_margin import first_differences
from tools.reference.judging import GENERATORS, Collect, request
from vbench_lite.adapters.reference.autoregressive import Autoregressive
from vbench_lite.adapters.reference.base import ReferenceGenerator
from vbench_lite.adapters.reference.sampling import TokenSampler
from vbench_lite.datasets import shapes
from vbench_lite.errors import PromptError, RequestError
from vbench_lite.generator import Frames, GenerationRequest
from vbench_lite.measure.context import RecordingContext

SCENES = shapes.sample_scenes(3, 5)
PIECES = {"latent-diffusion": [19], "hybrid": [4, 4, 4, 4, 3], "autoregressive": [1] * 19}
FEW_STEPS = {"steps": 4}


@pytest.fixture(scope="module", params=sorted(GENERATORS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def generator(name: str) -> ReferenceGenerator:
    made = GENERATORS[name]()
    made.load()
    assert isinstance(made, ReferenceGenerator)
    return made


def run(generator: ReferenceGenerator, *requests: GenerationRequest) -> list[Frames]:
    collect = Collect()
    generator.generate(requests, collect)
    return [collect.clip(i) for i in range(len(requests))]


def ask(index: int, num_frames: int = 16, **changes: Any) -> GenerationRequest:
    return replace(request(SCENES[index].caption, 40 + index, num_frames, FEW_STEPS), **changes)


@pytest.mark.parametrize("num_frames", [1, 5, 19])
def test_any_number_of_frames(generator: ReferenceGenerator, num_frames: int) -> None:
    (clip,) = run(generator, ask(0, num_frames))
    assert clip.shape == (num_frames, 32, 32, 3) and clip.dtype == np.uint8


def test_one_seed_is_one_clip_and_a_row_is_the_single_sample(generator: ReferenceGenerator) -> None:
    rows = run(generator, *(ask(i) for i in range(3)))
    again = run(generator, *(ask(i) for i in range(3)))
    assert all(np.array_equal(a, b) for a, b in zip(rows, again, strict=True))
    (single,) = run(generator, ask(1))
    assert np.abs(single.astype(int) - rows[1].astype(int)).max() <= 1
    (other,) = run(generator, ask(1, seed=99))
    assert not np.array_equal(other, single)


def test_the_cache_changes_no_byte() -> None:
    clips = []
    for cached in (True, False):
        generator = Autoregressive({"kv_cache": cached})
        generator.load()
        clips.append(run(generator, ask(0, 12), ask(1, 12)))
    assert all(np.array_equal(a, b) for a, b in zip(*clips, strict=True))


def test_tokens_of_a_batch_part_from_the_single_sample_only_at_a_near_tie() -> None:
    generator = Autoregressive()
    generator.load()
    model, rows = generator.model, shapes.sample_scenes(6, 5)
    prompts, seeds = [scene.caption for scene in rows], list(range(6))
    for difference in first_differences(model, generator.codec, prompts, seeds, 8):
        assert 0 <= difference.margin < 1e-3, difference


def test_a_difference_is_found_where_it_is_with_its_margin(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = Autoregressive()
    generator.load()
    original = TokenSampler.next_with_logits

    def tamper(self: TokenSampler, *given: Any) -> tuple[torch.Tensor, torch.Tensor]:
        tokens, logits = original(self, *given)
        if self.batch > 1 and self.frame == 3:  # the third frame of the batch, its second row
            tokens[1, 5] = logits[1, 5].topk(2).indices[1]
        return tokens, logits

    monkeypatch.setattr(TokenSampler, "next_with_logits", tamper)
    prompts = [scene.caption for scene in SCENES[:2]]
    (found,) = first_differences(generator.model, generator.codec, prompts, [1, 2], 4, temperature=0)
    assert (found.row, found.frame, found.slot) == (1, 2, 5)
    assert found.margin > 0


def test_pieces_leave_as_the_family_makes_them(generator: ReferenceGenerator, name: str) -> None:
    collect = Collect()
    generator.generate([ask(0, 19)], collect)
    pieces = [len(p) for p in collect.pieces[0]]
    assert pieces == PIECES[name]
    assert isinstance(collect.facts["nfe"], int) and collect.facts["nfe"] > 0


def test_evaluations_are_of_one_clip_also_where_clips_are_made_one_by_one(
    generator: ReferenceGenerator,
) -> None:
    past = shapes.real_clip(SCENES[0], 1, 4)

    def evaluations(clips: int) -> Any:
        requests = [ask(i, 6, past_frames=past) for i in range(clips)]
        context = RecordingContext(requests)
        generator.generate(requests, context)
        return context.result().facts["nfe"]

    assert evaluations(2) == evaluations(1)


def test_a_given_image_is_the_first_frame(generator: ReferenceGenerator) -> None:
    image = shapes.real_clip(SCENES[0], 1)[0]
    (clip,) = run(generator, ask(0, 9, image=image))
    assert len(clip) == 9
    assert np.array_equal(clip[0], generator.decode(generator.encode(image[None]))[0])


@pytest.mark.parametrize("given", [1, 3, 4, 6, 16])
def test_given_past_frames_are_continued_not_repeated(generator: ReferenceGenerator, given: int) -> None:
    real = shapes.real_clip(SCENES[0], 1, given + 1)
    params = {"steps": 8, "guidance": 1, "temperature": 0.0}
    (clip,) = run(generator, ask(0, 6, past_frames=real[:given], params=params))
    assert len(clip) == 6
    if given >= 4:  # enough to see the motion: the next frame is near the real one
        error = np.abs(clip[0].astype(int) - real[given]).mean()
        assert error < np.abs(real[0].astype(int) - real[given]).mean()


@pytest.mark.parametrize("name", ["latent-diffusion", "hybrid"], scope="module")  # tokens are drawn
def test_initial_noise_can_be_set(generator: ReferenceGenerator) -> None:
    noise = np.random.default_rng(0).standard_normal((16, 24)).astype(np.float32)
    params = FEW_STEPS | {"noise": noise}
    (first,) = run(generator, ask(0, params=params))
    (second,) = run(generator, ask(0, params=params, seed=1))
    assert np.array_equal(first, second)
    with pytest.raises(RequestError, match="noise has shape"):
        run(generator, ask(0, params={"noise": noise[:, :3]}))


def test_the_codec_shows_real_frames(generator: ReferenceGenerator) -> None:
    clip = shapes.real_clip(SCENES[2], 3)
    latents = generator.encode(clip)
    assert latents.shape == (16, 24) and np.abs(latents).max() < 1
    error = (generator.decode(latents).astype(float) - clip) ** 2
    assert 10 * np.log10(255**2 / error.mean()) > 25


def test_settings_are_other_treatments(name: str) -> None:
    kind = GENERATORS[name]
    prints = {kind({"setting": s}).fingerprint() for s in ("default", "coarse", "bf16-weights")}
    assert len(prints) == 3


def test_a_prompt_outside_the_vocabulary_and_a_wrong_size_are_refused(
    generator: ReferenceGenerator,
) -> None:
    with pytest.raises(PromptError, match="outside vocabulary"):
        run(generator, ask(0, prompt="a purple cow moves right slowly"))
    with pytest.raises(RequestError, match="image has shape"):
        generator.check(ask(0, image=np.zeros((16, 16, 3), np.uint8)))
    with pytest.raises(RequestError, match="guidance"):
        run(generator, ask(0, params={"guidance": "much"}))


def test_captions_are_followed(generator: ReferenceGenerator) -> None:
    scenes = shapes.sample_scenes(10, 3)
    shares = judging.shapes_verdict(judging.make_clips(generator, scenes), scenes)
    assert shares["colour"] >= 0.8 and shares["shape"] >= 0.5, shares
