"""Prompt sets of uses: an open generator makes them, a closed one is recorded, and the run goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vbench_lite import registry
from vbench_lite.errors import PromptError, SpecError
from vbench_lite.run.plan.prompts import read_prompts, suite_prompts, with_prompt_sets
from vbench_lite.run.plan.spec import GeneratorSpec, RunSpec
from vbench_lite.run.runner import run
from vbench_lite.store.rundir import RunDir
from vbench_lite.suite import load_suite

USES = ("animation", "education", "film", "games", "live-streaming", "marketing", "medical-imaging")
SUITE = {
    "name": "tiny", "version": 1, "description": "a test", "samples": 4, "axes": {},
    "prompts": {"dataset": "shapes", "count": 4},
    "request": {"num_frames": 8, "height": 32, "width": 32},
    "metrics": ["frames/sharpness", "alignment/shapes_colour"],
    "performance": {"rounds": 1, "warm_calls": 1},
}  # fmt: skip


@pytest.mark.parametrize("use", USES)
def test_a_use_has_twenty_prompts_each_with_what_to_look_for(use: str) -> None:
    listed = read_prompts(Path(registry.load("prompts", use)))
    assert len(listed.texts) == len(set(listed.texts)) == 20
    assert all(len(text.split()) >= 6 for text in listed.texts)
    assert all(len(note) > 20 for note in listed.look_for)


def test_all_uses_together_are_a_suite_of_their_own() -> None:
    suite = load_suite("use-cases")
    prompts = suite_prompts(suite)
    assert set(registry.names("prompts")) >= set(USES)
    assert len({prompt.prompt_id for prompt in prompts}) == suite.samples == 140
    assert all(prompt.look_for for prompt in prompts)


def test_an_open_generator_makes_them_and_a_closed_one_is_recorded(tmp_path: Path) -> None:
    path = tmp_path / "tiny.yaml"
    path.write_text(json.dumps(SUITE))
    generators = (
        GeneratorSpec(label="open", adapter="toys:Toy"),
        GeneratorSpec(label="closed", adapter="reference/hybrid"),
    )
    spec = RunSpec(generators=generators, suites=(str(path),), prompts=("film",), samples=2)
    outcome = run(spec, tmp_path / "root")
    found = RunDir(tmp_path / "root", outcome.run_id)
    assert (outcome.ok, outcome.failed) == (2, 2)
    assert {call.generator for call in found.calls("tiny-film")} == {"open"}
    assert not any("could not be timed" in message for message in outcome.messages)
    suite = found.document().suites[0]
    assert suite["name"] == "tiny-film" and len(suite["prompts"]["look_for"]) == 20
    refused = [row for row in found.rows("sample") if row["generator"] == "closed"]
    assert all(row["reason"].startswith("not applicable: prompt outside vocabulary") for row in refused)
    scores = {(row["metric"], row["status"], row["reason"]) for row in found.rows("score")}
    assert scores == {
        ("frames/sharpness", "ok", None),
        ("alignment/shapes_colour", "not_applicable", "no captions of the shapes world"),
    }


def test_a_suite_with_other_prompts_has_another_name_and_no_real_clips() -> None:
    quick = with_prompt_sets(load_suite("quick"), ["film", "games"])
    assert (quick.name, quick.samples, quick.reference, quick.dataset) == ("quick-film-games", 40, None, None)


def test_real_clips_stay_the_scale_of_an_open_suite() -> None:
    own = with_prompt_sets(load_suite("open"), ["film"])
    assert (own.name, own.samples, own.dataset, own.reference) == (
        "open-film", 20, "open-clips", load_suite("open").reference,
    )  # fmt: skip


def test_a_suite_that_gives_frames_keeps_its_prompts() -> None:
    with pytest.raises(SpecError, match=r"suite image-to-video with the prompts film: .*request\.given"):
        with_prompt_sets(load_suite("image-to-video"), ["film"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[{prompt: a dog, look: at it}]", "entry 1 has the key 'look'; there are: prompt, look_for"),
        ("[{look_for: a tail}]", "entry 1 is no text: None"),
        ("[{prompt: a dog, look_for: 3}]", "look_for of entry 1 is no text: 3"),
    ],
)
def test_bad_entries_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "list.yaml"
    path.write_text(text)
    with pytest.raises(PromptError, match=message):
        read_prompts(path)
