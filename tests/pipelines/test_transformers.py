"""A tiny Llama that writes frames keeps the promises, streams, and is a function of each row's seed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import tiny_tokens
from generator_promises import *  # noqa: F403  the tests themselves
from generator_promises import CAPTIONS, Subject, ask

from vbench_lite.adapters.transformers import Transformers
from vbench_lite.errors import ClipError, RequestError, SpecError
from vbench_lite.measure.context import RecordingContext

SUBJECTS: dict[str, dict[str, int]] = {
    "a frame at a time": {},
    "two frames at a time": {"tokens_per_chunk": 32, "frames_per_chunk": 2},
}


@pytest.fixture(params=list(SUBJECTS), scope="module")
def subject(request: Any) -> Subject:
    return Subject("transformers", tiny_tokens.configuration(**SUBJECTS[request.param]))


@pytest.fixture(scope="module")
def painter() -> Iterator[Transformers]:
    generator = Transformers(tiny_tokens.configuration())
    generator.load()
    yield generator
    generator.close()


def call(generator: Any, *seeds: int, num_frames: int = 4, prompt: str = CAPTIONS[0], **params: Any) -> Any:
    from dataclasses import replace

    made = [
        replace(ask(generator, num_frames, seed, sample_id=f"s{seed}")[1], prompt=prompt, params=params)
        for seed in seeds or (3,)
    ]
    context = RecordingContext(made)
    generator.generate(made, context)
    return context.result()


def test_work_is_counted_by_token(painter: Any) -> None:
    record = call(painter, num_frames=4)
    assert record.facts["tokens"] == 4 * 16
    assert record.facts["nfe"] == 4 * 16
    assert [count for _, count in record.arrivals[0]] == [1, 1, 1, 1]
    assert set(record.phases) == {"encode", "decode_tokens", "decode"}


def test_tokens_are_those_of_the_call_and_evaluations_those_of_a_clip(painter: Any) -> None:
    alone, batch = call(painter, 3), call(painter, 3, 4, 5)
    assert batch.facts["tokens"] == 3 * alone.facts["tokens"]
    assert batch.facts["nfe"] == alone.facts["nfe"]


def test_guidance_doubles_the_forwards_and_the_cache(painter: Any) -> None:
    plain, guided = call(painter), call(painter, guidance=2.0)
    assert guided.facts["nfe"] == 2 * plain.facts["nfe"]
    assert guided.facts["tokens"] == plain.facts["tokens"]
    assert guided.facts["kv_cache_bytes"] > 1.5 * plain.facts["kv_cache_bytes"]
    assert not np.array_equal(guided.frames[0], plain.frames[0])


def test_the_cache_holds_keys_and_values_of_every_token(painter: Any) -> None:
    tokens = len(painter._tokenizer(CAPTIONS[0]).input_ids) + 4 * 16 - 1  # the last is never read again
    layers, heads, dim, float32 = 2, 2, 4, 4
    assert call(painter).facts["kv_cache_bytes"] == 2 * layers * heads * dim * float32 * tokens


def test_a_row_of_a_batch_is_the_sample_alone(painter: Any) -> None:
    batch = call(painter, 3, 4, 5)
    for row, seed in enumerate((3, 4, 5)):
        assert np.array_equal(batch.frames[row], call(painter, seed).frames[0])


def test_the_global_generator_neither_counts_nor_moves(painter: Any) -> None:
    import torch

    clips, after = [], []
    for seed in (0, 1):
        torch.manual_seed(seed)
        clips.append(call(painter).frames[0])
        after.append(torch.rand(1).item())
        torch.manual_seed(seed)
        assert after[-1] == torch.rand(1).item()
    assert np.array_equal(*clips)


def test_a_temperature_of_zero_ignores_the_seed(painter: Any) -> None:
    first, second = (call(painter, seed, temperature=0).frames[0] for seed in (1, 2))
    assert np.array_equal(first, second)


def test_top_k_of_one_is_greedy(painter: Any) -> None:
    assert np.array_equal(call(painter, top_k=1).frames[0], call(painter, temperature=0).frames[0])


def test_the_sampler_draws_from_the_softmax() -> None:
    """Frequencies over 4000 seeds within five standard errors of the probabilities."""
    import torch

    from vbench_lite.adapters.token_stream import row_sampler

    chances = torch.tensor([0.5, 0.3, 0.15, 0.05])
    n = 4000
    sampler = row_sampler(range(n), 1.0, 0, 1.0, None)
    drawn = sampler(None, torch.log(chances).expand(n, 4)).argmax(-1)
    found = torch.bincount(drawn, minlength=4) / n
    assert ((found - chances).abs() < 5 * torch.sqrt(chances * (1 - chances) / n)).all()


@pytest.mark.parametrize(("top_k", "top_p", "kept"), [(2, 1.0, 2), (0, 0.79, 2), (0, 0.81, 3), (0, 0.01, 1)])
def test_limits_keep_the_most_likely(top_k: int, top_p: float, kept: int) -> None:
    import torch

    from vbench_lite.adapters.token_stream import row_sampler

    logits = torch.log(torch.tensor([[0.15, 0.5, 0.05, 0.3]]))
    left = torch.isfinite(row_sampler([0], 1.0, top_k, top_p, None)(None, logits))[0]
    assert left.nonzero().flatten().tolist() == sorted([1, 3, 0, 2][:kept])


def test_a_clip_beyond_the_positions_is_refused(painter: Any) -> None:
    with pytest.raises(RequestError, match="512 positions"):
        call(painter, num_frames=32)
    with pytest.raises(RequestError, match="at most 32"):
        ask(painter, num_frames=33)


def test_a_parameter_it_does_not_have_is_refused(painter: Any) -> None:
    with pytest.raises(RequestError, match="steps"):
        call(painter, steps=4)
    with pytest.raises(RequestError, match="out of range"):
        call(painter, temperature=-1)


def test_a_decoder_of_another_form_is_said() -> None:
    generator = Transformers(tiny_tokens.configuration(decoder="tiny_tokens:floats"))
    generator.load()
    with pytest.raises(ClipError, match=r"float64 .* expected uint8"):
        call(generator)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"decoder": "tiny_tokens:Nobody"}, "Nobody"),
        ({"model_class": "NoSuchModel"}, "NoSuchModel"),
    ],
)
def test_a_name_that_is_not_there_is_said(changes: Any, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        Transformers(tiny_tokens.configuration(**changes)).load()


def test_the_form_of_a_name_is_checked_before_anything() -> None:
    with pytest.raises(SpecError, match="module:attribute"):
        Transformers(tiny_tokens.configuration(decoder="tiny_tokens"))
    with pytest.raises(SpecError, match="no module nowhere"):
        Transformers(tiny_tokens.configuration(decoder="nowhere:Decoder")).fingerprint()
