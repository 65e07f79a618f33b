"""A pipeline, a token model, a reference generator and foreign clips in one run, as docs/adapters has it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from adapter_examples import lay_out
from command_line import vbench_lite

from vbench_lite.store.rundir import resolve_run

pytestmark = pytest.mark.slow  # test_models_side_by_side.py is the quick one


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("own") / "examples", Path("/nonexistent"))


@pytest.fixture(scope="module")
def board(here: Path) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        answer = vbench_lite("run", "together.yaml", "--json", "--root", here / "results")
    assert answer.code == 0, answer.err
    return answer.json


def test_all_are_on_one_leaderboard(board: Any) -> None:
    rows = {row["generator"]: row for row in board["leaderboard"]["rows"]}
    assert set(rows) == {"reference/hybrid", "my-pipeline", "my-token-model", "model-a"}
    families = {name: row["family"] for name, row in rows.items()}
    assert families == {
        "reference/hybrid": "hybrid",
        "my-pipeline": "latent_diffusion",
        "my-token-model": "autoregressive",
        "model-a": "external",
    }
    assert all(row["coverage"] == 1.0 for row in rows.values())


def test_what_cannot_be_known_is_null_with_a_reason(board: Any) -> None:
    rows = {row["generator"]: row["metrics"] for row in board["leaderboard"]["rows"]}
    for metric in ("speed/latency_s", "speed/time_to_first_frame_s", "speed/load_s", "memory/peak_bytes"):
        for name in ("reference/hybrid", "my-pipeline", "my-token-model"):
            assert rows[name][metric]["value"] > 0, (name, metric)
        assert rows["model-a"][metric]["value"] is None
        assert rows["model-a"][metric]["reason"] == "these clips were made elsewhere"


def test_the_token_model_streams_and_the_pipeline_does_not(board: Any) -> None:
    rows = {row["generator"]: row["metrics"] for row in board["leaderboard"]["rows"]}

    def share(name: str) -> float:
        first, whole = (rows[name][f"speed/{m}"]["value"] for m in ("time_to_first_frame_s", "latency_s"))
        return float(first / whole)

    assert share("my-pipeline") == 1.0
    assert share("my-token-model") < 0.9


def test_each_says_what_it_knows_of_its_work(here: Path, board: Any) -> None:
    run = resolve_run(here / "results", board["run"])
    facts = {row["generator"]: json.loads(row["facts"]) for row in run.rows("sample")}
    pipeline, tokens, clips = (facts[name] for name in ("my-pipeline", "my-token-model", "model-a"))
    assert (pipeline["nfe"], pipeline["fps_source"], pipeline["pipeline_frames"]) == (4, "assumed", 17)
    assert (tokens["nfe"], tokens["tokens"]) == (256, 256)
    assert tokens["kv_cache_bytes"] > 0
    assert "kv_cache_bytes" not in pipeline
    assert "nfe" not in clips


def test_each_had_a_process_and_a_device(here: Path, board: Any) -> None:
    run = resolve_run(here / "results", board["run"])
    workers = {row["generator"]: row["worker"] for row in run.rows("sample")}
    assert len(set(workers.values())) == 4
    assert {entry.label: entry.device for entry in run.document().generators} == dict.fromkeys(workers, "cpu")
