"""store ls, verify, prune and sync over folders: every hash is checked, nobody sees half a run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from vbench_lite.cli.main import call
from vbench_lite.errors import StoreError
from vbench_lite.secrets import HIDDEN, redact, redacted
from vbench_lite.store.check import verify
from vbench_lite.store.pool import Pool
from vbench_lite.store.prune import prune
from vbench_lite.store.run_root import ATTEMPTS, RunRoot
from vbench_lite.store.rundir import RunDir, list_runs, set_baseline
from vbench_lite.store.schema import GeneratorEntry, RunDocument, SampleRecord
from vbench_lite.store.transfer import sync


def store_run(root: Path, run_id: str, seeds: tuple[int, ...], status: str = "finished") -> list[str]:
    """A run with a clip for each seed; its clips' hashes."""
    entry = GeneratorEntry("g", "toy", {}, "cpu", 1, {"family": "external"}, "f")
    run = RunDir(root, run_id)
    created = f"2026-01-01T00:00:00.{ord(run_id[0]):06}"
    run.write_document(RunDocument(run_id, status, created, None, 0, 1, [entry], [], True, {}, {}))
    shas = []
    with run.journal("runner") as journal:
        for seed in seeds:
            rng = np.random.default_rng(seed)
            shas.append(Pool(root).put(rng.integers(0, 256, (4, 16, 16, 3), dtype=np.uint8), 8.0))
            record = SampleRecord("g", "s", f"p-s{seed}", "p", "text", seed, "ok", clip_sha256=shas[-1])
            journal.append({"kind": "sample", **record.as_dict()})
    run.compact()
    return shas


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    store_run(root, "a", (1, 2))
    store_run(root, "b", (2, 3))
    return root


# --- verify -----------------------------------------------------------------------------------


def test_of_many_files_with_one_fault_ten_are_named_and_all_with_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shas = sorted(store_run(tmp_path, "a", tuple(range(14))))
    for sha in shas[1:]:
        Pool(tmp_path).place(sha).unlink()
    assert call(["store", "verify", "--root", str(tmp_path)]) == 3
    said = capsys.readouterr()
    missing = "missing, run a names it; restore it from a copy"
    assert (
        said.err.splitlines()[1:]
        == [  # after the progress
            *(f"pool/clips/{sha}.mkv: {missing}" for sha in shas[1:11]),
            "and 3 files more, likewise; --json names every one",
        ]
    )
    assert said.out == "1 run, 3 tables, 1 journal, 1 clip: 13 problems\n"
    copy = str(tmp_path / "copy")
    assert call(["store", "sync", str(tmp_path), copy]) == 3  # whose clips are missing
    assert call(["store", "ls", "--root", str(tmp_path)]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert listed[-1].startswith("1 different clip, ") and " clips " in listed[-3]
    assert call(["store", "verify", "--json", "--root", str(tmp_path)]) == 3
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert [problem["file"] for problem in problems] == [f"pool/clips/{sha}.mkv" for sha in shas[1:]]


def test_what_was_written_is_found_whole(root: Path) -> None:
    found = verify(root)
    assert (found.runs, found.tables, found.journals, found.clips) == (2, 6, 2, 3)
    assert found.problems == []
    assert call(["store", "verify", "--root", str(root)]) == 0


@pytest.mark.parametrize(
    ("name", "damage", "reason"),
    [
        ("runs/a/samples.parquet", "flip", "not what was written"),
        ("runs/a/samples.parquet", "remove", "missing"),
        ("runs/a/run.json", "cut", "damaged"),
        ("runs/a/checksums.json", "cut", "damaged"),
        ("runs/a/journal/runner.jsonl", "cut", "a last line was cut off"),
        ("runs/a/journal/runner.jsonl", "flip", "is damaged"),
        ("pool/clips", "flip", "delete it and run again"),
        ("pool/clips", "cut", "delete it and run again"),
        ("pool/clips", "remove", "missing, run"),
        ("pool/clips", "swap", "not those it is named by"),
    ],
)
def test_whatever_is_damaged_is_named(root: Path, name: str, damage: str, reason: str) -> None:
    path = root / name
    others = sorted(path.glob("*.mkv")) if path.is_dir() else [path]
    path = others[0]
    data = path.read_bytes()
    match damage:
        case "flip":
            path.write_bytes(bytes([data[0] ^ 0xFF]) + data[1:-1] + bytes([data[-1] ^ 0xFF]))
        case "cut":
            path.write_bytes(data[: len(data) * 2 // 5])
        case "remove":
            path.unlink()
        case "swap":
            path.write_bytes(others[1].read_bytes())
    found = verify(root)
    assert [p for p in found.problems if path.name in p.file and reason in p.reason], found.problems


# --- prune ------------------------------------------------------------------------------------


def test_prune_keeps_what_a_run_refers_to(root: Path) -> None:
    pool = Pool(root)
    lost = pool.put(np.zeros((2, 8, 8, 3), np.uint8), 8.0)
    part = RunDir(root, "c-1-of-2", folder="shards")
    theirs = pool.put(np.ones((2, 8, 8, 3), np.uint8), 8.0)
    part.write_document(RunDir(root, "a").document())
    with part.journal("runner") as journal:
        record = SampleRecord("g", "s", "p-s9", "p", "text", 9, "ok", clip_sha256=theirs)
        journal.append({"kind": "sample", **record.as_dict()})
    assert prune(root, dry=True).files == [f"pool/clips/{lost}.mkv"]
    assert pool.has(lost)
    assert prune(root).bytes > 0
    assert not pool.has(lost)
    assert pool.has(theirs)
    assert verify(root).problems == []


def test_prune_removes_a_run_with_its_own_clips_only(root: Path) -> None:
    prune(root, ["a"])
    assert [run.run_id for run in list_runs(root)] == ["b"]
    assert verify(root).problems == []
    assert len(list((root / "pool" / "clips").glob("*.mkv"))) == 2


def test_prune_refuses_what_would_lose_results(root: Path) -> None:
    set_baseline(root, "main", "a")
    with pytest.raises(StoreError, match="is the baseline 'main'"):
        prune(root, ["a"])
    with pytest.raises(StoreError, match="no run or part is named 'x'"):
        prune(root, ["x"])
    with RunDir(root, "b").lock(), pytest.raises(StoreError, match="a run is at work under"):
        prune(root)
    table = root / "runs" / "b" / "samples.parquet"
    table.write_bytes(b"PAR1")
    with pytest.raises(StoreError, match="is damaged"):
        prune(root)
    assert len(list((root / "pool" / "clips").glob("*.mkv"))) == 3


# --- sync -------------------------------------------------------------------------------------


def test_a_copy_is_whole_and_made_once(root: Path, tmp_path: Path) -> None:
    store_run(root, "c", (4,), status="running")
    set_baseline(root, "main", "a")
    copy = tmp_path / "copy"
    done = sync(RunRoot(str(root)), RunRoot(f"file://{copy}"))
    assert (done.runs, done.kept, done.skipped, done.clips) == (["a", "b"], [], ["c"], 3)
    assert verify(copy).problems == []
    assert RunDir(copy, "a").rows("sample") == RunDir(root, "a").rows("sample")
    assert json.loads((copy / "baselines.json").read_text()) == {"main": "a"}
    again = sync(RunRoot(str(root)), RunRoot(str(copy)))
    assert (again.runs, again.kept, again.clips) == ([], ["a", "b"], 0)


def test_a_damaged_table_is_not_copied(root: Path, tmp_path: Path) -> None:
    table = root / "runs" / "a" / "samples.parquet"
    table.write_bytes(table.read_bytes() + b" ")
    with pytest.raises(StoreError, match="is not what was written"):
        sync(RunRoot(str(root)), RunRoot(str(tmp_path / "copy")), only=["a"])
    assert list_runs(tmp_path / "copy") == []


class Failing(MemoryFileSystem):  # type: ignore[misc]
    """A store whose network fails: so many calls of each kind, then it works."""

    protocol = "failing"
    store: dict[str, Any] = {}  # noqa: RUF012 - as its base has it
    pseudo_dirs = [""]  # noqa: RUF012 - as its base has it
    failures = 0
    sent: list[str] = []  # noqa: RUF012 - of the class on purpose

    def put_file(self, lpath: Any, rpath: Any, **options: Any) -> Any:
        if Failing.failures > 0:
            Failing.failures -= 1
            raise ConnectionResetError("the network went away")
        Failing.sent.append(str(rpath))
        return super().put_file(lpath, rpath, **options)


@pytest.fixture
def failing() -> Any:
    import fsspec

    fsspec.register_implementation("failing", Failing, clobber=True)
    Failing.store.clear()
    Failing.sent.clear()
    Failing.failures = 0
    return Failing


def test_an_upload_is_tried_again(root: Path, failing: Any) -> None:
    waits: list[float] = []
    failing.failures = ATTEMPTS - 1
    done = sync(RunRoot(str(root)), RunRoot("failing://bucket/x", waits.append))
    assert done.runs == ["a", "b"]
    assert len(waits) == ATTEMPTS - 1
    assert waits == sorted(waits)
    documents = [name for name in failing.sent if "run.json" in name]
    assert failing.sent.index(documents[0]) > max(
        place for place, name in enumerate(failing.sent) if "runs/a/" in name and "run.json" not in name
    )


def test_a_damaged_run_costs_itself_and_the_others_are_sent(root: Path, tmp_path: Path) -> None:
    (root / "runs" / "a" / "samples.parquet").write_bytes(b"PAR1")
    done = sync(RunRoot(str(root)), RunRoot(str(tmp_path / "copy")))
    assert done.runs == ["b"]
    assert list(done.damaged) == ["a"] and "is not what was written" in done.damaged["a"]
    assert call(["store", "sync", str(root), str(tmp_path / "again")]) == 3
    assert RunDir(tmp_path / "again", "b").rows("sample")


def test_an_upload_that_breaks_off_leaves_no_half_run(root: Path, failing: Any, tmp_path: Path) -> None:
    target = RunRoot("failing://bucket/x", lambda _: None)
    sync(RunRoot(str(root)), target, only=["b"])
    failing.failures = 10**6
    with pytest.raises(StoreError, match=f"after {ATTEMPTS} attempts: the network went away"):
        sync(RunRoot(str(root)), target)
    assert target.read("runs/a/run.json") is None
    failing.failures = 0
    assert sync(RunRoot(str(root)), target).runs == ["a"]
    sync(target, RunRoot(str(tmp_path / "back")))
    assert verify(tmp_path / "back").problems == []
    shutil.rmtree(tmp_path / "back")


@pytest.mark.parametrize("name", ["../../etc", "..", "", "a/b"])
def test_a_hostile_name_does_not_lead_out(root: Path, name: str) -> None:
    (root / "baselines.json").write_text(json.dumps({"evil": name}))
    from vbench_lite.store.rundir import resolve_run

    with pytest.raises(StoreError):
        resolve_run(root, "evil")
    with pytest.raises(StoreError, match="is no sha256"):
        Pool(root).path(f"{name}/{'0' * 64}")


# --- secrets ----------------------------------------------------------------------------------


def test_secrets_do_not_reach_what_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MY_API_TOKEN", "correct-horse-battery")
    assert redact("said correct-horse-battery twice: correct-horse-battery") == (
        f"said {HIDDEN} twice: {HIDDEN}"
    )
    for text in (
        "hf_abcdefghijklmnopqrstuvwxyz",
        "Authorization: Bearer abcdef0123456789",
        "https://me:hunter2secret@host/x",
        "s3://b?X-Amz-Signature=0123456789abcdef&x=1",
        "AKIAABCDEFGHIJKLMNOP",
    ):
        assert HIDDEN in redact(text), text
    for text in ("tokens: 512", "a token is a unit", "speed/tokens_per_s", "https://host/path"):
        assert redact(text) == text
    config = {"token": "abc", "token_env": "HF_TOKEN", "tokens": 5, "deep": [{"api_key": "k"}]}
    assert redacted(config) == {
        "token": HIDDEN, "token_env": "HF_TOKEN", "tokens": 5, "deep": [{"api_key": HIDDEN}]
    }  # fmt: skip
    entry = GeneratorEntry("g", "toy", {"token": "topsecretvalue"}, "cpu", 1, {}, "f")
    run = RunDir(tmp_path, "a")
    run.write_document(RunDocument("a", "finished", "c", None, 0, 1, [entry], [], True, {}, {}))
    assert "topsecretvalue" not in (run.path / "run.json").read_text()
