"""Sampling and streaming for `generate()` of transformers: noise for each row, frames as tokens come.

`generate()` takes no generator and draws from the global one, so that a row of a batch is not the sample it
would be alone. Here noise from each row's own generator is added to its logits and the largest is taken,
which is sampling from the softmax (Gumbel, 1954; Maddison et al., 2014, arXiv:1411.0030).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


def row_sampler(
    seeds: Sequence[int],
    temperature: float,
    top_k: int,
    top_p: float,
    vocabulary: tuple[int, int] | None,
) -> Any:
    """A logits processor for `generate(do_sample=False)`.

    Args:
        seeds: one for each row.
        temperature: 0 takes the most likely token. top_k: 0 for no limit. top_p: 1 for no limit.
        vocabulary: first token that may be written and the one after the last; None for all.
    """
    import torch
    from transformers import LogitsProcessor, LogitsProcessorList, TopKLogitsWarper, TopPLogitsWarper

    limits = LogitsProcessorList()
    if top_k:
        limits.append(TopKLogitsWarper(top_k))
    if top_p < 1:
        limits.append(TopPLogitsWarper(top_p))
    generators = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]

    class RowSampler(LogitsProcessor):  # type: ignore[misc]  # transformers is taken as Any
        def __call__(self, input_ids: Any, scores: Any) -> Any:
            logits = scores.float()
            if vocabulary is not None:
                allowed = torch.zeros(logits.shape[-1], dtype=torch.bool, device=logits.device)
                allowed[vocabulary[0] : vocabulary[1]] = True
                logits = logits.masked_fill(~allowed, -torch.inf)
            if temperature == 0:
                return logits
            logits = limits(input_ids, logits / temperature)
            rows = [torch.empty(logits.shape[-1]).exponential_(generator=row) for row in generators]
            return logits - torch.log(torch.stack(rows)).to(logits.device)

    return RowSampler()


def token_streamer(per_chunk: int, on_token: Callable[[int], None], on_chunk: Callable[[Any], None]) -> Any:
    """A streamer for `generate`: its first `put` is the prompt, every further one a token for each row.

    Args:
        per_chunk: tokens that are decoded together.
        on_token: told how many tokens each row has.
        on_chunk: takes the tokens of a chunk, int64 (rows, per_chunk).
    """
    import torch
    from transformers.generation.streamers import BaseStreamer

    class Streamer(BaseStreamer):  # type: ignore[misc]  # transformers is taken as Any
        def __init__(self) -> None:
            self.prompted = False
            self.count = 0
            self.waiting: list[Any] = []

        def put(self, value: Any) -> None:
            if not self.prompted:
                self.prompted = True
                return
            self.waiting.append(value.reshape(-1))
            self.count += 1
            on_token(self.count)
            if len(self.waiting) == per_chunk:
                tokens = torch.stack(self.waiting, 1)
                self.waiting = []
                on_chunk(tokens)

        def end(self) -> None:
            """Nothing is held back: clips have a whole number of chunks."""

    return Streamer()
