"""A worker that errs, crashes, breaks the protocol or cannot be started: one clear line for each."""

from __future__ import annotations

import select
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from worker_programs import BY_HAND, SERVE, Build, ask, builder, call, failing

from vbench_lite.adapters.external.worker import Worker
from vbench_lite.errors import GeneratorError, RequestError, SpecError


@pytest.fixture
def build(tmp_path: Path, other_environment: Path) -> Iterator[Build]:
    with builder(tmp_path, other_environment) as build:
        yield build


def test_an_error_fails_one_call_and_the_process_stays(build: Build) -> None:
    worker = build(
        SERVE + "import os\n"
        "def generate(request, context):\n"
        "    context.note(pid=os.getpid())\n"
        "    if request.prompt == 'bad': raise ValueError('cannot draw\\nthat')\n"
        "    return bytes(request.height * request.width * 3)\n"
        "serve(generate)\n"
    )
    before = call(worker, ask(1)).facts["pid"]
    with pytest.raises(
        GeneratorError,
        match=r"^the worker failed: ValueError: cannot draw that \(program0.py, line 5, in generate\)$",
    ):
        call(worker, ask(1, prompt="bad"))
    assert call(worker, ask(1)).facts["pid"] == before


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("import array; return array.array('f', [0.5])", "emit takes uint8 frames, got format 'f'"),
        ("return bytes(10)", "10 bytes are no whole frames of 6x4 RGB"),
        ("return 'frames'", "emit takes arrays, tensors, images or bytes, got str"),
        ("return memoryview(bytes(24)).cast('B', [2, 3, 4])", r"frames of \(H, W, 3\) or .*got \(2, 3, 4\)"),
        ("raise SystemExit('enough')", "SystemExit: enough"),
    ],
)
def test_what_is_no_frame_is_said_clearly(build: Build, body: str, message: str) -> None:
    worker = build(SERVE + f"def generate(r, c): {body}\nserve(generate)\n")
    with pytest.raises(GeneratorError, match=message):
        call(worker)


def test_want_of_memory_is_told_apart(build: Build) -> None:
    worker = build(SERVE + "def generate(r, c): raise RuntimeError('CUDA out of memory')\nserve(generate)\n")
    assert "out of memory in the worker: RuntimeError" in failing(worker, MemoryError)


def test_a_crash_fails_one_call_with_its_last_words_and_the_next_starts_anew(build: Build) -> None:
    worker = build(
        SERVE + "import os, sys\n"
        "def generate(request, context):\n"
        "    if request.prompt == 'crash':\n"
        "        print('segment 7 is on fire', file=sys.stderr, flush=True); os._exit(3)\n"
        "    return bytes(request.height * request.width * 3)\n"
        "serve(generate)\n"
    )
    with pytest.raises(GeneratorError, match=r"it exited with code 3; it said: segment 7 is on fire"):
        call(worker, ask(1, prompt="crash"))
    record = call(worker, ask(1))
    assert record.facts["restarted"] is True
    assert "load" in record.phases


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("os.write(1, b'what?\\n')", r"the worker broke the protocol: a line that is no message: 'what\?'"),
        ("os.write(1, b'[1]\\n')", r"a line that is no message: '\[1\]'"),
        ("say(type='dance')", "a message that means nothing"),
        ("say(type='step', done='x', total=1)", "a message that means nothing"),
        ("say(type='note', facts={'a': [1]})", "a message that means nothing"),
        ("say(type='emit', index=0, count=1, height=4, width=6, bytes=5)", "a message that means nothing"),
        ("say(type='emit', index=7, count=1, height=1, width=1, bytes=3)", "a message that means nothing"),
        ("say(type='emit', index=0, count=-1, height=4, width=-6, bytes=72)", "a message that means nothing"),
        ("say(type='emit', index=0, count=9, height=9, width=9, bytes=2187)", "above max_clip_bytes = 1000"),
        ("say(type='done', peak_bytes=-1)", "peak_bytes is -1"),
        ("os.write(1, b'x' * 3_000_000)", "a line without an end"),
        ("os.kill(os.getpid(), 9)", "the worker died: it was ended by SIGKILL"),
        ("say(type='emit', index=0, count=1, height=4, width=6, bytes=72); sys.exit(1)", "the worker died"),
    ],
)
def test_a_broken_protocol_ends_the_worker(build: Build, answer: str, message: str) -> None:
    worker = build(BY_HAND.format(answer=answer), max_clip_bytes=1000)
    with pytest.raises(GeneratorError, match=message):
        call(worker)
    assert worker._session is not None and not worker._session.alive


@pytest.mark.parametrize(
    ("program", "kind", "message"),
    [
        (
            "import no_such_module",
            GeneratorError,
            "it exited with code 1; it said: .*No module named 'no_such_module'",
        ),
        ("print('hello')", GeneratorError, "the worker died: it exited with code 0"),
        (BY_HAND.format(answer="pass").replace("protocol=1", "protocol=9"), SpecError, "speaks protocol 9"),
        (
            SERVE + "def load(c): raise OSError('no weights')\nserve(print, load=load)",
            GeneratorError,
            "the worker failed: OSError: no weights",
        ),
    ],
)
def test_a_load_that_fails_says_why(build: Build, program: str, kind: type[Exception], message: str) -> None:
    worker = build(program, load=False)
    with pytest.raises(kind, match=message):
        worker.load()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"argv": []}, "argv"),
        ({"argv": ["x"], "env": {"API_KEY": "abc"}}, "env.API_KEY would be written into run.json"),
        ({"argv": ["x"], "streaming": "sometimes"}, "streaming"),
    ],
)
def test_bad_configurations(config: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        Worker(config)


def test_programs_folders_and_variables_that_are_not_there_are_named(tmp_path: Path) -> None:
    for config, message in (
        ({"argv": ["no-such-program"]}, "there is no program 'no-such-program'"),
        ({"argv": [sys.executable], "cwd": str(tmp_path / "nowhere")}, "nowhere is no folder"),
        ({"argv": [sys.executable], "pass_env": ["NO_SUCH_NAME"]}, "pass_env names NO_SUCH_NAME"),
        ({"argv": [sys.executable], "files": ["gone.bin"]}, "files names gone.bin: No such file"),
    ):
        worker = Worker(config)
        with pytest.raises(SpecError, match=message):
            worker.fingerprint()
            worker.load()


# Answers the first clip, and goes on sending frames of it.
STRAY = BY_HAND.replace(
    "{answer}",
    """
        emit = dict(type="emit", index=0, count=2, height=4, width=6, bytes=144)
        first = not os.path.exists(sys.argv[0] + ".seen")
        open(sys.argv[0] + ".seen", "w").close()
        say(**emit); os.write(1, bytes([7 if first else 9]) * 144)
        say(type="done", peak_bytes=None)
        if first: say(**emit); os.write(1, bytes([8]) * 144)
""",
)


def test_frames_sent_between_two_calls_belong_to_nobody(build: Build) -> None:
    worker = build(STRAY)
    first = call(worker)
    assert worker._session is not None
    while worker._session.quiet:
        select.select([worker._session._from], [], [], 1.0)
    second = call(worker)
    assert first.frames[0] is not None and (first.frames[0] == 7).all()
    assert second.frames[0] is not None and (second.frames[0] == 9).all()
    assert second.facts["stray_output"] is True and second.facts["restarted"] is True
    assert call(worker).facts.get("restarted") is None


def test_what_a_thread_of_an_earlier_call_sends_is_dropped(build: Build) -> None:
    """Its frames carry the number of their own call, whenever they come."""
    worker = build(
        SERVE
        + """
late = []
def generate(request, context):
    for earlier in late:
        earlier.emit(bytes([8]) * 144)
        earlier.note(nfe=1000)
    late.append(context)
    context.emit(bytes([request.seed]) * 144)
    if len(late) == 2:
        late[0].emit(bytes([8]) * 72)
serve(generate)
"""
    )
    first, second = call(worker, ask(seed=1)), call(worker, ask(seed=2))
    assert first.frames[0] is not None and (first.frames[0] == 1).all()
    assert second.frames[0] is not None and (second.frames[0] == 2).all()
    assert second.facts["stray_messages"] == 3 and "nfe" not in second.facts


def test_a_parameter_that_a_worker_never_reads_fails_the_call(build: Build) -> None:
    """A suite that counts steps would otherwise compare calls that are all alike."""
    frames = "bytes(144)"
    deaf = build(SERVE + f"serve(lambda request, context: {frames})")
    with pytest.raises(RequestError, match="the worker never read the suite's parameter 'steps'"):
        call(deaf, ask(params={"steps": 4}))
    assert call(deaf).num_frames == (2,)
    for read in ("request.params['steps']", "request.params.get('steps')", "dict(**request.params)",
                 "'steps' in request.params", "list(request.params.items())"):  # fmt: skip
        hears = build(SERVE + f"serve(lambda request, context: ({read}, {frames})[1])")
        assert call(hears, ask(params={"steps": 4})).num_frames == (2,)
