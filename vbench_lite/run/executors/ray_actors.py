"""What runs on the nodes of a Ray cluster: one loaded generator, or one set of metrics, in each actor.

Plain classes, so that they can be read and tested without Ray; `executors.ray` makes actors of them.
"""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

from vbench_lite.errors import StoreError, VBenchLiteError, is_out_of_memory, one_line
from vbench_lite.processes import limit_memory, pin_threads
from vbench_lite.run.generate.batch import run_batch
from vbench_lite.run.generate.worker import Done, Loaded, LoadFailed, StorageLost
from vbench_lite.run.networks import Networks
from vbench_lite.run.plan.build import build_generator
from vbench_lite.run.plan.plan import Batch
from vbench_lite.run.scoring.score_part import Part, PartScores, Tools
from vbench_lite.run.scoring.score_worker import finished
from vbench_lite.run.worker_process import Settings
from vbench_lite.store.pool import Pool
from vbench_lite.store.schema import GeneratorEntry


class GeneratorHost:
    """A generator on some node: loads it once and makes batch after batch.

    Args:
        mark: a file that the runner has written; a node that does not see it has another file system.
    """

    def __init__(self, entry: GeneratorEntry, settings: Settings, mark: Path) -> None:
        self._entry, self._settings, self._mark = entry, settings, mark
        self._cancel = threading.Event()

    def load(self) -> Loaded | LoadFailed | StorageLost:
        """Load the generator; on a node with accelerators Ray shows this actor its own as the first."""
        if not self._mark.exists():
            return StorageLost(_unseen(self._settings.root))
        limit_memory(self._settings.memory_bytes)
        device = "cuda" if self._entry.device.startswith("cuda") else self._entry.device
        try:
            self._generator = build_generator(self._entry.adapter, self._entry.config, device)
            self._generator.load()
        except (Exception, SystemExit) as error:
            return LoadFailed(one_line(error), is_out_of_memory(error), isinstance(error, VBenchLiteError))
        pin_threads(self._settings.threads)
        return Loaded(_node())

    def make(self, batch: Batch) -> Done | StorageLost:
        """Make a batch; its clips are in the pool when this returns."""
        self._cancel.clear()
        worker = f"{self._entry.label}:{socket.gethostname()}:{os.getpid()}"
        try:
            records = run_batch(
                self._generator,
                batch,
                Pool(self._settings.root),
                cancelled=self._cancel.is_set,
                worker=worker,
            )
        except StoreError as error:
            return StorageLost(str(error))
        return Done(records)

    def cancel(self) -> None:
        """Ask the batch that is being made to stop; called while `make` queues in its own thread."""
        self._cancel.set()


class ScoringHost:
    """Metrics and extractors on some node, made once."""

    def __init__(
        self, root: Path, metrics: tuple[str, ...], threads: int, networks: Networks, mark: Path
    ) -> None:
        self._root, self._mark = root, mark
        self._metrics, self._threads, self._networks = metrics, threads, networks
        self._tools: Tools | None = None

    def score(self, part: Part) -> PartScores | StorageLost:
        """Score a part."""
        if not self._mark.exists():
            return StorageLost(_unseen(self._root))
        if self._tools is None:
            self._tools = Tools.of(self._root, self._metrics, self._threads, self._networks)
        return finished(self._tools, part)


def _unseen(root: Path) -> str:
    return (
        f"node {socket.gethostname()} does not see {root}: every node needs the root at the same path; "
        "put --root on a file system that all nodes mount"
    )


def _node() -> str | None:
    """The id of the node that this actor is on; None outside a cluster."""
    import ray

    return str(ray.get_runtime_context().get_node_id()) if ray.is_initialized() else None
