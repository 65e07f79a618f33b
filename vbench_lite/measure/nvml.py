"""What NVIDIA's management library knows of a device: other processes, memory of a process, energy.

Every function returns None where the library, the driver or the counter is missing: unknown is
never 0. `library` is the pynvml module unless a test scripts one.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import Any, TypeVar

Read = TypeVar("Read")


def open_device(device: str, library: Any = None) -> tuple[Any, Any] | None:
    """Return (library, handle) for a torch device name such as "cuda:1", or None without NVML.

    torch numbers the devices that CUDA_VISIBLE_DEVICES leaves, NVML numbers all, so the device is
    found by its bus address or id where the variable is set to one.
    """
    library = library or _installed()
    if library is None:
        return None
    index = int(device.split(":")[1]) if ":" in device else 0
    visible = [
        entry.strip() for entry in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if entry.strip()
    ]
    try:
        library.nvmlInit()
        if index < len(visible):
            if not visible[index].isdigit():
                return library, library.nvmlDeviceGetHandleByUUID(visible[index])
            index = int(visible[index])
        return library, library.nvmlDeviceGetHandleByIndex(index)
    except library.NVMLError:
        return None


def other_processes(device: str, library: Any = None) -> set[int] | None:
    """Ids of other processes that compute on the device."""
    running = _read(device, library, lambda nvml, handle: nvml.nvmlDeviceGetComputeRunningProcesses(handle))
    return None if running is None else {process.pid for process in running} - {os.getpid()}


def process_bytes(device: str, library: Any = None) -> int | None:
    """Bytes of the device that this process holds, the CUDA context and all libraries included."""
    running = _read(device, library, lambda nvml, handle: nvml.nvmlDeviceGetComputeRunningProcesses(handle))
    held = [process.usedGpuMemory for process in running or () if process.pid == os.getpid()]
    return int(held[0]) if held and held[0] is not None else None


def total_energy_j(device: str, library: Any = None) -> float | None:
    """Joules the device has taken since its driver was loaded (Volta and later)."""
    taken = _read(device, library, lambda nvml, handle: nvml.nvmlDeviceGetTotalEnergyConsumption(handle))
    return None if taken is None else float(taken) / 1000.0  # millijoules


def device_count(library: Any = None) -> int | None:
    """How many devices CUDA programs of this process would see."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return len([name for name in visible.split(",") if name.strip()])
    library = library or _installed()
    if library is None:
        return None
    try:
        library.nvmlInit()
        return int(library.nvmlDeviceGetCount())
    except library.NVMLError:
        return None


def _installed() -> Any:
    """The module pynvml, or None."""
    try:
        return importlib.import_module("pynvml")
    except ImportError:
        return None


def _read(device: str, library: Any, ask: Callable[[Any, Any], Read]) -> Read | None:
    """What (library, handle) are asked for; None where the device or the counter is not there."""
    opened = open_device(device, library)
    if opened is None:
        return None
    try:
        return ask(*opened)
    except opened[0].NVMLError:
        return None
