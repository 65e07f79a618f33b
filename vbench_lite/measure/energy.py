"""Energy of an accelerator over a window, from its own counter; None where it has none."""

from __future__ import annotations

from collections.abc import Callable


class EnergyMeter:
    """Joules between `start` and `energy_j`.

    Args:
        device: torch device name; only CUDA devices have a counter.
        total_j: reads the device's running total in joules; NVML unless a test scripts one.
    """

    def __init__(self, device: str = "cpu", total_j: Callable[[], float | None] | None = None) -> None:
        if total_j is None and device.split(":")[0] == "cuda":
            from vbench_lite.measure.nvml import total_energy_j

            def total_j() -> float | None:
                return total_energy_j(device)

        self._total_j = total_j
        self._start_j: float | None = None

    def start(self) -> None:
        """Begin the window."""
        self._start_j = None if self._total_j is None else self._total_j()

    def energy_j(self) -> float | None:
        """Joules since `start`, or None where the device does not count them."""
        if self._total_j is None or self._start_j is None:
            return None
        now_j = self._total_j()
        return None if now_j is None else now_j - self._start_j
