"""Weights of the reference generators: read, checked against the manifest, and put in a setting.

A setting is derived from the same file when it is loaded, so that an update of a generator can be
imitated without a second set of weights: `coarse` truly harms, `bf16-weights` does not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vbench_lite.errors import WeightsError

if TYPE_CHECKING:
    from torch import Tensor, nn

FOLDER = Path(__file__).parent / "weights"
MANIFEST = "manifest.json"
Setting = Literal["default", "bf16-weights", "coarse"]
COARSE_BITS = 4


def expected(name: str) -> str:
    """The sha256 of a packaged weights file, from the manifest.

    Raises:
        WeightsError: there is no such file in the manifest.
    """
    path = FOLDER / MANIFEST
    listed: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    if name not in listed:
        raise WeightsError(f"{name} is not listed in {path}; train it, or reinstall the package")
    return listed[name]


def digest(names: Sequence[str], folder: Path | None = None) -> str:
    """One sha256 over the files that a generator loads; without a folder, the packaged ones.

    A folder of your own holds the files of one world without the folder in their packaged names.
    """
    each = [
        expected(name) if folder is None else _sha256(_content(folder / Path(name).name)) for name in names
    ]
    return _sha256("".join(each).encode())


def read(name: str, folder: Path | None = None) -> dict[str, Tensor]:
    """Tensors of a weights file, float32; a packaged file must be the one of the manifest.

    Raises:
        WeightsError: the file is missing or has another hash.
    """
    from safetensors.torch import load

    path = FOLDER / name if folder is None else folder / Path(name).name
    content = _content(path)
    if folder is None and _sha256(content) != expected(name):
        raise WeightsError(f"{path} has sha256 {_sha256(content)}, expected {expected(name)}")
    return {key: value.float() for key, value in load(content).items()}


def _content(path: Path) -> bytes:
    if not path.exists():
        raise WeightsError(f"{path} is missing; train it, or reinstall the package")
    return path.read_bytes()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def apply(setting: Setting, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Round every matrix as the setting says; vectors and statistics stay as they are."""
    if setting == "default":
        return weights
    rounding = _through_bf16 if setting == "bf16-weights" else _coarsely
    return {k: rounding(v) if v.dim() > 1 else v for k, v in weights.items()}


def install(model: nn.Module, name: str, folder: Path | None = None, setting: Setting = "default") -> None:
    """Load a weights file into a model, in a setting, ready for inference."""
    model.load_state_dict(apply(setting, read(name, folder)))
    model.eval().requires_grad_(False)


def _through_bf16(matrix: Tensor) -> Tensor:
    return matrix.bfloat16().float()


def _coarsely(matrix: Tensor) -> Tensor:
    """Round to a uniform grid of COARSE_BITS bits over the range of the whole matrix."""
    step = 2 * matrix.abs().max() / (2**COARSE_BITS - 1)
    rounded: Tensor = (matrix / step).round() * step
    return rounded
