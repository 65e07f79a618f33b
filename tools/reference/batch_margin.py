"""Where the tokens of a batch row first differ from those of the same sample made alone.

Products over another number of rows round differently, so two nearly equal logits can change places.
The margin says whether that is what happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vbench_lite.adapters.reference.sampling import TokenSampler, gumbel
from vbench_lite.adapters.reference.token_model import TokenModel
from vbench_lite.adapters.reference.tokens import TokenCodec
from vbench_lite.adapters.reference.worlds import SHAPES, World


@dataclass(frozen=True)
class Difference:
    """The first token of a row that differs.

    Attributes:
        row: of the batch.
        frame, slot: where the token stands.
        batch_token, single_token: what was written there.
        margin: how far the single sample's token lay above the batch's in the single sample, as
            logit / temperature + noise, the quantity whose largest value is chosen.
    """

    row: int
    frame: int
    slot: int
    batch_token: int
    single_token: int
    margin: float


@torch.inference_mode()
def first_differences(
    model: TokenModel,
    codec: TokenCodec,
    prompts: Sequence[str],
    seeds: Sequence[int],
    num_frames: int,
    temperature: float = 0.7,
    top_k: int = 10,
    guidance: float = 2.0,
    world: World = SHAPES,
) -> list[Difference]:
    """Make all rows as one batch and each alone; one entry for each row that differs anywhere."""
    words = torch.tensor([world.word_indices(prompt) for prompt in prompts])

    def write(rows: list[int]) -> tuple[Tensor, Tensor]:
        sampler = TokenSampler(model, codec, words[rows], True, guidance)
        rngs = [torch.Generator("cpu").manual_seed(seeds[row]) for row in rows]
        made = [sampler.next_with_logits(rngs, temperature, top_k) for _ in range(num_frames)]
        tokens, logits = zip(*made, strict=True)
        return torch.stack(tokens, 1).flatten(1), torch.stack(logits, 1).flatten(1, 2)

    together, _ = write(list(range(len(prompts))))
    out: list[Difference] = []
    for row, seed in enumerate(seeds):
        alone, logits = write([row])
        differs = (together[row] != alone[0]).nonzero()
        if not len(differs):
            continue
        at = int(differs[0])
        frame, slot = divmod(at, model.config.tokens)
        batch_token, single_token = int(together[row, at]), int(alone[0, at])
        scores = logits[0, at]
        if temperature > 0:
            scores = scores / temperature + _noise(model, seed, frame)[slot]
        margin = float(scores[single_token] - scores[batch_token])
        out.append(Difference(row, frame, slot, batch_token, single_token, margin))
    return out


def _noise(model: TokenModel, seed: int, frame: int) -> Tensor:
    """The Gumbel noise of one frame of a sample, (tokens, vocabulary)."""
    rng = [torch.Generator("cpu").manual_seed(seed)]
    for _ in range(frame):
        gumbel(rng, model.config.tokens, model.config.vocabulary)
    return gumbel(rng, model.config.tokens, model.config.vocabulary)[0]
