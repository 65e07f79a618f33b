"""The kept table of diffusers' video pipelines is that of the installed ones, and each has its say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_families

from tools import pipeline_classes
from tools.class_facts import FILE, as_json, installed_classes, known_facts
from vbench_lite.adapters.diffusers import rules
from vbench_lite.adapters.diffusers.pipeline import Diffusers
from vbench_lite.errors import ClipError, RequestError, SpecError
from vbench_lite.generator import GenerationRequest, Task
from vbench_lite.measure.context import RecordingContext

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def classes() -> dict[str, type]:
    return installed_classes()


def test_the_kept_facts_are_those_of_the_installed_classes(classes: dict[str, type]) -> None:
    """A new class, or another argument, is looked at: run `python -m tools.pipeline_classes`."""
    assert FILE.read_text("utf-8") == as_json(classes)
    assert pipeline_classes.PAGE.read_text("utf-8") == pipeline_classes.page(classes)


def test_every_class_is_tried_or_says_why_not() -> None:
    assert len(known_facts()) >= 76
    for name in known_facts():
        rule = rules.class_rule(name)
        assert rule is not None, f"{name} has no rule"
        told = [name in tiny_families.SUBJECTS, name in tiny_families.NOT_TRIED, rule.lacks is not None]
        assert sum(told) == 1, f"{name}: {told}"


def test_arguments_of_the_rules_are_those_of_the_classes() -> None:
    for name, facts in known_facts().items():
        rule = rules.class_rule(name)
        assert rule is not None
        if rule.lacks is not None:
            continue
        assert rule.frames_argument in (facts.frames, None), name
        assert not facts.steps or rule.steps_argument in facts.steps, name
        assert not facts.guidance or rule.cfg[0] in (*facts.guidance, "max_guidance_scale"), name
        assert not rule.control_argument or rule.control_argument in facts.given, name
        image = any("image" in each or each == "conditions" for each in facts.given)
        assert image or Task.I2V not in (rule.tasks or ()), name
        assert "image" not in facts.required or Task.I2V in (rule.tasks or ()), name


def refused(tmp_path: Path, name: str) -> str:
    (tmp_path / "model_index.json").write_text(f'{{"_class_name": "{name}"}}')
    with pytest.raises(SpecError) as caught:
        _ = Diffusers({"model": str(tmp_path)}).info
    return str(caught.value)


def test_a_class_that_lacks_something_says_so_before_anything_is_loaded(tmp_path: Path) -> None:
    lacking = [name for name in known_facts() if (rule := rules.class_rule(name)) and rule.lacks]
    assert len(lacking) >= 9
    for name in lacking:
        message = refused(tmp_path, name)
        assert f"{name} cannot be asked for clips here: it " in message and len(message.splitlines()) == 1


# --- single calls that differ -----------------------------------------------------------------


def loaded(name: str, **changes: Any) -> Diffusers:
    generator = Diffusers({**tiny_families.configuration(name), **changes})
    generator.load()
    return generator


def call(generator: Diffusers, num_frames: int = 5, side: int = 32, **fields: Any) -> Any:
    request = generator.info.snap(
        GenerationRequest("s", "a red ring", num_frames, side, side, 8.0, 3, **fields)
    )
    generator.check(request)
    context = RecordingContext([request])
    generator.generate([request], context)
    return context.result()


IMAGE = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)


@pytest.mark.slow
def test_a_class_of_a_fixed_length_is_asked_for_no_more() -> None:
    chrono = Diffusers(tiny_families.configuration("ChronoEditPipeline"))
    with pytest.raises(RequestError, match="at most 5 can be made"):
        chrono.info.snapped(10, 32, 32)
    chrono.load()
    assert len(call(chrono, image=IMAGE).frames[0]) == 5


def test_a_past_that_is_kept_is_left_out() -> None:
    past = np.repeat(IMAGE[None], 9, 0)
    record = call(loaded("LTXConditionPipeline"), num_frames=8, past_frames=past)
    assert record.facts["pipeline_frames"] == 25  # 9 given and 9 to make: the next count is 25
    assert len(record.frames[0]) >= 8


@pytest.mark.slow
def test_guidance_that_a_guider_holds_is_set_for_the_call() -> None:
    generator = loaded("MotifVideoPipeline")
    own = generator._pipe.guider
    plain, strong = call(generator), call(generator, params={"guidance": 12.0})
    assert not np.array_equal(plain.frames[0], strong.frames[0])
    assert generator._pipe.guider is own


@pytest.mark.slow
def test_steps_reach_every_stage() -> None:
    generator = loaded("HeliosPyramidPipeline")
    few, more = (call(generator, params={"steps": steps}).facts["denoiser_calls"] for steps in (1, 2))
    assert more == 2 * few


@pytest.mark.slow
def test_a_sound_track_is_left_out_and_said() -> None:
    assert call(loaded("LTX2Pipeline")).facts["left_out"] == "audio"


def test_a_hook_changes_the_pipeline_and_the_identity(tmp_path: Path) -> None:
    """What has no key of its own: weights of a LoRA, caches, compilation, quantisation."""
    file = tmp_path / "hook.py"
    file.write_text("def halve(pipe):\n    for p in pipe.transformer.parameters():\n        p.data /= 2\n")
    plain, hooked = loaded("LTXPipeline"), loaded("LTXPipeline", hook=f"{file}:halve")
    assert not np.array_equal(call(plain).frames[0], call(hooked).frames[0])
    before = hooked.fingerprint()
    file.write_text(file.read_text().replace("/= 2", "/= 3"))
    assert before != plain.fingerprint() and before != hooked.fingerprint()
    file.write_text("def halve(pipe):\n    raise ValueError('no such adapter')\n")
    with pytest.raises(SpecError, match=r"hook .*halve: ValueError: no such adapter"):
        loaded("LTXPipeline", hook=f"{file}:halve")
    with pytest.raises(SpecError, match="module:attribute"):
        Diffusers({**tiny_families.configuration("LTXPipeline"), "hook": "halve"})


def test_a_remark_about_a_prompt_never_costs_the_clip(monkeypatch: pytest.MonkeyPatch) -> None:
    from vbench_lite.adapters.diffusers import prompts

    def unreadable(*_: Any) -> int:
        raise AttributeError("the processor has no model_max_length")

    monkeypatch.setattr(prompts, "_limit", unreadable)
    record = call(loaded("LTXPipeline"))
    assert "model_max_length" in record.facts["prompt_unread"]


def test_another_size_or_too_few_frames_are_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    from vbench_lite.adapters.diffusers import pipeline
    from vbench_lite.adapters.diffusers.frames import clips_of

    generator = loaded("LTXPipeline")
    monkeypatch.setattr(pipeline, "clips_of", lambda output: [clip[:3] for clip in clips_of(output)])
    with pytest.raises(ClipError, match="returned 3 frames, of which 0 were given, for 9; say under frames"):
        call(generator)
    monkeypatch.setattr(pipeline, "clips_of", lambda output: [clip[:, :16] for clip in clips_of(output)])
    with pytest.raises(ClipError, match="returned 32x16 pixels for 32x32; it chooses its size itself"):
        call(generator)


def test_a_scheduler_among_the_components_has_no_type(tmp_path: Path) -> None:
    folder = tiny_families.configuration("LTXPipeline")["model"]
    component = {"kind": "FlowMatchEulerDiscreteScheduler", "model": folder, "subfolder": "scheduler"}
    assert call(loaded("LTXPipeline", components={"scheduler": component})).num_frames == (9,)


def test_what_is_being_loaded_is_said(capfd: pytest.CaptureFixture[str]) -> None:
    """The last line of the log names the component in which a process crashed."""
    loaded("LTXPipeline")
    said = capfd.readouterr().err
    assert "loading transformer LTXVideoTransformer3DModel" in said
