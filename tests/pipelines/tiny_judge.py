"""A tiny vision-language model with random weights: a LLaVA of some thousand numbers that reads words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tiny_components as tiny

WORDS = ("A", "B", "tie", "yes", "no")
SIDE = 16  # pixels of a frame as the model sees it: four patches
TEMPLATE = (
    "{% for message in messages %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image> {% else %}{{ part['text'] }} {% endif %}"
    "{% endfor %}{% endfor %}{% if add_generation_prompt %}answer{% endif %}"
)


def save(folder: Path, *, says: str | None = None, words: tuple[str, ...] = WORDS, seed: int = 0) -> Path:
    """Write model and processor as `save_pretrained` does.

    Args:
        says: a word that it then answers to everything, and the words of a judge last of all.
        words: what its vocabulary holds of the words that a judge may answer.
    """
    with tiny.seeded(seed):
        model = _model(len(_vocabulary(words)))
    if says is not None:
        _only(model, _vocabulary(words)[says])
    model.save_pretrained(folder)
    _processor(words).save_pretrained(folder)
    return folder


def _vocabulary(words: tuple[str, ...]) -> dict[str, int]:
    others = ("Clip", "frames", "better", "red", "left", "right", "text")
    tokens = ("<pad>", "<unk>", "<image>", "answer", *words, *others)
    return {token: place for place, token in enumerate(tokens)}


def _model(vocabulary: int) -> Any:
    from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

    sight = CLIPVisionConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
        image_size=SIDE, patch_size=8, projection_dim=16,
    )  # fmt: skip
    text = LlamaConfig(
        vocab_size=vocabulary, hidden_size=16, intermediate_size=32, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=512, initializer_range=0.5,
        pad_token_id=0,
    )  # fmt: skip
    return LlavaForConditionalGeneration(
        LlavaConfig(vision_config=sight, text_config=text, image_token_index=2, vision_feature_layer=-1)
    ).eval()


def _only(model: Any, token: int) -> None:
    """Nothing is added to the embedding of the last token, so that it alone decides, and decides for one."""
    import torch

    with torch.no_grad():
        for layer in model.model.language_model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        last = model.get_input_embeddings().weight[_vocabulary(WORDS)["answer"]]
        model.lm_head.weight[[_vocabulary(WORDS)[word] for word in WORDS]] = -last * 10 / last.norm()
        model.lm_head.weight[token] = last * 10 / last.norm()


def _processor(words: tuple[str, ...]) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import CLIPImageProcessor, LlavaProcessor, PreTrainedTokenizerFast

    inner = Tokenizer(models.WordLevel(_vocabulary(words), unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner, unk_token="<unk>", pad_token="<pad>",
        extra_special_tokens={"image_token": "<image>"},
    )  # fmt: skip
    return LlavaProcessor(
        image_processor=CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size=SIDE),
        tokenizer=tokenizer, patch_size=8, vision_feature_select_strategy="default",
        num_additional_image_tokens=1, image_token="<image>", chat_template=TEMPLATE,
    )  # fmt: skip
