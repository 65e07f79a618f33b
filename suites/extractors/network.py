"""What extractors with published weights share: loading by key, inference mode, bounded batches."""

from __future__ import annotations

import re
from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt

from vbench_lite.extractor import FeatureExtractor, Features
from vbench_lite.weights import files

if TYPE_CHECKING:
    import torch

Network = TypeVar("Network", bound="torch.nn.Module")


def with_weights(
    network: Network, tensors: dict[str, torch.Tensor], name: str, optional: str = ""
) -> Network:
    """A network with its weights, in evaluation mode.

    Args:
        name: of the network, for the message.
        optional: a pattern of the names that the weights may lack.

    Raises:
        ValueError: tensors are missing, or are none of the network's.
    """
    missing, unexpected = network.load_state_dict(tensors, strict=False)
    absent = [key for key in missing if not re.fullmatch(optional, key)]
    if absent or unexpected:
        raise ValueError(f"weights do not fit {name}: missing {absent[:3]}, unexpected {unexpected[:3]}")
    return network.eval()


class NetworkExtractor(FeatureExtractor):
    """A network whose weights the catalogue knows under `info.weights[0]`.

    batch: windows that go through the network at a time; bounds memory.
    """

    batch: ClassVar[int] = 8

    def __init__(self) -> None:
        self._network: torch.nn.Module | None = None

    @abstractmethod
    def build(self, tensors: dict[str, torch.Tensor]) -> torch.nn.Module:
        """Return the network with these weights."""

    @abstractmethod
    def embed(self, network: torch.nn.Module, windows: torch.Tensor) -> torch.Tensor:
        """Return features (B, dim) of prepared windows (B, window, ...), both on the network's device."""

    def tensors(self) -> dict[str, torch.Tensor]:
        """The weights by the names of their tensors."""
        return files.state_dict(self.info.weights[0])

    def load(self, device: str = "cpu") -> None:
        self._device = device
        self._network = self.build(self.tensors()).to(device).eval()

    def extract(self, windows: npt.NDArray[Any]) -> Features:
        """Return features, float32 (B, dim), of prepared windows; loads the weights if nobody did."""
        import torch

        if self._network is None:
            self.load()
        assert self._network is not None
        rows = []
        with torch.inference_mode():
            for start in range(0, len(windows), self.batch):
                some = torch.from_numpy(windows[start : start + self.batch]).to(self._device)
                rows.append(self.embed(self._network, some).float().cpu().numpy())
        return np.concatenate(rows)

    @cached_property
    def _weights(self) -> str:
        return files.fingerprint(self.info.weights[0])

    @property
    def fingerprint(self) -> str:
        """Id, version, preprocessing and weights. Raises WeightsError if these cannot be had."""
        return f"{super().fingerprint}#{self._weights}"
