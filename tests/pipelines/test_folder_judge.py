"""A judge in a folder: a tiny LLaVA with random weights answers, votes and is audited as any other judge."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tiny_judge
import torch
from fabricate import make_run

from vbench_lite.cli.main import call
from vbench_lite.clip import Clip
from vbench_lite.errors import SpecError
from vbench_lite.votes.judge_folder import FolderJudge
from vbench_lite.votes.judge_spec import FolderSpec, load_judge
from vbench_lite.votes.judge_words import RUBRIC, WORDS, YES, compare

FRAMES = 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_judge.save(tmp_path_factory.mktemp("judge") / "tiny")


def spec(folder: Path, **more: object) -> FolderSpec:
    return FolderSpec(model=str(folder), frames=FRAMES, max_side=32, **more)  # type: ignore[arg-type]


def clip(seed: int) -> Clip:
    return Clip(np.random.default_rng(seed).integers(0, 255, (6, 24, 24, 3), dtype=np.uint8), 8.0)


def test_shares_are_the_softmax_of_the_models_own_next_token(folder: Path) -> None:
    """Against `generate` of transformers, from messages written out here."""
    from PIL import Image
    from transformers import AutoModelForImageTextToText, AutoProcessor

    judge, left, right = FolderJudge(spec(folder), RUBRIC), clip(1), clip(2)
    shares = judge.shares(["left", left, "right", right], WORDS)
    model, processor = (
        kind.from_pretrained(folder, local_files_only=True)
        for kind in (AutoModelForImageTextToText, AutoProcessor)
    )
    content: list[dict[str, object]] = []
    for name, one in (("left", left), ("right", right)):
        content.append({"type": "text", "text": name})
        content += [{"type": "image", "image": Image.fromarray(one.frames[at])} for at in (0, 5)]
    inputs = processor.apply_chat_template(
        [{"role": "user", "content": content}],
        add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt",
    )  # fmt: skip
    made = model.generate(
        **inputs, max_new_tokens=1, do_sample=False, output_scores=True, return_dict_in_generate=True
    )
    places = [processor.tokenizer.convert_tokens_to_ids(word) for word in WORDS]
    expected = torch.softmax(made.scores[0][0][places].double(), dim=0)
    assert shares == pytest.approx(dict(zip(WORDS, expected.tolist(), strict=True)), abs=1e-5)
    assert judge.counts == {"answered": 1} and judge.coverage == 1.0
    assert judge.name.startswith("tiny@") and judge.name.endswith("2 frames of 32 · float32")


def test_the_order_of_clips_and_of_frames_reaches_the_model(folder: Path) -> None:
    judge, one, other = FolderJudge(spec(folder), RUBRIC), clip(1), clip(2)
    both = [compare(judge, *sides, "a red circle", "overall") for sides in ((one, other), (other, one))]
    backwards = compare(judge, Clip(one.frames[::-1].copy(), 8.0), other, "a red circle", "overall")
    assert both[0] != both[1] and both[0] != backwards
    again = FolderJudge(spec(folder), RUBRIC)
    assert compare(again, one, other, "a red circle", "overall") == both[0] and again.name == judge.name


def test_words_written_with_a_space_or_in_capitals_count_as_the_word(tmp_path: Path) -> None:
    words = ("yes", "Yes", "\u2581yes", "\u0120YES", "no")
    judge = FolderJudge(spec(tiny_judge.save(tmp_path, words=words)), RUBRIC)
    shares = judge.shares(["better", clip(1)], YES)
    assert shares is not None and sum(shares.values()) == pytest.approx(1) and len(judge._tokens["yes"]) == 4
    with pytest.raises(SpecError, match="its vocabulary has no token for 'A'"):
        judge.shares(["x"], WORDS)


def test_an_answer_that_is_none_of_the_words_is_no_vote(tmp_path: Path) -> None:
    judge = FolderJudge(spec(tiny_judge.save(tmp_path, says="red")), RUBRIC)
    assert judge.shares(["better"], ("tie",)) is None and judge.counts == {"unreadable": 1}


def test_the_verb_audits_it_and_one_that_always_says_left_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root"
    run = make_run(root, prompts=5)
    folder = tiny_judge.save(tmp_path / "left", says="A")
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n")
    (tmp_path / "judge.yaml").write_text(f"model: {folder}\nframes: {FRAMES}\nmax_side: 32\n")
    command = ["vote", "ask", run.run_id, "--judge", str(tmp_path / "judge.yaml"), "--audit-clips", "5"]
    assert call([*command, "--prompts", "1", "--root", str(root), "--json"]) == 0
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert told["audit"]["by_side"] == 1.0 and "answers by side" in told["audit"]["refused"]["overall"]
    assert told["votes"] == 0 and told["audit"]["coverage"] == 1.0
    assert "on cpu, weights under license apache-2.0" in said.err and "refused on overall" in said.err


def test_a_question_that_the_model_cannot_take_is_one_line(tmp_path: Path) -> None:
    folder = tiny_judge.save(tmp_path)
    (folder / "chat_template.jinja").write_text("{{ raise_exception('images come first') }}")
    with pytest.raises(SpecError, match="cannot answer: images come first"):
        FolderJudge(spec(folder), RUBRIC).shares(["better", clip(1)], YES)


def test_what_is_no_such_folder_is_one_line(tmp_path: Path, folder: Path) -> None:
    def refused(text: str) -> str:
        file = tmp_path / "judge.yaml"
        file.write_text(text)
        with pytest.raises(SpecError) as caught:
            FolderJudge(load_judge(file), RUBRIC)  # type: ignore[arg-type]
        assert "\n" not in str(caught.value)
        return str(caught.value)

    assert "is no folder; a model behind an API needs its url" in refused(f"model: {tmp_path}/none\n")
    assert "cannot be loaded" in refused(f"model: {tmp_path}\n")
    assert "cannot be loaded" in refused(f"model: {folder}\ndevice: nowhere\n")
    assert "there is no such key" in refused(f"model: {folder}\ntrust_remote_code: true\n")
    torn = tiny_judge.save(tmp_path / "torn")
    (torn / "model.safetensors").write_bytes((torn / "model.safetensors").read_bytes()[:100])
    assert "cannot be loaded" in refused(f"model: {torn}\n")
    silent = tiny_judge.save(tmp_path / "silent")
    (silent / "chat_template.jinja").unlink()
    assert "no chat template" in refused(f"model: {silent}\n")
    foreign = tiny_judge.save(tmp_path / "foreign")
    config = json.loads((foreign / "config.json").read_text())
    code = {"AutoConfig": "own.Config", "AutoModelForImageTextToText": "own.Model"}
    (foreign / "config.json").write_text(json.dumps(config | {"model_type": "mine", "auto_map": code}))
    (foreign / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Model: ...\n")
    assert "cannot be loaded" in refused(f"model: {foreign}\n") and not (tmp_path / "ran").exists()
    (foreign / "model.safetensors").unlink()
    (foreign / "config.json").write_text((folder / "config.json").read_text())
    torch.save({}, foreign / "pytorch_model.bin")  # a pickle could run code
    assert "cannot be loaded" in refused(f"model: {foreign}\n")
