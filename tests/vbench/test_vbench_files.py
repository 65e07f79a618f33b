"""VBench's files in and out."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from test_vbench_totals import PUBLISHED, row

from vbench_lite.cli.main import app
from vbench_lite.errors import SpecError
from vbench_lite.results.board import build_board
from vbench_lite.results.vbench_export import export_files, export_results, import_results
from vbench_lite.store.rundir import RunDir, resolve_run


def write(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def results(name: str = "HunyuanVideo") -> dict[str, Any]:
    found: dict[str, Any] = {dimension: [value, []] for dimension, value in row(name).items()}
    found["dynamic_degree"] = [
        0.5,
        [
            {"video_path": "./videos/a cat-0.mp4", "video_results": True},
            {"video_path": "./videos/a cat-1.mp4", "video_results": False},
        ],
    ]
    found["color"][1] = [
        {"video_path": "./videos/a red cat-0.mp4", "video_results": 0.9, "frame_results": [1, 0]}
    ]
    return found


def test_what_is_imported_is_exported_again(tmp_path: Path) -> None:
    content = results()
    run = import_results(tmp_path, [write(tmp_path / "model_eval_results.json", content)])
    files = export_files(run, tmp_path / "out")
    assert set(files) == {"model_eval_results.json", "model_full_info.json"}
    assert json.loads(files["model_eval_results.json"].read_text()) == content
    assert json.loads(files["model_full_info.json"].read_text()) == [
        {
            "prompt_en": "a cat",
            "dimension": ["dynamic_degree"],
            "video_list": ["./videos/a cat-0.mp4", "./videos/a cat-1.mp4"],
        },
        {"prompt_en": "a red cat", "dimension": ["color"], "video_list": ["./videos/a red cat-0.mp4"]},
    ]


def test_the_leaderboard_shows_imports_apart_with_their_totals(tmp_path: Path) -> None:
    for name in PUBLISHED:
        content = {dimension: [value] for dimension, value in row(name).items()}
        import_results(tmp_path, [write(tmp_path / f"{name}.json", content)])
    shown = CliRunner().invoke(app, ["leaderboard", "--json", "--root", str(tmp_path)])
    board = json.loads(shown.stdout)
    assert board["controls"] == []
    assert all(entry["imported"] for entry in board["rows"])
    for entry in board["rows"]:
        quality, semantic, total = PUBLISHED[entry["generator"]][1]
        for metric, published in (("quality", quality), ("semantic", semantic), ("total", total)):
            found = entry["metrics"][f"vbench/{metric}_score"]["value"]
            assert 100 * found == pytest.approx(published, abs=0.01)
        assert entry["coverage"] is None
    assert {entry["generator"] for entry in board["rows"]} == set(PUBLISHED)
    text = CliRunner().invoke(app, ["leaderboard", "--root", str(tmp_path)]).stdout
    assert "imported: results of others, never ranked with those above" in text


def test_one_file_a_dimension_makes_one_run_and_a_missing_one_no_total(tmp_path: Path) -> None:
    values = row("CogVideoX-5B")
    del values["scene"]
    files = [write(tmp_path / f"{name}_eval_results.json", {name: value}) for name, value in values.items()]
    assert [e.label for e in import_results(tmp_path, files, "Cog [5B] (v1)").document().generators] == [
        "Cog [5B] (v1)"
    ]
    run = import_results(tmp_path, files, "cog/5b")
    (found,) = build_board([run]).imported
    assert found.arm.generator == "cog/5b"
    (told,) = build_board([run]).as_dict()["rows"]
    assert (told["imported"], told["coverage"]) == (True, None)
    measured = found.arm.estimates
    assert measured["vbench/quality_score"].value is not None
    assert measured["vbench/total_score"].value is None
    assert "scene" in str(measured["vbench/total_score"].reason)
    again = import_results(tmp_path, files, "cog/5b")
    assert again.run_id == run.run_id


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"subject_consistency": [97.4, []]}, "is 97.4; these files hold fractions in 0..1"),
        ({"subject consistency": [float("nan"), []]}, "must be a finite number"),
        ({"loudness": [0.5, []]}, "'loudness' is none of VBench's dimensions"),
        ({"color": [0.5, [{"video_path": "a"}]]}, "video 1: must be an object with video_path"),
        ({"color": []}, "the list is empty"),
        ([], "must be an object"),
    ],
)
def test_a_file_of_another_form_is_refused_in_one_line(tmp_path: Path, content: Any, told: str) -> None:
    file = write(tmp_path / "x_eval_results.json", content)
    with pytest.raises(SpecError) as caught:
        import_results(tmp_path, [file])
    assert told in str(caught.value) and "x_eval_results.json" in str(caught.value)
    assert not (tmp_path / "runs").exists()


def test_a_run_without_dimensions_has_nothing_to_export(tmp_path: Path) -> None:
    run = import_results(tmp_path, [write(tmp_path / "m.json", {"color": 0.5})], "m")
    with pytest.raises(SpecError, match="has no value of VBench's dimensions"):
        export_results(run, "other")


def test_latest_is_a_run_that_was_made_here(tmp_path: Path) -> None:
    """An import must not become what `compare` or `report` take by default."""
    only = import_results(tmp_path, [write(tmp_path / "m.json", {"color": 0.5})], "m")
    assert resolve_run(tmp_path, "latest").run_id == only.run_id
    own = RunDir(tmp_path, "aaaaaaaaaaaa")
    entry = dataclasses.replace(only.document().generators[0], label="own", adapter="reference/hybrid")
    document = dataclasses.replace(
        only.document(), run_id="aaaaaaaaaaaa", generators=[entry], created="2020-01-01T00:00:00+00:00"
    )
    own.path.mkdir(parents=True)
    own.write_document(document)
    assert resolve_run(tmp_path, "latest").run_id == "aaaaaaaaaaaa"
    board = build_board([only, own])
    assert [row.arm.generator for row in board.imported] == ["m"]
    assert [row.arm.generator for row in board.rows] == ["own"]
