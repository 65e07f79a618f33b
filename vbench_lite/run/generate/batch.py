"""One call of a loaded generator: from a batch of the plan to records of its samples.

Runs in whatever process holds the generator. Nothing that a generator raises leaves here: a failure is a
record with its phase and reason, and the next batch goes on.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

from vbench_lite.errors import Cancelled, is_out_of_memory, one_line
from vbench_lite.generator import Generator, Site
from vbench_lite.measure.call_clock import call_clock, call_meter
from vbench_lite.measure.context import CallRecord, RecordingContext
from vbench_lite.run.generate.check_clip import check_clip
from vbench_lite.run.plan.plan import Batch, Sample
from vbench_lite.store.disk import raise_storage_fault
from vbench_lite.store.pool import Pool
from vbench_lite.store.schema import SampleRecord, SampleStatus
from vbench_lite.turns import answer


def run_batch(
    generator: Generator,
    batch: Batch,
    pool: Pool,
    *,
    cancelled: Callable[[], bool] = lambda: False,
    on_progress: Callable[[str, int, int], None] | None = None,
    worker: str | None = None,
) -> list[SampleRecord] | None:
    """Make a batch, store its clips, and return one record a sample.

    Every clip of a returned record is on the disk already.

    Returns:
        None if the generator stopped because `cancelled` asked it to.

    Raises:
        StoreError: the disk is full or read-only. That is no result of the generator, and no record.
    """
    requests = [sample.made for sample in batch.samples]
    meter = call_meter(generator)
    context = RecordingContext(
        requests,
        clock=call_clock(generator),
        cancelled=cancelled,
        on_progress=on_progress,
        memory=meter,
    )
    try:
        answer(generator, requests, context)
        call = context.result()
    except Cancelled as error:
        if cancelled():
            return None
        return _all_failed(batch, error, context, worker)
    except (Exception, SystemExit) as error:
        raise_storage_fault(error, pool.folder)
        return _all_failed(batch, error, context, worker)
    finally:
        if meter is not None:
            meter.close()
    records = []
    for index, sample in enumerate(batch.samples):
        try:
            records.append(_store(generator, batch, sample, call, index, pool, worker))
        except Exception as error:
            raise_storage_fault(error, pool.folder)
            reason, oom = one_line(error), is_out_of_memory(error)
            records.append(failure(batch, sample, reason, "store", oom, worker=worker))
    return records


def failure(
    batch: Batch,
    sample: Sample,
    reason: str,
    phase: str | None,
    oom: bool = False,
    *,
    status: SampleStatus = SampleStatus.FAILED,
    worker: str | None = None,
    **found: Any,
) -> SampleRecord:
    """The record of a sample that has no valid clip; `found` are further fields of the record."""
    told = {"reason": reason, "phase": phase, "oom": oom, "fps": sample.made.fps, "batch_key": batch.key}
    return _record(batch, sample, status, worker, **{**told, **found})


def _record(
    batch: Batch, sample: Sample, status: SampleStatus, worker: str | None, **found: Any
) -> SampleRecord:
    return SampleRecord(
        generator=batch.generator,
        suite=batch.suite,
        sample_id=sample.sample_id,
        prompt_id=sample.prompt_id,
        prompt=sample.asked.prompt,
        seed=sample.asked.seed,
        status=status,
        requested_frames=sample.asked.num_frames,
        requested_height=sample.asked.height,
        requested_width=sample.asked.width,
        worker=worker,
        **found,
    )


def _all_failed(
    batch: Batch, error: BaseException, context: RecordingContext, worker: str | None
) -> list[SampleRecord]:
    phase = context.current_phase or "generate"
    reason, oom = one_line(error), is_out_of_memory(error)
    return [failure(batch, sample, reason, phase, oom, worker=worker) for sample in batch.samples]


def _store(
    generator: Generator,
    batch: Batch,
    sample: Sample,
    call: CallRecord,
    index: int,
    pool: Pool,
    worker: str | None,
) -> SampleRecord:
    """Validate one clip of a finished call, put it into the pool, and record it."""
    info = generator.info
    frames = call.frames[index]
    if frames is None:
        raise ValueError(f"the frames of sample {sample.sample_id} were not kept")
    timed = info.site is not Site.RECORDED
    checked = check_clip(frames, sample.asked, sample.made, info.family, bool(call.facts.get("nonfinite")))
    fps = info.native_fps or sample.made.fps
    found = {
        "generated_frames": len(frames),
        "height": frames.shape[1],
        "width": frames.shape[2],
        "fps": fps,
        "total_s": call.total_s if timed else None,
        "first_frame_s": call.arrivals[index][0][0] if timed else None,
        "peak_bytes": call.peak_bytes,
        "facts": _facts(call, index),
        "pieces": [count for _, count in call.arrivals[index]],
        "batch_key": batch.key,
    }
    if checked.frames is not None:
        found["clip_sha256"] = pool.put(checked.frames, fps)
        found["num_frames"] = len(checked.frames)
    if checked.status is not SampleStatus.OK:
        reason, status = checked.reason or "", checked.status
        return failure(batch, sample, reason, "output", status=status, worker=worker, **found)
    return _record(batch, sample, SampleStatus.OK, worker, **found)


def _facts(call: CallRecord, index: int) -> str:
    """What was noted, as JSON; a number that JSON cannot hold is kept as text.

    Of a steered clip, `sampled` lists (frame at which a control was issued, first frame made with it).
    """
    facts: dict[str, Any] = {
        name: str(value) if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in call.facts.items()
    }
    phases = {name: round(seconds, 6) for name, seconds in call.phases.items()}
    sampled = [(one.change, one.frame) for one in call.sampled[index]]
    if sampled:
        facts["sampled"] = sampled
    return json.dumps({**facts, "phases": phases}, sort_keys=True, allow_nan=False)
