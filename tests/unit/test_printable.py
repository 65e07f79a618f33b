"""Texts of others on a terminal, in charts, Markdown, JUnit and CSV: shown, and without effect."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import altair as alt
import pandas as pd
import pytest
from fabricated import fabricate
from fabricated import store_run as write_run
from test_store_keeping import store_run

from vbench_lite.cli.main import call
from vbench_lite.cli.output import console, print_json, print_text
from vbench_lite.printable import json_safe, printable
from vbench_lite.report.html.charts import svg
from vbench_lite.results import export
from vbench_lite.store.rundir import RunDir

HOSTILE = "a\x1b[31mred\x07\x00\x9b2J\u202eback\ud800\ufffe"
ACTING = "\x1b\x07\x00\x9b\u202e\ud800\ufffe"


def test_acting_characters_are_spelled_out_and_others_stay() -> None:
    assert printable("é 漢 🎬\tline\nend") == "é 漢 🎬\tline\nend"
    shown = printable(HOSTILE)
    assert not set(shown) & set(ACTING)
    assert shown.startswith("a\\x1b[31mred\\x07")


def test_a_terminal_gets_no_acting_character(capsys: pytest.CaptureFixture[str]) -> None:
    print_text(HOSTILE)
    console().print(HOSTILE, markup=False)
    out = capsys.readouterr().out
    assert out.count("\\x1b[31mred") == 2
    assert not set(out) & set(ACTING)


def test_colours_of_our_own_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    made = console()
    made.file, made._force_terminal, made._color_system = io.StringIO(), True, None
    made.print("plain\x1b[0m", style="bold", markup=False)
    assert "plain\\x1b[0m" in made.file.getvalue()


def test_json_says_the_same_and_holds_no_acting_character(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"x": HOSTILE, "é": 1.5})
    out = capsys.readouterr().out
    assert not set(out) & set(ACTING)
    assert json.loads(out) == {"x": HOSTILE, "é": 1.5}
    assert json_safe('"é"') == '"é"'


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8", "cp1252"])
def test_any_encoding_of_the_terminal_will_do(tmp_path: Path, encoding: str) -> None:
    store_run(tmp_path, "a", (1,))
    code = "import sys; from vbench_lite.cli.main import call; sys.exit(call(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, "--root-that-is-none-→", "±"],
        capture_output=True, env={"PYTHONIOENCODING": encoding, "PATH": ""}, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_fault(tmp_path: Path) -> None:
    store_run(tmp_path, "a", (1,))
    code = "import sys; from vbench_lite.cli.main import call; sys.exit(call(sys.argv[1:]))"
    with subprocess.Popen(
        [sys.executable, "-c", code, "export", "a", "--format", "json", "--root", str(tmp_path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
    assert (process.returncode, said) == (0, b"")


@pytest.mark.parametrize("character", ["\x1b", "\x07", "\x00", "\x0b", "\ufffe", "\x9b", "\n", "<b>", "$x$"])
def test_a_chart_is_drawn_whatever_its_texts_hold(character: str) -> None:
    table = pd.DataFrame({"label": [f"a{character}b"], "value": [1.0]})
    picture = svg(alt.Chart(table).mark_point().encode(x="value:Q", y="label:N"), 200, False)
    ET.fromstring(picture)


def test_a_csv_has_a_record_a_row_and_no_formula(tmp_path: Path) -> None:
    texts = ["one\rtwo", "a\nb", 'say "x", y', "=1+1", "+1", "-1", "@SUM(A1)", "\ttab", "plain", "\r=2"]
    run = RunDir(tmp_path, "a")
    store_run(tmp_path, "a", ())
    with run.journal("more") as journal:
        for number, text in enumerate(texts):
            row = {"generator": "g", "suite": "s", "sample_id": f"{number}", "prompt_id": "p", "prompt": text}
            journal.append({"kind": "sample", **row, "seed": -5, "status": "ok", "facts": "{}"})
    found = list(csv.DictReader(io.StringIO("".join(export.csv_pieces(run, "samples")), newline="")))
    assert [row["prompt"].removeprefix("'") for row in found] == texts
    assert not any(row["prompt"].startswith(("=", "+", "-", "@", "\t", "\r")) for row in found)
    assert found[0]["prompt"] == "one\rtwo"
    assert {row["seed"] for row in found} == {"-5"}
    assert {row["num_frames"] for row in found} == {""}
    formula = next(line for line in "".join(export.csv_pieces(run, "samples")).split("\n") if "=1+1" in line)
    assert formula.startswith('"g","s","3","p","\'=1+1",-5,"ok","","","","",')


def test_markdown_and_junit_show_hostile_names_as_they_are(tmp_path: Path) -> None:
    evil = "x|y`z`<img src=a>![p](http://127.0.0.1:9/p.png)@all\x1b"
    run = write_run(fabricate(), tmp_path)
    rows = run.rows("score", metric="frames/sharpness")
    with run.journal("evil") as journal:
        for row in rows:
            journal.append({"kind": "score", **row, "metric": f"frames/{evil}"})
    names = [f"{run.run_id}:reference/hybrid", f"{run.run_id}:reference/autoregressive"]
    files = [tmp_path / "x.md", tmp_path / "x.xml"]
    told = ["--markdown", str(files[0]), "--junit", str(files[1]), "--root", str(tmp_path)]
    assert call(["compare", *names, *told]) == 0
    text = files[0].read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if "frames/x" in line and line.startswith("| ")]
    assert line.replace("\\|", "").count("|") == 6
    assert line.split("|")[1].strip().count("`") == 2
    assert "\x1b" not in text
    ET.parse(files[1])
