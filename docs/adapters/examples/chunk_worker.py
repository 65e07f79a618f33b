"""A chunk-wise autoregressive diffusion model (self-forcing) as a worker: chunks leave it as they are done.

Each chunk of latent frames is denoised in few steps while it attends to the cached keys and values of the
clean chunks before it; then it is run once more, clean, to write its own. Here the weights are random: put
yours into `load`.
"""

import math
import zlib

import torch
from torch import nn
from vbench_lite_worker import serve

CHUNK, SCALE = 4, 8  # frames of a chunk, pixels of a latent pixel on a side
WIDTH, CHANNELS = 64, 12  # of the model, of a latent pixel
LEVELS = (1.0, 0.75, 0.5, 0.25)  # noise that is left before each step


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 2 * WIDTH), nn.GELU(), nn.Linear(2 * WIDTH, WIDTH))

    def forward(self, x, cache, keep):
        q, k, v = self.qkv(nn.functional.layer_norm(x, x.shape[-1:])).chunk(3, -1)
        if cache:
            k, v = torch.cat([cache[0], k], 1), torch.cat([cache[1], v], 1)
        if keep:
            cache[:] = [k, v]
        x = x + self.out(nn.functional.scaled_dot_product_attention(q, k, v))
        return x + self.mlp(nn.functional.layer_norm(x, x.shape[-1:]))


class Model(nn.Module):
    def __init__(self, blocks=2):
        super().__init__()
        self.put, self.take = nn.Linear(CHANNELS + 2, WIDTH), nn.Linear(WIDTH, CHANNELS)
        self.words = nn.Embedding(1024, WIDTH)
        self.blocks = nn.ModuleList([Block() for _ in range(blocks)])
        self.decoder = nn.Linear(CHANNELS, SCALE * SCALE * 3)  # a latent pixel becomes a patch

    def clean(self, latents, level, place, words, caches, keep=False):
        """The clean latents that the model sees in noisy ones, (1, tokens, CHANNELS)."""
        extra = latents.new_tensor([level, math.sin(place)]).expand(*latents.shape[:2], 2)
        x = self.put(torch.cat([latents, extra], -1)) + words
        for block, cache in zip(self.blocks, caches, strict=True):
            x = block(x, cache, keep)
        return self.take(x)

    def pixels(self, latents, height, width):
        """uint8 (frames, height, width, 3) of latents (1, tokens, CHANNELS)."""
        rows, columns = height // SCALE, width // SCALE
        patches = self.decoder(latents).sigmoid().reshape(-1, rows, columns, SCALE, SCALE, 3)
        frames = patches.permute(0, 1, 3, 2, 4, 5).reshape(-1, height, width, 3)
        return (frames * 255).round().to(torch.uint8)


def load(context):
    torch.set_num_threads(context.threads)
    torch.manual_seed(0)
    return Model().eval().to(context.device)


@torch.inference_mode()
def generate(request, context):
    model, device = context.model, context.device
    random = torch.Generator("cpu").manual_seed(request.seed)
    ids = [zlib.crc32(word.encode()) % 1024 for word in request.prompt.split()]
    words = model.words(torch.tensor(ids, device=device)).mean(0)
    tokens = CHUNK * (request.height // SCALE) * (request.width // SCALE)
    levels = LEVELS[: request.params.get("steps", len(LEVELS))]
    caches = [[] for _ in model.blocks]
    chunks = math.ceil(request.num_frames / CHUNK)
    for chunk in range(chunks):
        context.phase("denoise")
        noisy = torch.randn(1, tokens, CHANNELS, generator=random).to(device)
        for step, level in enumerate(levels):
            clean = model.clean(noisy, level, chunk, words, caches)
            after = levels[step + 1] if step + 1 < len(levels) else 0.0
            noise = torch.randn(clean.shape, generator=random).to(device)
            noisy = (1 - after) * clean + after * noise
            context.step(chunk * len(levels) + step + 1, chunks * len(levels))
        model.clean(noisy, 0.0, chunk, words, caches, keep=True)
        context.phase("decode")
        left = request.num_frames - chunk * CHUNK
        context.emit(model.pixels(noisy, request.height, request.width)[:left])
        context.note(nfe=len(levels) + 1)
    held = sum(part.numel() * part.element_size() for cache in caches for part in cache)
    context.note(kv_cache_bytes=held)


if __name__ == "__main__":
    serve(generate, load=load)
