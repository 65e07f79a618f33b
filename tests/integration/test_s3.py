"""A root on S3, as s3fs sees it, against a server of moto on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import vbench_lite

from vbench_lite.store import origin, remote
from vbench_lite.store.pool import Pool
from vbench_lite.store.run_root import RunRoot

BUCKET = "results"
URL = f"s3://{BUCKET}/video"
SUITE = """
name: tiny
version: 1
description: a test
prompts: {texts: [one, two, three]}
request: {num_frames: 8, height: 16, width: 16, fps: 8}
samples: 3
metrics: [frames/sharpness]
axes: {}
"""


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """A bucket on a server of its own; s3fs finds it by the environment, as it finds a real one."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-real-secret")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        import s3fs

        s3fs.S3FileSystem.clear_instance_cache()
        s3fs.S3FileSystem().mkdir(BUCKET)
        try:
            yield URL
        finally:
            server.stop()
            s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Be another machine: nothing of an earlier one is in the cache, and nothing stays for later tests."""

    def be(name: str) -> Path:
        monkeypatch.setenv("VBENCH_LITE_CACHE", str(tmp_path / name))
        forget()
        return tmp_path / name

    def forget() -> None:
        remote._opened.clear()
        origin._clips.cache_clear()

    yield be
    forget()


def specification(folder: Path) -> Path:
    (folder / "tiny.yaml").write_text(SUITE)
    spec = folder / "spec.yaml"
    spec.write_text(f"generators: [{{label: toy, adapter: 'toys:Toy'}}]\nsuites: [{folder / 'tiny.yaml'}]\n")
    return spec


def test_a_run_is_sent_when_it_is_finished_and_read_on_another_machine(
    bucket: str, machine: Any, tmp_path: Path
) -> None:
    first = machine("first")
    done = vbench_lite("run", specification(tmp_path), "--json", "--root", bucket)
    assert done.code == 0, done.err
    run_id = done.json["run"]
    site = RunRoot(bucket)
    assert site.names("runs") == {run_id}
    assert "run.json" in site.names(f"runs/{run_id}")
    assert "journal" not in site.names(f"runs/{run_id}"), "journals stay on the machine"
    assert len(site.names("pool/clips")) == 3
    assert "not-a-real-secret" not in (next(first.rglob("run.json"))).read_text()

    second = machine("second")
    board = vbench_lite("leaderboard", "--json", "--root", bucket)
    assert board.code == 0, board.err
    assert board.json == done.json["leaderboard"]
    assert list(second.rglob("*.mkv")) == [], "clips come when they are asked for"
    scored = vbench_lite("score", run_id, "--metric", "frames/degenerate", "--json", "--root", bucket)
    assert scored.code == 0, scored.err
    assert len(list(second.rglob("*.mkv"))) == 3
    (sha,) = {path.stem for path in list(second.rglob("*.mkv"))[:1]}
    assert Pool(next(second.rglob("pool")).parent).verify(sha)

    machine("third")
    board = vbench_lite("leaderboard", "--json", "--root", bucket)
    assert "frames/degenerate" in board.json["rows"][0]["metrics"], "scores made elsewhere are there"

    copy = tmp_path / "copy"
    sent = vbench_lite("store", "sync", bucket, copy, "--json")
    assert (sent.code, sent.json["runs"], sent.json["clips"]) == (0, [run_id], 3), sent.err
    checked = vbench_lite("store", "verify", "--json", "--root", copy)
    assert (checked.code, checked.json["clips"], checked.json["problems"]) == (0, 3, [])


def test_a_server_that_is_away_keeps_the_results_here(
    bucket: str, machine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = machine("away")
    root = remote.mirror("s3://results/other")
    monkeypatch.setattr(RunRoot, "_upload", lambda *_: (_ for _ in ()).throw(ConnectionError("gone away")))
    monkeypatch.setattr("vbench_lite.store.run_root.FIRST_PAUSE_S", 0.0)
    done = vbench_lite("run", specification(tmp_path), "--json", "--root", "s3://results/other")
    assert done.code == 2
    assert "after 5 attempts: gone away" in done.err
    assert f"the results are kept in {root}" in done.err
    assert json.loads(next(folder.rglob("run.json")).read_text())["status"] == "finished"
    assert RunRoot("s3://results/other").names("runs") == set()
    monkeypatch.undo()
    monkeypatch.setenv("VBENCH_LITE_CACHE", str(folder))
    assert vbench_lite("leaderboard", "--root", "s3://results/other").code == 0
    assert len(RunRoot("s3://results/other").names("runs")) == 1, "the next command sends them"


def test_a_bucket_that_is_not_there_is_one_line(bucket: str, machine: Any) -> None:
    machine("lost")
    told = vbench_lite("leaderboard", "--root", "nosuch://x/y")
    assert told.code == 2
    assert len(told.err.splitlines()) == 1
    assert "nosuch" in told.err
