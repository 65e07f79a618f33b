"""Pipelines, a worker without torch and a reference generator on one open suite; a gate on copies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import tiny_pipelines
from adapter_examples import DOCS
from command_line import vbench_lite

from vbench_lite.clip import Frames
from vbench_lite.errors import WeightsError
from vbench_lite.store.pool import Pool
from vbench_lite.store.rundir import resolve_run
from vbench_lite.suite import load_suite
from vbench_lite.video.damage import blur, to_uint8
from vbench_lite.video.encode import write_lossless
from vbench_lite.weights import files

PIPELINES = {"model-a": "wan", "model-b": "ltx"}
OTHERS = ("my-worker", "reference/hybrid")
PROMPTS, COPIED = 8, "reference/hybrid"  # tracked points of random weights say nothing
# Of the shipped suite without its network: its other axes say all that is asked here.
DROPPED = ("diversity/", "horizon/")


def suite() -> dict[str, Any]:
    content = load_suite("open").model_dump(mode="json", exclude_defaults=True)
    content["metrics"] = [name for name in content["metrics"] if not name.startswith(DROPPED)]
    for axis in ("diversity", "horizon"):
        del content["axes"][axis]
    return content | {"performance": {"rounds": 1, "warm_calls": 1}}


def run(name: str, generators: list[dict[str, Any]]) -> Any:
    spec = {
        "generators": generators, "suites": ["open.yaml"], "samples": PROMPTS,
        "dataset": "shapes", "size": "16x32x32@8",
    }  # fmt: skip
    Path(f"{name}.yaml").write_text(json.dumps(spec))
    answer = vbench_lite("run", f"{name}.yaml", "--name", name, "--json", "--root", "results")
    assert answer.code == 0, answer.err
    return answer.json


@pytest.fixture(scope="module", params=[1, pytest.param(2, marks=pytest.mark.slow)])
def pipelines(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Names of the first pipelines: each loads its library twice, which is most of the work."""
    return tuple(PIPELINES)[: request.param]


@pytest.fixture(scope="module")
def board(
    pipelines: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory, other_environment: Path
) -> Iterator[Any]:
    """The leaderboard of all; the working directory is theirs."""
    try:
        files.fetch("brisque-live")
    except WeightsError as error:
        pytest.skip(str(error))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("models"))
        Path("open.yaml").write_text(json.dumps(suite()))
        made = {name: tiny_pipelines.configuration(PIPELINES[name]) for name in pipelines}
        worker = [str(other_environment / "bin" / "python"), str(DOCS / "examples" / "my_worker.py")]
        yield run(
            "models",
            [
                *({"label": name, "adapter": "diffusers", "config": made[name]} for name in pipelines),
                {"label": "my-worker", "adapter": "worker", "config": {"argv": worker, "license": "MIT"}},
                {"label": "reference/hybrid", "adapter": "reference/hybrid"},
            ],
        )["leaderboard"]


def test_one_leaderboard_and_no_fame_for_random_weights(board: Any, pipelines: tuple[str, ...]) -> None:
    rows = {row["generator"]: row for row in board["rows"]}
    assert set(rows) == {*pipelines, *OTHERS}
    for row in rows.values():
        assert row["coverage"] == 1
        assert set(row["axes"]) == {"quality", "coherence", "speed", "memory"}
        for score in (row["axes"][axis] for axis in ("quality", "coherence")):
            assert score["ci"] is not None or score["value"] == 0, score  # 0: every clip is beyond the floor
    real = next(control for control in board["controls"] if control["generator"] == "real")
    assert real["axes"]["coherence"]["value"] == 1
    for random in pipelines:
        score = rows[random]["axes"]["coherence"]
        assert max(score["ci"] or [score["value"]]) < 0.75


@pytest.mark.parametrize("use", ["film-previs", "live-streaming"])
def test_an_answer_for_a_use(board: Any, pipelines: tuple[str, ...], use: str) -> None:
    answer = vbench_lite("advise", "models", "--use", use, "--json", "--root", "results")
    assert answer.code == 0, answer.err
    assert {one["generator"] for one in answer.json["standings"]} == {*pipelines, *OTHERS}
    assert set(answer.json["leaders"]) <= set(OTHERS), "random weights are no answer"


def test_a_blurred_copy_is_caught_and_a_reencoded_one_passes(board: Any) -> None:
    stored, pool = resolve_run(Path("results"), "models"), Pool(Path("results"))
    for name in ("blurred", "reencoded"):
        Path(name).mkdir()
    for row in stored.rows("sample"):
        if row["generator"] == COPIED:
            clip = pool.read(row["clip_sha256"])
            blurred = to_uint8(blur(clip.frames.astype(np.float32), 0.5))
            write_lossless(Path("blurred", f"{row['prompt']}.mkv"), blurred, clip.fps)
            reencode(Path("reencoded", f"{row['prompt']}.mp4"), clip.frames, round(clip.fps or 8))
    copies = ("blurred", "reencoded")
    run("copies", [{"label": name, "adapter": "clips", "config": {"clips": name}} for name in copies])
    Path("policy.yaml").write_text("{name: axes of the clips, primary: axes, timed: shown}")
    for copy, code, verdict in (("blurred", 1, "REGRESSED"), ("reencoded", 0, "PASS")):
        answer = vbench_lite(
            "compare", f"models:{COPIED}", f"copies:{copy}", "--gate", "--policy", "policy.yaml", "--json",
            "--root", "results",
        )  # fmt: skip
        found = {m["metric"]: m["verdict"] for m in answer.json["metrics"] if m["primary"]}
        assert (answer.code, answer.json["verdict"]) == (code, verdict), found
    speed = [m["verdict"] for m in answer.json["metrics"] if m["metric"] == "speed/latency_s"]
    assert speed == ["INCOMPARABLE"], "clips have no times, and it is said"


def reencode(path: Path, frames: Frames, fps: int) -> None:
    """H.264 at the highest rate: colors are rounded, nothing else is lost."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=fps, options={"crf": "0"})
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv444p"
        for frame in [*frames, None]:
            image = None if frame is None else av.VideoFrame.from_ndarray(frame, format="rgb24")
            file.mux(stream.encode(image))
