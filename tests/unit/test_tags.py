"""Tables and comparisons cut by a tag of the prompts."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fabricated import FakeRun, fabricate, store_run

from vbench_lite.cli.main import call
from vbench_lite.errors import StoreError
from vbench_lite.results.board import build_board
from vbench_lite.results.cut import cut
from vbench_lite.run.plan.prompts import suite_prompts, tags_of, written_out
from vbench_lite.suite import ListedPrompts, PromptSets, parse_suite

FEW, MANY = 5, 11
HYBRID, DIFFUSION = "reference/hybrid", "reference/latent-diffusion"


@cache
def run() -> FakeRun:
    """Sixteen prompts, of which five are of film; there the hybrid is blurred."""
    made = fabricate(prompts=FEW + MANY)
    texts = tuple(f"scene {index}" for index in range(FEW + MANY))
    prompts = ListedPrompts(texts=texts, tags=(("film",),) * FEW + (("games", "indoors"),) * MANY)
    content = {**made.doc.suites[0], "prompts": prompts.model_dump(mode="json"), "reference": None}
    ids = [prompt.prompt_id for prompt in suite_prompts(parse_suite(content, "test"))]
    names = {f"p{index:03d}": name for index, name in enumerate(ids)}
    film = set(ids[:FEW])

    def score(row: Any) -> Any:
        prompt = names.get(row.prompt_id)
        worse = row.generator == HYBRID and row.metric == "frames/sharpness" and prompt in film
        return replace(row, prompt_id=prompt, value=row.value - 0.3 if worse else row.value)

    return replace(
        made,
        doc=replace(made.doc, suites=[content]),
        sample_rows=[replace(row, prompt_id=names[row.prompt_id]) for row in made.sample_rows],
        score_rows=[score(row) for row in made.score_rows],
    )


def test_a_board_of_a_tag_is_of_its_prompts_with_intervals_of_so_many() -> None:
    tags = tags_of(run().doc)
    whole, film, games = (
        {row.arm.generator: row for row in build_board([each]).rows}
        for each in (run(), cut(run(), "film", tags), cut(run(), "games", tags))
    )
    sharp = {name: rows[HYBRID].arm.estimates["frames/sharpness"] for name, rows in
             (("whole", whole), ("film", film), ("games", games))}  # fmt: skip
    assert [sharp[name].n for name in ("whole", "film", "games")] == [FEW + MANY, FEW, MANY]
    assert sharp["film"].high < sharp["games"].low  # type: ignore[operator]
    joint = (FEW * sharp["film"].whole + MANY * sharp["games"].whole) / (FEW + MANY)
    assert sharp["whole"].whole == pytest.approx(joint)
    assert film[HYBRID].arm.coverage == 1
    of_set = film[HYBRID].arm.estimates["diversity/feature_distance"]
    assert of_set.value is None and "not cut by a tag" in (of_set.reason or "")
    assert film[HYBRID].arm.estimates["speed/latency_s"].value is not None


def test_a_tag_that_nobody_has_names_those_that_there_are() -> None:
    with pytest.raises(
        StoreError, match="no prompt of run run-a has the tag 'film noir'; there are: film, games, ind"
    ):
        cut(run(), "film noir", tags_of(run().doc))


def test_verbs_take_a_tag(tmp_path: Path) -> None:
    store_run(run(), tmp_path)
    assert "prompts with the tag film: 5" in said(
        "leaderboard", "latest", "--tag", "film", "--root", str(tmp_path)
    )
    wish = ("advise", "--require", "frames/sharpness>=0.5", "--json", "--root", str(tmp_path))
    film, games, every = (
        json.loads(said(*wish, *tag)) for tag in (("--tag", "film"), ("--tag", "games"), ())
    )
    assert (film["tag"], games["tag"], "tag" in every) == ("film", "games", False)
    told = f"{HYBRID} does not meet frames/sharpness"
    assert [told in one["words"] for one in (film, games, every)] == [True, False, False]
    assert "not cut by a tag" in film["left_out"]["diversity"]
    pair = (f"latest:{DIFFUSION}", f"latest:{HYBRID}", "--gate", "--root", str(tmp_path))
    verdicts = (said("compare", *pair, "--tag", tag) for tag in ("film", "games"))
    assert [verdict(text) == "REGRESSED" for text in verdicts] == [True, False]


def said(*words: str) -> str:
    stream = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
    with redirect_stdout(stream), redirect_stderr(stream):
        assert call(list(words)) in (0, 1)
    return stream.buffer.getvalue().decode()


def verdict(text: str) -> str:
    """Of the frames' sharpness."""
    return next(line for line in text.splitlines() if line.startswith("frames/sharpness")).split()[-1]


def test_prompts_of_a_set_have_its_name_as_tag() -> None:
    listed = written_out(PromptSets(sets=("film", "games")), Path())
    assert listed.tags == (("film",),) * 20 + (("games",),) * 20
