"""VBench's published formulas written out plainly: one frame at a time, from the tensors of the files.

Nothing of the project is used here, so that agreement means something.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

Weights = dict[str, Tensor]
Frames = npt.NDArray[np.uint8]


def part(weights: Weights, prefix: str) -> Weights:
    return {n.removeprefix(prefix): v.float() for n, v in weights.items() if n.startswith(prefix)}


def linear(x: Tensor, w: Weights, name: str) -> Tensor:
    return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]


def norm(x: Tensor, w: Weights, name: str, eps: float) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], w[f"{name}.weight"], w[f"{name}.bias"], eps)


def attention(q: Tensor, k: Tensor, v: Tensor, heads: int, mask: Tensor | None = None) -> Tensor:
    """(N, C) each."""
    q, k, v = (x.reshape(len(x), heads, -1).transpose(0, 1) for x in (q, k, v))
    scores = q @ k.transpose(1, 2) / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = scores + mask
    return (scores.softmax(-1) @ v).transpose(0, 1).flatten(1)


def frame_tensor(frame: Frames) -> Tensor:
    """Float 0..255, (1, 3, H, W)."""
    return torch.tensor(frame).permute(2, 0, 1)[None].float()


def short_side(image: Tensor, side: int, mode: str) -> Tensor:
    height, width = image.shape[-2:]
    size = (int(side * height / width), side) if width <= height else (side, int(side * width / height))
    return F.interpolate(image, size, mode=mode, align_corners=False, antialias=False)


def standard(image: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    return (image - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None]


# --- DINO -------------------------------------------------------------------------------------------


def dino_class_token(w: Weights, frame: Frames) -> Tensor:
    image = short_side(frame_tensor(frame), 224, "bilinear") / 255
    image = standard(image, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    height, width = image.shape[-2:]
    patches = F.conv2d(image, w["patch_embed.proj.weight"], w["patch_embed.proj.bias"], stride=16)
    places = w["pos_embed"]
    if not (patches[0, 0].numel() == 196 and height == width):
        rows, columns = height // 16 + 0.1, width // 16 + 0.1
        grid = places[:, 1:].reshape(1, 14, 14, 768).permute(0, 3, 1, 2)
        grid = F.interpolate(grid, scale_factor=(rows / 14, columns / 14), mode="bicubic")
        places = torch.cat([places[:, :1], grid.permute(0, 2, 3, 1).reshape(1, -1, 768)], 1)
    x = torch.cat([w["cls_token"][0], patches[0].flatten(1).T]) + places[0]
    for i in range(12):
        block = part(w, f"blocks.{i}.")
        q, k, v = linear(norm(x, block, "norm1", 1e-6), block, "attn.qkv").chunk(3, -1)
        x = x + linear(attention(q, k, v, 12), block, "attn.proj")
        x = x + linear(F.gelu(linear(norm(x, block, "norm2", 1e-6), block, "mlp.fc1")), block, "mlp.fc2")
    return norm(x, w, "norm", 1e-6)[0]


# --- CLIP -------------------------------------------------------------------------------------------

MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


def clip_float_image(frame: Frames) -> Tensor:
    image = short_side(frame_tensor(frame), 224, "bicubic")
    top, left = (round((size - 224) / 2) for size in image.shape[-2:])
    return standard(image[..., top : top + 224, left : left + 224] / 255, MEAN, STD)


def clip_pil_image(frame: Frames) -> Tensor:
    from PIL import Image

    image = Image.fromarray(frame)
    width, height = image.size
    size = (224, int(224 * height / width)) if width <= height else (int(224 * width / height), 224)
    image = image.resize(size, Image.Resampling.BICUBIC)
    left, top = (round((length - 224) / 2) for length in image.size)
    pixels = np.asarray(image.crop((left, top, left + 224, top + 224)))
    return standard(torch.tensor(pixels).permute(2, 0, 1)[None].float() / 255, MEAN, STD)


def clip_blocks(w: Weights, x: Tensor, heads: int, mask: Tensor | None = None) -> Tensor:
    count = len({name.split(".")[2] for name in w if name.startswith("transformer.resblocks.")})
    for i in range(count):
        b = part(w, f"transformer.resblocks.{i}.")
        y = norm(x, b, "ln_1", 1e-5) @ b["attn.in_proj_weight"].T + b["attn.in_proj_bias"]
        q, k, v = y.chunk(3, -1)
        x = x + linear(attention(q, k, v, heads, mask), b, "attn.out_proj")
        hidden = linear(norm(x, b, "ln_2", 1e-5), b, "mlp.c_fc")
        x = x + linear(hidden * torch.sigmoid(1.702 * hidden), b, "mlp.c_proj")
    return x


def clip_image(weights: Weights, image: Tensor) -> Tensor:
    w = part(weights, "visual.")
    patches = F.conv2d(image, w["conv1.weight"], stride=w["conv1.weight"].shape[-1])[0].flatten(1).T
    x = torch.cat([w["class_embedding"][None], patches]) + w["positional_embedding"]
    x = clip_blocks(w, norm(x, w, "ln_pre", 1e-5), x.shape[-1] // 64)
    return norm(x[0], w, "ln_post", 1e-5) @ w["proj"]


def clip_text(weights: Weights, text: str) -> Tensor:
    import open_clip

    w = {name: v.float() for name, v in weights.items() if not name.startswith("visual.")}
    tokens = open_clip.get_tokenizer("ViT-B-32-quickgelu")([text])[0]
    x = w["token_embedding.weight"][tokens] + w["positional_embedding"]
    mask = torch.full((77, 77), -torch.inf).triu(1)
    x = norm(clip_blocks(w, x, x.shape[-1] // 64, mask), w, "ln_final", 1e-5)
    return x[tokens.argmax()] @ w["text_projection"]


# --- MUSIQ ------------------------------------------------------------------------------------------


def same(x: Tensor, kernel: int, stride: int) -> Tensor:
    height, width = x.shape[-2:]
    down = max((math.ceil(height / stride) - 1) * stride + kernel - height, 0)
    right = max((math.ceil(width / stride) - 1) * stride + kernel - width, 0)
    return F.pad(x, (right // 2, right - right // 2, down // 2, down - down // 2))


def std_conv(w: Weights, name: str, x: Tensor, stride: int = 1) -> Tensor:
    kernel = w[f"{name}.weight"]
    kernel = kernel - kernel.mean((1, 2, 3), keepdim=True)
    kernel = kernel / (kernel.std((1, 2, 3), keepdim=True) + 1e-5)
    return F.conv2d(same(x, kernel.shape[-1], stride), kernel, stride=stride)


def group_norm(w: Weights, name: str, x: Tensor, eps: float) -> Tensor:
    return F.group_norm(x, 32, w[f"{name}.weight"], w[f"{name}.bias"], eps)


def musiq_tokens(image: Tensor) -> tuple[Tensor, list[int], list[int], list[int]]:
    """Patches (N, 3, 32, 32), hashed places, scales, and whether a patch is real, as published: padded
    with patches of zeros to a fixed number for the two resized images."""
    patches, places, scales, real = [], [], [], []
    height, width = image.shape[-2:]
    for scale, side in enumerate((224, 384, None)):
        view = image
        if side:
            ratio = side / max(height, width)
            view = F.interpolate(image, (round(height * ratio), round(width * ratio)), mode="bicubic")
        view = same(view, 32, 32)[0]
        rows, columns = view.shape[1] // 32, view.shape[2] // 32
        for row in range(rows):
            for column in range(columns):
                patches.append(view[:, 32 * row : 32 * row + 32, 32 * column : 32 * column + 32])
                places.append(math.floor(row * 10 / rows) * 10 + math.floor(column * 10 / columns))
                scales.append(scale)
                real.append(1)
        for _ in range(math.ceil(side / 32) ** 2 - rows * columns if side else 0):
            patches.append(torch.zeros(3, 32, 32))
            places.append(0)
            scales.append(0)
            real.append(0)
    return torch.stack(patches), places, scales, real


def musiq_score(w: Weights, frame: Frames) -> float:
    image = frame_tensor(frame)
    height, width = image.shape[-2:]
    if max(height, width) > 512:
        size = (int(512 / max(height, width) * height), int(512 / max(height, width) * width))
        image = F.interpolate(image, size, mode="bilinear", align_corners=False, antialias=False)
    patches, places, scales, real = musiq_tokens((image / 255 - 0.5) * 2)
    x = F.relu(group_norm(w, "gn_root", std_conv(w, "conv_root", patches, 2), 1e-6))
    x = F.max_pool2d(same(x, 3, 2), 3, 2)
    y = F.relu(group_norm(w, "block1.gn1", std_conv(w, "block1.conv1", x), 1e-4))
    y = F.relu(group_norm(w, "block1.gn2", std_conv(w, "block1.conv2", y), 1e-4))
    y = group_norm(w, "block1.gn3", std_conv(w, "block1.conv3", y), 1e-4)
    x = F.relu(y + group_norm(w, "block1.gn_proj", std_conv(w, "block1.conv_proj", x), 1e-4))
    x = linear(x.permute(0, 2, 3, 1).reshape(len(x), -1), w, "embedding")
    e = part(w, "transformer_encoder.")
    x = x + e["posembed_input.position_emb"][0, places] + e["scaleembed_input.scale_emb"][scales]
    x = torch.cat([e["cls"][0], x])
    mask = torch.tensor([1, *real]).float()
    barred = mask[:, None] * mask[None] == 0
    for i in range(14):
        b = part(e, f"transformer.encoderblock_{i}.")
        y = norm(x, b, "norm1", 1e-6)
        q, k, v = (
            linear(y, b, f"attention.{n}").reshape(len(y), 6, 64).transpose(0, 1)
            for n in ("query", "key", "value")
        )
        scores = (q @ k.transpose(1, 2) * 64**-0.5).masked_fill(barred, -1e3)
        x = x + linear((scores.softmax(-1) @ v).transpose(0, 1).flatten(1), b, "attention.out")
        x = x + linear(F.gelu(linear(norm(x, b, "norm2", 1e-6), b, "mlp.fc1")), b, "mlp.fc2")
    return linear(norm(x[0], e, "encoder_norm", 1e-6), w, "head").item()


# --- RAFT -------------------------------------------------------------------------------------------


def conv(w: Weights, name: str, x: Tensor, stride: int = 1) -> Tensor:
    kernel = w[f"{name}.weight"]
    pad = (kernel.shape[-2] // 2, kernel.shape[-1] // 2)
    return F.conv2d(x, kernel, w[f"{name}.bias"], stride, pad)


def raft_norm(w: Weights, name: str, x: Tensor) -> Tensor:
    if f"{name}.running_mean" not in w:
        return F.instance_norm(x)
    scale, shift = w[f"{name}.weight"], w[f"{name}.bias"]
    return F.batch_norm(x, w[f"{name}.running_mean"], w[f"{name}.running_var"], scale, shift)


def raft_encoder(w: Weights, x: Tensor) -> Tensor:
    x = F.relu(raft_norm(w, "norm1", conv(w, "conv1", x, 2)))
    for layer in (1, 2, 3):
        for place in range(2):
            name = f"layer{layer}.{place}"
            stride = 2 if layer > 1 and place == 0 else 1
            y = F.relu(raft_norm(w, f"{name}.norm1", conv(w, f"{name}.conv1", x, stride)))
            y = F.relu(raft_norm(w, f"{name}.norm2", conv(w, f"{name}.conv2", y)))
            if stride == 2:
                x = raft_norm(w, f"{name}.downsample.1", conv(w, f"{name}.downsample.0", x, 2))
            x = F.relu(x + y)
    return conv(w, "conv2", x)


def raft_flow(weights: Weights, first: Tensor, second: Tensor, iters: int = 20) -> Tensor:
    """Flow (2, H, W) between images (1, 3, H, W) in 0..255 whose sides are multiples of 8."""
    w = {name.removeprefix("module."): v for name, v in weights.items()}
    first, second = 2 * (first / 255) - 1, 2 * (second / 255) - 1
    a, b = raft_encoder(part(w, "fnet."), first)[0], raft_encoder(part(w, "fnet."), second)[0]
    dim, rows, columns = a.shape
    volume = (a.flatten(1).T @ b.flatten(1) / math.sqrt(dim)).reshape(rows * columns, 1, rows, columns)
    pyramid = [volume]
    for _ in range(3):
        pyramid.append(F.avg_pool2d(pyramid[-1], 2, 2))
    net, inp = raft_encoder(part(w, "cnet."), first).split(128, 1)
    net, inp = torch.tanh(net), F.relu(inp)
    y, x = torch.meshgrid(torch.arange(float(rows)), torch.arange(float(columns)), indexing="ij")
    start = torch.stack([x, y])[None]
    coords = start
    u = part(w, "update_block.")
    reach = torch.arange(-4.0, 5.0)
    delta = torch.stack(torch.meshgrid(reach, reach, indexing="ij"), -1)
    for _ in range(iters):
        seen = []
        for level, corr in enumerate(pyramid):
            centre = coords[0].permute(1, 2, 0).reshape(-1, 1, 1, 2) / 2**level + delta
            h, v = corr.shape[-1], corr.shape[-2]
            grid = torch.stack([2 * centre[..., 0] / (h - 1) - 1, 2 * centre[..., 1] / (v - 1) - 1], -1)
            seen.append(F.grid_sample(corr, grid, align_corners=True).reshape(rows, columns, 81))
        corr = torch.cat(seen, -1).permute(2, 0, 1)[None]
        flow = coords - start
        c = F.relu(conv(u, "encoder.convc2", F.relu(conv(u, "encoder.convc1", corr))))
        f = F.relu(conv(u, "encoder.convf2", F.relu(conv(u, "encoder.convf1", flow))))
        motion = torch.cat([F.relu(conv(u, "encoder.conv", torch.cat([c, f], 1))), flow], 1)
        context = torch.cat([inp, motion], 1)
        for i in (1, 2):
            both = torch.cat([net, context], 1)
            z, r = (
                torch.sigmoid(conv(u, f"gru.convz{i}", both)),
                torch.sigmoid(conv(u, f"gru.convr{i}", both)),
            )
            q = torch.tanh(conv(u, f"gru.convq{i}", torch.cat([r * net, context], 1)))
            net = (1 - z) * net + z * q
        coords = coords + conv(u, "flow_head.conv2", F.relu(conv(u, "flow_head.conv1", net)))
    mask = 0.25 * conv(u, "mask.2", F.relu(conv(u, "mask.0", net)))
    mask = mask.reshape(1, 9, 8, 8, rows, columns).softmax(1)
    near = F.unfold(8 * (coords - start), 3, padding=1).reshape(2, 9, 1, 1, rows, columns)
    return (mask * near).sum(1).permute(0, 3, 1, 4, 2).reshape(2, 8 * rows, 8 * columns)


# --- dimensions -------------------------------------------------------------------------------------


def cosine(a: Tensor, b: Tensor) -> float:
    return F.cosine_similarity(a, b, dim=-1).item()


def consistency(features: list[Tensor]) -> float:
    total = 0.0
    for i in range(1, len(features)):
        total += (max(0, cosine(features[i - 1], features[i])) + max(0, cosine(features[0], features[i]))) / 2
    return total / (len(features) - 1)


def subject_consistency(weights: Weights, frames: Frames) -> float:
    return consistency([dino_class_token(weights, frame) for frame in frames])


def background_consistency(weights: Weights, frames: Frames) -> float:
    return consistency([clip_image(weights, clip_float_image(frame)) for frame in frames])


def aesthetic_quality(clip: Weights, head: Weights, frames: Frames) -> float:
    scores = []
    for frame in frames:
        feature = F.normalize(clip_image(clip, clip_float_image(frame)), dim=-1)
        scores.append((feature @ head["weight"][0] + head["bias"][0]).item() / 10)
    return sum(scores) / len(scores)


def imaging_quality(weights: Weights, frames: Frames) -> float:
    return sum(musiq_score(weights, frame) for frame in frames) / len(frames)


def appearance_style(weights: Weights, frames: Frames, style: str) -> float:
    text = clip_text(weights, style)
    return sum(cosine(clip_image(weights, clip_pil_image(frame)), text) for frame in frames) / len(frames)


def flow_radii(weights: Weights, frames: Frames, fps: float) -> list[float]:
    """Mean of the top 5% of flow lengths, for each pair of sampled frames."""
    looked = frames[:: max(1, round(fps / 8))]
    radii = []
    for first, second in itertools.pairwise(looked):
        height, width = first.shape[:2]
        down, right = (8 - height % 8) % 8, (8 - width % 8) % 8
        pads = [right // 2, right - right // 2, down // 2, down - down // 2]
        one, two = (F.pad(frame_tensor(f), pads, mode="replicate") for f in (first, second))
        u, v = raft_flow(weights, one, two).numpy()
        lengths = np.sort(np.sqrt(u**2 + v**2).flatten())[::-1]
        radii.append(float(lengths[: int(u.size * 0.05)].mean()))
    return radii


def dynamic_degree(radii: list[float], height: int, width: int) -> bool:
    moving = sum(radius > 6 * min(height, width) / 256 for radius in radii)
    return moving >= round(4 * (len(radii) + 1) / 16)
