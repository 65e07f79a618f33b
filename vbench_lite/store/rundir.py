"""A run on disk: its document, its journals, and the tables made of them.

`runs/<run_id>/` is the truth about a run. While it runs, results are in journals, one writer each; when
it is finished they are compacted to Parquet. Readers need not know which: every table here is the union.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from vbench_lite.errors import StoreError
from vbench_lite.metric import Measurement
from vbench_lite.secrets import redacted
from vbench_lite.store import atomic, run_names, tables
from vbench_lite.store.columns import records, texts
from vbench_lite.store.disk import writing
from vbench_lite.store.documents import read_document
from vbench_lite.store.inside import inside, is_file
from vbench_lite.store.journal import JournalReader, JournalWriter, is_torn
from vbench_lite.store.locks import folder_lock, is_locked, root_lock
from vbench_lite.store.migration import new_row
from vbench_lite.store.pool import Pool
from vbench_lite.store.sample_lines import SampleKey, clip_of, sample_lines
from vbench_lite.store.schema import RunDocument
from vbench_lite.store.storable import fitted
from vbench_lite.store.table_checks import check_table
from vbench_lite.store.tables import Row

if TYPE_CHECKING:
    import pandas as pd

DOCUMENT = "run.json"
_BATCH = 10_000  # records that are dicts at one time


class RunDir:
    """One run under a root; the folder need not exist yet.

    Args:
        folder: where it lies: "runs", or "shards" for a part that only its merged run is read from.
    """

    def __init__(self, root: Path, run_id: str, folder: str = "runs") -> None:
        self.root = root
        self.run_id = run_id
        self.path = root / folder / run_id

    def __repr__(self) -> str:
        return f"RunDir({self.run_id})"

    # --- the document ---------------------------------------------------------------------------

    def exists(self) -> bool:
        """Whether the run was ever started."""
        return (self.path / DOCUMENT).exists()

    def document(self) -> RunDocument:
        """Read run.json. A run that says it is running and that nobody holds was interrupted.

        Raises:
            StoreError: missing, damaged, or written by a later version.
        """
        document = read_document(self.path / DOCUMENT)
        document.run_id = self.run_id  # the folder names a run, also where it was copied or renamed
        if document.status == "running" and not self.held():
            document.status = "interrupted"
        return document

    def write_document(self, document: RunDocument) -> None:
        """Replace run.json atomically."""
        text = json.dumps(redacted(document.as_dict()), indent=2, allow_nan=False) + "\n"
        with writing(self.path):
            atomic.write_text(inside(self.root, self.path / DOCUMENT), text)

    @property
    def logs(self) -> Path:
        """The folder for what workers print.

        Raises:
            StoreError: it lies behind a link.
        """
        return inside(self.root, self.path / "logs")

    # --- writing --------------------------------------------------------------------------------

    def journal(self, worker: str) -> JournalWriter:
        """Open the journal of one writer; its name is reduced to characters that every disk allows.

        Records are checked to fit the tables; see `storable.fitted`.

        Raises:
            StoreError: another process writes it.
        """
        name = f"{re.sub('[^A-Za-z0-9._-]', '-', worker)}.jsonl"
        return JournalWriter(inside(self.root, self.path / "journal" / name), fitted)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the run; the lock ends with the process, however it ends.

        Raises:
            StoreError: another process holds it; the message gives its process id.
        """
        own = inside(self.root, self.path)
        with root_lock(self.root), folder_lock(own, f"run {self.run_id}"):
            yield

    def held(self) -> bool:
        """Whether a process is working on the run now."""
        return is_locked(self.path)

    def compact(self) -> None:
        """Write every table as Parquet, atomically; the journals stay."""
        with writing(self.path):
            for kind, name in tables.FILES.items():
                rows, offsets = self._collect(kind)
                tables.write_table(inside(self.root, self.path / name), kind, rows, offsets)
            sums = {
                name: hashlib.sha256((self.path / name).read_bytes()).hexdigest()
                for name in tables.FILES.values()
            }
            sums_file = inside(self.root, self.path / tables.CHECKSUMS)
            atomic.write_text(sums_file, json.dumps(sums, indent=2) + "\n")

    # --- reading --------------------------------------------------------------------------------

    def table(self, kind: str, columns: Collection[str] | None = None) -> pa.Table:
        """The records of one kind as columns, one row for each sample or score; see `store.tables`.

        Args:
            columns: which are needed; None for all. Those that tell records apart come in any case.

        Raises:
            StoreError: a table or a journal is damaged.
        """
        return self._collect(kind, columns)[0]

    def rows(self, kind: str, columns: Collection[str] | None = None, **having: str) -> list[Row]:
        """The records as plain dicts: a thousand bytes each, so not for a million of them.

        Args:
            columns: which are needed, as `table` takes them.
            having: texts that the rows must have, by column.
        """
        found = self.table(kind, None if columns is None else {*columns, *having})
        for name, text in having.items():
            found = found.filter(texts(found, name).among(text))
        return [row for rows in records(found, _BATCH) for row in rows]

    def batches(self, kind: str) -> Iterator[list[Row]]:
        """All records of one kind as plain dicts, some thousands at a time."""
        yield from records(self.table(kind), _BATCH)

    def clips(self) -> set[str]:
        """The hashes of the clips that it names."""
        return set(texts(self.table("sample", ("clip_sha256",)), "clip_sha256").names)

    def sample_clips(self) -> dict[SampleKey, str | None]:
        """Every recorded sample with the hash of its clip, if it has one: of long runs all that fits well."""
        columns = (*tables.KEYS["sample"], "clip_sha256")
        stored = tables.read_table(self.path / tables.FILES["sample"], "sample", columns)
        cells = (texts(stored.rows, name).cells(0, len(stored.rows)) for name in columns)
        clips: dict[Any, str | None] = {(g, s, i): sha for g, s, i, sha in zip(*cells, strict=True)}
        for key, line in sample_lines(self._unread(stored.offsets)):
            if clips.get(key) is None:  # of several records the first that has a clip counts
                clips[key] = clip_of(line)
        return clips

    def lost_samples(self, clips: Mapping[SampleKey, str | None]) -> set[SampleKey]:
        """Those of some recorded samples whose clip is in the pool no more: they have to be made again."""
        gone = Pool(self.root).lacking(sha for sha in clips.values() if sha is not None)
        return {key for key, sha in clips.items() if sha in gone} if gone else set()

    def samples_of(self, wanted: Collection[tuple[str, str]]) -> list[Row]:
        """The records of some (generator, sample) of whatever suite, read without the others."""
        if not wanted:
            return []
        stored = tables.read_table(self.path / tables.FILES["sample"], "sample")
        names = (texts(stored.rows, name).cells(0, len(stored.rows)) for name in ("generator", "sample_id"))
        places = [place for place, key in enumerate(zip(*names, strict=True)) if key in wanted]
        lines = sample_lines(self._unread(stored.offsets))
        found = (json.loads(line) for key, line in lines if (key[0], key[2]) in wanted)
        fresh = tables.arrow(
            "sample", [new_row("sample", row, lambda: f"journal of {self.path}") for row in found]
        )
        both = pa.concat_tables([stored.rows.take(pa.array(places, pa.int64())), fresh])
        return [row for rows in records(tables.merged("sample", both), _BATCH) for row in rows]

    def calls(self, suite: str) -> list[Measurement]:
        """The timed calls of one suite."""
        return [tables.measurement_of(row) for row in self.rows("measurement", suite=suite)]

    def samples(self) -> pd.DataFrame:
        """One row for each sample, columns of `schema.SAMPLES`."""
        return self._frame("sample")

    def scores(self) -> pd.DataFrame:
        """One row for each metric on a sample, set or call, columns of `schema.SCORES`."""
        return self._frame("score")

    def measurements(self) -> pd.DataFrame:
        """One row for each timed call, columns of `schema.MEASUREMENTS`."""
        return self._frame("measurement")

    def torn(self) -> list[Path]:
        """Journals whose last line was cut off by a kill."""
        return [path for path in self._journals() if is_torn(path)]

    # --- inside ---------------------------------------------------------------------------------

    def _frame(self, kind: str) -> pd.DataFrame:
        frame: pd.DataFrame = tables.plain(self.table(kind), kind).to_pandas()
        return frame

    def _journals(self) -> list[Path]:
        return sorted((self.path / "journal").glob("*.jsonl"))

    def _collect(self, kind: str, columns: Collection[str] | None = None) -> tuple[pa.Table, dict[str, int]]:
        """Records of the table and of the journals beyond it; and where the journals end."""
        if columns is not None:
            columns = {*columns, *tables.KEYS[kind], *(["clip_sha256"] if kind == "sample" else [])}
        stored = tables.read_table(self.path / tables.FILES[kind], kind, columns)
        offsets = dict(stored.offsets)
        parts = [stored.rows]
        fresh = self._journaled(kind, offsets)
        while rows := list(islice(fresh, _BATCH)):
            parts.append(tables.arrow(kind, rows, columns))
        rows = tables.merged(kind, pa.concat_tables(parts))
        if len(parts) > 1:
            check_table(kind, rows, lambda: f"journal of {self.path}")
        return rows, offsets

    def _unread(self, offsets: Mapping[str, int]) -> Iterator[tuple[Path, int]]:
        """Every journal with the byte from which on no table covers it."""
        for path in self._journals():
            if not is_file(path):
                continue
            covered = offsets.get(path.name, 0)
            # A shorter journal than the table has seen is another one: all of it is still to be read.
            yield path, covered if covered <= path.stat().st_size else 0

    def _journaled(self, kind: str, offsets: dict[str, int]) -> Iterator[Row]:
        """Rows of the journals beyond these places, which are moved to the journals' ends."""
        for path, start in self._unread(offsets):
            reader = JournalReader(path, start)
            for record in reader:
                if record.pop("kind", None) == kind:
                    yield new_row(kind, record, partial("journal {}".format, path))
            offsets[path.name] = reader.size


# --- many runs ------------------------------------------------------------------------------------


def check_run_id(name: str) -> str:
    """The id itself.

    Raises:
        StoreError: it is no name of a folder; a foreign file must not lead out of the root.
    """
    if name in ("", ".", "..") or name != Path(name).name or "\\" in name or "\0" in name:
        raise StoreError(f"{name[:80]!r} is no id of a run; the file that names it is damaged")
    return name


def read_runs(root: Path) -> tuple[list[RunDocument], list[StoreError]]:
    """The document of every readable run under a root, newest first, and one error for each other one."""
    found, errors = [], []
    for run in _folders(root):
        try:
            found.append(run.document())
        except StoreError as error:
            errors.append(error)
    return sorted(found, key=lambda one: (one.created, one.run_id), reverse=True), errors


def list_runs(root: Path) -> list[RunDir]:
    """Every readable run under a root, newest first; see `damaged_runs` for the others."""
    return [RunDir(root, document.run_id) for document in read_runs(root)[0]]


def damaged_runs(root: Path) -> list[StoreError]:
    """One error for each folder under `runs` that cannot be read."""
    return read_runs(root)[1]


def resolve_run(root: Path, name: str) -> RunDir:
    """Return the run of an id, a baseline's name, its own name, `latest`, or the only id that begins so.

    `latest` is that of `run_names.latest`; of several runs of one name the newest is meant.

    Raises:
        StoreError: nothing or more than one run fits.
    """
    if name == "latest":
        documents, _ = read_runs(root)
        if not documents:
            raise StoreError(f"no run is under {root}; make one with: vbench-lite run")
        return RunDir(root, run_names.latest(documents).run_id)
    known = baselines(root)
    if name in known:
        run = RunDir(root, check_run_id(known[name]))
        if not run.exists():
            raise StoreError(f"baseline {name!r} names run {run.run_id}, which is not under {root}")
        return run
    ids = [run.run_id for run in _folders(root)]
    fitting = [name] if name in ids else [run_id for run_id in ids if name and run_id.startswith(name)]
    named = [one.run_id for one in read_runs(root)[0] if name and one.name == name]
    if named and name not in ids:
        return RunDir(root, named[0])
    if len(fitting) != 1:
        what = f"{len(fitting)} runs begin with {name!r}" if fitting else f"no run is named {name!r}"
        near = difflib.get_close_matches(name, ["latest", *known, *ids], n=1, cutoff=0.7)
        hint = f"did you mean {near[0]}?" if near and not fitting else "see: vbench-lite list runs"
        raise StoreError(f"{what} under {root}; {hint}")
    return RunDir(root, fitting[0])


def baselines(root: Path) -> dict[str, str]:
    """Run ids by the name of the baseline.

    Raises:
        StoreError: the file is damaged.
    """
    path = root / "baselines.json"
    if not is_file(path):
        return {}
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise StoreError(f"baselines file {path} is damaged: {error}; correct or delete it") from None
    if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
        raise StoreError(f"baselines file {path} is damaged: it must map names to run ids")
    return data


def set_baseline(root: Path, name: str, run_id: str) -> None:
    """Name a run; the name then stands for it wherever a run is asked for.

    Raises:
        StoreError: the run is not there, or the name would hide a run or `latest`, or reads as another thing.
    """
    name = run_names.check_name(name)
    if not RunDir(root, run_id).exists():
        raise StoreError(f"no run {run_id} is under {root}; see: vbench-lite list runs")
    if RunDir(root, name).exists():
        raise StoreError(f"a baseline cannot be named {name!r}, which already means something else")
    atomic.write_text(
        inside(root, root / "baselines.json"),
        json.dumps({**baselines(root), name: run_id}, indent=2, sort_keys=True) + "\n",
    )


def stored(root: Path) -> list[RunDir]:
    """Every folder of a run and of a part under a root, readable or not."""
    return [*_folders(root), *_folders(root, "shards")]


def _folders(root: Path, kind: str = "runs") -> list[RunDir]:
    folder = root / kind
    if not folder.is_dir():
        return []
    return [RunDir(root, path.name, folder=kind) for path in sorted(folder.iterdir()) if path.is_dir()]
