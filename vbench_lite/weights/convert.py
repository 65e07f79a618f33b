"""Published layouts to the names and sizes that the networks here want, one function a key.

Each takes what `reading.read` found and returns tensors by name, or raises WeightsError naming what is
missing. Raise `VERSION` when a result changes: cached conversions of another version are made again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from vbench_lite.errors import WeightsError

if TYPE_CHECKING:
    import torch

    Tensors = dict[str, torch.Tensor]

VERSION = 1
_WRAPPERS = ("state_dict", "model_state_dict", "model", "module", "params")


def convert(key: str, held: Mapping[str, Any]) -> Tensors:
    """Tensors by the names that the network of `key` wants, float32 and contiguous.

    Raises:
        WeightsError: the layout is not one of those that are known for this key.
    """
    import torch

    tensors = CONVERTERS[key](held)
    if not tensors:
        raise WeightsError(f"{key}: the file holds no tensors")
    return {
        name: (value.float() if value.is_floating_point() else value).contiguous().clone()
        for name, value in sorted(tensors.items())
        if isinstance(value, torch.Tensor)
    }


def plain(*needed: str) -> Callable[[Mapping[str, Any]], Tensors]:
    """A converter that unwraps a checkpoint, drops a leading `module.` and insists on some names."""

    def take(held: Mapping[str, Any]) -> Tensors:
        tensors = unwrapped(held)
        require(tensors, needed)
        return tensors

    return take


def unwrapped(held: Mapping[str, Any]) -> Tensors:
    """The tensors of a checkpoint that may keep them under a name of its own, and each under `module.`."""
    import torch

    inner: Mapping[str, Any] = held
    for name in _WRAPPERS:
        if isinstance(inner.get(name), Mapping):
            inner = inner[name]
    found = {name.removeprefix("module."): value for name, value in inner.items()}
    return {name: value for name, value in found.items() if isinstance(value, torch.Tensor)}


def require(tensors: Mapping[str, Any], names: tuple[str, ...]) -> None:
    """Raise WeightsError unless all these names are there."""
    missing = [name for name in names if name not in tensors]
    if missing:
        shown = ", ".join(list(tensors)[:3])
        raise WeightsError(
            f"another layout than expected: no {missing[0]!r} among {len(tensors)} ({shown} …)"
        )


# --- I3D --------------------------------------------------------------------------------------------

_BRANCHES = {
    "Branch_0/Conv3d_0a_1x1": "b0",
    "Branch_1/Conv3d_0a_1x1": "b1a",
    "Branch_1/Conv3d_0b_3x3": "b1b",
    "Branch_2/Conv3d_0a_1x1": "b2a",
    "Branch_2/Conv3d_0b_3x3": "b2b",
    "Branch_3/Conv3d_0b_1x1": "b3b",
}


def i3d_k400(held: Mapping[str, Any]) -> Tensors:
    """Flax's nested arrays, or the names of the usual torch port, to the latter's.

    Flax keeps kernels as (T, H, W, in, out); batch norms have no scale.
    """
    if "params" not in held:
        tensors = unwrapped(held)
        require(tensors, ("Conv3d_1a_7x7.conv3d.weight", "logits.conv3d.bias"))
        return {name: value for name, value in tensors.items() if "num_batches_tracked" not in name}
    found = {}
    for path, array in _leaves(held):
        value = _tensor(array)
        parts = path[1:]
        if parts[0] == "Logits/Conv3d_0c_1x1":
            unit = "logits"
        else:
            unit = ".".join(_BRANCHES.get(part, part) for part in parts[:-2])
        match parts[-1]:
            case "kernel":
                found[f"{unit}.conv3d.weight"] = value.permute(4, 3, 0, 1, 2)
            case "bias" if parts[-2].startswith("Conv"):
                found[f"{unit}.conv3d.bias"] = value.reshape(-1)
            case "bias":
                found[f"{unit}.bn.bias"] = value.reshape(-1)
            case "mean":
                found[f"{unit}.bn.running_mean"] = value.reshape(-1)
            case "var":
                found[f"{unit}.bn.running_var"] = value.reshape(-1)
    require(found, ("Conv3d_1a_7x7.conv3d.weight", "Mixed_5c.b3b.bn.running_var", "logits.conv3d.bias"))
    return found


# --- VGG and AlexNet --------------------------------------------------------------------------------

# Places of the convolutions in torchvision's `features`, by slice of the lpips package.
_SLICES = {
    "alex": ((0,), (3,), (6,), (8,), (10,)),
    "vgg": ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28)),
}


def vgg16_features(held: Mapping[str, Any]) -> Tensors:
    """Convolutions of VGG-16 by torchvision's names, `features.0.weight` and so on."""
    return _convolutions(held, "vgg", "VGG16_0")


def lpips(net: str) -> Callable[[Mapping[str, Any]], Tensors]:
    """Backbone and heads by the names of `lpips.LPIPS`, from Flax's arrays or torchvision's backbone.

    The heads come from the lpips package, whose five are those of the Flax file as well.
    """
    flax = {"alex": "AlexNet_0", "vgg": "VGG16_0"}[net]

    def take(held: Mapping[str, Any]) -> Tensors:
        backbone = _convolutions(held, net, flax)
        found = {}
        for number, places in enumerate(_SLICES[net], start=1):
            for place in places:
                for kind in ("weight", "bias"):
                    found[f"net.slice{number}.{place}.{kind}"] = backbone[f"features.{place}.{kind}"]
        heads = lpips_heads(net)
        for number in range(5):
            head = held.get(f"NetLinLayer_{number}")
            weight = heads[number] if head is None else _tensor(head["Conv_0"]["kernel"]).permute(3, 2, 0, 1)
            found[f"lin{number}.model.1.weight"] = weight
        return found

    return take


def lpips_heads(net: str) -> list[torch.Tensor]:
    """The five heads that the lpips package ships, float32 (1, C, 1, 1) each."""
    from importlib import resources

    from vbench_lite.weights.reading import read

    with resources.as_file(resources.files("lpips") / "weights" / "v0.1" / f"{net}.pth") as path:
        held = read(path)
    return [held[f"lin{number}.model.1.weight"] for number in range(5)]


def _convolutions(held: Mapping[str, Any], net: str, flax: str) -> Tensors:
    """Convolutions of a backbone by torchvision's names."""
    places = [place for one in _SLICES[net] for place in one]
    if flax in held:
        found = {}
        for number, place in enumerate(places):
            convolution = held[flax][f"Conv_{number}"]
            found[f"features.{place}.weight"] = _tensor(convolution["kernel"]).permute(3, 2, 0, 1)
            found[f"features.{place}.bias"] = _tensor(convolution["bias"])
        return found
    tensors = unwrapped(held)
    names = tuple(f"features.{place}.{kind}" for place in places for kind in ("weight", "bias"))
    require(tensors, names)
    return {name: tensors[name] for name in names}


# --- others -----------------------------------------------------------------------------------------


_STAGES = (1, 2, 2, 3, 3, 4, 1)  # blocks in each stage of EfficientNet-Lite0
_TOP = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}
_FIRST = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
_OTHERS = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}


def efficientnet_lite0(held: Mapping[str, Any]) -> Tensors:
    """The published names (blocks counted through) to timm's `tf_efficientnet_lite0` (stage and block)."""
    tensors = unwrapped(held)
    require(tensors, ("_conv_stem.weight", "_blocks.15._bn2.bias", "_conv_head.weight", "_fc.weight"))
    places = [(stage, block) for stage, count in enumerate(_STAGES) for block in range(count)]
    found = {}
    for name, value in tensors.items():
        parts = name.split(".")
        if parts[-1] == "num_batches_tracked":
            continue
        if parts[0] == "_blocks":
            number = int(parts[1])
            layer = (_FIRST if number == 0 else _OTHERS)[parts[2]]
            found[".".join(["blocks", *map(str, places[number]), layer, parts[3]])] = value
        else:
            found[f"{_TOP[parts[0]]}.{parts[1]}"] = value
    return found


def brisque_live(held: Mapping[str, Any]) -> Tensors:
    """A model file of libsvm as tensors: support vectors, their weights, the offset."""
    require(held, ("vectors", "weights", "offset"))
    return {name: _tensor(held[name]) for name in ("vectors", "weights", "offset")}


def clip_openai(held: Mapping[str, Any]) -> Tensors:
    """OpenAI's names; half precision becomes float32, sizes that are kept as tensors are dropped."""
    tensors = unwrapped(held)
    require(tensors, ("visual.proj", "text_projection", "logit_scale"))
    return {
        name: v for name, v in tensors.items() if not re.fullmatch("[a-z]+_(length|size|resolution)", name)
    }


def raft_things(held: Mapping[str, Any]) -> Tensors:
    """RAFT by torchvision's names, from those or from the authors'.

    The authors' file has the norm of a projection under two names; one of them is dropped.
    """
    tensors = unwrapped(held)
    if "feature_encoder.convnormrelu.0.weight" in tensors:
        return tensors
    require(tensors, ("fnet.conv1.weight", "cnet.norm1.running_var", "update_block.flow_head.conv2.weight"))
    found = {}
    for name, value in tensors.items():
        if not re.search(r"layer\d\.\d\.norm3\.", name):
            for pattern, new in _RAFT_NAMES:
                name = re.sub(pattern, new, name)
            found[name] = value
    return found


_RAFT_NAMES = (
    (r"^fnet\.", "feature_encoder."),
    (r"^cnet\.", "context_encoder."),
    (r"encoder\.conv1\.", "encoder.convnormrelu.0."),
    (r"encoder\.norm1\.", "encoder.convnormrelu.1."),
    (r"encoder\.conv2\.", "encoder.conv."),
    (r"(layer\d\.\d)\.conv(\d)\.", r"\1.convnormrelu\2.0."),
    (r"(layer\d\.\d)\.norm([12])\.", r"\1.convnormrelu\2.1."),
    (r"^update_block\.encoder\.convc(\d)\.", r"update_block.motion_encoder.convcorr\1.0."),
    (r"^update_block\.encoder\.convf(\d)\.", r"update_block.motion_encoder.convflow\1.0."),
    (r"^update_block\.encoder\.conv\.", "update_block.motion_encoder.conv.0."),
    (r"^update_block\.gru\.conv([zrq])(\d)\.", r"update_block.recurrent_block.convgru\2.conv\1."),
    (r"^update_block\.mask\.0\.", "mask_predictor.convrelu.0."),
    (r"^update_block\.mask\.2\.", "mask_predictor.conv."),
)


CONVERTERS: dict[str, Callable[[Mapping[str, Any]], Tensors]] = {
    "i3d-k400": i3d_k400,
    "lpips-alex": lpips("alex"),
    "lpips-vgg": lpips("vgg"),
    "vgg16-features": vgg16_features,
    "efficientnet-lite0": efficientnet_lite0,
    "brisque-live": brisque_live,
    "minilm-l6-v2": plain("embeddings.word_embeddings.weight"),
    "rife-3.8": plain("block0.conv0.0.0.weight"),
    "clip-vit-b32-openai": clip_openai,
    "clip-vit-l14-openai": clip_openai,
    "dino-vitb16": plain("cls_token", "blocks.11.attn.qkv.weight"),
    "raft-things": raft_things,
    "inception-v3-fid": plain("Conv2d_1a_3x3.conv.weight", "Mixed_7c.branch_pool.conv.weight"),
    "videomae-ssv2": plain("patch_embed.proj.weight", "blocks.0.attn.qkv.weight"),
    "laion-aesthetic-l14": plain("weight", "bias"),
    "musiq-spaq": plain(),
    "owlv2-base": plain("owlv2.logit_scale", "class_head.dense0.weight"),
}


def _leaves(held: Mapping[str, Any], path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    """Arrays of nested mappings with their paths."""
    found = []
    for name, value in held.items():
        below = (*path, str(name))
        found += _leaves(value, below) if isinstance(value, Mapping) else [(below, value)]
    return found


def _tensor(array: Any) -> torch.Tensor:
    import numpy as np
    import torch

    return torch.from_numpy(np.array(array, np.float32))
