"""A worker in an environment without any package: what it streams, how it stops, and that it never stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from worker_programs import BY_HAND, SERVE, Build, ask, builder, call, failing

from vbench_lite.adapters.external import worker_session
from vbench_lite.adapters.external.worker import Worker
from vbench_lite.control import parse_script
from vbench_lite.errors import Cancelled, SpecError
from vbench_lite.generator import GenerationRequest, Site
from vbench_lite.measure.call_clock import call_clock, call_meter
from vbench_lite.measure.clock import Clock


@pytest.fixture
def build(tmp_path: Path, other_environment: Path) -> Iterator[Build]:
    with builder(tmp_path, other_environment) as build:
        yield build


def test_frames_steps_phases_and_notes_arrive(build: Build) -> None:
    worker = build(
        SERVE
        + """
def generate(request, context):
    context.phase("denoise")
    for t in range(request.num_frames):
        context.step(t, request.num_frames)
        context.note(nfe=2, effective_prompt=request.prompt + "!")
    context.phase("decode")
    for t in range(request.num_frames):
        context.emit(bytes([t, 1, 2]) * (request.height * request.width))
    context.phase("tidy")
serve(generate)
"""
    )
    steps: list[tuple[str, int, int]] = []
    record = call(worker, ask(3), on_progress=lambda *step: steps.append(step))
    (frames,) = record.frames
    assert frames is not None
    assert frames.shape == (3, 4, 6, 3)
    assert (frames[..., 0] == np.arange(3)[:, None, None]).all()
    assert (frames[..., 1:] == [1, 2]).all()
    assert [count for _, count in record.arrivals[0]] == [1, 1, 1]
    assert steps == [("denoise", t, 3) for t in range(3)]
    assert set(record.phases) == {"denoise", "decode"}  # "tidy" begins after the last frame
    assert (record.facts["nfe"], record.facts["effective_prompt"]) == (6, "a cat!")
    assert worker.info.site is Site.WORKER


def test_functions_may_return_or_yield_their_frames(build: Build) -> None:
    one = "b = lambda r, t: bytes([t]) * (r.height * r.width * 3)\n"
    for body in ("return [b(r, 0), b(r, 1)]", "yield b(r, 0); yield b(r, 1)", "return b(r, 0) + b(r, 1)"):
        record = call(build(SERVE + one + f"def generate(r, context): {body}\nserve(generate)\n"))
        (frames,) = record.frames
        assert frames is not None and frames[:, 0, 0, 0].tolist() == [0, 1]


def test_a_batch_reaches_a_function_for_batches(build: Build) -> None:
    worker = build(
        SERVE + "def generate(requests, context):\n"
        "    return [bytes([r.seed]) * (r.height * r.width * 3) for r in requests]\n"
        "serve(generate, batched=True)\n"
    )
    requests = [GenerationRequest(f"s{seed}", "x", 1, 4, 6, 8.0, seed) for seed in (5, 9)]
    record = call(worker, *requests)
    assert [int(frames[0, 0, 0, 0]) for frames in record.frames if frames is not None] == [5, 9]


def test_an_image_and_parameters_are_handed_over(build: Build) -> None:
    worker = build(
        SERVE + "def generate(request, context):\n"
        "    assert request.image.shape == (4, 6, 3)\n"
        "    context.note(steps=request.params['steps'])\n"
        "    return request.image\n"
        "serve(generate)\n"
    )
    image = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)
    record = call(worker, ask(1, image=image, params={"steps": 7}))
    (frames,) = record.frames
    assert frames is not None and (frames[0] == image).all()
    assert record.facts["steps"] == 7


def test_a_past_and_a_control_clip_are_handed_over(build: Build) -> None:
    worker = build(
        SERVE + "def generate(request, context):\n"
        "    assert request.image is None and request.control_kind == 'edges'\n"
        "    context.emit(request.past_frames)\n"
        "    context.emit(request.control_clip)\n"
        "serve(generate)\n"
    )
    past, control = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 6, 3), np.uint8)
    asked = ask(6, past_frames=past, control_clip=control, control_kind="edges")
    (frames,) = call(worker, asked).frames
    assert frames is not None and np.array_equal(frames, np.concatenate([past, control]))


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process is kept by Linux only")
def test_its_own_memory_is_charged_to_the_call(build: Build) -> None:
    worker = build(
        SERVE
        + """
def load(context):
    return bytearray(b"x") * 40_000_000
def generate(request, context):
    scratch = bytearray(b"x") * 30_000_000
    context.note(model_bytes=len(context.model), scratch=len(scratch))
    return bytes(request.height * request.width * 3)
serve(generate, load=load)
"""
    )
    record = call(worker, ask(1))
    baseline = record.facts["baseline_bytes"]
    assert record.peak_bytes is not None and isinstance(baseline, int)
    assert 69e6 < record.peak_bytes - baseline < 80e6  # the kernel counts pages of a thread in batches
    without = call(build(SERVE + "serve(lambda r, c: bytes(r.height * r.width * 3))\n"), ask(1))
    assert without.peak_bytes is not None and without.peak_bytes < 40e6
    assert without.facts["baseline_bytes"] is None


def test_whatever_is_printed_cannot_break_the_protocol(
    build: Build, capfd: pytest.CaptureFixture[str]
) -> None:
    worker = build(
        """
import os, subprocess, sys
print("imported", flush=True)
"""
        + SERVE
        + """
def generate(request, context):
    print('{"type": "done"}', flush=True)
    os.write(1, b"from below\\n")
    subprocess.run([sys.executable, "-c", "print('from a child')"], check=True)
    assert sys.stdin.read() == ""
    return bytes(request.height * request.width * 3)
serve(generate)
"""
    )
    assert call(worker, ask(1)).num_frames == (1,)
    worker.close()  # reads what it said to the end
    log = capfd.readouterr().err
    assert [line in log for line in ("imported", "from below", "from a child")] == [True] * 3


def test_keys_and_modules_of_this_environment_stay_here(
    build: Build, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    program = (
        SERVE + "import os\n"
        "def generate(request, context):\n"
        "    for name in ('MY_TOKEN', 'PYTHONPATH', 'SIZE'): context.note(**{name: os.environ.get(name)})\n"
        "    context.emit(bytes(request.height * request.width * 3))\n"
        "    if 'MY_TOKEN' in os.environ: raise ValueError('bad token ' + os.environ['MY_TOKEN'])\n"
        "serve(generate)\n"
    )
    monkeypatch.setenv("MY_TOKEN", "sesame-open")
    monkeypatch.setenv("PYTHONPATH", "/modules/of/this")
    facts = call(build(program, env={"SIZE": "8"}), ask(1)).facts
    assert (facts["MY_TOKEN"], facts["SIZE"]) == (None, "8")
    assert str(facts["PYTHONPATH"]).endswith("foreign")
    told = failing(build(program, pass_env=["MY_TOKEN"]))
    assert "ValueError: bad token [secret] (program1.py, line 6, in generate)" in told
    assert "sesame" not in told + capfd.readouterr().err


def test_the_device_of_the_specification_reaches_it_and_is_not_touched_here(
    build: Build, other_environment: Path
) -> None:
    program = (
        SERVE + "def generate(request, context):\n"
        "    context.note(device=context.device, threads=context.threads)\n"
        "    return bytes(request.height * request.width * 3)\n"
        "serve(generate)\n"
    )
    argv = build(program, load=False).config.argv
    worker = Worker({"argv": argv}, device="cuda:1")
    worker.load()
    assert (call_clock(worker), call_meter(worker)) == (Clock(), None)
    record = call(worker, ask(1))
    assert (record.facts["device"], record.facts["threads"]) == ("cuda:1", 1)
    assert record.peak_bytes is None  # it is not the process's to see, and torch is not there
    worker.close()


def test_the_worker_of_the_protocol_page_does_what_it_says(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "adapters" / "protocol.md"
    script = tmp_path / "worker.sh"
    script.write_text(page.read_text().split("```sh\n")[1].split("```")[0])
    worker = Worker({"argv": ["sh", str(script)]})
    worker.load()
    for _ in range(2):
        assert failing(worker) == "the worker failed: Shell: draws nothing"
    worker.close()


# --- stopping --------------------------------------------------------------------------------

FOREVER = (
    SERVE + "import os, time\n"
    "def generate(request, context):\n"
    "    context.note(pid=os.getpid())\n"
    "    try: context.emit(bytes(request.height * request.width * 3))\n"
    "    finally:\n"  # a stop may be heard within emit already
    "        while request.prompt == 'forever': {wait}\n"
    "serve(generate)\n"
)


def stop_after_the_first_frame(worker: Worker) -> None:
    frames: list[int] = []
    with pytest.raises(Cancelled):
        call(
            worker,
            ask(1, prompt="forever"),
            cancelled=lambda: bool(frames),
            on_frames=lambda index, piece: frames.append(len(piece)),
        )


def test_a_worker_that_heeds_a_stop_goes_on_with_the_next_call(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_session, "CANCEL_GRACE_S", 60.0)  # this machine may be busy
    worker = build(FOREVER.format(wait="context.step(0, 1); time.sleep(0.01)"))
    before = call(worker, ask(1)).facts["pid"]
    stop_after_the_first_frame(worker)
    assert call(worker, ask(1)).facts["pid"] == before


def test_a_worker_that_does_not_is_ended(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_session, "CANCEL_GRACE_S", 0.2)
    worker = build(FOREVER.format(wait="time.sleep(60)"))
    before = call(worker, ask(1)).facts["pid"]
    stop_after_the_first_frame(worker)
    assert not psutil.pid_exists(int(before or 0))
    assert call(worker, ask(1)).facts["restarted"] is True


HOST = """
import sys
from vbench_lite.adapters.external.worker import Worker
worker = Worker({"argv": sys.argv[1:]})
worker.load()
print("ready", flush=True)
sys.stdin.read()
"""


def test_no_process_outlives_a_harness_that_is_killed(tmp_path: Path, other_environment: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        SERVE + "import subprocess, sys\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "serve(print)\n"
    )
    python = str(other_environment / "bin" / "python")
    with subprocess.Popen(
        [sys.executable, "-c", HOST, python, str(program)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as host:
        assert host.stdout is not None and host.stdout.readline() == "ready\n"
        family = psutil.Process(host.pid).children(recursive=True)
        assert len(family) == 3  # the reaper, the worker, and what the worker started
        os.kill(host.pid, signal.SIGKILL)
    _, left = psutil.wait_procs(family, timeout=20)
    assert left == []


def test_closing_lets_the_program_end_by_itself(build: Build, tmp_path: Path) -> None:
    mark = tmp_path / "ended"
    worker = build(SERVE + f"serve(print)\nopen({str(mark)!r}, 'w').close()\n")
    worker.close()
    assert mark.exists()


def test_a_changed_program_makes_another_generator(build: Build, tmp_path: Path) -> None:
    worker = build(SERVE, load=False)
    before = worker.fingerprint()
    assert worker.fingerprint() == before
    (tmp_path / "program0.py").write_text(SERVE + "# edited\n")
    assert worker.fingerprint() != before


STEERED = """
def generate(request, context):
    for _ in range(request.num_frames // 2):
        held = context.control()
        value = {(): 0, ("D",): 10, ("A",): 20}[held.keys] + len(held.prompt or "")
        context.emit(bytes([value]) * (2 * 3 * request.height * request.width))
serve(generate)
"""


def test_a_worker_is_steered(build: Build) -> None:
    worker = build(SERVE + STEERED, actions=["D", "A", "prompt"])
    assert worker.info.actions == ("D", "A", "prompt")
    script = parse_script('D*3 0*2 "ab"+A*9')
    record = call(worker, ask(10, script=script))
    (frames,) = record.frames
    assert frames is not None
    assert frames[:, 0, 0, 0].tolist() == [10, 10, 10, 10, 0, 0, 22, 22, 22, 22]
    assert [(one.change, one.frame) for one in record.sampled[0]] == [(0, 0), (3, 4), (5, 6)]
    (plain,) = call(worker, ask(4)).frames
    assert plain is not None and (plain == 0).all()


def test_a_worker_that_waits_for_a_control_can_be_stopped(build: Build) -> None:
    worker = build(SERVE + STEERED, actions=["D"])
    time = [0.0]

    def spend(seconds: float) -> None:
        time[0] += seconds

    clock = Clock(now=lambda: time[0], sleep=spend)
    with pytest.raises(Cancelled):
        script = parse_script("D*20")
        call(worker, ask(20, script=script), clock=clock, paced=True, cancelled=lambda: time[0] > 0.3)
    assert call(worker, ask(4, script=script)).num_frames == (4,)  # the next call has its own answers


def test_a_worker_of_version_1_works_but_cannot_be_steered(build: Build) -> None:
    program = BY_HAND.format(
        answer="say(type='emit', index=0, count=1, height=4, width=6, bytes=72);"
        " os.write(1, bytes(72)); say(type='done', peak_bytes=None)"
    )
    assert call(build(program), ask(1)).num_frames == (1,)
    with pytest.raises(SpecError, match="protocol 1, which knows no controls"):
        build(program, actions=["D"])
    with pytest.raises(SpecError, match="there is no action 'Q'"):
        build(program, load=False, actions=["Q"])
