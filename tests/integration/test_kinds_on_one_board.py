"""One run and one board for generators from text, from a picture, from a past and from a control clip."""

from __future__ import annotations

import json
from typing import Any

import pytest
from command_line import vbench_lite

# What each suite gives, and the one generator that can be asked for it, with how its clips are judged by it.
SUITES: dict[str, tuple[dict[str, Any], str, str]] = {
    "text": ({}, "from-text", "frames/sharpness"),
    "picture": ({"given": "image"}, "from-picture", "control/first_frame_psnr"),
    "past": ({"given": "past_frames", "given_frames": 4}, "continued", "control/entry_jump"),
    "edges": ({"given": "control", "control_kind": "edges"}, "controlled", "control/edges_kept"),
}
TASKS = {"from-text": "t2v", "from-picture": "i2v", "continued": "v2v", "controlled": "c2v"}


def suite(name: str, given: dict[str, Any], metric: str) -> dict[str, Any]:
    timed = name == "picture"
    return {
        "name": name, "version": 1, "description": "a test", "samples": 2,
        "prompts": {"dataset": "shapes", "count": 2}, "request": {"num_frames": 6, **given},
        "metrics": [metric, *(["speed/latency_s", "memory/peak_bytes"] if timed else [])],
        "axes": {
            "speed": {"metrics": {"speed/latency_s": 1}, "reference": {"speed/latency_s": 1.0}},
            "memory": {"metrics": {"memory/peak_bytes": 1}, "reference": {"memory/peak_bytes": 1e9}},
        } if timed else {},
        **({"performance": {"rounds": 1, "warm_calls": 2}} if timed else {}),
    }  # fmt: skip


@pytest.fixture(scope="module")
def boards(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The board of each suite, by generator."""
    folder = tmp_path_factory.mktemp("kinds")
    for name, (given, _, metric) in SUITES.items():
        (folder / f"{name}.yaml").write_text(json.dumps(suite(name, given, metric)))
    generators = [
        {"label": label, "adapter": "faulty:Faulty", "config": {"tasks": [task]}}
        for label, task in TASKS.items()
    ]
    spec = {"generators": generators, "suites": [f"{name}.yaml" for name in SUITES], "controls": False}
    (folder / "run.yaml").write_text(json.dumps(spec))
    root = str(folder / "root")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert vbench_lite("run", "run.yaml", "--root", root, "--json").code == 3
        return {
            name: {
                row["generator"]: row
                for row in json.loads(
                    vbench_lite("leaderboard", "latest", "--suite", name, "--root", root, "--json").out
                )["rows"]
            }
            for name in SUITES
        }


@pytest.mark.parametrize("name", SUITES)
def test_each_is_judged_by_what_it_was_given_and_the_others_say_what_they_make(
    boards: dict[str, Any], name: str
) -> None:
    _, able, metric = SUITES[name]
    rows = boards[name]
    assert set(rows) == set(TASKS)
    assert rows[able]["coverage"] == 1 and rows[able]["metrics"][metric]["value"] is not None
    for label, row in rows.items():
        if label != able:
            (told,) = row["samples"]["failures"]
            assert row["coverage"] == 0 and row["metrics"][metric]["value"] is None
            assert f"it makes {TASKS[label]} only, and this suite " in told


def test_a_generator_from_pictures_is_timed_and_has_speed_and_memory(boards: dict[str, Any]) -> None:
    row = boards["picture"]["from-picture"]
    assert row["metrics"]["speed/latency_s"]["value"] > 0
    assert set(row["axes"]) >= {"speed", "memory"} and row["axes"]["speed"]["value"] is not None
