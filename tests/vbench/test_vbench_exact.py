"""Each dimension equals a plain reimplementation of the published formula to 1e-4, for the same weights."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pytest
import vbench_reference as plain
from conftest import texture
from torch import Tensor

from vbench_lite import registry
from vbench_lite.clip import Clip
from vbench_lite.metric import SampleInfo
from vbench_lite.run.scoring.clip_pass import ClipPass, ClipTask
from vbench_lite.run.scoring.features import Extractors
from vbench_lite.run.scoring.outcome import Outcome
from vbench_lite.run.scoring.sources import MemorySource

Frames = npt.NDArray[np.uint8]
Held = Mapping[str, dict[str, Tensor]]
STYLED = "A panda drinking coffee in a cafe in Paris, oil painting"


def score(
    names: list[str], frames: Frames, fps: float = 8.0, prompt: str | None = STYLED
) -> dict[str, Outcome]:
    """Outcomes of metrics on one clip, by the pass that scores everything."""
    metrics = [registry.load("metrics", name)() for name in names]
    needed = list(dict.fromkeys(name for metric in metrics for name in metric.info.extractors))
    sample = SampleInfo("g", "s", "p", prompt, 0)
    (result,) = ClipPass(Extractors(needed)).run(
        [ClipTask(MemorySource(Clip(frames, fps), "clip"), sample, metrics)]
    )
    return result.outcomes


def value(name: str, frames: Frames, fps: float = 8.0) -> float:
    outcome = score([name], frames, fps)[name]
    assert outcome.value is not None, outcome.reason
    return outcome.value


@pytest.mark.parametrize("size", [(144, 200), (224, 224), (250, 160)])
def test_subject_consistency(weights: Held, size: tuple[int, int]) -> None:
    frames = texture(2, *size)
    expected = plain.subject_consistency(weights["dino-vitb16"], frames)
    assert 0.01 < expected < 0.999
    assert value("vbench/subject_consistency", frames) == pytest.approx(expected, abs=1e-4)


def test_background_consistency(weights: Held, wide: Frames) -> None:
    expected = plain.background_consistency(weights["clip-vit-b32-openai"], wide)
    assert 0.01 < expected < 0.999
    assert value("vbench/background_consistency", wide) == pytest.approx(expected, abs=1e-4)


def test_aesthetic_quality(weights: Held, wide: Frames) -> None:
    clip, head = weights["clip-vit-l14-openai"], weights["laion-aesthetic-l14"]
    expected = plain.aesthetic_quality(clip, head, wide)
    assert value("vbench/aesthetic_quality", wide) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("size", [(144, 200), (300, 520), (33, 40)])
def test_imaging_quality(weights: Held, size: tuple[int, int]) -> None:
    frames = texture(2, *size)
    expected = plain.imaging_quality(weights["musiq-spaq"], frames)
    assert value("vbench/imaging_quality", frames) == pytest.approx(expected, abs=1e-4)


def test_appearance_style(weights: Held, wide: Frames) -> None:
    expected = plain.appearance_style(weights["clip-vit-b32-openai"], wide, "oil painting")
    assert value("vbench/appearance_style", wide) == pytest.approx(expected, abs=1e-4)


def test_clip_prompt_and_clip_score(weights: Held, wide: Frames) -> None:
    expected = plain.appearance_style(weights["clip-vit-b32-openai"], wide, STYLED)
    assert value("alignment/clip_prompt", wide) == pytest.approx(expected, abs=1e-4)
    both = score(["alignment/clip_score", "alignment/clip_prompt"], wide)
    assert both["alignment/clip_score"].value == pytest.approx(100 * max(expected, 0), abs=1e-2)
    assert both["alignment/clip_prompt"].note is None
    cut = score(["alignment/clip_prompt"], wide, prompt="a very " * 60 + "long walk")["alignment/clip_prompt"]
    assert cut.note == "the text has 124 tokens; CLIP reads the first 77 of them"


def test_dynamic_degree_and_the_radius_behind_it(weights: Held) -> None:
    frames = texture(7, 130, 140)
    radii = plain.flow_radii(weights["raft-things"], frames, 24.0)
    assert len(radii) == 2 and min(radii) > 0
    degree = plain.dynamic_degree(radii, 130, 140)
    found = score(["vbench/dynamic_degree", "coherence/flow_radius"], frames, 24.0)
    assert found["vbench/dynamic_degree"].value == float(degree)
    expected = float(np.mean(radii)) / 130 * 24 / 3
    assert found["coherence/flow_radius"].value == pytest.approx(expected, rel=1e-4)


def test_raft_encodes_each_frame_once(weights: Held) -> None:
    extractor = registry.load("extractors", "raft-things")()
    extractor.load()
    frames = texture(4, 128, 128)
    whole = extractor.extract(np.stack([frames[:-1], frames[1:]], axis=1))
    assert extractor.encoded == 4
    for first, second, row in zip(frames[:-1], frames[1:], whole, strict=True):
        alone = registry.load("extractors", "raft-things")()
        assert alone.extract(np.stack([first, second])[None])[0] == pytest.approx(row, rel=1e-5)


def test_the_authors_file_and_torchvisions_give_one_network(weights: Held) -> None:
    from torchvision.models.optical_flow import raft_large

    from vbench_lite.weights import convert

    names = set(raft_large(weights=None).state_dict())
    authors = convert.convert("raft-things", weights["raft-things"])
    assert set(authors) == names
    again = convert.convert("raft-things", authors)
    assert all(again[name].equal(authors[name]) for name in names)
