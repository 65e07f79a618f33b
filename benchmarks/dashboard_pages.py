"""How long the dashboard's pages take over 200 runs and a million score rows.

Script time of a page (reading, tables, charts), without the browser and with everything imported: the
first page with empty caches, then every page after the other. The runs share one set of tables by hard links.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, summarise
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.schema import GeneratorEntry, RunDocument, SampleRecord, ScoreRecord
from vbench_lite.store.tables import FILES, arrow, write_table
from vbench_lite.suite import load_suite

RUNS = 200
PROMPTS = 60
FAMILIES = {
    "a": "latent_diffusion",
    "b": "autoregressive",
    "c": "hybrid",
    "real": "control",
    "frozen": "control",
    "noise": "control",
    "shuffled": "control",
}


def measure() -> list[Figure]:
    """Time the first page, and every page after it."""
    from streamlit.testing.v1 import AppTest

    from vbench_lite.dashboard import server
    from vbench_lite.dashboard.pages import PAGES

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        app = AppTest.from_file(str(server.APP), default_timeout=120)
        os.environ[server.ROOT_VARIABLE] = str(root / "empty")
        _seconds(app, PAGES[0].file)
        os.environ[server.ROOT_VARIABLE] = str(root)
        rows = _fill(root)
        first = _seconds(app, PAGES[0].file)
        changes = {page.name: _seconds(app, page.file) for page in PAGES}
    what = f"{RUNS} runs, {rows:,} score rows"
    return [
        summarise(f"first page, {what}", [first], "s", "at most 2 s"),
        summarise(f"a page change, {what}", [*changes.values()], "s", "at most 1 s"),
        summarise(f"Compare's first verdict, {what}", [changes["compare"]], "s", "at most 3 s"),
    ]


def _seconds(app: Any, page: Path) -> float:
    start = time.perf_counter()
    app.switch_page(str(page)).run()
    return time.perf_counter() - start


def _fill(root: Path) -> int:
    """Write the runs and return how many score rows they have in all."""
    suite = load_suite("quick")
    entries = [
        GeneratorEntry(label, label, {}, "cpu", 1, {"family": family}, label)
        for label, family in FAMILIES.items()
    ]
    samples, scores = [], []
    for place, label in enumerate(FAMILIES):
        for number in range(PROMPTS):
            ids: Any = {"sample_id": f"p{number}-s0", "prompt_id": f"p{number}"}
            samples.append(
                SampleRecord(label, "quick", prompt="a prompt", seed=0, status="ok", **ids).as_dict()
            )
            for metric in suite.metrics:
                value = 0.5 + 0.05 * place + 0.001 * (number % 7)
                scores.append(ScoreRecord(label, "quick", "sample", metric, "ok", value, **ids).as_dict())
    first = RunDir(root, f"{0:012x}")
    for number in range(RUNS):
        run = RunDir(root, f"{number:012x}")
        created = f"2026-01-01T{number // 60:02d}:{number % 60:02d}:00+00:00"
        content = json.loads(suite.model_dump_json())
        run.write_document(
            RunDocument(
                run.run_id, "finished", created, created, 0, PROMPTS, entries, [content], True, {}, {}
            )
        )
        for kind, rows in (("sample", samples), ("score", scores), ("measurement", [])):
            if number == 0:
                write_table(run.path / FILES[kind], kind, arrow(kind, rows), {})
            else:
                (run.path / FILES[kind]).hardlink_to(first.path / FILES[kind])
    return RUNS * len(scores)
