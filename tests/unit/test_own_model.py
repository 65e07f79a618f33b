"""`try MODEL`: what is chosen for a model, and why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vbench_lite.cli.main import call
from vbench_lite.dataset import ClipSize
from vbench_lite.errors import SpecError
from vbench_lite.run.plan.data import with_dataset, with_found_dataset
from vbench_lite.run.plan.own_model import choose
from vbench_lite.suite import load_suite
from vbench_lite.video.encode import write_lossless


def clips(folder: Path, count: int = 20) -> Path:
    folder.mkdir(exist_ok=True)
    frames = np.random.default_rng(0).integers(0, 256, (count, 48, 64, 3), np.uint8)
    write_lossless(folder / "a dog runs.mkv", frames, 10.0)
    return folder


def test_a_folder_of_clips_is_judged_at_its_own_size(tmp_path: Path) -> None:
    choice = choose(str(clips(tmp_path / "My Clips")))
    assert (choice.label, choice.adapter) == ("my-clips", "clips")
    assert choice.size == ClipSize(20, 48, 64, 10.0)
    assert choice.reasons[1] == "size 20x48x64@10: that of a dog runs.mkv"


def test_a_folder_of_pictures_is_a_clip_whose_rate_is_a_guess(tmp_path: Path) -> None:
    folder = tmp_path / "Élan à deux" / "one"
    folder.mkdir(parents=True)
    for number in range(5):
        Image.fromarray(np.full((48, 64, 3), 40 * number, np.uint8)).save(folder / f"{number:03d}.png")
    choice = choose(str(folder.parent))
    assert choice.label == "elan-a-deux"
    assert (
        choice.reasons[1] == "size 5x48x64@12: that of one; it says no rate, so 12 frames a second is a guess"
    )


def test_a_data_set_and_a_folder_of_one_name_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    suite = with_dataset(load_suite("open"), "clips")
    with pytest.raises(SpecError, match=r"for what lies at clips write \./clips$"):
        with_found_dataset(suite, tmp_path)


def test_a_list_of_two_generators_is_two_arms(tmp_path: Path) -> None:
    for name in ("a", "b"):
        clips(tmp_path / name)
    rows = "file,prompt,generator\na/a dog runs.mkv,a dog,Model A\nb/a dog runs.mkv,a dog,model-b\n"
    (tmp_path / "list.csv").write_text(rows)
    choice = choose(str(tmp_path / "list.csv"))
    assert [(arm["label"], arm["config"]["generator"]) for arm in choice.arms()] == [
        ("model-a", "Model A"), ("model-b", "model-b"),
    ]  # fmt: skip
    assert choice.reasons[0] == "adapter clips: it holds clips that were made before, of Model A, model-b"


def test_a_folder_is_itself_though_a_generator_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips(tmp_path / "clips")
    monkeypatch.chdir(tmp_path)
    Path("clips", "list.csv").touch()
    choice = choose("clips")
    assert choice.config == {"clips": "clips"}
    assert choice.reasons[-1].startswith("clips/list.csv is not read; ")


def test_a_registered_generator_is_asked_for_a_size_that_it_makes() -> None:
    choice = choose("control/noise")
    assert choice.adapter == "control/noise" and choice.size is None
    assert choice.reasons == (
        "adapter control/noise: it is a registered generator", "size 16x96x96@12: that of the suite",
    )  # fmt: skip


def test_a_command_line_is_a_list_of_arguments() -> None:
    choice = choose("python make.py '{request}' --steps 4")
    assert choice.adapter == "command"
    assert choice.config["argv"] == ["python", "make.py", "{request}", "--steps", "4"]
    with pytest.raises(SpecError, match="is told nothing"):
        choose("python make.py")


@pytest.mark.parametrize(
    ("model", "label"),
    [
        ("python make-b.py {request}", "make-b"),
        ("python -m pack.wan {request}", "pack.wan"),
        ("./wan.sh {request}", "wan"),
        ("python gone.py {request}", "python"),
    ],
)
def test_a_command_line_is_called_by_its_script(
    model: str, label: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("make-b.py").touch()
    assert choose(model).label == label


def test_a_second_model_of_one_name_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "try" / "wan.yaml"
    path.parent.mkdir()
    path.write_text("generators: [{label: wan, adapter: command, config: {argv: [old]}}]")
    asked = ["try", "./wan.sh {request}", "--root", str(tmp_path), "--size", "no size"]
    assert call(asked) == 2
    assert "wan was another model before" in capsys.readouterr().err
    assert call([*asked, "--label", "wan-2"]) == 2
    assert "another model" not in capsys.readouterr().err
    assert (tmp_path / "try" / "wan-2.yaml").is_file()
    assert call([*asked, "--label", "../wan"]) == 2
    assert "a label holds a-z 0-9 . _ - alone" in capsys.readouterr().err


@pytest.mark.parametrize("model", ["nothing-here", "./no/such/folder/at/all"])
def test_what_is_no_model_is_told(model: str) -> None:
    with pytest.raises(SpecError, match="hub id, registered generator or command line"):
        choose(model)


def test_no_model_at_all_is_told() -> None:
    with pytest.raises(SpecError, match="the model is empty"):
        choose(" ")


def test_one_clip_is_not_a_model(tmp_path: Path) -> None:
    clips(tmp_path)
    with pytest.raises(SpecError, match="vbench-lite score"):
        choose(str(tmp_path / "a dog runs.mkv"))


def test_the_verb_says_what_it_chose(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["try", str(tmp_path / "gone"), "--root", str(tmp_path / "r")]) == 2
    assert "no pipeline folder" in capsys.readouterr().err
