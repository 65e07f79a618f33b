"""What programs and servers say, damaged: each is asked for a clip, whose record has to be readable."""

from __future__ import annotations

import json
import random
import shutil
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.odd_inputs.clips import frames
from benchmarks.odd_inputs.damage import damaged, damaged_json
from benchmarks.odd_inputs.guard import READ, REFUSED, Trial, Trials, is_one_line
from benchmarks.odd_inputs.stub import answer, running
from vbench_lite.adapters.external.http import Http
from vbench_lite.adapters.external.worker import Worker
from vbench_lite.adapters.external.worker_session import PROTOCOL
from vbench_lite.generator import GenerationRequest, Generator
from vbench_lite.run.generate.batch import run_batch
from vbench_lite.run.generate.recorder import Recorder
from vbench_lite.run.plan.fit import Sample
from vbench_lite.run.plan.plan import Batch
from vbench_lite.run.progress import Silent
from vbench_lite.store.pool import Pool
from vbench_lite.store.rundir import RunDir
from vbench_lite.store.schema import SampleStatus
from vbench_lite.video.encode import write_lossless

SIDE, FPS = 16, 8.0
CLIP = frames(SIDE, SIDE)
REQUEST = GenerationRequest("p-0", "a cat", len(CLIP), SIDE, SIDE, FPS, 0)
BATCH = Batch("odd", "fuzz", (Sample("p-0", "p", REQUEST, REQUEST),))
HEADS = (
    "Retry-After: 0.01", "Retry-After: -5", "Retry-After: " + "9" * 400, "Location: //127.0.0.2/x",
    "Location: http://127.0.0.2\\@127.0.0.1/x", "Content-Encoding: gzip", "Content-Encoding: br",
    "Transfer-Encoding: chunked", "Content-Length: 7", "Content-Range: bytes 0-1/5",
    "Set-Cookie: a=" + "b" * 5000, "X: \x80\xff", "Content-Type: text/html; charset=no-such",
)  # fmt: skip
STATUSES = ("200 OK", "201 X", "202 Accepted", "204 None", "206 Part", "302 There", "308 There", "401 No",
            "404 No", "429 Later", "500 X", "503 Y", "99 Odd", "999 Odd")  # fmt: skip


def workers(folder: Path, rng: random.Random) -> Trials:
    """Conversations of a worker: lines of JSON changed by value, lost, moved or twice, and bytes anywhere."""
    said = folder / "said"
    while True:
        data = _conversation(rng)
        said.write_bytes(data)
        worker = Worker({"argv": ["cat", str(said)], "max_clip_bytes": 10**6})
        yield Trial("said", data, partial(one_call, worker, folder / "root"))
        shutil.rmtree(folder / "root", ignore_errors=True)


def servers(folder: Path, rng: random.Random) -> Trials:
    """Answers of a video API: a body, a head or a status is another one, or bytes anywhere."""
    path = folder / "clip.mkv"
    write_lossless(path, CLIP, FPS)
    clip = path.read_bytes()
    with running() as stub:
        while True:
            fields = rng.choice([{}, {"url": "url", "cost": "cost"}])
            stub.answers = _answers(clip, "url" in fields, rng)
            api = Http({
                "base_url": f"http://127.0.0.1:{stub.port}", "output": ".mkv", "fields": fields,
                "poll_s": 0.01, "timeout_s": 0.5, "request_timeout_s": 0.3,
                "retries": 1, "backoff_s": 0.01, "backoff_max_s": 0.02,
            })  # fmt: skip
            data = b"\n".join(stub.answers.values())
            yield Trial("answers", data, partial(one_call, api, folder / "root"), port=stub.port)
            shutil.rmtree(folder / "root", ignore_errors=True)


def one_call(generator: Generator, root: Path) -> str:
    """Have a clip made as a run does; its record is readable whatever was said.

    Raises:
        VBenchLiteError, MemoryError: the generator could not be loaded.
    """
    run, pool = RunDir(root, "a"), Pool(root)
    try:
        generator.load()
        records = run_batch(generator, BATCH, pool)
    except MemoryError as error:
        assert is_one_line(str(error)) and "in the worker" in str(error), str(error)
        return REFUSED
    finally:
        generator.close()
    assert records is not None
    with run.journal("runner") as journal:
        recorder = Recorder(journal, (), 1, Silent())
        for record in records:
            recorder.record(record)
    (row,) = run.rows("sample")
    json.dumps(row, allow_nan=False).encode("ascii")
    json.loads(row["facts"] or "{}", parse_constant=_no_number)
    if row["status"] == SampleStatus.OK:
        pool.read(row["clip_sha256"])
        return READ
    assert is_one_line(row["reason"]), row["reason"]
    return REFUSED


def _no_number(text: str) -> None:
    raise AssertionError(f"{text} in JSON")


# --- what is said ---------------------------------------------------------------------------------


def _conversation(rng: random.Random) -> bytes:
    """What a worker says from its first word to its last one."""
    half = len(CLIP) // 2
    emit = {
        "type": "emit",
        "index": 0,
        "count": half,
        "height": SIDE,
        "width": SIDE,
        "bytes": half * SIDE * SIDE * 3,
    }
    said: list[tuple[dict[str, Any], bytes]] = [
        ({"type": "hello", "protocol": PROTOCOL}, b""),
        ({"type": "loaded", "baseline_bytes": 1000}, b""),
        ({"type": "step", "done": 0, "total": 2}, b""),
        ({"type": "phase", "name": "denoise"}, b""),
        ({"type": "note", "facts": {"nfe": 4, "tokens": 8.0, "model": "x", "oom": False, "seed": None}}, b""),
        (emit, CLIP[:half].tobytes()),
        (emit, CLIP[half:].tobytes()),
        rng.choice([
            ({"type": "done", "peak_bytes": 5000, "unread": []}, b""),
            ({"type": "failed", "error": "OSError", "reason": "no such file", "oom": False}, b""),
        ]),
    ]  # fmt: skip
    if rng.random() < 0.3:  # calls are numbered
        said = said[:2] + [({**line, "call": 1}, raw) for line, raw in said[2:]]
    lines = [json.dumps(line).encode() + b"\n" + raw for line, raw in said]
    way, place = rng.random(), rng.randrange(len(said))
    if way < 0.6:
        line, raw = said[place]
        lines[place] = damaged_json(line, rng) + b"\n" + raw
    elif way < 0.7:
        del lines[place]
    elif way < 0.8:
        lines.insert(rng.randrange(len(lines)), lines[place])
    else:
        return damaged(b"".join(lines), rng)
    return b"".join(lines)


def _answers(clip: bytes, named: bool, rng: random.Random) -> dict[str, bytes]:
    """What an API answers at each step, one of them odd."""
    job = {"id": "video_0", "status": "completed", "progress": 100, "cost": 0.5, "error": None}
    if named:
        job["url"] = "/v1/videos/video_0/content"
    if rng.random() < 0.2:
        job |= {"status": "failed", "error": {"message": "moderated"}}
    bodies = {"create": json.dumps({**job, "status": "queued"}).encode(), "job": json.dumps(job).encode()}
    answers = {step: answer(body) for step, body in bodies.items()} | {
        "content": answer(clip, "video/x-matroska")
    }
    step, way = rng.choice(list(answers)), rng.random()
    if way < 0.5 and step in bodies:
        answers[step] = answer(damaged_json(json.loads(bodies[step]), rng))
    elif way < 0.7:
        body, extra = bodies.get(step, clip), f"{rng.choice(HEADS)}\r\n"
        status = rng.choice(STATUSES) if rng.random() < 0.7 else "200 OK"
        answers[step] = answer(
            body, rng.choice(["application/json", "video/mp4", "text/html"]), status, extra
        )
    else:
        answers[step] = damaged(answers[step], rng)
    return answers
