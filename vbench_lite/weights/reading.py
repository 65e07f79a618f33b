"""Weight files of any published layout, read without running anything that they hold.

- safetensors: as it is;
- torch files (zip or the older stream): `torch.load(weights_only=True)`;
- models of libsvm: lines of text;
- pickled numpy arrays: an unpickler that can rebuild arrays and nothing else;
- TorchScript archives (OpenAI publishes CLIP so) are programs: opened only if their hash is pinned.
"""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any

from vbench_lite.errors import WeightsError
from vbench_lite.weights.model_folder import first_line

_TORCH_STREAM = bytes.fromhex("8a0a6cfc9c46f9206aa850192e")  # torch's magic number, pickled
_ARRAY_MAKERS = {
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
}


def read(path: Path, *, trusted: bool = False) -> dict[str, Any]:
    """What a file holds: arrays or tensors by name, possibly nested.

    Args:
        trusted: the file's hash is a pinned one, so that a TorchScript archive may be opened.

    Raises:
        WeightsError: the file cannot be read, or not without running code from it.
    """
    try:
        held = _read(path, trusted)
    except WeightsError:
        raise
    except Exception as error:  # readers of damaged files raise whatever they like
        raise WeightsError(f"{path} cannot be read as weights: {first_line(error)}") from None
    if not isinstance(held, dict):
        raise WeightsError(f"{path} holds a {type(held).__name__}, expected tensors by name")
    return held


def _read(path: Path, trusted: bool) -> Any:
    import torch

    with path.open("rb") as file:
        head = file.read(64)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            script = any(name.endswith("/constants.pkl") for name in archive.namelist())
        if not script:
            return torch.load(path, map_location="cpu", weights_only=True)
        if not trusted:
            raise WeightsError(f"{path} is a program (TorchScript) and its hash is not a pinned one; "
                               "save its state_dict() with torch.save and import that")  # fmt: skip
        return dict(torch.jit.load(path, map_location="cpu").state_dict())
    if _TORCH_STREAM in head:
        return torch.load(path, map_location="cpu", weights_only=True)
    if head.startswith(b"svm_type"):
        return _support_vectors(path.read_text(encoding="ascii"))
    if head[8:9] == b"{":
        from safetensors.torch import load_file

        return load_file(path)
    with path.open("rb") as file:
        return _ArrayUnpickler(file).load()


def _support_vectors(text: str) -> dict[str, Any]:
    """A regression of libsvm, radial kernel: vectors (N, features), weights (N,), offset and gamma."""
    import numpy as np

    header, _, lines = text.partition("\nSV\n")
    facts = dict(line.split(" ", 1) for line in header.splitlines())
    if facts["svm_type"] != "epsilon_svr" or facts["kernel_type"] != "rbf":
        raise ValueError(f"a model of kind {facts['svm_type']} with a kernel {facts['kernel_type']}")
    rows = [line.split() for line in lines.splitlines() if line.strip()]
    vectors = [[float(pair.split(":")[1]) for pair in row[1:]] for row in rows]
    return {
        "vectors": np.array(vectors),
        "weights": np.array([float(row[0]) for row in rows]),
        "offset": np.array([float(facts["rho"])]),
        "gamma": np.array([float(facts["gamma"])]),
    }


class _ArrayUnpickler(pickle.Unpickler):
    """Rebuilds numpy arrays in plain containers; any other name is refused."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ARRAY_MAKERS:
            raise WeightsError(f"the pickle asks for {module}.{name}; only numpy arrays are admitted")
        import numpy as np
        from numpy._core.multiarray import _reconstruct  # the name that numpy 1 pickled has moved

        makers = {"_reconstruct": _reconstruct, "ndarray": np.ndarray, "dtype": np.dtype}
        return makers[name]
