"""Batches and scoring on a Ray cluster: one that is there (`--address`), or one on this machine.

An actor holds a loaded generator and makes one batch after another. A worker or a node that is lost
takes its batch along; the batch goes to another actor. A batch that ends two workers on nodes which live, or
is lost with three nodes, is taken to be the cause.
"""

from __future__ import annotations

import os
import socket
import sys
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from vbench_lite.errors import SpecError, StoreError
from vbench_lite.processes import thread_variables
from vbench_lite.run.executors.batch_queue import BatchQueue
from vbench_lite.run.executors.contract import Executor, Job, RecordSink
from vbench_lite.run.executors.ray_actors import GeneratorHost, ScoringHost
from vbench_lite.run.executors.ray_slot import RaySlot
from vbench_lite.run.executors.worker_slot import run_slots
from vbench_lite.run.generate.worker import StorageLost
from vbench_lite.run.scoring.outcome import Outcome
from vbench_lite.run.scoring.score_part import Part, PartScores, Tools
from vbench_lite.run.worker_process import Settings

CONNECT_TIMEOUT_S = 5.0
SCORING_ATTEMPTS = 3


class RayExecutor(Executor):
    """Up to `workers` actors at work, each with the processors and the accelerator of one generator."""

    takes_address = True

    def execute(self, jobs: Sequence[Job], sink: RecordSink, settings: Settings) -> None:
        queues = [BatchQueue(job) for job in jobs if job.batches]
        settings = replace(settings, root=settings.root.resolve(), logs=settings.logs.resolve())
        with connected(self.address, settings.threads) as ray, seen_by_all(settings.root) as mark:
            host = ray.remote(max_restarts=0, max_concurrency=2)(GeneratorHost)

            def open_slot(queue: BatchQueue, slots: Sequence[RaySlot]) -> RaySlot | None:
                if len(slots) >= min(self.workers, _processors(ray, settings.threads)):
                    return None
                accelerated = queue.entry.device != "cpu"
                used = sum(slot.queue.entry.device != "cpu" for slot in slots)
                if accelerated and used >= max(1, int(ray.cluster_resources().get("GPU", 0))):
                    return None
                needs = {"num_cpus": settings.threads, "num_gpus": 1 if accelerated else 0}
                return RaySlot(ray, host.options(**needs), queue, sink, settings, mark)

            def answered(slots: Sequence[RaySlot], pause_s: float) -> Collection[RaySlot]:
                ready, _ = ray.wait([slot.answer for slot in slots], timeout=pause_s)
                return [slot for slot in slots if slot.answer in ready]

            run_slots(queues, open_slot, answered)

    def score(
        self, parts: Iterable[Part], settings: Settings, tools: Tools, scorers: int = 1
    ) -> Iterator[PartScores]:
        """Score every part on the cluster, and give them back in order."""
        root = settings.root.resolve()
        with connected(self.address, settings.threads) as ray, seen_by_all(root) as mark:
            host = ray.remote(max_restarts=0, num_cpus=settings.threads)(ScoringHost)

            def make() -> Any:
                return host.remote(root, tools.names, settings.threads, settings.networks, mark)

            pool = [make() for _ in range(max(1, min(scorers, _processors(ray, settings.threads))))]
            try:
                yield from _in_order(ray, pool, make, (replace(p, root=root) for p in parts), tools)
            finally:
                for actor in pool:
                    ray.kill(actor)


@contextmanager
def connected(address: str | None, threads: int) -> Iterator[Any]:
    """The ray module, connected; a connection of the caller is used as it is and left open.

    Raises:
        SpecError: Ray is not installed, or nobody answers at the address.
    """
    try:
        import ray
    except ImportError:
        raise SpecError("executor ray needs Ray; install it with: pip install 'vbench-lite[ray]'") from None
    ours = not ray.is_initialized()
    if ours:
        _check_address(address)
        environment = {"PYTHONPATH": _own_paths(), **thread_variables(threads)}
        try:
            ray.init(
                address=address or "local",
                log_to_driver=False,
                include_dashboard=None if address else False,
                configure_logging=False,
                runtime_env={"env_vars": environment},
            )
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            raise SpecError(f"no Ray cluster at {address or 'this machine'}: {error}") from None
    try:
        yield ray
    finally:
        if ours:
            ray.shutdown()


@contextmanager
def seen_by_all(root: Path) -> Iterator[Path]:
    """A file under the root, by which a node can tell that it sees the same file system."""
    mark = root / "pool" / f".{uuid.uuid4().hex}.tmp"
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()
    try:
        yield mark
    finally:
        mark.unlink(missing_ok=True)


def _in_order(
    ray: Any, pool: list[Any], make: Any, parts: Iterable[Part], tools: Tools
) -> Iterator[PartScores]:
    """Parts over a pool of actors; an actor that is lost is replaced and its part tried again."""
    source = enumerate(parts)
    idle = list(pool)
    busy: dict[Any, tuple[int, Part, Any, int]] = {}  # answer: place, part, actor, attempt
    done: dict[int, PartScores] = {}
    given, more = 0, True
    while True:
        while more and idle and len(done) < 2 * len(pool):
            index, part = next(source, (-1, None))
            if part is None:
                more = False
            elif part.empty:
                done[index] = tools.score(part)
            else:
                actor = idle.pop()
                busy[actor.score.remote(part)] = (index, part, actor, 1)
        while given in done:
            yield done.pop(given)
            given += 1
        if not busy and not done and not more:
            return
        for answer in ray.wait(list(busy))[0] if busy else ():
            index, part, actor, attempt = busy.pop(answer)
            try:
                result = ray.get(answer)
            except ray.exceptions.RayActorError as error:
                pool.remove(actor)
                actor = make()
                pool.append(actor)
                if attempt < SCORING_ATTEMPTS:
                    busy[actor.score.remote(part)] = (index, part, actor, attempt + 1)
                    continue
                reason = " ".join(str(error).split())[:200]
                text = f"scoring ended {SCORING_ATTEMPTS} Ray workers, the last so: {reason}"
                result = tools.without(part, Outcome.error(text))
            if isinstance(result, StorageLost):
                raise StoreError(result.reason)
            done[index] = result
            idle.append(actor)


def _processors(ray: Any, threads: int) -> int:
    """How many workers of so many threads the cluster has room for now."""
    return int(ray.cluster_resources().get("CPU", 0)) // threads


def _check_address(address: str | None) -> None:
    """Ray itself waits long for a cluster that is not there."""
    if address is None or ":" not in address or "://" in address:
        return
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=CONNECT_TIMEOUT_S):
            return
    except (OSError, ValueError, OverflowError) as error:
        raise SpecError(
            f"no Ray cluster answers at {address}: {error}; start one with: ray start --head"
        ) from None


def _own_paths() -> str:
    """Folders that this process imports from beyond its installation: a test's, a project's."""
    own = [str(Path(entry or Path.cwd())) for entry in sys.path]
    with suppress(ValueError):
        own = [entry for entry in own if not Path(entry).is_relative_to(sys.prefix)]
        own = [entry for entry in own if not Path(entry).is_relative_to(sys.base_prefix)]
    return os.pathsep.join(own)
