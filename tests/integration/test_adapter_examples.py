"""The examples of docs/adapters: quoted as they are, valid, and run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from adapter_examples import DOCS, lay_out
from command_line import vbench_lite

from vbench_lite.engine.spec import DEFAULT_GENERATORS
from vbench_lite.store.rundir import RunDir, resolve_run

EXAMPLES = sorted(path for path in (DOCS / "examples").iterdir() if path.is_file())


@pytest.fixture
def here(tmp_path: Path, other_environment: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The examples as the working directory."""
    folder = lay_out(tmp_path / "examples", other_environment)
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_pages_quote_or_link_the_examples(path: Path) -> None:
    text = path.read_text()
    for page in DOCS.glob("*.md"):
        lines = [line.removeprefix("   ") for line in page.read_text().splitlines()]
        if text.strip() in "\n".join(lines) or f"(examples/{path.name})" in "\n".join(lines):
            return
    pytest.fail(f"no page of docs/adapters quotes or links {path.name}")


@pytest.mark.parametrize("path", [p for p in EXAMPLES if p.suffix == ".yaml"], ids=lambda path: path.name)
def test_specifications_are_valid(here: Path, path: Path) -> None:
    answer = vbench_lite("validate", path.name)
    assert answer.code == 0, answer.err


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, other_environment: Path) -> Iterator[tuple[Any, RunDir]]:
    """One run of all examples and the reference generators: what it printed, and its directory."""
    folder = lay_out(tmp_path_factory.mktemp("all") / "examples", other_environment)
    generators = [
        entry
        for name in ("clips", "command", "worker")
        for entry in yaml.safe_load((folder / f"{name}.yaml").read_text())["generators"]
    ]
    generators += [{"label": name, "adapter": name} for name in DEFAULT_GENERATORS]
    (folder / "all.yaml").write_text(yaml.safe_dump({"generators": generators, "suites": ["captions.yaml"]}))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        answer = vbench_lite("run", "all.yaml", "--json", "--root", folder / "results")
    assert answer.code == 0, answer.err
    yield answer.json, resolve_run(folder / "results", answer.json["run"])


def test_all_of_them_are_on_one_leaderboard(run: tuple[Any, RunDir]) -> None:
    rows = {row["generator"]: row for row in run[0]["leaderboard"]["rows"]}
    assert set(rows) == {"model-a", "my-command", "my-worker", *DEFAULT_GENERATORS}
    assert {row["coverage"] for row in rows.values()} == {1.0}
    assert {rows[name]["family"] for name in ("model-a", "my-command", "my-worker")} == {"external"}
    assert rows["model-a"]["metrics"]["alignment/shapes_shape"]["value"] == 1.0
    for name in DEFAULT_GENERATORS:
        assert all(metric["value"] is not None for metric in rows[name]["metrics"].values())


@pytest.mark.parametrize(
    ("generator", "unknown"),
    [
        (
            "model-a",
            dict.fromkeys(
                (
                    "speed/latency_s",
                    "speed/time_to_first_frame_s",
                    "speed/load_s",
                    "memory/peak_bytes",
                    "memory/peak_with_imports_bytes",
                ),
                "these clips were made elsewhere",
            ),
        ),
        (
            "my-command",
            {
                "speed/load_s": "nothing is loaded apart from a call",
                "memory/peak_bytes": "the size before loading is not known",
            },
        ),
        ("my-worker", {"memory/peak_bytes": "the size before loading is not known"}),
    ],
)
def test_what_an_adapter_cannot_know_is_null_with_the_reason(
    run: tuple[Any, RunDir], generator: str, unknown: dict[str, str]
) -> None:
    (row,) = [row for row in run[0]["leaderboard"]["rows"] if row["generator"] == generator]
    for metric, found in row["metrics"].items():
        if metric in unknown:
            assert found["value"] is None
            assert found["reason"].startswith(unknown[metric])
        elif metric.startswith(("speed/", "memory/")):
            assert found["value"] > 0


def test_clips_have_no_times_in_the_stored_samples_either(run: tuple[Any, RunDir]) -> None:
    rows = run[1].rows("sample")
    made = [(r["total_s"], r["first_frame_s"], r["peak_bytes"]) for r in rows if r["generator"] == "model-a"]
    assert made == [(None, None, None)] * 2
    assert all(r["total_s"] > 0 for r in rows if r["generator"] in ("my-worker", "my-command"))


def test_a_worker_streams_by_the_clock_of_all(run: tuple[Any, RunDir]) -> None:
    calls = {call.generator: call for call in run[1].calls("captions")}
    assert set(calls) == {"my-command", "my-worker", *DEFAULT_GENERATORS}
    assert [count for _, count in calls["my-worker"].arrivals] == [1] * 16
    assert len(calls["my-command"].arrivals) == 1
