"""The document that a run begins with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from vbench_lite.measure.hardware import hardware
from vbench_lite.run.plan.plan import Plan
from vbench_lite.run.plan.shards import Shard
from vbench_lite.run.plan.sweep import ROLES
from vbench_lite.store.rundir import RunDir, read_runs
from vbench_lite.store.schema import RunDocument


def run_document(plan: Plan, directory: RunDir, shard: Shard | None = None) -> RunDocument:
    """The document of a run that begins now; a clock that steps back does not make it an older one."""
    spec = plan.spec
    newest = max((document.created for document in read_runs(directory.root)[0]), default="")
    return RunDocument(
        run_id=directory.run_id,
        status="running",
        created=after(newest) if newest else now(),
        finished=None,
        seed=spec.seed,
        samples=spec.samples or max(suite.samples for suite in plan.suites),
        generators=list(plan.generators),
        suites=[suite.model_dump(mode="json") for suite in plan.suites],
        controls=spec.controls,
        environment=dict(plan.environment),
        hardware=hardware(),
        timeout_s=spec.timeout_s,
        memory_limit_gib=spec.memory_limit_gib,
        score_device=spec.score_device,
        score_precision=spec.score_precision,
        shard=None if shard is None else str(shard),
        sweep=None if spec.sweep is None else dict(ROLES),
    )


def now() -> str:
    """The time as documents have it: ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def after(moment: str) -> str:
    """Now, or just after a moment that is later: a clock stepped back, unless it is ahead by a year."""
    later = datetime.fromisoformat(moment)
    later = later if later.tzinfo is not None else later.replace(tzinfo=UTC)
    if not timedelta(0) <= later - datetime.now(UTC) < timedelta(days=366):
        return now()
    return (later.astimezone(UTC) + timedelta(microseconds=1)).isoformat(timespec="microseconds")
