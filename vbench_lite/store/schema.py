"""The columns of a run, in one place: what the engine writes and everything else reads.

`SCHEMA_VERSION` grows when a column changes meaning; readers migrate one version back.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

import pyarrow as pa

SCHEMA_VERSION = 1
IMPORTED = "import/"  # adapters of runs that hold results of others begin so


class SampleStatus(StrEnum):
    """How a sample ended."""

    OK = "ok"
    FAILED = "failed"
    TIMEOUT = "timeout"
    INVALID = "invalid"  # non-finite, black or frozen output where that is not asked for


class ScoreStatus(StrEnum):
    """How a metric ended on a sample or a set."""

    OK = "ok"
    NOT_APPLICABLE = "not_applicable"
    ERROR = "error"


class Level(StrEnum):
    """What a score row is about."""

    SAMPLE = "sample"
    SET = "set"
    CALL = "call"  # one timed call; rows of metrics on Measurement


@dataclass(frozen=True)
class SampleRecord:
    """One (generator, prompt, seed) and how it ended.

    requested_*, generated_* and returned frames differ where a rule snapped the request.
    Times are seconds of the quality pass; the performance pass has records of its own.
    """

    generator: str
    suite: str
    sample_id: str
    prompt_id: str
    prompt: str
    seed: int
    status: str
    reason: str | None = None
    phase: str | None = None
    oom: bool = False
    clip_sha256: str | None = None
    num_frames: int | None = None
    generated_frames: int | None = None
    requested_frames: int | None = None
    height: int | None = None
    width: int | None = None
    requested_height: int | None = None
    requested_width: int | None = None
    fps: float | None = None
    total_s: float | None = None
    first_frame_s: float | None = None
    peak_bytes: int | None = None
    facts: str = "{}"  # JSON: what the adapter noted (nfe, tokens, effective_prompt ...)
    worker: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class ScoreRecord:
    """One metric on one sample, set or call.

    level "sample": value of a clip. level "set": value, interval, n and replicates over prompt
    groups. level "call": value of one timed call (sample_id is "case/round/index").
    fingerprint identifies the measurement: two values with different fingerprints must not be
    subtracted.
    """

    generator: str
    suite: str
    level: str
    metric: str
    status: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    replicates: list[float] | None = None
    sample_id: str | None = None
    prompt_id: str | None = None
    reason: str | None = None
    fingerprint: str = ""
    extras: str = "{}"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


SAMPLES = pa.schema(
    [
        ("generator", pa.string()),
        ("suite", pa.string()),
        ("sample_id", pa.string()),
        ("prompt_id", pa.string()),
        ("prompt", pa.string()),
        ("seed", pa.int64()),
        ("status", pa.string()),
        ("reason", pa.string()),
        ("phase", pa.string()),
        ("oom", pa.bool_()),
        ("clip_sha256", pa.string()),
        ("num_frames", pa.int64()),
        ("generated_frames", pa.int64()),
        ("requested_frames", pa.int64()),
        ("height", pa.int64()),
        ("width", pa.int64()),
        ("requested_height", pa.int64()),
        ("requested_width", pa.int64()),
        ("fps", pa.float64()),
        ("total_s", pa.float64()),
        ("first_frame_s", pa.float64()),
        ("peak_bytes", pa.int64()),
        ("facts", pa.string()),
        ("worker", pa.string()),
    ]
)

SCORES = pa.schema(
    [
        ("generator", pa.string()),
        ("suite", pa.string()),
        ("level", pa.string()),
        ("metric", pa.string()),
        ("status", pa.string()),
        ("value", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("n", pa.int64()),
        ("replicates", pa.list_(pa.float64())),
        ("sample_id", pa.string()),
        ("prompt_id", pa.string()),
        ("reason", pa.string()),
        ("fingerprint", pa.string()),
        ("extras", pa.string()),
    ]
)

# One row for each timed call; arrivals and phases are JSON. Fields as in metric.Measurement.
MEASUREMENTS = pa.schema(
    [
        ("generator", pa.string()),
        ("suite", pa.string()),
        ("case", pa.string()),
        ("round", pa.int64()),
        ("call", pa.string()),
        ("load_s", pa.float64()),
        ("total_s", pa.float64()),
        ("arrivals", pa.string()),
        ("frames_generated", pa.int64()),
        ("frames_returned", pa.int64()),
        ("batch", pa.int64()),
        ("height", pa.int64()),
        ("width", pa.int64()),
        ("fps", pa.float64()),
        ("phases", pa.string()),
        ("peak_bytes", pa.int64()),
        ("baseline_bytes", pa.int64()),
        ("nfe", pa.float64()),
        ("tokens", pa.float64()),
        ("kv_cache_bytes", pa.float64()),
        ("flops", pa.float64()),
        ("energy_j", pa.float64()),
        ("contended", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class GeneratorEntry:
    """A generator as resolved into a run: label, adapter, configuration and identity."""

    label: str
    adapter: str
    config: dict[str, Any]
    device: str
    batch: int
    info: dict[str, Any]
    fingerprint: str


@dataclass
class RunDocument:
    """run.json: the resolved plan, fingerprints and status. Rewritten by atomic replace.

    suites: the full content of every suite (Suite.model_dump(mode="json")), so that a run can be
    read without the files it came from.
    status: "running", "finished" or "interrupted".
    timeout_s: for one batch.
    memory_limit_gib: what a worker may allocate; None for no limit.
    shard: "i/n" for the i-th of n parts of a run, which `merge` puts together; None for a whole run.
    name: what a person calls it; "" for none.
    """

    run_id: str
    status: str
    created: str  # ISO 8601, UTC
    finished: str | None
    seed: int
    samples: int
    generators: list[GeneratorEntry]
    suites: list[dict[str, Any]]
    controls: bool
    environment: dict[str, Any]  # library versions, python, platform, threads
    hardware: dict[str, Any]  # cpu model, cores, memory, devices; compared for speed and memory
    timeout_s: float = 600.0
    memory_limit_gib: float | None = None
    shard: str | None = None
    name: str = ""
    schema_version: int = SCHEMA_VERSION
    notes: list[str] = field(default_factory=list)

    @property
    def imported(self) -> bool:
        """Whether it holds results of others, which no generator here was run for."""
        return any(entry.adapter.startswith(IMPORTED) for entry in self.generators)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
