"""A leaderboard from the index says what one that is made says, until anything it rests on changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fabricated import fabricate, store_run

from vbench_lite.advise import advise, load_use, parse_requirement, use_names
from vbench_lite.advise.card import answer_card
from vbench_lite.advise.requirements import Status
from vbench_lite.cli.main import call
from vbench_lite.results import board_index
from vbench_lite.results.board import build_board
from vbench_lite.results.board_index import indexed_board
from vbench_lite.store.rundir import RunDir, list_runs


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[RunDir]:
    monkeypatch.setattr(board_index, "LEAST_BYTES", 0)
    store_run(fabricate(failed={"reference/hybrid": 2}), tmp_path)
    store_run(fabricate(run_id="run-b", noise_seed=1, created="2026-01-02T00:00:00Z"), tmp_path)
    return list_runs(tmp_path)


def refuse(*_: Any, **__: Any) -> Any:
    raise AssertionError("the board is made again")


def test_the_index_says_the_same_to_the_last_bit(
    tmp_path: Path, runs: list[RunDir], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = build_board(runs)
    first = indexed_board(tmp_path, runs)
    assert call(["leaderboard", "--root", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    monkeypatch.setattr(board_index, "build_board", refuse)
    again = indexed_board(tmp_path, runs)
    assert first.as_dict() == made.as_dict()
    assert again.as_dict() == made.as_dict()
    assert call(["leaderboard", "--root", str(tmp_path)]) == 0
    assert capsys.readouterr().out == printed


@pytest.mark.parametrize("change", ["document", "table", "journal", "suite", "every", "fewer"])
def test_whatever_it_rests_on_makes_it_anew(
    tmp_path: Path, runs: list[RunDir], monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    indexed_board(tmp_path, runs)
    monkeypatch.setattr(board_index, "build_board", refuse)
    options: dict[str, Any] = {}
    match change:
        case "document":
            document = runs[0].document()
            document.notes.append("changed")
            runs[0].write_document(document)
        case "table":
            runs[0].compact()
        case "journal":
            with runs[0].journal("other") as journal:
                journal.append({"kind": "score"})
        case "suite":
            options = {"suite": str(runs[0].document().suites[0]["name"])}
        case "every":
            options = {"every": True}
        case "fewer":
            runs = runs[:1]
    with pytest.raises(AssertionError, match="made again"):
        indexed_board(tmp_path, runs, **options)


def test_a_card_and_a_limit_on_coverage_say_the_same(tmp_path: Path, runs: list[RunDir]) -> None:
    """The use for medical data asks for it."""
    made, _, indexed = build_board(runs), *(indexed_board(tmp_path, runs) for _ in range(2))
    limit = [parse_requirement("coverage>=0.5")]
    cards, advised = [], []
    for board in (made, indexed):
        cards.append(answer_card(board, runs, use_names()).as_dict())
        found = advise(runs, board=board, require=limit, use=load_use("medical-training"))
        advised.append(found.as_dict())
        assert all(s.checks[-1].status is not Status.UNMEASURED for s in found.standings)
    assert cards[0] == cards[1] and advised[0] == advised[1]


def test_a_damaged_entry_is_made_again(tmp_path: Path, runs: list[RunDir]) -> None:
    made = indexed_board(tmp_path, runs).as_dict()
    (path,) = (tmp_path / board_index.FOLDER).glob("board-*.json")
    for text in ("", "{", "[]", "{}", '{"@": "Board", "": {}}', '{"@": "os", "": "x"}', json.dumps(made)):
        path.write_text(text)
        assert indexed_board(tmp_path, runs).as_dict() == made


def test_a_root_that_cannot_be_written_is_read(tmp_path: Path, runs: list[RunDir]) -> None:
    (tmp_path / board_index.FOLDER).write_text("a file where the folder should be")
    assert indexed_board(tmp_path, runs).as_dict() == build_board(runs).as_dict()
