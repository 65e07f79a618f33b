"""Load tests of servers on the page Live use, from stored files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from opened import open_page

from vbench_lite.errors import StoreError
from vbench_lite.measure.load import LoadRequest
from vbench_lite.report.charts import loads
from vbench_lite.results.load import step_summaries
from vbench_lite.results.load_store import LoadDocument, list_loads, read_load, store_load
from vbench_lite.results.load_test import LoadPlan, LoadResult
from vbench_lite.results.saturation import saturation
from vbench_lite.run.load.driver import Load

WORK_S, STEP_S = 0.25, 10.0


@pytest.fixture(scope="module")
def document() -> LoadDocument:
    """A closed loop against a server that works on two requests at a time, a quarter of a second each."""
    plan = LoadPlan(rate=None, concurrency=(1, 8), seconds=4 * STEP_S)
    asked = plan.steps()
    requests, begins = [], [STEP_S * place for place in range(len(asked))]
    for place, step in enumerate(asked):
        at_once = step.concurrency or 0
        takes_s = max(1.0, at_once / 2) * WORK_S  # until a place is free, and then at work
        for turn in range(round(STEP_S / takes_s)):
            due_s = begins[place] + turn * takes_s
            one = LoadRequest(place, due_s, due_s, due_s + takes_s, takes_s - WORK_S, [(takes_s, 8)], 8.0)
            requests += [one] * at_once
    load = Load(tuple(requests), tuple(begins), tuple(begin + STEP_S for begin in begins), False, ())
    steps = step_summaries(asked, load, plan.objective)
    result = LoadResult(plan, load, tuple(steps), saturation(steps), ("a note",))
    return result.document({"label": "server", "adapter": "http", "config": {}, "suite": "open"})


def test_a_load_is_read_as_it_was_stored_and_one_that_was_changed_is_refused(
    tmp_path: Path, document: LoadDocument
) -> None:
    path = store_load(tmp_path, document)
    assert list_loads(tmp_path) == [path]
    assert read_load(path).as_dict() == json.loads(json.dumps(document.as_dict()))
    text = path.read_text()
    for broken in (
        text.replace('"http"', '"other"'),
        text.replace('"schema_version": 1', '"schema_version": 9'),
        "{}",
    ):
        path.write_text(broken)
        with pytest.raises(StoreError, match="no load that can be read"):
            read_load(path)
    wrong: list[dict[str, Any]] = [
        {"steps": [{"rate": 1}]}, {"saturation": {}}, {"asked": {}}, {"notes": [1]}, {"generator": {}},
    ]  # fmt: skip
    for odd in wrong:  # the id holds, and it is none all the same
        other = store_load(tmp_path, replace(document, **odd).named())
        with pytest.raises(StoreError, match="no load that can be read"):
            read_load(other)


def test_the_chart_has_every_quantile_that_is_known(document: LoadDocument) -> None:
    shown = loads.latencies(document)
    median = shown[shown["quantile"] == "p50"].set_index("load")["seconds"]
    assert dict(median) == pytest.approx({1: WORK_S, 2: WORK_S, 4: 2 * WORK_S, 8: 4 * WORK_S})
    assert loads.saturation_line(document).startswith("Saturation at 8.0")
    assert list(loads.step_table(document)["load"]) == [f"{count} under way" for count in (1, 2, 4, 8)]


def test_the_page_shows_loads_also_where_there_is_no_run(
    tmp_path: Path, document: LoadDocument, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_load(tmp_path, document)
    (tmp_path / "loads" / "torn.json").write_text("{")
    app = open_page(tmp_path, "live_use", monkeypatch)
    assert not app.exception, app.exception
    assert "Load tests of servers" in [str(one.value) for one in app.subheader]
    assert any("Saturation at 8" in str(one.value) for one in app.markdown)
    assert any("no load that can be read" in str(one.value) for one in app.warning)
