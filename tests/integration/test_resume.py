"""The same command goes on or reports; a changed one starts a run of its own and takes clips over."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from vbench_lite.errors import StoreError
from vbench_lite.run.plan.spec import GeneratorSpec, RunSpec
from vbench_lite.run.runner import run
from vbench_lite.store import query
from vbench_lite.store.rundir import RunDir, list_runs

SUITE = """
name: {name}
version: 1
description: a test
prompts: {{texts: [one, two, three]}}
request: {{num_frames: 8, height: 16, width: 16, fps: 8}}
samples: 2
metrics: [frames/sharpness]
axes: {{}}
"""


class Log:
    def __init__(self) -> None:
        self.events: list[Any] = []

    def on_event(self, event: Any) -> None:
        self.events.append(event)


class World:
    """A root with one suite, and a file that tells what the toy has made since the last look."""

    def __init__(self, folder: Path) -> None:
        self.root, self.folder = folder / "root", folder
        self.file = folder / "made.txt"

    def suite(self, name: Any = "tiny") -> Any:
        path = self.folder / f"{name}.yaml"
        path.write_text(SUITE.format(name=name))
        return str(path)

    def run(
        self, *suites: Any, config: Any = None, fresh: Any = False, log: Any = None, **fields: Any
    ) -> Any:
        config = {"made": str(self.file), **(config or {})}
        how = {name: fields.pop(name) for name in ("retime", "keep_going") if name in fields}
        adapter = fields.pop("adapter", "toys:Toy")
        toy = GeneratorSpec(label="toy", adapter=adapter, config=config, batch=fields.pop("batch", 1))
        spec = RunSpec(generators=(toy,), suites=suites or (self.suite(),), **fields)
        return run(spec, self.root, fresh=fresh, progress=log, **how)

    def made(self) -> Any:
        lines = self.file.read_text().split("\n")[:-1] if self.file.exists() else []
        self.file.write_text("")
        return len(lines)


@pytest.fixture
def world(tmp_path: Path) -> Any:
    return World(tmp_path)


def clips(world: Any, outcome: Any) -> Any:
    rows = RunDir(world.root, outcome.run_id).rows("sample")
    return {(row["suite"], row["sample_id"]): row["clip_sha256"] for row in rows}


def test_a_finished_run_is_reported_and_a_fresh_one_repeats_it(world: Any) -> None:
    log = Log()
    first = world.run(log=log)
    assert (first.ok, first.failed, first.reused, first.resumed) == (2, 0, 0, False)
    assert "suite tiny has no data set, so it has no control arms" in first.messages
    assert {event.stage for event in log.events} >= {"generate", "score"}
    assert [event.done for event in log.events if event.stage == "generate"][-1] == 2
    assert world.made() == 2
    again = world.run()
    assert (again.run_id, again.resumed, world.made()) == (first.run_id, True, 0)
    assert any("is finished already; --fresh repeats it" in message for message in again.messages)
    assert any(f"vbench-lite score {again.run_id} renews" in message for message in again.messages)
    fresh = world.run(fresh=True)
    assert fresh.run_id == f"{first.run_id}-2"
    assert (fresh.ok, fresh.reused, world.made()) == (2, 0, 2)
    assert clips(world, fresh) == clips(world, first)
    assert world.run().run_id == fresh.run_id


def test_a_fresh_run_that_was_stopped_goes_on_by_the_same_command(world: Any) -> None:
    world.run()
    fresh = world.run(fresh=True)
    directory = RunDir(world.root, fresh.run_id)
    document = directory.document()
    document.status = "interrupted"
    directory.write_document(document)
    world.made()
    again = world.run(fresh=True)
    assert (again.run_id, again.resumed, again.reused, world.made()) == (fresh.run_id, True, 0, 0)


def test_a_run_is_timed_again_with_the_clips_that_are_there(world: Any) -> None:
    first = world.run()
    world.made()
    again = world.run(retime=True)
    assert again.run_id == f"{first.run_id}-2"
    assert (again.ok, again.reused, world.made()) == (2, 2, 0)
    assert any(message.endswith(": it is timed again") for message in again.messages)
    directory = RunDir(world.root, again.run_id)
    document = directory.document()
    assert "timed again; clips are those of earlier runs" in document.notes
    document.status = "interrupted"
    directory.write_document(document)
    assert (world.run().run_id, world.made()) == (again.run_id, 0)


def test_a_stopped_generator_goes_on_where_it_is_asked_to(world: Any) -> None:
    suite, log = Path(world.suite("five")), Log()
    suite.write_text(suite.read_text().replace("samples: 2", "samples: 5"))
    broken = {"config": {"refuses": "*"}, "adapter": "toys:Fussy"}
    first = world.run(str(suite), log=log, **broken)
    assert (first.failed, world.made()) == (5, 3)
    stopped = [event.text for event in log.events if "is stopped" in event.text]
    assert stopped == [
        "toy is stopped; not tried: the first 3 requests failed by: RuntimeError: not this one; "
        "--keep-going tries the rest"
    ]
    assert (world.run(str(suite), **broken).failed, world.made()) == (5, 0)
    again = world.run(str(suite), keep_going=True, **broken)
    assert (again.run_id, again.failed, world.made()) == (first.run_id, 5, 2)


def test_a_longer_run_extends_a_shorter_one(world: Any) -> None:
    short = world.run(samples=2)
    world.made()
    long = world.run(samples=5)
    assert (long.ok, long.reused, world.made()) == (5, 2, 3)
    assert any("samples: 2 -> 5" in message for message in long.messages)
    assert clips(world, short).items() <= clips(world, long).items()
    reused = [row["reused_from"] for row in list_runs(world.root)[0].rows("sample")]
    assert Counter(reused) == {None: 3, short.run_id: 2}
    assert len(query.scores(world.root, [RunDir(world.root, long.run_id)])) >= 5


def test_a_run_whose_clips_are_gone_makes_them_again(world: Any) -> None:
    run = world.run(samples=3)
    world.made()
    lost = next(iter((world.root / "pool" / "clips").glob("*.mkv")))
    lost.unlink()
    again = world.run(samples=3)
    assert (again.run_id, again.ok, world.made()) == (run.run_id, 3, 1)
    assert any("1 clip gone, to be made again" in message for message in again.messages)
    assert lost.exists()


def test_a_batch_is_taken_over_only_as_a_whole(world: Any) -> None:
    world.run(samples=3, batch=2)
    world.made()
    long = world.run(samples=4, batch=2)
    assert (long.reused, world.made()) == (2, 2)


def test_a_changed_configuration_takes_nothing_over(world: Any) -> None:
    world.run()
    world.made()
    changed = world.run(config={"delay_s": 0.001})
    assert (changed.reused, world.made()) == (0, 2)
    assert any("generator toy.config.delay_s: 0.0 -> 0.001" in message for message in changed.messages)


def test_a_clip_that_is_gone_is_made_again(world: Any) -> None:
    world.run()
    world.made()
    next((world.root / "pool" / "clips").glob("*.mkv")).unlink()
    assert (world.run(samples=3).reused, world.made()) == (1, 2)


def test_suites_that_ask_for_the_same_clips_share_them(world: Any) -> None:
    outcome = world.run(world.suite("tiny"), world.suite("other"))
    assert (outcome.ok, world.made()) == (4, 2)
    shas = clips(world, outcome)
    assert {suite for suite, _ in shas} == {"tiny", "other"}
    assert len(set(shas.values())) == 2


def test_two_runners_of_one_run_fail_clearly(world: Any) -> None:
    first = world.run()
    with RunDir(world.root, first.run_id).lock(), pytest.raises(StoreError, match="is in use by process"):
        world.run()


def test_a_torn_journal_is_repaired_and_reported(world: Any) -> None:
    first = world.run()
    directory = RunDir(world.root, first.run_id)
    document = directory.document()
    document.status = "running"
    directory.write_document(document)
    journal = directory.path / "journal" / "runner.jsonl"
    for table in directory.path.glob("*.parquet"):
        table.unlink()
    journal.write_bytes(journal.read_bytes()[:-9])
    assert directory.torn() == [journal]
    world.made()
    again = world.run()
    assert any("cut off by a kill" in message for message in again.messages)
    assert (again.ok, world.made()) == (2, 1)
    assert directory.torn() == []
    assert clips(world, again) == clips(world, first)


def test_a_long_run_says_that_it_plans_and_that_it_reads(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vbench_lite.run.runner.LONG_PLAN", 3)
    logs = Log(), Log(), Log()
    world.run(samples=2, log=logs[0])
    outcome = world.run(samples=3, log=logs[1])
    directory = RunDir(world.root, outcome.run_id)
    document = directory.document()
    document.status = "interrupted"
    directory.write_document(document)
    world.run(samples=3, log=logs[2])
    told = [[(e.text, e.total) for e in log.events if e.stage == "prepare"] for log in logs]
    assert told == [[], [("toy, suite tiny", 3)], [("toy, suite tiny", 3), ("reading what is recorded", 3)]]
