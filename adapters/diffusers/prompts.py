"""The prompt that a model really reads: after enhancement, and after the tokenizer cut it off."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any


def prompt_facts(pipe: Any, encoded: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Facts to note about the prompt of a call.

    Args:
        encoded: what `encode_prompt` was given: text, or a list of it for a batch.
        arguments: of the pipeline's call.

    Returns:
        effective_prompt (for a call of one prompt), prompt_truncated (of any prompt), both only where the
        pipeline has a tokenizer and was given text; prompt_unread where its tokenizer could not be asked.
    """
    texts = [encoded] if isinstance(encoded, str) else encoded
    tokenizer = getattr(pipe, "tokenizer", None)
    if tokenizer is None or not texts or not all(isinstance(text, str) for text in texts):
        return {}
    try:
        limit = _limit(pipe, tokenizer, arguments)
        read = [_read(tokenizer, text, limit) for text in texts]
    except Exception as error:  # a remark about a clip never costs the clip
        return {"prompt_unread": f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"}
    facts: dict[str, Any] = {"prompt_truncated": any(cut for _, cut in read)}
    if len(read) == 1:
        facts["effective_prompt"] = read[0][0]
    return facts


def _read(tokenizer: Any, text: str, limit: int) -> tuple[str, bool]:
    tokenizer = getattr(tokenizer, "tokenizer", tokenizer)
    tokens = tokenizer(text, truncation=False).input_ids
    if len(tokens) <= limit:
        return text, False
    kept = tokenizer(text, truncation=True, max_length=limit).input_ids
    return str(tokenizer.decode(kept, skip_special_tokens=True)), True


def _limit(pipe: Any, tokenizer: Any, arguments: Mapping[str, Any]) -> int:
    """Tokens of the text that are read; a tokenizer without a limit says so by a very large number."""
    tokenizer = getattr(tokenizer, "tokenizer", tokenizer)  # a processor of texts and images holds one
    limit = int(tokenizer.model_max_length)
    default = inspect.signature(type(pipe).__call__).parameters.get("max_sequence_length")
    stated = arguments.get("max_sequence_length", None if default is None else default.default)
    return min(limit, int(stated)) if isinstance(stated, int) else limit
