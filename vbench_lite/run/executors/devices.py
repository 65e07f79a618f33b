"""The devices that worker processes run on: so many processes at a time, one at a time on an accelerator.

Two generators on one accelerator would share its memory and fail where each alone would fit. A device
without an index ("cuda") stands for any of the machine's: each process is shown one of its own.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from vbench_lite.measure.nvml import device_count


@dataclass(frozen=True)
class Device:
    """Room for one process.

    Attributes:
        name: the accelerator that it holds alone, or None.
        environment: what its process sees instead of the runner's environment.
    """

    name: str | None
    environment: tuple[tuple[str, str], ...] = ()


class Devices:
    """The devices of this machine; a process takes one and gives it back.

    Args:
        count: processes at a time.
        accelerators: how many devices "cuda" without an index may mean; by default those that are there.
    """

    def __init__(self, count: int, accelerators: int | None = None) -> None:
        self._free = count
        self._held: set[str] = set()
        self._accelerators = accelerators

    def take(self, name: str) -> Device | None:
        """Room for a process on this device, or None while there is none."""
        device = self._fitting(name) if self._free else None
        if device is not None:
            self._free -= 1
            if device.name is not None:
                self._held.add(device.name)
        return device

    def give_back(self, device: Device) -> None:
        """Its process has ended."""
        self._free += 1
        if device.name is not None:
            self._held.discard(device.name)

    def _fitting(self, name: str) -> Device | None:
        if name == "cpu":
            return Device(None)
        if name != "cuda":
            return None if name in self._held else Device(name)
        if self._accelerators is None:
            self._accelerators = device_count() or 1
        if self._accelerators == 1:
            return None if "cuda:0" in self._held else Device("cuda:0")
        for index in range(self._accelerators):
            if f"cuda:{index}" not in self._held:
                return Device(f"cuda:{index}", (("CUDA_VISIBLE_DEVICES", _visible_name(index)),))
        return None


def _visible_name(index: int) -> str:
    """What the variable calls the device of this index among those that are visible now."""
    visible = [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    return visible[index] if index < len(visible) else str(index)
