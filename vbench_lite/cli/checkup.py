"""What `doctor` looks at: each check says what it found and, where something is missing, what to do."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from vbench_lite import registry
from vbench_lite.errors import VBenchLiteError
from vbench_lite.format import number
from vbench_lite.measure.hardware import usable_cores

DISTRIBUTION = "vbench-lite"
NEEDED_DISK_BYTES = 500 * 2**20  # the default benchmark writes about 10 MB; larger suites much more
NEEDED_MEMORY_BYTES = 3 * 2**30  # the runner, the scorer and one generator with torch
REQUIRED_GROUPS = ("generators", "metrics", "suites")  # without one of each there is nothing to run
CODECS = {"ffv1": "lossless clips", "libx264": "previews for browsers"}


@dataclass(frozen=True)
class Check:
    """One line of the report.

    Attributes:
        status: "ok"; "note" where only an optional thing is missing; "fail" where a run cannot work.
        found: what is there.
        fix: what to do, "" if nothing.
    """

    name: str
    status: Literal["ok", "note", "fail"]
    found: str
    fix: str = ""


def examine(root: Path) -> Iterator[Check]:
    """Yield every check; the slow ones (imports) come last."""
    yield _python()
    yield from _libraries()
    yield _disk(root)
    yield _root(root)
    yield _processor()
    yield _memory()
    yield from _plugins()
    yield _weights()
    yield from _codecs()
    yield _gpu()


def _python() -> Check:
    found = f"{platform.python_implementation()} {platform.python_version()} at {sys.executable}"
    if sys.implementation.name != "cpython":
        return Check("python", "fail", found, "use CPython 3.11 or later")  # torch has no other wheels
    return Check("python", "ok", found)


def _libraries() -> Iterator[Check]:
    """Every requirement of the installed package, without importing any of them."""
    from packaging.requirements import Requirement

    try:
        lines = metadata.requires(DISTRIBUTION) or []
        version = metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        yield Check(
            "package", "fail", f"{DISTRIBUTION} is not installed", "pip install -e . (or: make setup)"
        )
        return
    yield Check("package", "ok", f"{DISTRIBUTION} {version} at {Path(__file__).parents[1]}")
    core, extras, whole = [], set(), True
    for line in lines:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            problem = _lacking(requirement)
            core.append(requirement.name)
            if problem:
                whole = False
                yield Check(
                    "library", "fail", problem, f"pip install '{requirement.name}{requirement.specifier}'"
                )
            continue
        for extra in ("diffusers", "ray"):
            if requirement.marker.evaluate({"extra": extra}) and _lacking(requirement):
                extras.add(extra)
    versions = ", ".join(
        f"{name} {metadata.version(name)}"
        for name in ("torch", "torchvision", "av", "streamlit")
        if not _missing(name)
    )
    if whole:
        yield Check("libraries", "ok", f"all {len(core)} are here; {versions}")
    for extra in sorted(extras):
        yield Check(
            "extra", "note", f"{extra} is not installed", f"pip install 'vbench-lite[{extra}]' to use it"
        )


def _missing(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return True
    return False


def _lacking(requirement: object) -> str:
    """What is wrong with one installed requirement, "" if nothing."""
    from packaging.requirements import Requirement

    assert isinstance(requirement, Requirement)
    try:
        version = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return f"{requirement.name} is not installed"
    if not requirement.specifier.contains(version, prereleases=True):
        return f"{requirement.name} {version} is installed, {requirement.specifier} is needed"
    return ""


def _disk(root: Path) -> Check:
    place = next(p for p in [root.absolute(), *root.absolute().parents] if p.exists())
    free = shutil.disk_usage(place).free
    found = f"{number(free, 'bytes')} free under {place}"
    if free < NEEDED_DISK_BYTES:
        found += f", {number(NEEDED_DISK_BYTES, 'bytes')} are needed"
        return Check("disk", "fail", found, "free some space, or give another folder with --root")
    return Check("disk", "ok", found)


def _root(root: Path) -> Check:
    """Whether results can be written; leaves nothing behind."""
    place = next(p for p in [root.absolute(), *root.absolute().parents] if p.exists())
    try:
        with tempfile.TemporaryFile(dir=place):
            return Check("results", "ok", f"{root.absolute()} can be written")
    except OSError as error:
        return Check("results", "fail", f"{place}: {error.strerror}", "give a folder of yours with --root")


def _processor() -> Check:
    cores = os.cpu_count() or 1
    usable = usable_cores()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    found = (
        f"{usable} of {cores} cores, load {load:.1f}; a generator gets 1 thread unless the run says otherwise"
    )
    if load > usable:
        return Check(
            "processor", "note", found, "other programs are busy: speeds measured now will be contended"
        )
    return Check("processor", "ok", found)


def _memory() -> Check:
    import psutil

    memory = psutil.virtual_memory()
    found = f"{number(memory.available, 'bytes')} of {number(memory.total, 'bytes')} free"
    if memory.available < NEEDED_MEMORY_BYTES:
        return Check(
            "memory",
            "note",
            found,
            f"the default benchmark wants about {number(NEEDED_MEMORY_BYTES, 'bytes')}; close other programs",
        )
    return Check("memory", "ok", found)


def _plugins() -> Iterator[Check]:
    """Whether every entry point can be imported; this is what imports torch."""
    groups: tuple[registry.Group, ...] = ("generators", "metrics", "extractors", "suites", "executors")
    for group in groups:
        names = registry.names(group)
        broken: dict[str, list[str]] = {}
        for name in names:
            try:
                registry.load(group, name)
            except VBenchLiteError as error:
                # One line a cause: a library that is gone takes many plug-ins along.
                broken.setdefault(str(error.__cause__ or error), []).append(name)
        for reason, lost in broken.items():
            found = f"{len(lost)} of {len(names)} cannot be loaded: {reason} ({', '.join(lost)})"
            yield Check(group, "fail", found, "mend what it names, or reinstall: make setup")
        if not names and group in REQUIRED_GROUPS:
            yield Check(group, "fail", "none registered", "reinstall: pip install -e . (or: make setup)")
        elif not broken:
            yield Check(group, "ok", f"{len(names)} can be loaded")


def _weights() -> Check:
    """Which weights of published networks are here, and whether others can be fetched."""
    from vbench_lite.weights import catalogue, files, sources

    entries = catalogue.entries()
    here = [entry.key for entry in entries if files.cached(entry.key) is not None]
    found = f"{len(here)} of {len(entries)} here"
    variable = sources.offline()
    if len(here) == len(entries):
        return Check("weights", "ok", found)
    if variable is not None:
        found += f"; {variable} forbids fetching"
    elif _missing("pip"):
        found += "; pip is not installed, so those on the package index cannot be fetched"
    else:
        found += "; those on the package index or a hub are fetched when a metric first needs them"
    return Check("weights", "note", found, "see: vbench-lite weights list")


def _codecs() -> Iterator[Check]:
    try:
        import av
        from av.codec import codecs_available
    except ImportError as error:
        yield Check("video", "fail", f"PyAV cannot be imported: {error}", "pip install --force-reinstall av")
        return
    missing = [name for name in CODECS if name not in codecs_available]
    for name in missing:
        yield Check(
            "video",
            "fail",
            f"PyAV {av.__version__} lacks {name} ({CODECS[name]})",
            "install PyAV from its wheel: pip install --force-reinstall --only-binary :all: av",
        )
    if not missing:
        yield Check("video", "ok", f"PyAV {av.__version__} with {', '.join(CODECS)}")


def _gpu() -> Check:
    import torch

    if torch.cuda.is_available():
        names = ", ".join(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
        return Check("gpu", "ok", f"{names} (CUDA {torch.version.cuda})")
    if shutil.which("nvidia-smi"):
        return Check(
            "gpu",
            "note",
            "an NVIDIA driver is here, but torch sees no GPU",
            "install a torch build for this driver's CUDA version",
        )
    return Check("gpu", "note", "none; the default benchmark runs on the processor")
