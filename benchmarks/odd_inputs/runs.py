"""Run directories of somebody else: documents, tables, journals and votes, damaged by value or by byte.

A whole run lies beside the damaged one, and verbs that read are asked. Verbs over the root have to go on with
the whole run; another one that cannot go on says why in one line.
"""

from __future__ import annotations

import contextlib
import io
import json
import random
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.many_generators import write_store
from benchmarks.odd_inputs.damage import ODD_VALUES, damaged, damaged_json
from benchmarks.odd_inputs.guard import READ, REFUSED, Trial, Trials, is_one_line
from vbench_lite.cli.main import call
from vbench_lite.store.journal import JournalWriter
from vbench_lite.store.rundir import list_runs

FAILED = 2  # the exit code of a verb that could do nothing
GOES_ON = (0, 3)
TRIED = 3  # verbs for one damaged root: all of them take seconds
# RUN is the damaged run and OUT a folder; verbs that end well whatever happened to one run stand first.
OVER_ROOT: tuple[tuple[str, ...], ...] = (
    ("list", "runs"), ("list", "runs", "--json"), ("leaderboard",), ("leaderboard", "--json"),
    ("store", "ls"), ("store", "verify"),
)  # fmt: skip
OF_RUN: tuple[tuple[str, ...], ...] = (
    ("store", "prune", "--dry-run"),
    ("show", "RUN"),
    ("leaderboard", "RUN", "--json"),
    ("cite", "RUN"),
    ("export", "RUN", "--format", "json", "-o", "OUT/run.json"),
    ("export", "RUN", "--format", "csv", "-o", "OUT/csv"),
    ("export", "RUN", "--format", "parquet", "-o", "OUT/parquet"),
    ("compare", "RUN:A", "RUN:B", "--json"),
    ("compare", "WHOLE:A", "RUN:B"),
    ("history", "frames/sharpness"),
    ("advise",),
    ("advise", "RUN", "--json"),
    ("publish", "RUN", "-o", "OUT/page"),
    ("vote", "board", "RUN"),
)
SLOW: tuple[str, ...] = ("report", "RUN", "-o", "OUT/report.html")  # it draws charts: seconds  # fmt: skip


def runs(folder: Path, rng: random.Random) -> Trials:
    """One file of a run is damaged; some verbs are asked."""
    root, out = folder / "root", folder / "out"
    write_store(root, 2, 2, clips=4)
    whole, run = sorted(list_runs(root), key=lambda found: found.document().generators[0].label)
    with JournalWriter(run.path / "journal" / "more.jsonl") as journal:
        for row in run.rows("sample")[:4]:
            journal.append({"kind": "sample", **row})
        for row in run.rows("score")[:4]:
            journal.append({"kind": "score", **row})
    content = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    labels = [entry.label for entry in run.document().generators]
    names = {
        "RUN:A": f"{run.run_id}:{labels[0]}", "RUN:B": f"{run.run_id}:{labels[1]}", "RUN": run.run_id,
        "WHOLE:A": f"{whole.run_id}:{whole.document().generators[0].label}",
    }  # fmt: skip
    targets = sorted(path for path in content if run.path in path.parents)
    while True:
        shutil.rmtree(root)
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        for path, data in content.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        path = rng.choice(targets)
        path.write_bytes(data := _damaged(path.name, content[path], rng))
        if rng.random() < 0.5:  # as somebody who wants to be believed
            (run.path / "checksums.json").unlink(missing_ok=True)
        verbs = rng.sample((*OVER_ROOT, *OF_RUN), TRIED) if rng.random() < 0.95 else [SLOW]
        yield Trial(path.name, data, partial(_ask, verbs, names, root, out))


def _ask(verbs: list[tuple[str, ...]], names: dict[str, str], root: Path, out: Path) -> str:
    """Ask verbs; "refused" if one of them could do nothing.

    Raises:
        AssertionError: one ended in another way than a verb may.
    """
    told = READ
    for verb in verbs:
        arguments = [names.get(word, word.replace("OUT", str(out))) for word in verb]
        printed, said = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(said):
            code = call([*arguments, "--root", str(root)])
        name, error = " ".join(verb), said.getvalue()
        assert "unexpected" not in error and "Traceback" not in error, f"{name}: {error[-300:]}"
        assert code in ((*GOES_ON, 1) if verb in OVER_ROOT else (*GOES_ON, 1, FAILED)), (
            f"{name}: {code}: {error[-300:]}"
        )
        if code == FAILED:
            assert is_one_line(error.splitlines()[-1] if error else ""), f"{name}: said {error!r}"
            told = REFUSED
        elif "--json" in verb:
            json.loads(printed.getvalue(), parse_constant=_no_number)
    return told


def _no_number(text: str) -> None:
    raise AssertionError(f"{text} in JSON")


# --- damage ---------------------------------------------------------------------------------------


def _damaged(name: str, data: bytes, rng: random.Random) -> bytes:
    if rng.random() < 0.3:
        return damaged(data, rng)
    by_value: dict[str, Callable[[bytes, random.Random], bytes]] = {
        ".json": lambda data, rng: damaged_json(json.loads(data), rng),
        ".jsonl": _damaged_lines,
        ".parquet": _damaged_table,
    }
    return by_value[Path(name).suffix](data, rng)


def _damaged_lines(data: bytes, rng: random.Random) -> bytes:
    lines = data.splitlines()
    place = rng.randrange(len(lines))
    lines[place] = damaged_json(json.loads(lines[place]), rng)
    return b"\n".join(lines) + b"\n"


def _damaged_table(data: bytes, rng: random.Random) -> bytes:
    """A table with some values of one column changed, or its type, or a column less, more or twice."""
    table = pq.read_table(pa.BufferReader(data))
    place = rng.randrange(table.num_columns)
    field, way = table.schema.field(place), rng.random()
    if way < 0.1:
        table = table.remove_column(place)
    elif way < 0.2:
        table = table.append_column(rng.choice([field.name, "later"]), table.column(place))
    elif way < 0.25:
        told = dict(table.schema.metadata or {})
        told[rng.choice(list(told) or [b"x"])] = damaged_json({"runner.jsonl": 5}, rng)
        table = table.replace_schema_metadata(told)
    else:
        table = table.set_column(place, *_odd_column(field, table.column(place).to_pylist(), rng))
    sink = pa.BufferOutputStream()
    try:
        pq.write_table(table, sink)
    except pa.ArrowException:  # Parquet lacks some types of Arrow
        return damaged(data, rng)
    return bytes(sink.getvalue())


def _odd_column(field: pa.Field, values: list[Any], rng: random.Random) -> tuple[pa.Field, pa.Array]:
    """The column with one, some or all of its values odd, in its own type if they fit it."""
    odd, share = rng.choice([*ODD_VALUES, b"\xff\xfe", -3, 7]), rng.choice([0.05, 0.5, 1.0])
    if isinstance(odd, float | int) and rng.random() < 0.3:
        odd = [odd]
    if isinstance(odd, dict | list) and rng.random() < 0.5:
        odd = json.dumps(odd)
    kept = [odd if rng.random() < share else value for value in values]
    for kind in (field.type, None):
        for candidates in (kept, [odd] * len(values)):
            with contextlib.suppress(pa.ArrowException, TypeError, ValueError, OverflowError):
                made = pa.array(candidates, kind)
                return pa.field(field.name, made.type), made
    return pa.field(field.name, pa.null()), pa.nulls(len(values))
