"""Rows that no writer of this package writes, and that can be read nevertheless."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fabricated import fabricate, store_run

from vbench_lite.cli.main import call
from vbench_lite.store.tables import arrow


@pytest.mark.parametrize("number", [-(2**63) - 1, 2**63, 10**99])
def test_a_whole_number_beyond_64_bits_in_a_column_of_fractions_is_read(number: int) -> None:
    row = {"generator": "g", "suite": "s", "level": "sample", "metric": "m", "status": "ok", "value": number}
    assert arrow("score", [row]).column("value").to_pylist() == [float(number)]


def test_a_value_of_a_set_without_its_count_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = store_run(fabricate(), tmp_path)
    path = run.path / "scores.parquet"
    table = pq.read_table(path)
    place = table.schema.get_field_index("n")
    pq.write_table(table.set_column(place, table.schema.field(place), pa.nulls(len(table), pa.int64())), path)
    (run.path / "checksums.json").unlink(missing_ok=True)
    labels = [entry.label for entry in run.document().generators if entry.info.get("family") != "control"]
    root = ["--root", str(tmp_path)]
    for words in (["compare", *(f"latest:{label}" for label in labels[:2])], ["leaderboard", "latest"]):
        assert call([*words, "--json", *root]) == 2
        assert "column n lacks the number of clips behind the value of a set" in capsys.readouterr().err
