"""Where worker processes may run: so many at a time, and one at a time on an accelerator.

Two generators on one accelerator would share its memory and fail where each alone would fit. A device
without an index ("cuda") stands for any of the machine's: each process is shown one of its own.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from vbench_lite.measure.nvml import device_count


@dataclass(frozen=True)
class Place:
    """Room for one process.

    Attributes:
        device: the accelerator that it holds alone, or None.
        environment: what its process sees instead of the runner's environment.
    """

    device: str | None
    environment: tuple[tuple[str, str], ...] = ()


class Places:
    """The places of this machine; a process takes one and gives it back.

    Args:
        count: processes at a time.
        accelerators: how many devices "cuda" without an index may mean; by default those that are there.
    """

    def __init__(self, count: int, accelerators: int | None = None) -> None:
        self._free = count
        self._held: set[str] = set()
        self._accelerators = accelerators

    def take(self, device: str) -> Place | None:
        """A place for a process on this device, or None while there is none."""
        place = self._fitting(device) if self._free else None
        if place is not None:
            self._free -= 1
            if place.device is not None:
                self._held.add(place.device)
        return place

    def give_back(self, place: Place) -> None:
        """Its process has ended."""
        self._free += 1
        if place.device is not None:
            self._held.discard(place.device)

    def _fitting(self, device: str) -> Place | None:
        if device == "cpu":
            return Place(None)
        if device != "cuda":
            return None if device in self._held else Place(device)
        if self._accelerators is None:
            self._accelerators = device_count() or 1
        if self._accelerators == 1:
            return None if "cuda:0" in self._held else Place("cuda:0")
        for index in range(self._accelerators):
            if f"cuda:{index}" not in self._held:
                return Place(f"cuda:{index}", (("CUDA_VISIBLE_DEVICES", _name(index)),))
        return None


def _name(index: int) -> str:
    """What the variable calls the device of this index among those that are visible now."""
    visible = [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    return visible[index] if index < len(visible) else str(index)
