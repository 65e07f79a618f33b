"""What a run was made on: the hardware, and the software.

Speed and memory may only be compared where `hardware()` is equal; `environment()` is recorded, and
a difference in it is a warning.
"""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_LIBRARIES = {
    "vbench_lite": "vbench-lite",
    "torch": "torch",
    "torchvision": "torchvision",
    "numpy": "numpy",
    "av": "av",
    "opencv": "opencv-python-headless",
    "scipy": "scipy",
}

# Files of the drivers, in Linux's /dev, of all that torch reaches as "cuda": NVIDIA's cards and boards, the
# card of a Windows that a Linux runs in, and AMD's.
_DRIVER_NODES = ("nvidia*", "nvhost*", "nvmap*", "nvgpu*", "dxg", "kfd")


def hardware() -> dict[str, Any]:
    """Describe the machine.

    Returns:
        cpu_model (str), physical_cores and logical_cores (int or None), usable_cores (int: what this
        process may run on), memory_bytes (int), devices (list of accelerators, each with name,
        memory_bytes and, for CUDA, compute capability).
    """
    import psutil

    return {
        "cpu_model": cpu_model(),
        "physical_cores": psutil.cpu_count(logical=False),
        "logical_cores": psutil.cpu_count(logical=True),
        "usable_cores": usable_cores(),
        "memory_bytes": int(psutil.virtual_memory().total),
        "devices": accelerators(),
    }


def environment(threads: int | None = None) -> dict[str, Any]:
    """Describe the software.

    Args:
        threads: compute threads a worker is given; None where it is left open.

    Returns:
        python, platform and one version a library, None for a library that is not installed.
    """
    facts: dict[str, Any] = {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "threads": threads,
    }
    for name, distribution in _LIBRARIES.items():
        try:
            facts[name] = version(distribution)
        except PackageNotFoundError:
            facts[name] = None
    return facts


def usable_cores() -> int:
    """Logical cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_model(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The CPU's name with what tells steppings of one name apart, as the system gives it."""
    if cpuinfo.exists():
        facts: dict[str, str] = {}
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            facts.setdefault(key.strip(), value.strip())
        name = facts.get("model name") or facts.get("Model") or platform.machine()
        if "cpu family" in facts and "model" in facts:
            name += f" (family {facts['cpu family']} model {facts['model']})"
        return name
    if platform.system() == "Darwin":
        asked = subprocess.run(
            ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"],
            capture_output=True,
            text=True,
            check=False,
        )
        if asked.returncode == 0:
            return asked.stdout.strip()
    return platform.processor() or platform.machine()


def accelerators(nodes: Path = Path("/dev")) -> list[dict[str, Any]]:
    """The accelerators that torch can use, in torch's order; an empty list without one.

    Where no driver is there, torch is not asked: to import it takes longer than a small run's start.
    """
    if platform.system() == "Linux" and not any(True for name in _DRIVER_NODES for _ in nodes.glob(name)):
        return []
    import torch

    found: list[dict[str, Any]] = []
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            facts = torch.cuda.get_device_properties(index)
            found.append(
                {
                    "device": f"cuda:{index}",
                    "name": facts.name,
                    "memory_bytes": int(facts.total_memory),
                    "capability": f"{facts.major}.{facts.minor}",
                }
            )
    if torch.backends.mps.is_available():
        found.append({"device": "mps", "name": platform.machine(), "memory_bytes": None, "capability": None})
    return found
