"""The columns of a run, in one place: what a run writes and everything else reads.

`SCHEMA_VERSION` grows when a column changes meaning; readers migrate one version back (`store.migration`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pyarrow as pa

from vbench_lite.extractor import Precision
from vbench_lite.metric import Measurement

SCHEMA_VERSION = 2
NOT_TRIED = "not tried"  # the phase of samples that were given up after the first ones failed
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
    pieces: frames of each emit, in order. batch_key: hash of the requests that shared its call.
    reused_from: id of the run that made the clip, where it was not made for this one.
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
    pieces: list[int] | None = None
    batch_key: str | None = None
    reused_from: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class ScoreRecord:
    """One metric on one sample, set or call.

    level "sample": value of a clip. level "set": value, interval, n and replicates over prompt
    groups. level "call": value of one timed call (sample_id is "case/round/index").
    fingerprint identifies the measurement: two values with different fingerprints must not be
    subtracted.
    series: (seconds, value) pairs behind a clip's value. weight: of the clip in its set; None for 1.
    retry: it may end otherwise under the same fingerprint. asked: fingerprint of the whole set, where
    clips were left out of it. call: "first" or "warm"; contended: whether another process was busy.
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
    extras: str = "{}"  # JSON: what else is known of the value (unit, direction, prompts of the set ...)
    series: list[list[float]] | None = None
    weight: float | None = None
    retry: bool = False
    asked: str | None = None
    call: str | None = None
    contended: bool | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def arrow_schema(record: type[Any]) -> pa.Schema:
    """The columns of a record class: one for each field, in order, every one nullable.

    Numbers, texts and flags as they are, lists of them as lists; anything else is kept as JSON text.
    """
    hints = get_type_hints(record)
    return pa.schema([(one.name, _arrow_type(hints[one.name])) for one in fields(record)])


def _arrow_type(annotation: Any) -> pa.DataType:
    plain = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        (annotation,) = (one for one in inner if one is not type(None))
        return _arrow_type(annotation)
    if origin is list:
        return pa.list_(_arrow_type(inner[0]))
    return plain.get(annotation, pa.string())


SAMPLES = arrow_schema(SampleRecord)
SCORES = arrow_schema(ScoreRecord)
# One row for each timed call: the suite that timed it, and `metric.Measurement`; arrivals, phases are JSON.
MEASUREMENTS = arrow_schema(Measurement).insert(1, pa.field("suite", pa.string()))
SCHEMAS: Mapping[str, pa.Schema] = {"sample": SAMPLES, "score": SCORES, "measurement": MEASUREMENTS}


@dataclass(frozen=True)
class GeneratorEntry:
    """A generator as resolved into a run: label, adapter, configuration and identity.

    params: of every request to it, over those of the suite. draw: which seeds its samples have.
    """

    label: str
    adapter: str
    config: dict[str, Any]
    device: str
    batch: int
    info: dict[str, Any]
    fingerprint: str
    params: dict[str, Any] = field(default_factory=dict)
    draw: int = 0


@dataclass
class RunDocument:
    """run.json: the resolved plan, fingerprints and status. Rewritten by atomic replace.

    suites: the full content of every suite (Suite.model_dump(mode="json")), so that a run can be
    read without the files it came from.
    status: "running", "finished" or "interrupted".
    timeout_s: for one batch.
    memory_limit_gib: what a worker may allocate; None for no limit.
    score_device, score_precision: where and in what the networks that score compute.
    shard: "i/n" for the i-th of n parts of a run, which `merge` puts together; None for a whole run.
    name: what a person calls it; "" for none.
    sweep: labels of the arms that settings are held against (base, again, seeds); None for no sweep.
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
    score_device: str = "cpu"
    score_precision: Precision = "float32"
    shard: str | None = None
    name: str = ""
    sweep: dict[str, str] | None = None
    schema_version: int = SCHEMA_VERSION
    notes: list[str] = field(default_factory=list)

    @property
    def imported(self) -> bool:
        """Whether it holds results of others, which no generator here was run for."""
        return any(entry.adapter.startswith(IMPORTED) for entry in self.generators)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
