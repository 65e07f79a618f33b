"""A sweep through the command line: made, and shown again."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import vbench_lite as run_cli

SUITE = """
name: swept
version: 1
description: clips of four frames
prompts: {dataset: shapes, count: 3}
request: {num_frames: 4, height: 32, width: 32, fps: 8}
samples: 3
metrics: [frames/sharpness]
axes: {quality: {metrics: {frames/sharpness: 1}}}
performance: {rounds: 1, warm_calls: 1}
"""
SPEC = """
sweep:
  base: {adapter: "toys:Toy", config: {world: true}}
  settings:
    same: {}
suites: [swept.yaml]
controls: false
"""


def test_a_sweep_is_made_and_shown_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VBENCH_LITE_OFFLINE", "1")  # LPIPS says that its weights are missing
    monkeypatch.setenv("VBENCH_LITE_CACHE", str(tmp_path / "cache"))
    Path("swept.yaml").write_text(SUITE)
    Path("sweep.yaml").write_text(SPEC)
    first = run_cli("sweep", "sweep.yaml", "--json")
    assert first.code == 0, first.err
    (same,) = first.json["rows"]
    assert same["identical"] and same["fidelity"]["psnr"]["value"] == 100
    assert "VBENCH_LITE_OFFLINE" in same["fidelity"]["lpips"]["reason"]
    assert first.json["floors"]["again"]["identical"] and not first.json["floors"]["seeds"]["identical"]
    assert same["stages"]["denoise"]["own"] > 0
    assert "changed nothing: same (byte-identical" in first.json["sentence"]
    again = run_cli("sweep", first.json["run"], "--json")
    assert (again.code, again.out) == (0, first.out)
    told = run_cli("sweep", "latest", "--gate", "--markdown", "sweep.md")
    assert told.code == 0, told.err
    assert "base-seeds" in told.out and "base-seeds" in Path("sweep.md").read_text()


def test_what_is_no_sweep_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("plain.yaml").write_text("suites: [quick]\n")
    answer = run_cli("sweep", "plain.yaml")
    assert answer.code == 2
    assert answer.err.count("\n") == 1 and "has no sweep: {base, settings}" in answer.err
