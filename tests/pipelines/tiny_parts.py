"""What the builders of tiny pipelines share, and where they are kept by the class that they build."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

BUILDERS: dict[str, Callable[[], Any]] = {}


def pipeline_of(name: str) -> Callable[[Callable[[], dict[str, Any]]], Callable[[], dict[str, Any]]]:
    """A function that gives the components becomes the builder of this class."""

    def keep(parts: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
        def build() -> Any:
            import diffusers

            return getattr(diffusers, name)(**parts())

        BUILDERS[name] = build
        return parts

    return keep


def flow(**more: Any) -> Any:
    from diffusers import FlowMatchEulerDiscreteScheduler

    return FlowMatchEulerDiscreteScheduler(**more)


def ddim() -> Any:
    from diffusers import DDIMScheduler

    return DDIMScheduler(beta_schedule="linear", clip_sample=False)


def vision(cls: str = "CLIPVisionModel", **more: Any) -> Any:
    """An image encoder of CLIP, for pictures of 32x32 unless said otherwise."""
    import transformers

    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 16}
    config = transformers.CLIPVisionConfig(**{**sizes, "image_size": 32, "patch_size": 16, **more})
    return getattr(transformers, cls)(config).eval()


def clip_images(size: int = 32) -> Any:
    from transformers import CLIPImageProcessor

    return CLIPImageProcessor(crop_size=size, size=size)


def chatty(tokenizer: Any) -> Any:
    """A tokenizer with a chat template: the texts of the messages, one after another."""
    tokenizer.chat_template = (
        "{% for message in messages %}{% if message.content is string %}{{ message.content }}{% else %}"
        "{% for part in message.content %}{{ part.text }}{% endfor %}{% endif %}{% endfor %}"
    )
    return tokenizer
