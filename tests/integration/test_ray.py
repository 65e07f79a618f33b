"""The executor ray on a cluster of two nodes: the same numbers, and nothing lost with a worker or a node."""

from __future__ import annotations

import importlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from one_plan import ARMS, SAMPLES, carry_out, clips, numbers, specification

from vbench_lite.errors import SpecError
from vbench_lite.run.executors.local import LocalExecutor
from vbench_lite.run.executors.make import make_executor
from vbench_lite.run.executors.ray_actors import GeneratorHost
from vbench_lite.run.generate.worker import StorageLost
from vbench_lite.run.plan.plan import build_plan
from vbench_lite.run.worker_process import Settings

PATIENCE_S = 120.0


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes on this machine, with one processor each; this process is connected to them."""
    ray: Any = pytest.importorskip("ray", reason="the extra ray is not installed")
    cluster_utils: Any = importlib.import_module("ray.cluster_utils")

    here = str(Path(__file__).parent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([here, os.environ.get("PYTHONPATH", "")]))
        patch.setenv("RAY_health_check_period_ms", "500")
        patch.setenv("RAY_health_check_failure_threshold", "3")
        nodes = cluster_utils.Cluster(
            initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False}
        )
        try:
            nodes.second = nodes.add_node(num_cpus=1)
            ray.init(address=nodes.address, log_to_driver=False, configure_logging=False)
            yield nodes
        finally:
            ray.shutdown()
            nodes.shutdown()


def made(folder: Path) -> list[tuple[str, int]]:
    """(sample, process) for every sample that was begun, in order."""
    path = folder / "made.txt"
    lines = path.read_text().splitlines() if path.exists() else []
    return [(line.split()[0], int(line.split()[1])) for line in lines if len(line.split()) == 2]


def on_ray(folder: Path, meanwhile: Callable[[], None], **config: Any) -> Any:
    """Carry the plan out on the cluster while something happens to it."""
    found: list[Any] = []
    executor = make_executor("ray", workers=2)
    config = {"made": str(folder / "made.txt"), "delay_s": 0.05, **config}
    work = threading.Thread(target=lambda: found.append(carry_out(folder, executor, **config)))
    work.start()
    meanwhile()
    work.join(PATIENCE_S)
    assert found, "the run did not end"
    return found[0]


def wait_for(condition: Callable[[], bool]) -> None:
    before = time.monotonic()
    while not condition() and time.monotonic() - before < PATIENCE_S:
        time.sleep(0.01)


def test_ray_gives_the_numbers_of_one_process_and_a_killed_worker_loses_nothing(
    cluster: Any, tmp_path: Path
) -> None:
    (tmp_path / "alone").mkdir()
    alone = carry_out(tmp_path / "alone", LocalExecutor())
    (tmp_path / "ray").mkdir()

    def kill_a_worker() -> None:
        wait_for(lambda: len(made(tmp_path / "ray")) >= 3)
        os.kill(made(tmp_path / "ray")[-1][1], signal.SIGKILL)

    run = on_ray(tmp_path / "ray", kill_a_worker)
    assert len({process for _, process in made(tmp_path / "ray")}) >= 3
    assert {row["status"] for row in run.rows("sample")} == {"ok"}
    assert clips(run) == clips(alone)
    assert numbers(run) == numbers(alone)


def test_a_node_that_is_lost_loses_nothing(cluster: Any, tmp_path: Path) -> None:
    def remove_a_node() -> None:
        wait_for(lambda: len({process for _, process in made(tmp_path)}) >= 2)
        cluster.remove_node(cluster.second, allow_graceful=False)

    run = on_ray(tmp_path, remove_a_node)
    assert len(clips(run)) == ARMS * SAMPLES
    assert {row["status"] for row in run.rows("sample")} == {"ok"}
    begun = [sample for sample, _ in made(tmp_path)]
    assert len(begun) <= ARMS * SAMPLES + 2 * 3, "only the batches that were at work are made again"


def test_a_node_with_another_file_system_is_named(tmp_path: Path) -> None:
    plan = build_plan(specification(tmp_path))
    settings = Settings(tmp_path, tmp_path / "logs", 1, 10.0, 10.0)
    told = GeneratorHost(plan.generators[0], settings, tmp_path / "no mark").load()
    assert isinstance(told, StorageLost)
    assert "put --root on a file system that all nodes mount" in told.reason


def test_an_address_where_nobody_answers_is_one_line() -> None:
    from vbench_lite.run.executors.ray import _check_address

    with pytest.raises(SpecError, match=r"no Ray cluster answers at 127\.0\.0\.1:1:"):
        _check_address("127.0.0.1:1")
    with pytest.raises(SpecError, match="add --executor ray"):
        LocalExecutor(address="127.0.0.1:1")
