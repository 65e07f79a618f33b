"""A journal loses nothing that was appended, and says so when a kill cut its last line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vbench_lite.errors import StoreError
from vbench_lite.store.journal import JournalWriter, read_journal

RECORDS = [{"kind": "sample", "n": index, "text": "ä" * index} for index in range(4)]


def write(path: Path, records: Any) -> None:
    with JournalWriter(path) as journal:
        for record in records:
            journal.append(record)


def test_records_come_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "j.jsonl"
    write(path, RECORDS)
    read = read_journal(path)
    assert (read.records, read.torn, read.size) == (RECORDS, False, path.stat().st_size)


def test_a_missing_journal_is_empty(tmp_path: Path) -> None:
    assert read_journal(tmp_path / "none.jsonl").records == []


def test_a_cut_at_any_byte_leaves_the_whole_records_before_it(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    write(path, RECORDS)
    whole = path.read_bytes()
    ends = [index + 1 for index, byte in enumerate(whole) if byte == ord("\n")]
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        left = sum(end <= cut for end in ends)
        read = read_journal(path)
        assert read.records == RECORDS[:left]
        assert read.torn == (cut not in (0, *ends))
        with JournalWriter(path) as journal:
            assert journal.repaired == read.torn
            journal.append({"after": cut})
        assert read_journal(path).records == [*RECORDS[:left], {"after": cut}]


def test_a_long_torn_line_is_cut_too(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    write(path, RECORDS)
    with path.open("ab") as file:
        file.write(b"x" * 200_000)
    with JournalWriter(path) as journal:
        assert journal.repaired
    assert read_journal(path).records == RECORDS


def test_damage_before_the_end_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_text('{"a": 1}\n{"b"\n{"c": 3}\n')
    with pytest.raises(StoreError, match=r"j\.jsonl: line 2 is damaged"):
        read_journal(path)


def test_reading_can_begin_where_an_earlier_reading_ended(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    write(path, RECORDS[:2])
    first = read_journal(path)
    write(path, RECORDS[2:])
    assert read_journal(path, offset=first.size).records == RECORDS[2:]


def test_a_second_writer_is_refused_until_the_first_is_done(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    first = JournalWriter(path)
    with pytest.raises(StoreError, match="being written by another process"):
        JournalWriter(path)
    first.close()
    JournalWriter(path).close()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_refused(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "j.jsonl"
    with JournalWriter(path) as journal, pytest.raises(ValueError, match="JSON compliant"):
        journal.append({"value": value})
    assert read_journal(path).records == []
