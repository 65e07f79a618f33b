"""Links, pipes and devices: in a results folder of somebody else, and where an output is to go."""

from __future__ import annotations

import os
import shutil
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from test_store_keeping import store_run

from vbench_lite.cli.main import call
from vbench_lite.errors import SpecError, StoreError
from vbench_lite.run.scoring.features import Extractors, FeatureCache
from vbench_lite.store import atomic
from vbench_lite.store.check import verify
from vbench_lite.store.journal import read_journal
from vbench_lite.store.output_file import output_folder, write_output
from vbench_lite.store.pool import Pool
from vbench_lite.store.prune import prune
from vbench_lite.store.run_root import RunRoot
from vbench_lite.store.rundir import RunDir, list_runs, set_baseline
from vbench_lite.store.transfer import sync


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    store_run(root, "a", (1,))
    return root


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A folder of the user's own, outside the root."""
    folder = tmp_path / "victim"
    folder.mkdir()
    (folder / "keys").write_bytes(b"key 1\nkey 2 without an end")
    return folder


def link(place: Path, target: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    place.unlink(missing_ok=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(target)


def _lock(root: Path) -> None:
    with RunDir(root, "a").lock():
        pass


def _journal(root: Path) -> None:
    RunDir(root, "a").journal("x").close()


def _put(root: Path) -> None:
    Pool(root).put(np.full((2, 16, 16, 3), 7, np.uint8), 8.0)


WRITERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "lock of a run": ("runs/a/lock", _lock),
    "lock of the root": ("lock", _lock),
    "journal": ("runs/a/journal/x.jsonl", _journal),
    "folder of journals": ("runs/a/journal", _journal),
    "document": ("runs/a", lambda root: RunDir(root, "a").write_document(list_runs(root)[0].document())),
    "tables": ("runs/a", lambda root: RunDir(root, "a").compact()),
    "logs": ("runs/a/logs", lambda root: RunDir(root, "a").logs),
    "clips": ("pool/clips", _put),
    "temporary clips": ("pool/previews", lambda root: Pool(root).sweep()),
    "baselines": ("baselines.json", lambda root: set_baseline(root, "x", "a")),
    "prune a run": ("runs/a", lambda root: prune(root, ["a"])),
    "prune previews": ("pool/previews", lambda root: prune(root)),
    "prune features": ("pool/features/x", lambda root: prune(root)),
    "sync to": ("runs/b", lambda root: sync(RunRoot(str(root.parent / "other")), RunRoot(str(root)))),
    "sync from": (
        "runs/a/scores.parquet",
        lambda root: sync(RunRoot(str(root)), RunRoot(str(root.parent / "new"))),
    ),
    "sync a clip": ("pool/clips", lambda root: sync(RunRoot(str(root)), RunRoot(str(root.parent / "new")))),
}


@pytest.mark.parametrize("name", WRITERS)
def test_nothing_below_a_root_is_written_removed_or_copied_through_a_link(
    root: Path, victim: Path, name: str
) -> None:
    place, act = WRITERS[name]
    store_run(root.parent / "other", "b", (2,))
    folder = victim / "folder"
    if (root / place).is_dir():
        shutil.copytree(root / place, folder)
    folder.mkdir(exist_ok=True)
    (folder / "sub").mkdir()
    for path in (folder / ".old.tmp.npy", folder / "mine.npy", folder / "sub" / ".mine.npy"):
        path.write_bytes(b"precious")
        os.utime(path, (0, 0))
    is_folder = "." not in place.rsplit("/", 1)[-1] and not place.endswith("lock")
    link(root / place, folder if is_folder else victim / "keys")
    before = _content(victim)
    with pytest.raises(StoreError, match="is a link"):
        act(root)
    assert _content(victim) == before
    assert not (root.parent / "new" / place).exists()


def _content(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_root_that_is_a_link_itself_is_the_users_own_choice(root: Path) -> None:
    link(root.parent / "name", root)
    _lock(root.parent / "name")
    _put(root.parent / "name")
    assert len(list((root / "pool" / "clips").iterdir())) == 2


@pytest.mark.parametrize(
    "name",
    ["run.json", "samples.parquet", "journal/x.jsonl", "lock", "checksums.json", "../../baselines.json"],
)
def test_a_pipe_in_a_root_is_told_and_not_waited_for(root: Path, name: str) -> None:
    store_run(root, "b", (2,))
    place = root / "runs" / "a" / name
    place.unlink(missing_ok=True)
    os.mkfifo(place)
    assert {run.run_id for run in list_runs(root)} == ({"b"} if name == "run.json" else {"a", "b"})
    found = verify(root)
    if name != "lock":
        assert any("no regular file" in problem.reason for problem in found.problems)
    assert stat.S_ISFIFO(place.stat().st_mode)


def test_a_foreign_root_names_no_address(root: Path) -> None:
    (sha,) = RunDir(root, "a").clips()
    Pool(root).place(sha).unlink()
    elsewhere = root.parent / "elsewhere"
    store_run(elsewhere, "a", (1,))
    (root / "origin.json").write_text(f'{{"url": "file://{elsewhere}", "runs": []}}')
    assert not Pool(root).has(sha)
    with pytest.raises(StoreError, match="is not in the pool"):
        Pool(root).path(sha)


def test_a_temporary_file_is_no_damage(root: Path) -> None:
    (root / "pool" / "clips" / ".0123.tmp.mkv").write_bytes(b"half of a clip")
    assert verify(root).problems == []
    assert "" not in Pool(root).names()
    assert len(Pool(root).names()) == 1


def test_a_cache_that_cannot_be_written_costs_no_score(root: Path) -> None:
    extractor = Extractors(["shapes-video"]).made(["shapes-video"])[0]
    features = np.zeros((2, extractor.info.dim), np.float32)
    cache = FeatureCache(root / "pool" / "features")
    (root / "pool" / "features").write_bytes(b"a file where a folder is needed")
    cache.put("a" * 64, extractor, features)
    assert cache.get("a" * 64, extractor) is None
    (root / "pool" / "features").unlink()
    cache.put("a" * 64, extractor, features)
    kept = cache.get("a" * 64, extractor)
    assert kept is not None and np.array_equal(kept, features)


def test_a_device_in_the_place_of_a_document_is_not_read(root: Path) -> None:
    link(root / "runs" / "a" / "run.json", Path("/dev/zero"))
    with pytest.raises(StoreError, match="no regular file"):
        RunDir(root, "a").document()


# --- outputs ------------------------------------------------------------------------------------


def test_a_regular_output_is_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "x.html"
    file.write_text("old")

    def broken() -> object:
        yield "half"
        raise ValueError

    with pytest.raises(ValueError):
        write_output(file, broken())  # type: ignore[arg-type]
    assert file.read_text() == "old"
    write_output(file, "one\r\ntwo")
    assert file.read_bytes() == b"one\r\ntwo"
    assert [path.name for path in tmp_path.iterdir()] == ["x.html"]


def test_a_link_as_output_stays_a_link(tmp_path: Path) -> None:
    target, name = tmp_path / "target", tmp_path / "name"
    target.write_text("old")
    name.symlink_to(target)
    write_output(name, "new")
    assert name.is_symlink()
    assert target.read_text() == "new"


def test_a_pipe_as_output_is_written_into(tmp_path: Path) -> None:
    pipe, got = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    write_output(pipe, ["to ", "a pipe"])
    reader.join(10)
    assert got == ["to a pipe"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_device_as_output_stays_a_device(root: Path) -> None:
    device = root.parent / "null"
    try:
        os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    except PermissionError:  # who may make no device cannot destroy one either
        device = Path("/dev/null")
    before = device.stat()
    assert call(["export", "a", "--format", "json", "-o", str(device), "--root", str(root)]) == 0
    after = device.stat()
    assert stat.S_ISCHR(after.st_mode)
    assert (before.st_ino, before.st_rdev) == (after.st_ino, after.st_rdev)


@pytest.mark.parametrize(
    "command",
    [
        ["export", "a", "--format", "json", "-o", "gone/x.json"],
        ["export", "a", "--format", "csv", "-o", "gone/x"],
        ["report", "a", "-o", "gone/x.html"],
        ["compare", "a", "a", "--junit", "gone/x.xml"],
        ["compare", "a", "a", "--markdown", "gone/x.md"],
        ["compare", "a", "a", "--html", "gone/x.html"],
    ],
)
def test_a_missing_folder_is_told_and_not_made(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    monkeypatch.chdir(root)
    assert call([*command, "--root", str(root)]) == 2
    said = capsys.readouterr().err
    assert "there is no folder" in said
    assert "gone" in said
    assert not (root / "gone").exists()


def test_a_folder_where_a_file_is_needed_and_the_other_way_round(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="is a folder, and a file is needed"):
        write_output(tmp_path, "x")
    atomic.write_text(tmp_path / "file", "x")
    with pytest.raises(SpecError, match="is a file, and a folder is needed"):
        output_folder(tmp_path / "file")


def test_a_journal_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert read_journal(tmp_path / "none.jsonl").records == []
