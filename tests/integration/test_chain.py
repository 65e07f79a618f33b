"""The whole chain by its command line: run, leaderboard, list, show, baseline, export, run again.

`good` makes real clips and `bad` noise, so what every axis has to say is known.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from command_line import Chain, vbench_lite

from vbench_lite.cli.specification import build_spec
from vbench_lite.run.plan.plan import build_plan

JUDGED = ("quality", "coherence", "alignment", "diversity")


def test_run_ends_well_and_prints_only_json(chain: Chain) -> None:
    assert chain.first.code == 0, chain.first.err
    outcome = chain.first.json
    assert (outcome["ok"], outcome["failed"], outcome["resumed"]) == (48, 0, False)
    assert outcome["failures"] == []
    assert "Generating" in chain.first.err


def test_real_clips_are_the_ceiling_and_noise_the_floor(chain: Chain) -> None:
    rows = {row["generator"]: row for row in chain.first.json["leaderboard"]["rows"]}
    for axis in JUDGED:
        assert rows["good"]["axes"][axis]["value"] == pytest.approx(1.0)
        assert rows["bad"]["axes"][axis]["value"] < 0.5
        assert rows["good"]["axes"][axis]["rank"] == [1, 1]


def test_no_floor_tops_an_axis(chain: Chain) -> None:
    controls = {row["generator"]: row for row in chain.first.json["leaderboard"]["controls"]}
    assert list(controls) == ["real", "frozen", "noise", "shuffled"]
    for axis in JUDGED:
        top = controls["real"]["axes"][axis]["value"]
        assert all(controls[name]["axes"][axis]["value"] < top for name in ("frozen", "noise", "shuffled"))
    assert all(axis["rank"] is None for row in controls.values() for axis in row["axes"].values())


def test_every_number_has_n_and_a_true_interval(chain: Chain) -> None:
    for row in chain.first.json["leaderboard"]["rows"]:
        for name, metric in row["metrics"].items():
            if metric["value"] is None:
                assert metric["reason"], name
            else:
                assert metric["n"] > 0, name
                assert metric["ci"] is None or metric["ci"][0] < metric["ci"][1], name


def test_the_same_command_again_reports_and_makes_nothing(chain: Chain) -> None:
    def state() -> dict[str, int]:
        return {str(p): p.stat().st_mtime_ns for p in chain.root.rglob("*") if p.suffix}

    before = state()
    again = vbench_lite("run", chain.spec, "--json", "--root", chain.root)
    assert again.code == 0
    assert again.json["run"] == chain.first.json["run"]
    assert any("finished already" in message for message in again.json["messages"])
    assert again.json["leaderboard"] == chain.first.json["leaderboard"]
    assert {path: time for path, time in state().items() if before.get(path) != time} == {}


def test_flags_and_yaml_name_one_run(tmp_path: Path) -> None:
    spec = tmp_path / "flags.yaml"
    spec.write_text("generators: [{label: control/noise, adapter: control/noise}]\nsamples: 2\n")
    by_flags = build_plan(build_spec(None, generators=["control/noise"], samples=2))
    assert build_plan(build_spec(spec)).run_id == by_flags.run_id


def test_leaderboard_is_what_the_run_printed(chain: Chain) -> None:
    board = vbench_lite("leaderboard", "--json", "--root", chain.root)
    assert board.json == chain.first.json["leaderboard"]


def test_leaderboard_of_one_generator(chain: Chain) -> None:
    board = vbench_lite("leaderboard", "latest:bad", "--json", "--root", chain.root)
    assert [row["generator"] for row in board.json["rows"]] == ["bad"]
    unknown = vbench_lite("leaderboard", "latest:ugly", "--root", chain.root)
    assert unknown.code == 2
    assert "good, bad" in unknown.err


def test_the_table_fits_eighty_columns_without_colour(chain: Chain) -> None:
    table = vbench_lite("leaderboard", "--root", chain.root, COLUMNS="80", NO_COLOR="1")
    assert table.code == 0
    assert "\x1b" not in table.out
    assert max(len(line) for line in table.out.splitlines()) <= 80
    assert "controls, never ranked" in table.out


def test_a_run_is_found_by_the_start_of_its_id_and_by_a_baseline(chain: Chain) -> None:
    run = chain.first.json["run"]
    assert vbench_lite("show", run[:6], "--json", "--root", chain.root).json["run_id"] == run
    assert vbench_lite("baseline", "set", "main", run, "--root", chain.root).code == 0
    shown = vbench_lite("show", "main", "--json", "--root", chain.root).json
    assert shown["outcome"]["good"] == {"ok": 8}
    assert vbench_lite("baseline", "list", "--json", "--root", chain.root).json == {
        "baselines": [{"name": "main", "run": run}]
    }
    (listed,) = vbench_lite("list", "runs", "--json", "--root", chain.root).json["runs"]
    assert listed["name"] == run


def test_export_csv_holds_every_sample(chain: Chain, tmp_path: Path) -> None:
    done = vbench_lite("export", "latest", "--format", "csv", "-o", tmp_path / "out", "--root", chain.root)
    assert done.code == 0
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out" / "samples.csv").read_text())))
    assert len(rows) == 48
    assert {row["status"] for row in rows} == {"ok"}
    scores = list(csv.DictReader(io.StringIO((tmp_path / "out" / "scores.csv").read_text())))
    assert all(row["value"] for row in scores if row["status"] == "ok")


def test_export_parquet_has_the_documented_columns(chain: Chain, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    from vbench_lite.store.schema import SCORES

    vbench_lite("export", "latest", "--format", "parquet", "-o", tmp_path, "--root", chain.root)
    assert pq.read_schema(tmp_path / "scores.parquet").names == SCORES.names


def test_export_json_is_strict_and_complete(chain: Chain) -> None:
    def refuse(word: str) -> float:
        raise AssertionError(f"{word} is no JSON")

    text = vbench_lite("export", "latest", "--format", "json", "--root", chain.root).out
    document = json.loads(text, parse_constant=refuse)
    assert len(document["samples"]) == 48
    assert isinstance(document["samples"][0]["facts"], dict)
    assert document["run"]["run_id"] == chain.first.json["run"]


def test_the_clips_of_the_run_are_in_the_pool(chain: Chain) -> None:
    from vbench_lite.store.pool import Pool

    document = vbench_lite("export", "latest", "--format", "json", "--root", chain.root).json
    pool = Pool(chain.root)
    assert all(pool.verify(row["clip_sha256"]) for row in document["samples"][:4])


def test_a_suite_with_an_unknown_metric_is_refused_before_a_clip_is_made(tmp_path: Path) -> None:
    suite = tmp_path / "typo.yaml"
    suite.write_text(
        "name: typo\nversion: 1\ndescription: a test\nprompts: {dataset: shapes, count: 2}\n"
        "metrics: [frames/sharpnes]\naxes: {}\n"
    )
    told = vbench_lite("run", "-g", "control/noise", "--suite", suite, "--root", tmp_path / "root")
    assert told.code == 2
    assert "no metric is named 'frames/sharpnes'; did you mean frames/sharpness" in told.err
    assert not (tmp_path / "root" / "pool" / "clips").exists()


def test_a_prompt_outside_the_vocabulary_fails_alone(tmp_path: Path) -> None:
    suite = tmp_path / "own.yaml"
    suite.write_text(
        "name: own\nversion: 1\ndescription: one caption of the world and one that is none\n"
        "prompts: {texts: [a red circle moves up slowly, a cat]}\nsamples: 2\n"
        "metrics: [vbench/temporal_flickering]\n"
        "axes: {coherence: {metrics: {vbench/temporal_flickering: 1}}}\n"
    )
    spec = tmp_path / "spec.yaml"
    spec.write_text(f"generators: [{{label: one, adapter: reference/autoregressive}}]\nsuites: [{suite}]\n")
    done = vbench_lite("run", spec, "--json", "--root", tmp_path)
    assert done.code == 3
    assert (done.json["ok"], done.json["failed"]) == (1, 1)
    (failure,) = done.json["failures"]
    assert failure["prompt"] == "a cat"
    assert "outside vocabulary" in failure["reason"]
    (row,) = done.json["leaderboard"]["rows"]
    assert row["coverage"] == 0.5
    assert row["axes"]["coherence"]["rank"] is None


# --- compare ----------------------------------------------------------------------------------


def test_a_loss_in_quality_fails_the_gate(chain: Chain, tmp_path: Path) -> None:
    done = vbench_lite(
        "compare", "latest:good", "latest:bad", "--gate", "--json", "--policy", quality_only(tmp_path),
        "--root", chain.root,
    )  # fmt: skip
    assert done.code == 1
    assert done.json["verdict"] == "REGRESSED"
    by_metric = {result["metric"]: result for result in done.json["metrics"]}
    assert by_metric["vbench/temporal_flickering"]["delta"] < 0
    low, high = by_metric["vbench/temporal_flickering"]["ci"]
    assert low < by_metric["vbench/temporal_flickering"]["delta"] < high < 0


def test_a_generator_against_itself_passes(chain: Chain, tmp_path: Path) -> None:
    done = vbench_lite(
        "compare", "latest:good", "latest:good", "--gate", "--json", "--policy", quality_only(tmp_path),
        "--root", chain.root,
    )  # fmt: skip
    assert done.code == 0
    assert done.json["verdict"] == "PASS"
    assert done.json["identical"] is True


def test_compare_asks_which_generator_is_meant(chain: Chain) -> None:
    done = vbench_lite("compare", "latest", "latest", "--root", chain.root)
    assert done.code == 2
    assert "say which generator" in done.err
    assert "good, bad" in done.err


def quality_only(folder: Path) -> Path:
    """A policy without speed and memory, which controls do not have."""
    policy = folder / "policy.yaml"
    policy.write_text("name: quality\nprimary: [vbench/temporal_flickering, alignment/shapes_colour]\n")
    return policy


# --- score ------------------------------------------------------------------------------------


@pytest.fixture
def clips(chain: Chain, tmp_path: Path) -> Path:
    """Four clips of the run under names of their own, an empty file and a text that calls itself a video."""
    import shutil

    folder = tmp_path / "clips"
    folder.mkdir()
    for place, path in enumerate(sorted((chain.root / "pool" / "clips").glob("*.mkv"))[:4]):
        shutil.copy(path, folder / f"clip{place}.mkv")
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("this is no video")
    return folder


def test_clips_made_elsewhere_keep_their_scores_beside_broken_files(clips: Path, tmp_path: Path) -> None:
    done = vbench_lite(
        "score", clips, "--json", "--metric", "vbench/temporal_flickering", "--metric", "speed/latency_s",
        "--root", tmp_path / "none",
    )  # fmt: skip
    assert done.code == 3
    scores = done.json
    assert sorted(scores["samples"]) == [f"clip{place}.mkv" for place in range(4)]
    assert all(0 <= s["vbench/temporal_flickering"] <= 1 for s in scores["samples"].values())
    assert sorted(scores["errors"]) == ["empty.mp4", "text.mp4"]
    assert list(scores["not_applicable"]["speed/latency_s"]) == ["*"]
    assert all(count == 1 for name, count in scores["decodes"].items() if name.startswith("clip"))
    assert not (tmp_path / "none").exists()


def test_a_clip_is_its_own_reference(clips: Path) -> None:
    done = vbench_lite(
        "score", clips / "clip0.mkv", "--reference", clips / "clip0.mkv", "--json",
        "--metric", "reconstruction/ssim",
    )  # fmt: skip
    assert done.code == 0
    assert done.json["samples"]["clip0.mkv"]["reconstruction/ssim"] == pytest.approx(1.0)


def test_nothing_but_broken_files_is_exit_code_2(clips: Path) -> None:
    done = vbench_lite("score", clips / "text.mp4")
    assert done.code == 2
    assert done.out == ""
    assert "text.mp4" in done.err


def test_a_folder_without_clips_is_named(tmp_path: Path) -> None:
    done = vbench_lite("score", tmp_path)
    assert done.code == 2
    assert len(done.err.splitlines()) == 1
    assert str(tmp_path) in done.err


def test_a_run_is_scored_again_without_generating(chain: Chain, tmp_path: Path) -> None:
    import shutil

    root = tmp_path / "copy"
    shutil.copytree(chain.root, root)
    done = vbench_lite(
        "score", "latest", "--metric", "reconstruction/psnr", "--reference", "real", "--json", "--root", root
    )
    assert done.code == 0, done.err
    rows = {row["generator"]: row for row in done.json["leaderboard"]["rows"]}
    psnr = {name: row["metrics"]["reconstruction/psnr"]["value"] for name, row in rows.items()}
    assert psnr["good"] > 60  # the same clips as the real arm
    assert psnr["bad"] < 12
    assert rows["good"]["metrics"]["frames/sharpness"]["value"] is not None
    told = vbench_lite("score", "latest", "--metric", "frames/sharpness", "--root", root).out
    assert told.index("sharpness") < told.index("generators"), "what was asked for stands before the card"
    assert "psnr" not in told.split("generators")[0]
