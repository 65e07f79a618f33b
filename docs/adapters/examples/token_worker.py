"""A token model of one's own as a worker: a frame leaves it as soon as its tokens are drawn.

A causal transformer draws one token after the other, with cached keys and values; a codebook and a decoder
make frames of them. Here the weights are random: put yours into `load`.
"""

import zlib

import torch
from torch import nn
from vbench_lite_worker import serve

CODES, SIDE = 64, 4  # entries of the codebook, tokens on a side of a frame
WIDTH, CONTEXT = 48, 2  # of the model, frames that it looks back at


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.codes, self.words = nn.Embedding(CODES, WIDTH), nn.Embedding(1024, WIDTH)
        self.places = nn.Embedding(SIDE * SIDE, WIDTH)
        self.qkv, self.mlp = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.head = nn.Linear(WIDTH, CODES)
        self.palette = nn.Embedding(CODES, 3)  # stands for the decoder of a tokenizer

    def forward(self, x, cache):
        """Logits after one more token, with the keys and values of those before it."""
        q, k, v = self.qkv(x).chunk(3, -1)
        cache.append(torch.stack([k, v]))
        del cache[: -CONTEXT * SIDE * SIDE]
        keys, values = torch.stack(list(cache), 1)
        mixed = (q @ keys.T / WIDTH**0.5).softmax(-1) @ values
        return self.head(x + torch.nn.functional.gelu(self.mlp(mixed)))


def load(context):
    torch.set_num_threads(context.threads)
    torch.manual_seed(0)
    return Model().eval().to(context.device)


@torch.inference_mode()
def generate(request, context):
    model, device = context.model, context.device
    random = torch.Generator("cpu").manual_seed(request.seed)
    ids = [zlib.crc32(word.encode()) % 1024 for word in request.prompt.split()]
    heat = request.params.get("temperature", 1.0)
    words, cache = model.words(torch.tensor(ids, device=device)).mean(0), []
    x = words
    for number in range(request.num_frames):
        context.step(number, request.num_frames)
        context.phase("decode_tokens")
        drawn = []
        for place in range(SIDE * SIDE):
            chances = (model(x, cache).float() / heat).softmax(-1).cpu()
            drawn.append(int(torch.multinomial(chances, 1, generator=random)))
            x = model.codes.weight[drawn[-1]] + model.places.weight[place] + words
        context.phase("decode")
        small = model.palette.weight[torch.tensor(drawn, device=device)].sigmoid().reshape(1, SIDE, SIDE, 3)
        large = nn.functional.interpolate(small.movedim(3, 1), size=(request.height, request.width))
        context.emit((large.movedim(1, 3) * 255).round().to(torch.uint8))
        context.note(tokens=SIDE * SIDE)
    context.note(kv_cache_bytes=sum(part.numel() * part.element_size() for part in cache))


if __name__ == "__main__":
    serve(generate, load=load)
