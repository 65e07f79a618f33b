"""Tables as columns say what their rows say, one by one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vbench_lite.errors import StoreError
from vbench_lite.store import tables
from vbench_lite.store.columns import filled, integers, listed, numbers, texts, whole
from vbench_lite.store.journal import JournalWriter
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.schema import SampleRecord, ScoreRecord

NAMES = st.sampled_from(["a", "b", "c"])


@st.composite
def samples(draw: Any) -> dict[str, Any]:
    ok = draw(st.booleans())
    return SampleRecord(
        draw(NAMES), draw(NAMES), draw(NAMES), "p", "text", draw(st.integers(0, 9)), "ok" if ok else "failed",
        clip_sha256=draw(NAMES) if ok else None,
    ).as_dict()  # fmt: skip


@st.composite
def scores(draw: Any) -> dict[str, Any]:
    level = draw(st.sampled_from(["sample", "set"]))
    value = draw(st.none() | st.floats(allow_nan=False, allow_infinity=False))
    name = draw(NAMES) if level == "sample" else None
    return ScoreRecord(draw(NAMES), "s", level, draw(NAMES), "ok", value, sample_id=name).as_dict()


def kept(kind: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What `tables.merged` promises, one row after the other."""
    found: dict[Any, dict[str, Any]] = {}
    for row in rows:
        key = tuple(row[name] for name in tables.KEYS[kind])
        if kind == "sample" and key in found and found[key]["clip_sha256"] is not None:
            continue
        found[key] = row
    return list(found.values())


@given(st.lists(samples(), max_size=30))
def test_of_a_sample_the_first_row_with_a_clip_is_kept_else_the_last(rows: list[dict[str, Any]]) -> None:
    assert tables.merged("sample", tables.arrow("sample", rows)).to_pylist() == kept("sample", rows)


@given(st.lists(scores(), max_size=30))
def test_of_a_score_the_last_row_is_kept(rows: list[dict[str, Any]]) -> None:
    assert tables.merged("score", tables.arrow("score", rows)).to_pylist() == kept("score", rows)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(before=st.lists(samples(), max_size=8), after=st.lists(samples(), max_size=8))
def test_rows_of_a_table_and_of_a_journal_are_one(
    tmp_path_factory: pytest.TempPathFactory, before: list[Any], after: list[Any]
) -> None:
    run = RunDir(tmp_path_factory.mktemp("root"), "run")
    with run.journal("runner") as journal:
        journal.extend({"kind": "sample", **row} for row in before)
        run.compact()
        journal.extend({"kind": "sample", **row} for row in after)
    whole = kept("sample", [*before, *after])
    assert run.rows("sample") == whole
    assert [row for batch in run.batches("sample") for row in batch] == whole
    assert run.rows("sample", generator="a", suite="b") == [
        row for row in whole if (row["generator"], row["suite"]) == ("a", "b")
    ]
    wanted = {("a", "a"), ("b", "c")}
    assert run.samples_of(wanted) == [r for r in whole if (r["generator"], r["sample_id"]) in wanted]
    assert run.clips() == {row["clip_sha256"] for row in whole} - {None}
    few = run.table("sample", ("seed",))
    assert set(few.column_names) == {"generator", "suite", "sample_id", "clip_sha256", "seed"}


@pytest.mark.parametrize("kind", [pa.string(), pa.dictionary(pa.int32(), pa.string())])
@given(rows=st.lists(st.none() | st.text(max_size=2), max_size=20), cut=st.integers(0, 20))
def test_texts_are_codes_and_names(kind: Any, rows: list[str | None], cut: int) -> None:
    whole = pa.chunked_array([pa.array(rows[:cut], kind), pa.array(rows[cut:], kind)], type=kind)
    table = pa.table({"text": whole})
    for found, expected in ((texts(table, "text"), rows), (texts(table.slice(1), "text"), rows[1:])):
        places = np.arange(len(expected))
        assert found.of(places) == [row or "" for row in expected]
        assert found.among("x").tolist() == [row == "x" for row in expected]
        assert found.among("x", places[::2]).tolist() == [row == "x" for row in expected[::2]]
        assert set(found.used()) == set(expected) - {None}
        told = Counter(row or "" for row in expected)
        assert list(found.counts(places).items()) == list(told.items())


@given(st.lists(st.none() | st.floats(allow_nan=False), max_size=20), st.integers(0, 20))
def test_numbers_without_a_value_are_nan(rows: list[float | None], cut: int) -> None:
    chunks = [pa.array(part, pa.float64()) for part in (rows[:cut], rows[cut:])]
    table = pa.table({"x": pa.chunked_array(chunks, pa.float64())}).slice(1)
    expected = [np.nan if row is None else row for row in rows[1:]]
    np.testing.assert_array_equal(numbers(table, "x"), expected)
    assert filled(table, "x").tolist() == [row is not None for row in rows[1:]]
    assert integers(pa.table({"n": pa.array([3, 4])}), "n").tolist() == [3, 4]


def test_a_table_of_an_earlier_version_lacks_a_column_and_has_it_empty(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    path = tmp_path / "samples.parquet"
    tables.write_table(path, "sample", tables.arrow("sample", [_sample()]), {"runner.jsonl": 7})
    pq.write_table(pq.read_table(path).drop_columns(["worker", "phase"]).append_column("more", [[1]]), path)
    found = tables.read_table(path, "sample")
    assert found.rows.to_pylist() == [_sample()]
    assert found.offsets == {"runner.jsonl": 7}


def test_a_value_of_another_kind_is_one_error(tmp_path: Path) -> None:
    run = RunDir(tmp_path, "run")
    with JournalWriter(run.path / "journal" / "runner.jsonl") as journal:  # as another program might
        journal.append({"kind": "sample", **_sample(), "seed": "many"})
    with pytest.raises(StoreError, match="sample record of g s id cannot be read: seed is no number: 'many'"):
        run.rows("sample")


def _sample() -> dict[str, Any]:
    return SampleRecord("g", "s", "id", "p", "text", 1, "failed", reason="why").as_dict()


@given(st.lists(st.none() | st.lists(st.integers(0, 9), max_size=3), max_size=6), st.integers(0, 6))
def test_the_values_of_lists_are_those_of_arrow(rows: list[list[int] | None], start: int) -> None:
    column = pa.array(rows, pa.list_(pa.int64())).slice(start)
    assert listed(column).to_pylist() == column.flatten().to_pylist()


def test_a_column_in_one_piece_is_not_copied() -> None:
    one = pa.chunked_array([pa.array([1, 2, 3])])
    assert whole(one).buffers()[1].address == one.chunk(0).buffers()[1].address
    assert whole(pa.chunked_array([[1], [2, 3]])).to_pylist() == [1, 2, 3]
    assert len(whole(pa.chunked_array([], pa.int64()))) == 0
