"""What the command line answers: exit codes, one clear line, JSON alone on stdout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vbench_lite import errors
from vbench_lite.cli import listing, main
from vbench_lite.cli.main import VERBS, call
from vbench_lite.cli.options import root_flag


def fail_with(error: BaseException) -> Any:
    def invoke(*_: Any, **__: Any) -> None:
        raise error

    return invoke


def test_no_verb_says_what_to_do_next(capsys: pytest.CaptureFixture[str]) -> None:
    assert call([]) == 0
    assert "vbench-lite run" in capsys.readouterr().out


def test_help_lists_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["--help"]) == 0
    out = capsys.readouterr().out
    assert [verb for verb in VERBS if f"\n  {verb} " not in out] == []


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["leaderbord"], "did you mean 'leaderboard'?"),
        (["frobnicate"], "there is no verb 'frobnicate'"),
        (["run", "--sample", "4"], "--sample"),
        (["run", "--samples", "0"], "0 is not in the range"),
        (["list"], "Missing argument"),
        (["list", "frogs"], "'frogs'"),
        (["show", "reference/hybird"], "did you mean reference/hybrid"),
        (["run", "-g", "Reference/Hybrid"], "did you mean reference/hybrid"),
        (["store", "sync", "missing-folder", "there"], "nothing was sent"),
        (["advise", "--price-per-hour", "cheap"], "'cheap' is not a number"),
        (["run", "-g", "no/such"], "no generator is named 'no/such'"),
        (["run", "--suite", "quik"], "did you mean quick"),
        (["audit", "--metric", "xyzzy"], "; see: vbench-lite list metrics"),
        (["run", "--executor", "slurm"], "no executor is named 'slurm'; there are: local"),
        (["run", "missing.yaml"], "No such file"),
        (["export", "latest", "--format", "csv"], "no run"),
        (["leaderboard"], "no finished run"),
        (["baseline", "set", "main"], "no run"),
        (["score", "missing-folder"], "missing-folder"),
        (["store", "verify", "--root", "missing-folder"], "nothing was checked"),
        (["--root", "x", "leaderboard"], "Options stand behind the verb"),
        (["run", "--samples", "four"], "'four' is not a whole number"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(
    arguments: list[str], part: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert part in captured.err
    assert captured.err.startswith("vbench-lite")


def test_an_error_of_the_project_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.setattr(listing.command, "invoke", fail_with(errors.ClipError("clip a.mp4:\n  is empty")))
    assert call(["list", "suites"]) == 2
    assert capsys.readouterr().err == "vbench-lite: clip a.mp4: is empty\n"


def test_an_unexpected_error_says_how_to_see_more(
    capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    monkeypatch.delenv(main.DEBUG_VARIABLE, raising=False)
    monkeypatch.setattr(listing.command, "invoke", fail_with(ZeroDivisionError("division by zero")))
    assert call(["list", "suites"]) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1
    assert "ZeroDivisionError" in err
    assert "VBENCH_LITE_DEBUG=1" in err


def test_debug_shows_the_traceback(monkeypatch: Any) -> None:
    monkeypatch.setenv(main.DEBUG_VARIABLE, "1")
    monkeypatch.setattr(listing.command, "invoke", fail_with(ZeroDivisionError("division by zero")))
    with pytest.raises(ZeroDivisionError):
        call(["list", "suites"])


def test_a_file_that_cannot_be_read_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    denied = PermissionError(13, "Permission denied", "/results/run.json")
    monkeypatch.setattr(listing.command, "invoke", fail_with(denied))
    assert call(["list", "runs"]) == 2
    assert capsys.readouterr().err == "vbench-lite: /results/run.json: Permission denied\n"


def test_ctrl_c_is_one_line_and_exit_code_130(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.setattr(listing.command, "invoke", fail_with(KeyboardInterrupt()))
    assert call(["list", "suites"]) == 130
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_show_shapes_is_enough_to_judge_the_world(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["show", "shapes", "--json"]) == 0
    world = json.loads(capsys.readouterr().out)
    assert world["palette"]["magenta"] == [220, 60, 220]
    assert world["speeds"] == {"slowly": 1.0, "quickly": 2.0}
    assert world["directions"]["up-left"] == pytest.approx([-(0.5**0.5), -(0.5**0.5)])
    assert world["velocities"]["down"]["quickly"] == [0.0, 2.0]
    assert len(world["vocabulary"]["shape"]) == 12
    assert ["red", "star"] in world["held_out"]


def test_show_suite_gives_its_content_and_hash(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["show", "quick", "--json"]) == 0
    suite = json.loads(capsys.readouterr().out)
    assert suite["kind"] == "suite"
    assert len(suite["content_sha256"]) == 64


def test_show_metric_is_what_it_declares(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["show", "alignment/shapes_colour", "--json"]) == 0
    metric = json.loads(capsys.readouterr().out)
    assert (metric["axis"], metric["bounds"], metric["higher_is_better"]) == ("alignment", [0, 1], True)


@pytest.mark.parametrize("kind", listing.KINDS)
def test_lists_are_json_with_names(kind: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert call(["list", kind, "--json", "--root", str(tmp_path)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["errors"] == []
    assert all(row["name"] for row in document[kind])
    assert (document[kind] == []) == (kind == "runs")


def test_a_damaged_run_is_listed_as_an_error(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "runs" / "abc").mkdir(parents=True)
    (tmp_path / "runs" / "abc" / "run.json").write_text("{")
    assert call(["list", "runs", "--json", "--root", str(tmp_path)]) == 3
    (error,) = json.loads(capsys.readouterr().out)["errors"]
    assert "damaged" in error


def test_doctor_names_each_check(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    call(["doctor", "--json", "--root", str(tmp_path)])
    report = json.loads(capsys.readouterr().out)
    names = {check["name"] for check in report["checks"]}
    assert {"python", "package", "disk", "results", "memory", "generators", "metrics", "video"} <= names
    assert all(check["fix"] for check in report["checks"] if check["status"] == "fail")


def test_doctor_fails_where_results_cannot_be_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.touch()
    assert call(["doctor", "--json", "--root", str(file / "results")]) == 2
    report = json.loads(capsys.readouterr().out)
    assert not report["ready"]


def test_doctor_says_one_cause_once_however_many_it_stops(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: Any
) -> None:
    from vbench_lite import registry

    real = registry.load

    def load(group: Any, name: str) -> Any:
        if name.startswith("horizon/"):
            raise errors.RegistryError(f"{name} cannot be imported") from OSError("libGL is gone")
        return real(group, name)

    monkeypatch.setattr(registry, "load", load)
    assert call(["doctor", "--root", str(tmp_path)]) == 2
    out = " ".join(capsys.readouterr().out.split())
    assert out.count("libGL is gone") == 1
    assert "cannot be loaded: libGL is gone (horizon/brightness_drift, " in out
    assert "-> mend what it names" in out


def test_a_plug_in_that_fails_in_any_way_is_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: Any
) -> None:
    (tmp_path / "broken_plugin.py").write_text("raise RuntimeError('no device')\n")
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "spec.yaml").write_text("generators: [{label: a, adapter: 'broken_plugin:Thing'}]\n")
    assert call(["run", str(tmp_path / "spec.yaml"), "--root", str(tmp_path / "root")]) == 2
    assert "cannot be imported: no device" in capsys.readouterr().err


def test_a_root_with_a_blank_is_quoted_where_a_command_is_offered() -> None:
    assert root_flag(Path("my results")) == " --root 'my results'"
    assert root_flag(Path("vbench-results")) == ""
