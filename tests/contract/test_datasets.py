"""What every registered data set promises, and what the core promises about data sets."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from vbench_lite_waves.data import Waves

from vbench_lite import registry
from vbench_lite.clip import check_frames
from vbench_lite.dataset import (
    ClipSize,
    Dataset,
    Draw,
    Gives,
    find_dataset,
    load_dataset,
    parse_size,
    reference_to,
)
from vbench_lite.errors import DatasetError, PromptError, RegistryError, SpecError
from vbench_lite.video.encode import write_lossless

SIZES = (ClipSize(8, 64, 64, 12.0), ClipSize(4, 32, 48, 8.0))
PACKAGE = Path(__file__).parents[2] / "vbench_lite"


@pytest.fixture(scope="module", params=[*registry.names("datasets"), "waves"])
def dataset(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    if request.param == "clips":  # it is nothing without a folder
        return load_dataset(str(folder_of_clips(tmp_path_factory.mktemp("clips"))))
    if request.param == "waves":  # the one that docs/data-sets.md shows
        return Waves()
    found = load_dataset(request.param)
    try:
        found.real(None, 0, fitting(SIZES[0], found))
    except DatasetError as error:  # its clips come from a package index
        pytest.skip(str(error))
    return found


def folder_of_clips(folder: Path) -> Path:
    """Eighteen captioned clips, every third of them reference."""
    rows = ["file,prompt,tags"]
    for index in range(18):
        frames = np.random.default_rng(index).integers(0, 256, (12, 64, 72, 3), np.uint8)
        write_lossless(folder / f"{index}.mkv", frames, 12.0)
        rows.append(f"{index}.mkv,scene {index},{'odd' if index % 2 else 'even'}")
    (folder / "manifest.csv").write_text("\n".join(rows))
    return folder


def fitting(size: ClipSize, dataset: Dataset) -> ClipSize:
    """The size nearest to this one that the data set has."""
    height, width = dataset.info.size.snap(size.height, size.width)
    return replace(size, height=height, width=width)


def captions(dataset: Dataset, **draw: object) -> list[str]:
    return [prompt.text for prompt in dataset.prompts(Draw(**draw))]  # type: ignore[arg-type]  # of several


def test_what_it_declares_is_whole(dataset: Dataset) -> None:
    info = dataset.info
    assert info.name and info.summary and info.license and info.content and info.version >= 1
    assert Gives.REAL in info.gives
    assert not info.gives & info.lacks.keys()
    json.dumps([info.as_dict(), dict(dataset.facts())])
    if info.name in registry.names("datasets"):
        assert info.license != "unknown"
        assert find_dataset(reference_to(dataset)).info == info


def test_the_same_draw_gives_the_same_prompts_and_a_longer_one_begins_with_a_shorter(
    dataset: Dataset,
) -> None:
    once = dataset.prompts(Draw(12))
    assert len(once) == 12, "a draw of 12 gives 12 prompts"
    assert once == dataset.prompts(Draw(12)), "the same draw gives the same prompts"
    assert len({prompt.prompt_id for prompt in once}) == 12, "no prompt twice"
    assert dataset.prompts(Draw(5)) == once[:5], "a longer draw begins with a shorter one"
    assert dataset.prompts(Draw(12, seed=1)) != once, "another seed gives another draw"
    assert all(prompt.text.strip() and prompt.tags for prompt in once), "every prompt has a text and a tag"


def test_tags_choose_prompts(dataset: Dataset) -> None:
    tag = dataset.prompts(Draw(1))[0].tags[0]
    chosen = dataset.prompts(Draw(tags=(tag,)))
    assert chosen and all(tag in prompt.tags for prompt in chosen)
    with pytest.raises(DatasetError, match="no-such-tag"):  # never an empty draw
        dataset.prompts(Draw(tags=("no-such-tag",)))


def test_splits_are_those_that_it_names(dataset: Dataset) -> None:
    for split in dataset.info.splits:
        assert dataset.prompts(Draw(4, split=split))
    with pytest.raises(DatasetError, match="no-such-split"):
        dataset.prompts(Draw(4, split="no-such-split"))


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_real_clips_are_of_the_size_and_the_same_each_time(dataset: Dataset, size: ClipSize) -> None:
    size = fitting(size, dataset)
    for text in captions(dataset, count=3):
        assert dataset.has(text)
        clip = dataset.real(text, 7, size)
        frames = clip.frames()
        check_frames(frames)
        assert frames.shape == (size.num_frames, size.height, size.width, 3)
        assert (frames == pickle.loads(pickle.dumps(dataset.real(text, 7, size))).frames()).all()
        assert clip.prompt == text and clip.source


def test_a_real_clip_of_no_prompt_is_there(dataset: Dataset) -> None:
    size = fitting(SIZES[0], dataset)
    assert dataset.real(None, 5, size).frames().shape[0] == size.num_frames
    assert not dataset.has("a prompt of nobody's data set")


def test_reference_and_held_out_clips_share_no_recording(dataset: Dataset) -> None:
    size = fitting(SIZES[0], dataset)
    reference = dataset.reference(Draw(40, seed=1), size)
    assert 2 <= len(reference) <= 40
    assert len({clip.name for clip in reference}) == len(reference)
    sources = {clip.source for clip in reference}
    held_out = {
        dataset.real(text, seed, size).source for text in captions(dataset, count=40) for seed in (0, 1)
    }
    held_out |= {dataset.real(None, seed, size).source for seed in range(20)}
    assert not sources & held_out
    first = pickle.loads(pickle.dumps(reference[0])).frames()
    assert (first == reference[0].frames()).all() and first.shape[1:3] == (size.height, size.width)


def test_a_closed_vocabulary_refuses(dataset: Dataset) -> None:
    for text in captions(dataset, count=5):
        dataset.check(text)
    if dataset.info.vocabulary == "closed":
        with pytest.raises(PromptError):
            dataset.check("a prompt of nobody's data set")


def test_edits_keep_the_id_of_the_prompt_they_are_made_from(dataset: Dataset) -> None:
    if Gives.EDITS not in dataset.info.gives:
        pytest.skip("it gives no edits")
    prompts = dataset.prompts(Draw(3, edits=True))
    bases = [prompt for prompt in prompts if prompt.edit is None]
    assert len(bases) == 3 and len(prompts) > 3
    assert {prompt.prompt_id for prompt in prompts} == {base.prompt_id for base in bases}
    assert all(dataset.has(prompt.text) for prompt in prompts)


# --- the core ---------------------------------------------------------------------------------------


def test_a_changed_data_set_is_refused() -> None:
    reference = reference_to(load_dataset(registry.names("datasets")[0]))
    with pytest.raises(DatasetError, match="has changed"):
        find_dataset(replace(reference, content="another"))


def test_unknown_names_and_paths(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="did you mean shapes"):
        load_dataset("shape")
    with pytest.raises(DatasetError, match="check the path"):
        load_dataset(str(tmp_path / "nothing"))


def test_a_size_is_written_as_it_is_read() -> None:
    assert parse_size("16x256x320@7.5") == ClipSize(16, 256, 320, 7.5)
    assert str(parse_size("16x256x320@8")) == "16x256x320@8"
    for wrong in ("16x256@8", "0x8x8@8", "16x256x256", "16x256x256@0"):
        with pytest.raises(SpecError, match="FRAMESxHEIGHTxWIDTH@FPS"):
            parse_size(wrong)


def test_the_core_names_no_data_set() -> None:
    """Its files hold no name of a data set, so that every one is found like any other."""
    own = PACKAGE / "datasets"
    named = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if not path.is_relative_to(own) and "shapes" in path.read_text(encoding="utf-8")
    ]
    assert named == []
