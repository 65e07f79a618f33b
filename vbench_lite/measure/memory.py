"""Peaks of memory within a window: resident on the CPU, allocated and reserved on CUDA.

A meter is reset at the start of a window and read at its end. Unknown is None and never 0.

On Linux the kernel keeps the resident peak itself (VmHWM) and lets a process reset it by writing 5
to /proc/self/clear_refs, so no peak is missed and nothing runs beside the measured code. Elsewhere a
thread samples the resident size, and a peak shorter than its interval can be missed.
"""

from __future__ import annotations

import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

SAMPLE_INTERVAL_S = 0.005
_RESET_PEAK = "5"  # proc(5): "5 resets the peak resident set size to the current value"


class PeakMeter(ABC):
    """The largest number of bytes in use since the last reset."""

    @abstractmethod
    def reset(self) -> None:
        """Start a window: forget every earlier peak."""

    @abstractmethod
    def peak_bytes(self) -> int | None:
        """The peak of the window so far, or None if it cannot be known."""

    def facts(self) -> dict[str, int]:
        """Further numbers of the window worth keeping beside the peak."""
        return {}

    def close(self) -> None:
        """Stop whatever the meter runs."""
        return


class NoMeter(PeakMeter):
    """For platforms on which the peak cannot be known."""

    def reset(self) -> None:
        return

    def peak_bytes(self) -> int | None:
        return None


class ResidentPeak(PeakMeter):
    """Resident peak of this process on Linux, kept by the kernel.

    Args:
        proc: the process's folder in /proc.
    """

    def __init__(self, proc: Path = Path("/proc/self")) -> None:
        self._clear, self._status = proc / "clear_refs", proc / "status"
        self._valid = False

    def reset(self) -> None:
        try:
            self._clear.write_text(_RESET_PEAK)
        except OSError:  # a sandbox may forbid it: then an older peak could be read, so nothing is known
            self._valid = False
        else:
            self._valid = True

    def peak_bytes(self) -> int | None:
        return status_bytes(self._status, "VmHWM") if self._valid else None


class SampledPeak(PeakMeter):
    """Resident peak by sampling in a thread, where the kernel keeps no resettable peak.

    Args:
        resident: returns the resident bytes now.
        interval_s: seconds between samples.
    """

    def __init__(self, resident: Callable[[], int], interval_s: float = SAMPLE_INTERVAL_S) -> None:
        self._resident, self._interval_s = resident, interval_s
        self._peak = 0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def reset(self) -> None:
        self._peak = self._resident()
        if self._thread is None:
            self._thread = threading.Thread(target=self._sample, name="resident-peak", daemon=True)
            self._thread.start()

    def peak_bytes(self) -> int | None:
        if self._thread is None:
            return None
        self._peak = max(self._peak, self._resident())
        return self._peak

    def close(self) -> None:
        if self._thread is not None:
            self._stop.set()
            self._thread.join()

    def _sample(self) -> None:
        while not self._stop.wait(self._interval_s):
            self._peak = max(self._peak, self._resident())


class CudaPeak(PeakMeter):
    """Peak of the CUDA allocator on one device: what tensors held, and what was reserved for them.

    Args:
        device: such as "cuda:0".
        cuda: the module with the allocator's statistics; `torch.cuda` unless a test scripts one.
        process_bytes: what the process holds of the device, its CUDA context and libraries included;
            NVML unless a test scripts one.
    """

    def __init__(
        self, device: str, cuda: Any = None, process_bytes: Callable[[str], int | None] | None = None
    ) -> None:
        from vbench_lite.measure import nvml

        self._process_bytes = process_bytes or nvml.process_bytes
        if cuda is None:
            import torch

            cuda = torch.cuda
        self._cuda, self._device = cuda, device

    def reset(self) -> None:
        self._cuda.synchronize(self._device)
        self._cuda.reset_peak_memory_stats(self._device)

    def peak_bytes(self) -> int | None:
        self._cuda.synchronize(self._device)
        return int(self._cuda.max_memory_allocated(self._device))

    def facts(self) -> dict[str, int]:
        facts = {"peak_reserved_bytes": int(self._cuda.max_memory_reserved(self._device))}
        held = self._process_bytes(self._device)
        return facts if held is None else {**facts, "process_device_bytes": held}


def status_bytes(status: Path, field: str) -> int | None:
    """Return a size such as VmHWM or VmRSS from /proc/PID/status in bytes, None if it is not there."""
    try:
        text = status.read_text(encoding="ascii")
    except OSError:
        return None
    match = re.search(rf"^{field}:\s+(\d+) kB$", text, re.MULTILINE)
    return int(match.group(1)) * 1024 if match else None


def resident_bytes() -> int:
    """Resident bytes of this process now."""
    import psutil

    return int(psutil.Process().memory_info().rss)


def device_bytes(device: str) -> int:
    """Bytes in use now where `device_meter` looks: resident, or allocated on the CUDA device."""
    if device.split(":")[0] == "cuda":
        import torch

        return int(torch.cuda.memory_allocated(device))
    return resident_bytes()


def device_meter(device: str = "cpu") -> PeakMeter:
    """Return the meter for a torch device name."""
    kind = device.split(":")[0]
    if kind == "cuda":
        return CudaPeak(device)
    if kind != "cpu":
        return NoMeter()
    if Path("/proc/self/clear_refs").exists():
        return ResidentPeak()
    return SampledPeak(resident_bytes)
