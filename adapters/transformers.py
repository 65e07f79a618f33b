"""The generator `transformers`: any model with `generate()`, and a decoder from its tokens to frames."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from vbench_lite.adapters.code_references import check_reference, load_reference, reference_sha256
from vbench_lite.adapters.model_files import locate, offline
from vbench_lite.adapters.token_stream import row_sampler, token_streamer
from vbench_lite.errors import ClipError, RequestError, SpecError, WeightsError
from vbench_lite.generator import (
    Family,
    FrameRule,
    GenerationContext,
    GenerationRequest,
    Generator,
    GeneratorConfig,
    GeneratorInfo,
    Mechanism,
    SizeRule,
    Streaming,
)
from vbench_lite.measure.work import WorkCounter, cache_bytes

Positive = Annotated[int, Field(ge=1)]


class TransformersConfig(GeneratorConfig):
    """Everything here is part of the generator's identity.

    Attributes:
        model: hub id, or a local folder as save_pretrained writes it.
        model_class: class of transformers, or module:attribute of your own.
        revision: branch, tag or commit on the hub.
        decoder: module:attribute or file.py:attribute, tokens to frames. A class is built once with
            decoder_config, a function is called as it is. It takes int64 (rows, tokens_per_chunk), counted
            from the start of vocabulary, and returns uint8 (rows, frames_per_chunk, height, width, 3). Its
            method reset, if there is one, is called before each batch of clips.
        decoder_config: arguments of the decoder's class.
        prompt: module:attribute or file.py:attribute, a function from (texts, tokenizer) to the arguments of
            generate (a dict with input_ids); null for the tokenizer's own encoding.
        height, width: of the frames.
        tokens_per_chunk, frames_per_chunk: what is decoded together.
        vocabulary: first token that stands for a piece of a frame, and the one after the last.
        max_frames: longest clip; null for what the model's positions allow.
        fps: the rate that clips are meant to be shown at; null for the rate asked for.
        dtype: of the weights; logits are sampled in float32.
        temperature: 0 is greedy.
        top_k, top_p: limits of sampling; 0 and 1 are none.
        guidance: classifier-free; 1 is none, and anything above doubles the forwards.
        call: further arguments of generate.
        local_files_only: never fetch from the hub.
        trust_remote_code: run Python from the model's repository.
        license, weights_license: SPDX names; that of the weights is read from the model card if null.
    """

    model: str
    model_class: str = "AutoModelForCausalLM"
    revision: str | None = None
    decoder: str
    decoder_config: dict[str, Any] = Field(default_factory=dict)
    prompt: str | None = None
    height: Positive
    width: Positive
    tokens_per_chunk: Positive
    frames_per_chunk: Positive = 1
    vocabulary: tuple[int, int] | None = None
    max_frames: Positive | None = None
    fps: Annotated[float, Field(gt=0)] | None = None
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    temperature: Annotated[float, Field(ge=0)] = 1.0
    top_k: Annotated[int, Field(ge=0)] = 0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    guidance: Annotated[float, Field(ge=1)] = 1.0
    call: dict[str, Any] = Field(default_factory=dict)
    local_files_only: bool = True
    trust_remote_code: bool = False
    license: str | None = None
    weights_license: str | None = None

    @field_validator("decoder", "prompt")
    @classmethod
    def _names_anload_reference(cls, value: str | None) -> str | None:
        return check_reference(value)


class Transformers(Generator):
    """A token model: frames leave as soon as their tokens are written."""

    Config: ClassVar[type[GeneratorConfig]] = TransformersConfig
    _model: Any = None
    _tokenizer: Any = None
    _decode: Any = None
    _prompt: Any = None
    _taken: set[str] | None = None  # names of inputs that the model takes; None: any but token types

    @cached_property
    def info(self) -> GeneratorInfo:
        """What the configuration and the model's own files declare."""
        config = self.config
        source = locate(config.model, config.revision, config.local_files_only)
        positions = _positions(source.config())
        longest = positions // config.tokens_per_chunk * config.frames_per_chunk if positions else None
        return GeneratorInfo(
            name="transformers",
            family=Family.AUTOREGRESSIVE,
            mechanism=Mechanism.TOKEN_AUTOREGRESSIVE,
            frames=FrameRule(
                multiple=config.frames_per_chunk,
                minimum=config.frames_per_chunk,
                maximum=config.max_frames or longest,
            ),
            size=SizeRule(fixed=(config.height, config.width)),
            native_fps=config.fps,
            guidance=config.guidance > 1,
            streaming=Streaming.FRAME if config.frames_per_chunk == 1 else Streaming.CHUNK,
            kv_cache=bool(config.call.get("use_cache", True)),
            license=config.license or "Apache-2.0",
            weights_license=config.weights_license or source.license() or "unknown",
            weights_sha256=source.weights_sha256(),
            summary=f"{config.model_class} of transformers, {config.dtype}, from {config.model}.",
        )

    def fingerprint(self) -> str:
        """Weights and configuration, the code that turns tokens into frames, and the library."""
        from importlib.metadata import version

        own = {name: reference_sha256(name) for name in (self.config.decoder, self.config.prompt) if name}
        facts = {"base": super().fingerprint(), "code": own, "transformers": version("transformers")}
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]

    def check(self, request: GenerationRequest) -> None:
        """Refuse given frames: nothing here turns frames into tokens."""
        if request.image is not None or request.past_frames is not None:
            raise RequestError(f"{request.sample_id}: the adapter transformers starts from text only")

    def import_libraries(self) -> None:
        """Import the classes that `load` needs, those that the automatic classes stand for included."""
        import transformers
        import transformers.generation.streamers

        load_reference(_qualified(self.config.model_class))
        source = locate(self.config.model, self.config.revision, self.config.local_files_only)
        for name in ("AutoTokenizer", "GenerationConfig", *source.config().get("architectures", ())):
            getattr(transformers, name, None)  # remote code has no class there

    def load(self) -> None:
        """Load model, tokenizer and decoder.

        Raises:
            SpecError: something the configuration names is not there. WeightsError: files are missing.
        """
        import torch
        from transformers import AutoTokenizer
        from transformers.utils import logging

        config = self.config
        logging.disable_progress_bar()
        kind = load_reference(_qualified(config.model_class))
        source = locate(config.model, config.revision, config.local_files_only)
        options = {
            "revision": config.revision or "main",
            "local_files_only": offline(config.local_files_only),
            "trust_remote_code": config.trust_remote_code,
        }
        where = str(source.folder) if options["local_files_only"] else config.model
        try:
            model = kind.from_pretrained(where, dtype=getattr(torch, config.dtype), **options)
            needs_tokenizer = config.prompt is None or (source.folder / "tokenizer_config.json").is_file()
            self._tokenizer = AutoTokenizer.from_pretrained(where, **options) if needs_tokenizer else None
        except (OSError, ValueError) as error:
            raise WeightsError(f"model {config.model}: {' '.join(str(error).split())}") from None
        if not hasattr(model, "generate"):
            raise SpecError(f"model {config.model}: {type(model).__name__} has no generate()")
        decode = load_reference(config.decoder)
        self._decode = decode(**config.decoder_config) if isinstance(decode, type) else decode
        self._prompt = load_reference(config.prompt) if config.prompt else None
        self._model = model.to(self.device).eval().requires_grad_(False)
        # Tokenizers give an attention mask, and some token types, to models that take none of them.
        names = inspect.signature(model.forward).parameters
        open_ended = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in names.values())
        self._taken = None if open_ended and "attention_mask" in names else set(names) - {"token_type_ids"}

    def close(self) -> None:
        """Let go of the model."""
        self._model = self._tokenizer = self._decode = None

    def generate(self, requests: Sequence[GenerationRequest], context: GenerationContext) -> None:
        """Write the tokens of every clip; rows whose prompts have one length share a call."""
        if self._model is None:
            raise RuntimeError("Transformers is not loaded; call load() first")
        context.phase("encode")
        for request in requests:
            self.check(request)
        encoded = [self._encode([request.prompt]) for request in requests]
        groups: dict[str, list[int]] = {}
        for index, request in enumerate(requests):
            shapes = {name: list(value.shape) for name, value in encoded[index].items()}
            key = json.dumps([shapes, dict(request.params), request.negative_prompt], sort_keys=True)
            groups.setdefault(key, []).append(index)
        for indices in groups.values():
            rows = [encoded[i] for i in indices]
            self._write(indices, [requests[i] for i in indices], rows, context, len(requests))

    def _write(
        self,
        indices: Sequence[int],
        requests: Sequence[GenerationRequest],
        encoded: Sequence[Mapping[str, Any]],
        context: GenerationContext,
        clips: int,
    ) -> None:
        """Write some of the `clips` of a batch in one call of the model."""
        import torch

        config, first = self.config, requests[0]
        inputs = {name: torch.cat([row[name] for row in encoded]) for name in encoded[0]}
        total = first.num_frames // config.frames_per_chunk * config.tokens_per_chunk
        self._check_length(first, inputs, total)
        start = config.vocabulary[0] if config.vocabulary else 0

        def on_chunk(tokens: Any) -> None:
            context.phase("decode")
            for index, frames in zip(indices, self._frames(tokens - start), strict=True):
                context.emit(index, frames)
            context.phase("decode_tokens")

        numbers = self._sampling(first)
        extra = {n: v for n, v in self._generation(first).items() if n not in numbers}
        guide = self._guidance(numbers["guidance"], first.negative_prompt, len(requests))
        sampler = row_sampler(
            [request.seed for request in requests],
            numbers["temperature"],
            int(numbers["top_k"]),
            numbers["top_p"],
            config.vocabulary,
        )
        if hasattr(self._decode, "reset"):
            self._decode.reset()
        context.phase("decode_tokens")
        with torch.inference_mode(), WorkCounter([self._model], count_flops=False) as work:
            written = self._model.generate(
                **inputs,
                **{**config.call, **extra},
                do_sample=False,
                min_new_tokens=total,
                max_new_tokens=total,
                logits_processor=[*guide, sampler],
                streamer=token_streamer(
                    config.tokens_per_chunk, lambda count: context.step(count, total), on_chunk
                ),
                return_dict_in_generate=True,
            )
        cached = cache_bytes(getattr(written, "past_key_values", None))
        for processor in guide:
            cached += cache_bytes(processor.unconditional_context["past_key_values"])
        # Of both, what the groups of a batch note adds up: tokens of the call, evaluations of one clip.
        context.note(tokens=total * len(requests), nfe=work.nfe(clips), kv_cache_bytes=cached or None)
        context.note(fps_source="native" if config.fps else "assumed")

    def _encode(self, texts: Sequence[str]) -> dict[str, Any]:
        if self._prompt is not None:
            found = self._prompt(list(texts), self._tokenizer)
        else:
            found = self._tokenizer(list(texts), return_tensors="pt")
        taken = self._taken
        return {
            name: value.to(self.device)
            for name, value in dict(found).items()
            if name == "input_ids" or taken is None or name in taken
        }

    def _guidance(self, scale: float, negative_prompt: str, rows: int) -> list[Any]:
        if scale == 1:
            return []
        from transformers import UnbatchedClassifierFreeGuidanceLogitsProcessor

        without = None
        if negative_prompt:
            without = self._encode([negative_prompt])["input_ids"].repeat(rows, 1)
        return [UnbatchedClassifierFreeGuidanceLogitsProcessor(scale, self._model, unconditional_ids=without)]

    def _sampling(self, request: GenerationRequest) -> dict[str, float]:
        """Temperature, top_k, top_p and guidance: the configuration's, or the request's where it has them."""
        names = ("temperature", "top_k", "top_p", "guidance")
        unknown = sorted(set(request.params) - set(names) - set(self._generation(request)))
        if unknown:
            raise RequestError(
                f"{request.sample_id}: neither the adapter transformers ({', '.join(names)}) nor the model's "
                f"generate() has a parameter {unknown[0]!r}"
            )
        found = {name: request.params.get(name, getattr(self.config, name)) for name in names}
        try:
            type(self.config).model_validate({**self.config.model_dump(), **found})
        except ValueError:
            raise RequestError(f"{request.sample_id}: parameters {found} are out of range") from None
        return {name: float(value) for name, value in found.items()}

    def _generation(self, request: GenerationRequest) -> dict[str, Any]:
        """Parameters of the request that `generate` takes: fields of the model's generation configuration."""
        known = self._model.generation_config.to_dict()
        ours = {"do_sample", "max_new_tokens", "min_new_tokens", "max_length", "min_length"}
        return {name: value for name, value in request.params.items() if name in known.keys() - ours}

    def _check_length(self, request: GenerationRequest, inputs: Mapping[str, Any], total: int) -> None:
        positions = _positions(self._model.config.to_dict())
        used = inputs["input_ids"].shape[1] if "input_ids" in inputs else 0
        if positions and used + total > positions:
            raise RequestError(
                f"{request.sample_id}: {used} tokens of prompt and {total} of frames, "
                f"the model has {positions} positions"
            )

    def _frames(self, tokens: Any) -> Any:
        frames = np.asarray(self._decode(tokens))
        config = self.config
        wanted = (len(tokens), config.frames_per_chunk, config.height, config.width, 3)
        if frames.dtype != np.uint8 or frames.shape != wanted:
            raise ClipError(
                f"decoder {config.decoder} returned {frames.dtype} {frames.shape}, expected uint8 {wanted}"
            )
        return frames


def _positions(config: Mapping[str, Any]) -> int | None:
    """Tokens that a model has positions for, as its configuration says; None if it does not."""
    inner = config.get("text_config")
    for part in (config, inner if isinstance(inner, Mapping) else {}):
        for key in ("max_position_embeddings", "n_positions", "max_sequence_length"):
            if part.get(key):
                return int(part[key])
    return None


def _qualified(name: str) -> str:
    return name if ":" in name else f"transformers:{name}"
