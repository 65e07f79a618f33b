"""A program of the user: what it may see of this environment, and how its end is told."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vbench_lite.errors import GeneratorError, SpecError
from vbench_lite.generator import Frames, GenerationRequest
from vbench_lite.processes import SupervisedProcess

_END_GRACE_S = 0.5  # after SIGTERM, before SIGKILL

# What any program needs to find itself and its devices; keys and this environment's modules stay here.
_PASSED = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TZ|TMPDIR|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH|XDG_CACHE_HOME"
    r"|SSL_CERT_(FILE|DIR)|CUDA_\w+|NVIDIA_\w+|HIP_\w+|ROCR_\w+|HF_HOME|HF_HUB_(CACHE|OFFLINE)|TORCH_HOME"
    r"|(OMP|MKL|OPENBLAS|VECLIB|NUMEXPR)_\w+|TOKENIZERS_PARALLELISM|PYTHONHASHSEED"
)
_SECRET = re.compile(r"(?i)key|token|secret|passw|credential")


def child_environment(extra: Mapping[str, str], passed: Sequence[str]) -> dict[str, str]:
    """The environment of a foreign program: a short list of harmless variables, and what the user names.

    Raises:
        SpecError: a variable that is to be passed on is not set.
    """
    for name in passed:
        if name not in os.environ:
            raise SpecError(f"pass_env names {name}, which is not set in the environment")
    kept = {name: value for name, value in os.environ.items() if _PASSED.fullmatch(name)}
    return {**kept, **{name: os.environ[name] for name in passed}, **extra}


def check_no_secrets(names: Sequence[str]) -> None:
    """Raise ValueError if a variable's value would be written into the run though it looks like a key."""
    for name in names:
        if _SECRET.search(name):
            raise ValueError(
                f"env.{name} would be written into run.json; export it and name it in pass_env instead"
            )


def check_program(program: str, cwd: Path | None, env: Mapping[str, str]) -> None:
    """Raise SpecError if there is no such program, as a path from `cwd` or a name on the child's PATH."""
    if cwd is not None and not cwd.is_dir():
        raise SpecError(f"cwd {cwd} is no folder")
    found = str((cwd or Path()) / program) if os.sep in program else program
    if shutil.which(found, path=env.get("PATH")) is None:
        raise SpecError(f"there is no program {program!r}; give its path, or put its folder on PATH")


def told(request: GenerationRequest, frames: Callable[[str, Frames], Any]) -> dict[str, Any]:
    """A request as a foreign program reads it; `frames` puts a picture or a clip of that name into JSON."""
    given = {"image": request.image, "past_frames": request.past_frames, "control_clip": request.control_clip}
    return {
        "sample_id": request.sample_id,
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt,
        "num_frames": request.num_frames,
        "height": request.height,
        "width": request.width,
        "fps": request.fps,
        "seed": request.seed,
        "params": dict(request.params),
        **{name: None if shown is None else frames(name, shown) for name, shown in given.items()},
        "control_kind": request.control_kind,
    }


class Child(SupervisedProcess):
    """A program of the user that was started.

    Args:
        argv: program and arguments; no shell is involved.
        cwd: its working directory. env: its whole environment.
        hidden: names of variables whose values must not appear in its output.
        pipes: whether stdin and stdout are pipes of ours; else stdin is empty, and stdout counts as stderr.

    Raises:
        SpecError: the program cannot be started.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None,
        env: Mapping[str, str],
        hidden: Sequence[str] = (),
        pipes: bool = False,
    ) -> None:
        secrets = [env[name] for name in hidden if name in env]
        try:
            super().__init__(argv, cwd=cwd, env=env, secrets=secrets, pipes=pipes)
        except (OSError, ValueError) as error:
            where = "" if cwd is None else f" in {cwd}"
            why = getattr(error, "strerror", error)
            raise SpecError(f"{argv[0]!r} cannot be started{where}: {why}") from None

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self, grace_s: float = _END_GRACE_S) -> None:
        super().end(grace_s)

    def how_it_ended(self) -> str:
        """Exit code or signal, and the last lines of its output."""
        words = self.last_words()
        return f"it {self.ending().text}" + (f"; it said: {words}" if words else ", without a word on stderr")

    def failure(self, what: str) -> Exception:
        """The error of a program that ended by itself, after a phrase that says what it means."""
        text = f"{what}: {self.how_it_ended()}"
        return MemoryError(f"out of memory: {text}") if self.ending().oom else GeneratorError(text)
