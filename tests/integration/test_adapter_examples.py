"""The examples of docs/adapters: quoted as they are, valid, and run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from adapter_examples import DOCS, lay_out
from command_line import vbench_lite
from video_api import Asked, VideoApi

from vbench_lite.clip import Clip
from vbench_lite.generator import GenerationRequest
from vbench_lite.measure.context import RecordingContext
from vbench_lite.run.plan.build import build_generator
from vbench_lite.store.rundir import RunDir, resolve_run

REFERENCE = ("reference/hybrid",)
ADAPTERS = ("clips", "command", "worker", "http")
LABELS = ("model-a", "my-command", "my-worker", "my-api")
KEY = "sesame-open-123"
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


def reference_clips() -> Callable[[Asked], Clip]:
    """What the API answers with: clips of a generator that is trained, by prompt, size and seed."""
    generator = build_generator("reference/hybrid")
    generator.load()

    def make(asked: Asked) -> Clip:
        width, height = map(int, asked["size"].split("x"))
        length = round(float(asked["seconds"]) * 8)
        request = GenerationRequest("api", asked["prompt"], length, height, width, 8.0, int(asked["seed"]))
        context = RecordingContext([request])
        generator.generate([request], context)
        (frames,) = context.result().frames
        assert frames is not None
        return Clip(frames, 8.0)

    return make


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, other_environment: Path) -> Iterator[tuple[Any, RunDir]]:
    """One run of all examples and a reference generator: what it printed, and its directory.

    The API is a server on this machine; its clips come from that generator too.
    """
    folder = lay_out(tmp_path_factory.mktemp("all") / "examples", other_environment)
    generators = [
        entry
        for name in ADAPTERS
        for entry in yaml.safe_load((folder / f"{name}.yaml").read_text())["generators"]
    ]
    generators += [{"label": name, "adapter": name} for name in REFERENCE]
    with pytest.MonkeyPatch.context() as patch, VideoApi(reference_clips()) as api:
        patch.chdir(folder)
        patch.setenv("VIDEO_API_KEY", KEY)
        generators[ADAPTERS.index("http")]["config"] |= {
            "base_url": api.url,
            "output": ".mkv",
            "poll_s": 0.05,
        }
        text = yaml.safe_dump({"generators": generators, "suites": ["captions.yaml"]})
        (folder / "all.yaml").write_text(text)
        answer = vbench_lite("run", "all.yaml", "--json", "--root", folder / "results")
        assert {seen.headers["Authorization"] for seen in api.seen} == {f"Bearer {KEY}"}
    assert answer.code == 0, answer.err
    yield answer.json, resolve_run(folder / "results", answer.json["run"])


def test_all_of_them_are_on_one_leaderboard(run: tuple[Any, RunDir]) -> None:
    rows = {row["generator"]: row for row in run[0]["leaderboard"]["rows"]}
    assert "model-a, suite captions: there and not named in the manifest: stray.mkv" in run[0]["messages"]
    assert set(rows) == {*LABELS, *REFERENCE}
    assert {row["coverage"] for row in rows.values()} == {1.0}
    assert {rows[name]["family"] for name in LABELS} == {"external"}
    assert rows["model-a"]["metrics"]["alignment/shapes_shape"]["value"] == 1.0
    for name in REFERENCE:
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
        (
            "my-api",
            {
                "speed/load_s": "nothing is loaded apart from a call",
                "memory/peak_bytes": "the peak of memory cannot be known",
                "memory/peak_with_imports_bytes": "the peak of memory cannot be known",
            },
        ),
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
    assert all(r["total_s"] > 0 for r in rows if r["generator"] in LABELS[1:])
    (costs,) = {json.loads(r["facts"])["cost_per_clip"] for r in rows if r["generator"] == "my-api"}
    assert costs == 0.4


def test_the_key_of_the_api_is_in_no_file_of_the_run(run: tuple[Any, RunDir]) -> None:
    files = [path for path in run[1].root.rglob("*") if path.is_file()]
    assert len(files) > 10
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []


def test_a_worker_streams_by_the_clock_of_all(run: tuple[Any, RunDir]) -> None:
    calls = {call.generator: call for call in run[1].calls("captions")}
    assert set(calls) == {*LABELS[1:], *REFERENCE}
    assert [count for _, count in calls["my-worker"].arrivals] == [1] * 16
    assert len(calls["my-command"].arrivals) == 1
