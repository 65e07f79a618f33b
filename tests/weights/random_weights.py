"""Seeded random weights in the layouts of the published files: names, shapes, wrappers, number types."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor

Weights = dict[str, Tensor]


class _Draws:
    """Tensors drawn in a fixed order."""

    def __init__(self, seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)

    def __call__(self, *shape: int, std: float = 0.02, mean: float = 0.0) -> Tensor:
        return torch.randn(shape, generator=self._generator) * std + mean

    def linear(self, name: str, outside: int, inside: int, std: float = 0.02) -> Iterator[tuple[str, Tensor]]:
        yield f"{name}.weight", self(outside, inside, std=std)
        yield f"{name}.bias", self(outside)

    def norm(self, name: str, width: int) -> Iterator[tuple[str, Tensor]]:
        yield f"{name}.weight", self(width, mean=1.0, std=0.1)
        yield f"{name}.bias", self(width, std=0.1)

    def batch_norm(self, name: str, width: int, there: bool) -> Weights:
        """Nothing for an instance norm, which has no weights."""
        if not there:
            return {}
        return dict(self.norm(name, width)) | {
            f"{name}.running_mean": self(width, std=0.1),
            f"{name}.running_var": self(width, std=0.1, mean=1.0).abs(),
            f"{name}.num_batches_tracked": torch.tensor(7),
        }

    def conv(
        self,
        name: str,
        outside: int,
        inside: int,
        rows: int,
        columns: int | None = None,
        *,
        bias: bool = True,
    ) -> Iterator[tuple[str, Tensor]]:
        columns = columns or rows
        yield f"{name}.weight", self(outside, inside, rows, columns, std=(inside * rows * columns) ** -0.5)
        if bias:
            yield f"{name}.bias", self(outside)


def dino(seed: int) -> Weights:
    """dino_vitbase16_pretrain.pth."""
    draw = _Draws(seed)
    found: Weights = {}
    found |= {"cls_token": draw(1, 1, 768), "pos_embed": draw(1, 197, 768, std=0.3)}
    found |= dict(draw.conv("patch_embed.proj", 768, 3, 16))
    for place in range(12):
        block = f"blocks.{place}."
        for part in (
            draw.norm(block + "norm1", 768),
            draw.linear(block + "attn.qkv", 2304, 768, std=0.05),
            draw.linear(block + "attn.proj", 768, 768, std=0.05),
            draw.norm(block + "norm2", 768),
            draw.linear(block + "mlp.fc1", 3072, 768, std=0.05),
            draw.linear(block + "mlp.fc2", 768, 3072, std=0.05),
        ):
            found |= dict(part)
    return found | dict(draw.norm("norm", 768))


def clip(
    width: int, patch: int, layers: int, dim: int, text_width: int, text_layers: int, seed: int
) -> Weights:
    """A state dict of OpenAI's CLIP: matrices in half precision, sizes as tensors beside them."""
    draw = _Draws(seed)
    found: Weights = {}
    found |= {
        "positional_embedding": draw(77, text_width),
        "text_projection": draw(text_width, dim, std=0.05).half(),
        "logit_scale": torch.tensor(4.6052),
        "input_resolution": torch.tensor(224),
        "context_length": torch.tensor(77),
        "vocab_size": torch.tensor(49408),
        "visual.class_embedding": draw(width).half(),
        "visual.positional_embedding": draw((224 // patch) ** 2 + 1, width, std=0.2).half(),
        "visual.proj": draw(width, dim, std=0.05).half(),
        "visual.conv1.weight": draw(width, 3, patch, patch, std=(3 * patch * patch) ** -0.5).half(),
        "token_embedding.weight": draw(49408, text_width, std=0.1),
    }
    for name in ("visual.ln_pre", "visual.ln_post"):
        found |= dict(draw.norm(name, width))
    found |= dict(draw.norm("ln_final", text_width))
    for prefix, size, count in (("visual.", width, layers), ("", text_width, text_layers)):
        for place in range(count):
            block = f"{prefix}transformer.resblocks.{place}."
            found |= dict(draw.norm(block + "ln_1", size)) | dict(draw.norm(block + "ln_2", size))
            halves = {
                "attn.in_proj_weight": draw(3 * size, size, std=0.04),
                "attn.in_proj_bias": draw(3 * size),
                "attn.out_proj.weight": draw(size, size, std=0.04),
                "attn.out_proj.bias": draw(size),
                "mlp.c_fc.weight": draw(4 * size, size, std=0.04),
                "mlp.c_fc.bias": draw(4 * size),
                "mlp.c_proj.weight": draw(size, 4 * size, std=0.04),
                "mlp.c_proj.bias": draw(size),
            }
            found |= {block + name: value.half() for name, value in halves.items()}
    return found


def clip_b32(seed: int) -> Weights:
    """ViT-B-32.pt."""
    return clip(768, 32, 12, 512, 512, 12, seed)


def clip_l14(seed: int, layers: int = 2) -> Weights:
    """ViT-L-14.pt with `layers` of its 24 image blocks and one of its 12 text blocks, for time's sake."""
    return clip(1024, 14, layers, 768, 768, 1, seed)


def aesthetic(seed: int) -> Weights:
    """sa_0_4_vit_l_14_linear.pth."""
    draw = _Draws(seed)
    return {"weight": draw(1, 768, std=3.0), "bias": draw(1, mean=5.0)}


def musiq(seed: int) -> Weights:
    """musiq_spaq_ckpt-358bb6af.pth."""
    draw = _Draws(seed)
    found: Weights = {}
    found |= dict(draw.conv("conv_root", 64, 3, 7, bias=False)) | dict(draw.norm("gn_root", 64))
    for name, outside, inside, size in (
        ("1", 64, 64, 1), ("2", 64, 64, 3), ("3", 256, 64, 1), ("_proj", 256, 64, 1),
    ):  # fmt: skip
        found |= dict(draw.conv(f"block1.conv{name}", outside, inside, size, bias=False))
        found |= dict(draw.norm(f"block1.gn{name}", outside))
    found |= dict(draw.linear("embedding", 384, 16384, std=0.01))
    encoder = "transformer_encoder."
    found |= {
        f"{encoder}posembed_input.position_emb": draw(1, 100, 384, std=0.3),
        f"{encoder}scaleembed_input.scale_emb": draw(3, 384, std=0.3),
        f"{encoder}cls": draw(1, 1, 384),
    }
    found |= dict(draw.norm(f"{encoder}encoder_norm", 384))
    for place in range(14):
        block = f"{encoder}transformer.encoderblock_{place}."
        found |= dict(draw.norm(block + "norm1", 384)) | dict(draw.norm(block + "norm2", 384))
        for name in ("query", "key", "value", "out"):
            found |= dict(draw.linear(f"{block}attention.{name}", 384, 384, std=0.06))
        found |= dict(draw.linear(block + "mlp.fc1", 1152, 384, std=0.05))
        found |= dict(draw.linear(block + "mlp.fc2", 384, 1152, std=0.05))
    return found | {"head.weight": draw(1, 384, std=0.8), "head.bias": draw(1, mean=50.0)}


def raft(seed: int) -> Weights:
    """raft-things.pth: names begin with `module.`, and the norm of a projection is there twice."""
    draw = _Draws(seed)
    found: Weights = {}
    for net, normed in (("fnet", False), ("cnet", True)):
        found |= dict(draw.conv(f"{net}.conv1", 64, 3, 7))
        found |= draw.batch_norm(f"{net}.norm1", 64, normed)
        for layer, (inside, outside) in enumerate(((64, 64), (64, 96), (96, 128)), start=1):
            for place in range(2):
                block = f"{net}.layer{layer}.{place}"
                found |= dict(draw.conv(f"{block}.conv1", outside, outside if place else inside, 3))
                found |= dict(draw.conv(f"{block}.conv2", outside, outside, 3))
                found |= draw.batch_norm(f"{block}.norm1", outside, normed)
                found |= draw.batch_norm(f"{block}.norm2", outside, normed)
                if layer > 1 and place == 0:
                    found |= dict(draw.conv(f"{block}.downsample.0", outside, inside, 1))
                    found |= draw.batch_norm(f"{block}.norm3", outside, normed)
                    twin = {n: v for n, v in found.items() if n.startswith(f"{block}.norm3.")}
                    found |= {n.replace(".norm3.", ".downsample.1."): v for n, v in twin.items()}
        found |= dict(draw.conv(f"{net}.conv2", 256, 128, 1))
    update = "update_block."
    for name, outside, inside, rows, columns in (
        ("encoder.convc1", 256, 324, 1, 1), ("encoder.convc2", 192, 256, 3, 3),
        ("encoder.convf1", 128, 2, 7, 7), ("encoder.convf2", 64, 128, 3, 3),
        ("encoder.conv", 126, 256, 3, 3),
        ("gru.convz1", 128, 384, 1, 5), ("gru.convr1", 128, 384, 1, 5), ("gru.convq1", 128, 384, 1, 5),
        ("gru.convz2", 128, 384, 5, 1), ("gru.convr2", 128, 384, 5, 1), ("gru.convq2", 128, 384, 5, 1),
        ("flow_head.conv1", 256, 128, 3, 3), ("flow_head.conv2", 2, 256, 3, 3),
        ("mask.0", 256, 128, 3, 3), ("mask.2", 576, 256, 1, 1),
    ):  # fmt: skip
        found |= dict(draw.conv(update + name, outside, inside, rows, columns))
    return {f"module.{name}": value for name, value in found.items()}


def inception(seed: int) -> Weights:
    """pt_inception-2015-12-05-6726825d.pth."""
    from vbench_lite.suites.extractors.inception_network import InceptionFid

    draw = _Draws(seed)
    return {
        name: draw(*value.shape, mean=1.0, std=0.1).abs()
        if name.endswith(("bn.weight", "running_var"))
        else draw(*value.shape, std=0.05)
        for name, value in InceptionFid().state_dict().items()
        if not name.endswith("num_batches_tracked")
    }


def owlv2(folder: Path) -> None:
    """Write OWLv2 of two narrow layers in the layout of the hub: a folder of weights and settings."""
    import transformers

    narrow = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    vocabulary = ["!", "<|startoftext|>", "<|endoftext|>", *letters, *(f"{letter}</w>" for letter in letters)]
    config = transformers.Owlv2Config(
        text_config=narrow | {"vocab_size": len(vocabulary), "max_position_embeddings": 16},
        vision_config=narrow | {"image_size": 64, "patch_size": 16},
        projection_dim=32,
    )
    torch.manual_seed(0)
    model = transformers.Owlv2ForObjectDetection(config)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    model.save_pretrained(folder)
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(vocabulary)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    tokens = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "pad_token": "!"}
    tokens["unk_token"] = "<|endoftext|>"
    (folder / "special_tokens_map.json").write_text(json.dumps(tokens))
    kind = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 16, **tokens}
    (folder / "tokenizer_config.json").write_text(json.dumps(kind))
    transformers.Owlv2ImageProcessor(size={"height": 64, "width": 64}).save_pretrained(folder)


FILES: dict[str, tuple[str, Callable[[int], Weights]]] = {
    "dino-vitb16": ("dino_vitbase16_pretrain.pth", dino),
    "clip-vit-b32-openai": ("ViT-B-32.pt", clip_b32),
    "clip-vit-l14-openai": ("ViT-L-14.pt", clip_l14),
    "laion-aesthetic-l14": ("sa_0_4_vit_l_14_linear.pth", aesthetic),
    "musiq-spaq": ("musiq_spaq_ckpt-358bb6af.pth", musiq),
    "raft-things": ("raft-things.pth", raft),
    "inception-v3-fid": ("pt_inception-2015-12-05-6726825d.pth", inception),
}


def import_file(key: str, folder: Path) -> Weights:
    """Write a file, import it as a user would, and return what it holds."""
    from vbench_lite.weights import files

    name, make = FILES[key]
    held = make(1)
    torch.save(held, folder / name)
    files.import_file(key, folder / name, unverified=True)
    (folder / name).unlink()
    return held
