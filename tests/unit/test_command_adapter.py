"""A program for each clip: what it is told, what it leaves, how it fails, and that nothing of it stays."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest
from clip_files import moving_square
from one_call import record_of

from vbench_lite.adapters.external import command as command_module
from vbench_lite.adapters.external.command import Command
from vbench_lite.errors import Cancelled, ClipError, GeneratorError, RequestError, SpecError
from vbench_lite.generator import GenerationRequest, Site
from vbench_lite.measure.context import CallRecord
from vbench_lite.video.decode import write_lossless

# With numpy, from this environment; what runs without any package is in the examples of the documents.
SAVE = "import json, os, subprocess, sys, time\nimport numpy as np\nasked = json.load(open(sys.argv[1]))\n"

Build = Callable[..., Command]


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    """Builds loaded adapters from the text of their program; they are closed at the end."""
    made: list[Command] = []

    def build(program: str, *arguments: str, **config: Any) -> Command:
        path = tmp_path / f"program{len(made)}.py"
        path.write_text(program)
        argv = [sys.executable, str(path), *(arguments or ("{request}",))]
        command = Command({"argv": argv, "output": ".npy", **config})
        command.load()
        made.append(command)
        return command

    yield build
    for command in made:
        command.close()


def ask(**fields: Any) -> GenerationRequest:
    given = {"prompt": "a cat", "num_frames": 3, "height": 4, "width": 6, "fps": 8.0, "seed": 5, **fields}
    return GenerationRequest("s", **given)


def call(command: Command, request: GenerationRequest | None = None, **context: Any) -> CallRecord:
    return record_of(command, request or ask(), **context)


# --- what it is told and what it leaves ------------------------------------------------------


def test_the_request_reaches_it_and_its_clip_comes_back(build: Build, tmp_path: Path) -> None:
    command = build(
        SAVE + f"open({str(tmp_path / 'seen.json')!r}, 'w').write(json.dumps(asked))\n"
        "size = (asked['num_frames'], asked['height'], asked['width'])\n"
        "frames = np.full((*size, 3), asked['seed'], np.uint8)\n"
        "frames[:, 0, 0, 0] = np.arange(asked['num_frames'])\n"
        "np.save(asked['output'], frames)\n"
    )
    image = np.zeros((4, 6, 3), np.uint8)
    followed = {"control_clip": np.zeros((3, 4, 6, 3), np.uint8), "control_kind": "edges"}
    record = call(command, ask(params={"steps": 4}, image=image, **followed))
    (frames,) = record.frames
    assert frames is not None and frames.shape == (3, 4, 6, 3)
    assert frames[:, 0, 0, 0].tolist() == [0, 1, 2] and int(frames[0, 1, 1, 1]) == 5
    assert len(record.arrivals[0]) == 1
    seen = json.loads((tmp_path / "seen.json").read_text())
    assert {name: seen[name] for name in ("version", "prompt", "num_frames", "height", "width", "fps")} == {
        "version": 1, "prompt": "a cat", "num_frames": 3, "height": 4, "width": 6, "fps": 8.0,
    }  # fmt: skip
    assert (seen["seed"], seen["params"], seen["device"], seen["past_frames"]) == (
        5,
        {"steps": 4},
        "cpu",
        None,
    )
    assert Path(seen["image"]).name == "image.npy"
    assert (Path(seen["control_clip"]).name, seen["control_kind"]) == ("control_clip.npy", "edges")
    assert not Path(seen["output"]).parent.exists()  # the scratch folder is gone
    assert command.info.site is Site.COMMAND
    assert set(record.phases) == {"command", "read"}


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process is kept by Linux only")
def test_memory_of_the_program_and_of_what_it_starts(build: Build) -> None:
    big = "scratch = bytearray(b'x') * 60_000_000; time.sleep(0.5)"
    alone = build(SAVE + f"{big}\nnp.save(asked['output'], np.zeros((3, 4, 6, 3), np.uint8))\n")
    peak = call(alone).peak_bytes
    assert peak is not None and 60e6 < peak < 160e6
    child = build(
        SAVE + "scratch = bytearray(b'x') * 60_000_000\n"
        f"subprocess.run([sys.executable, '-c', \"import time; {big}\"])\n"
        "np.save(asked['output'], np.zeros((3, 4, 6, 3), np.uint8))\n"
    )
    both = call(child).peak_bytes
    assert both is not None and both > peak + 40e6, "the memory of both"
    forks = build(
        SAVE + "scratch = bytearray(b'x') * 60_000_000\n"
        "for _ in range(3):\n"
        "    if os.fork() == 0: sum(scratch[::4096]); time.sleep(0.5); os._exit(0)\n"
        "for _ in range(3): os.wait()\n"
        "np.save(asked['output'], np.zeros((3, 4, 6, 3), np.uint8))\n"
    )
    shared = call(forks).peak_bytes
    assert shared is not None and shared < peak + 30e6, "pages that four processes share are counted once"
    elsewhere = Command({"argv": child.config.argv, "output": ".npy"}, device="cuda:0")
    elsewhere.load()
    assert call(elsewhere).peak_bytes is None  # what is on a device cannot be seen from here
    elsewhere.close()


def test_prompts_are_one_argument_whatever_they_hold(build: Build) -> None:
    command = build(
        "import sys, numpy as np\n"
        "np.save(sys.argv[1], np.zeros((1, 1, 1, 3), np.uint8) + len(sys.argv))\n"
        "print(sys.argv[2:], file=sys.stderr); sys.exit(7)",
        "{output}", "--prompt={prompt}", "{{{seed}}}", "{seconds}", "{width}x{height}@{fps}", "{params.a}",
    )  # fmt: skip
    prompt = "$(touch pwned); `id` | {seed} 'x' \"y\" *"
    with pytest.raises(GeneratorError) as caught:
        call(command, ask(prompt=prompt, params={"a": 1.5}))
    expected = [f"--prompt={prompt}", "{5}", "0.375", "6x4@8", "1.5"]
    assert str(caught.value) == f"the program failed: it exited with code 7; it said: {expected}"


def test_video_files_are_read_and_their_rate_is_held_against_the_request(
    build: Build, tmp_path: Path
) -> None:
    write_lossless(tmp_path / "made.mkv", moving_square(3, 4, 24), 8.0)
    copy = f"import shutil, sys\nshutil.copy({str(tmp_path / 'made.mkv')!r}, sys.argv[1])\n"
    record = call(build(copy, "{output}", output=".mkv"))
    (frames,) = record.frames
    assert frames is not None and (frames == moving_square(3, 4, 24)).all()
    assert record.facts["file_fps"] == 8.0
    with pytest.raises(
        ClipError, match=r"clip.mkv is at 8 frames a second, 24 were agreed; declare native_fps: 8"
    ):
        call(build(copy, "{output}", output=".mkv"), ask(fps=24.0))
    call(build(copy, "{output}", output=".mkv", native_fps=8), ask(fps=24.0))


# --- how it fails ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "print('no disk', file=sys.stderr); sys.exit(4)",
            "the program failed: it exited with code 4; it said: no disk",
        ),
        ("os.kill(os.getpid(), 9)", "it was ended by SIGKILL, not for want of memory"),
        ("sys.exit(4)", "the program failed: it exited with code 4, without a word on stderr"),
        ("print('done!')", r"the program wrote no clip to \{output\}: it exited with code 0; it said: done!"),
        ("open(asked['output'], 'w').write('x')", "clip.npy: no array that numpy reads"),
        (
            "np.save(asked['output'], np.array([{}]), allow_pickle=True)",
            "clip.npy: no array that numpy reads",
        ),
        ("np.save(asked['output'], np.zeros((3, 4, 6, 3)))", r"uint8 .*got float64 \(3, 4, 6, 3\)"),
        ("np.save(asked['output'], np.zeros((99, 9, 9, 3), np.uint8))", "above the limit of 9000"),
    ],
)
def test_failures_say_what_happened(build: Build, body: str, message: str) -> None:
    with pytest.raises((GeneratorError, ClipError), match=message):
        call(build(SAVE + body, max_clip_bytes=9000))


def test_a_parameter_that_the_suite_does_not_give(build: Build) -> None:
    with pytest.raises(RequestError, match=r"the request has no params.steps; give it under request.params"):
        call(build("", "{output}", "{params.steps}"))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"argv": ["x"]}, "argv needs {output} or {request}"),
        ({"argv": ["x", "{output}", "{colour}"]}, "{colour} is unknown; there are: prompt"),
        ({"argv": ["x", "{output}"], "output": "../../clip.mp4"}, "output"),
        (
            {"argv": ["x", "{output}"], "env": {"HF_TOKEN": "abc"}},
            "env.HF_TOKEN would be written into run.json",
        ),
        ({"argv": "x {output}"}, "argv"),
    ],
)
def test_bad_configurations(config: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        Command(config)


# --- stopping --------------------------------------------------------------------------------

# Starts a child that waits, writes down both ids, and waits: a request to end reaches both or none.
SLOW = """
import os, signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("at work", flush=True)
{before}
open(sys.argv[1], "w").write(f"{{os.getpid()}} {{child.pid}}\\n")
{ending}
"""


def written(path: Path) -> bool:
    """Whether both ids are there."""
    return path.exists() and path.read_text().endswith("\n")


def gone(path: Path) -> bool:
    """Whether the processes have ended; those that init must take away may need a moment."""
    there = [psutil.Process(int(pid)) for pid in path.read_text().split() if psutil.pid_exists(int(pid))]
    return psutil.wait_procs(there, timeout=20)[1] == []


@pytest.mark.parametrize("before", ["", "signal.signal(signal.SIGTERM, signal.SIG_IGN)"])
def test_time_out_ends_it_and_its_children(
    build: Build, tmp_path: Path, before: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids = tmp_path / "pids"
    clock = SimpleNamespace(monotonic=lambda: 9.0 if written(pids) else 0.0)
    monkeypatch.setattr(command_module, "time", clock)
    program = SLOW.format(before=before, ending="time.sleep(600)")
    command = build(program, str(pids), "{output}", timeout_s=5)
    with pytest.raises(
        GeneratorError, match=r"the program did not end within timeout_s = 5; it said: at work"
    ):
        call(command)
    assert gone(pids)


def test_what_it_leaves_behind_is_ended(build: Build, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    ending = "import numpy; numpy.save(sys.argv[2], numpy.zeros((3, 4, 6, 3), 'u1'))"
    call(build(SLOW.format(before="", ending=ending), str(pids), "{output}"))
    assert gone(pids)


def test_a_request_to_stop_ends_it(build: Build, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    command = build(SLOW.format(before="", ending="time.sleep(600)"), str(pids), "{output}")
    with pytest.raises(Cancelled):
        call(command, cancelled=lambda: written(pids))
    assert gone(pids)
