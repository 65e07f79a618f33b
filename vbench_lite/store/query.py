"""Questions over many runs: DuckDB in memory over their Parquet files.

The database is made for each question and holds nothing of its own, so it can never disagree with the
runs. Only compacted runs are in it. DuckDB is an extra: nothing else here needs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vbench_lite.errors import StoreError
from vbench_lite.store.rundir import RunDir, list_runs
from vbench_lite.store.tables import FILES

if TYPE_CHECKING:
    import pandas as pd

_VIEWS = {"samples": "sample", "scores": "score", "measurements": "measurement"}


def connect(root: Path, runs: Sequence[RunDir] | None = None) -> Any:
    """Return a DuckDB connection with views `samples`, `scores` and `measurements`.

    Each has the columns of `store.schema` and a first column `run`. A view without any finished run is
    empty and has the same columns.

    Args:
        runs: which runs; None for every one under the root.

    Raises:
        StoreError: DuckDB is not installed.
    """
    try:
        import duckdb
    except ImportError:
        raise StoreError("queries need DuckDB; install it with: pip install 'vbench-lite[query]'") from None

    from vbench_lite.store.tables import arrow

    chosen = list_runs(root) if runs is None else list(runs)
    connection = duckdb.connect(":memory:")
    for view, kind in _VIEWS.items():
        files = [str(run.path / FILES[kind]) for run in chosen if (run.path / FILES[kind]).exists()]
        if files:
            listed = ", ".join("'" + name.replace("'", "''") + "'" for name in files)
            connection.execute(
                f"CREATE VIEW {view} AS SELECT parse_path(filename)[-2] AS run, * EXCLUDE (filename) "
                f"FROM read_parquet([{listed}], union_by_name=true, filename=true)"
            )
        else:
            connection.register(f"empty_{view}", arrow(kind, []))
            connection.execute(f"CREATE VIEW {view} AS SELECT '' AS run, * FROM empty_{view}")
    return connection


def scores(root: Path, runs: Sequence[RunDir] | None = None) -> pd.DataFrame:
    """Every score of the finished runs, with a first column `run`."""
    return _all(root, runs, "scores")


def samples(root: Path, runs: Sequence[RunDir] | None = None) -> pd.DataFrame:
    """Every sample of the finished runs, with a first column `run`."""
    return _all(root, runs, "samples")


def measurements(root: Path, runs: Sequence[RunDir] | None = None) -> pd.DataFrame:
    """Every timed call of the finished runs, with a first column `run`."""
    return _all(root, runs, "measurements")


def _all(root: Path, runs: Sequence[RunDir] | None, view: str) -> pd.DataFrame:
    with connect(root, runs) as connection:
        frame: pd.DataFrame = connection.execute(f"SELECT * FROM {view}").df()
        return frame
