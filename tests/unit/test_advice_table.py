"""The advisor's answer on a terminal: words, numbers whole, 80 columns."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from fabricated import fabricate, only, store_run
from rich.console import Console

from vbench_lite.advise import advise, load_use, parse_requirement, use_names
from vbench_lite.cli.main import call
from vbench_lite.report.terminal.advice import advice_text, uses_text


def printed(text: object, width: int = 80) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width, highlight=False).print(text)
    return stream.getvalue()


@pytest.mark.parametrize("use", [None, "live-streaming", "medical-training"])
def test_the_answer_fits_eighty_columns_with_every_number_whole(use: str | None) -> None:
    found = advise(
        [fabricate()],
        use=load_use(use) if use else None,
        require=[parse_requirement("clip_seconds>=10")],
        price_per_hour=0.4,
    )
    text = printed(advice_text(found, 80))
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    for name in ("latent-", "autoregressive", "hybrid"):
        assert name in text
    flat = " ".join(text.split())
    assert "common beliefs" in flat and "clip_seconds >= 10" in flat and "not measured" in flat


def test_one_candidate_has_no_chance_to_be_the_best() -> None:
    run = only(fabricate(), "reference/hybrid", "real", "frozen", "noise")
    text = printed(advice_text(advise([run], use=load_use("film-previs")), 80))
    (line,) = [line for line in text.splitlines() if line.startswith("hybrid ")]
    assert ">99%" not in line and line.count("–") == 2


def test_uses_are_listed_with_their_reasons() -> None:
    text = printed(uses_text([load_use(name) for name in use_names()]))
    assert all(name in text for name in use_names())
    assert "half a second is what players" in text


def test_the_verb_prints_words_or_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store_run(fabricate(), tmp_path)
    root = ["--root", str(tmp_path)]
    assert call(["advise", "latest", "--use", "live-streaming", *root]) == 0
    assert "reference/hybrid" in capsys.readouterr().out
    assert call(["advise", "--weight", "speed=3", "--json", *root]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["weights"] == {"speed": 3.0}  # an axis that is not named does not count
    assert call(["advise", "--beliefs", *root]) == 0
    assert '"diffusion is faster"' in capsys.readouterr().out
    assert call(["advise", "--uses", "--json", *root]) == 0
    assert {use["name"] for use in json.loads(capsys.readouterr().out)} == set(use_names())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--weight", "quality"], "AXIS=NUMBER"),
        (["--weight", "quality=inf"], "AXIS=NUMBER"),
        (["--weight", "taste=1"], "axes are"),
        (["--use", "films"], "live-streaming"),
        (["--require", "speed/latency_s"], "is not NAME<=VALUE"),
        (["run-a:reference/hybrid"], "as a whole"),
        (["--price-per-hour", "0"], "price-per-hour"),
    ],
)
def test_wrong_use_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    store_run(fabricate(), tmp_path)
    assert call(["advise", *arguments, "--root", str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and said in err and err.count("\n") == 1
