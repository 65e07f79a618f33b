"""A program that makes one clip and ends: started for each request, by a list of arguments and never a shell.

The program is told what to make by its arguments and by a file with the request as JSON, and leaves the clip
at the path it is given. It is timed from its start to the moment its clip has been read, so the load of the
model is in every call. Where that hides what matters, wrap the model as a worker.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field, field_validator, model_validator

from vbench_lite.adapters.external.child import (
    Child,
    check_no_secrets,
    check_program,
    child_environment,
    told,
)
from vbench_lite.adapters.external.clip_file import emit_clip_file
from vbench_lite.adapters.external.declared import DeclaredMaker, declared_info
from vbench_lite.adapters.external.template import (
    REQUEST_NAMES,
    check_params,
    check_template,
    fill,
    values_of,
)
from vbench_lite.errors import Cancelled, ClipError, GeneratorError, SpecError
from vbench_lite.generator import (
    Frames,
    GenerationContext,
    GenerationRequest,
    Generator,
    GeneratorInfo,
    Site,
)
from vbench_lite.measure.process_tree import TreePeak
from vbench_lite.video.limits import Limits

REQUEST_VERSION = 1
_LOOK_S = 0.02  # between two looks at the program's memory and at a request to stop
_HASHED_BYTES = 2**24  # a larger file among the arguments is data, not code


class ProgramConfig(DeclaredMaker):
    """How a foreign program is started.

    Attributes:
        argv: program and arguments.
        cwd: its working directory; the one of the run if None.
        env: variables for it, by name.
        pass_env: names of variables of this environment that it gets as well, with their values.
        files: files whose content belongs to the generator's identity, beside those among the arguments.
    """

    argv: Annotated[tuple[str, ...], Field(min_length=1)]
    cwd: Path | None = None
    env: dict[str, str] = Field(default_factory=dict)
    pass_env: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()

    @field_validator("env")
    @classmethod
    def _holds_no_secrets(cls, env: dict[str, str]) -> dict[str, str]:
        check_no_secrets(list(env))
        return env

    def content_sha256(self) -> str:
        """Hash of the files that the program consists of, as far as the configuration names them."""
        digest = hashlib.sha256()
        base = self.cwd or Path()
        named = [base / argument for argument in self.argv[1:] if "\0" not in argument]
        small = [path for path in named if path.is_file() and path.stat().st_size <= _HASHED_BYTES]
        for path in [*small, *(base / file for file in self.files)]:
            digest.update(path.name.encode() + b"\0")
            try:
                with path.open("rb") as file:
                    while block := file.read(2**20):
                        digest.update(block)
            except OSError as error:
                raise SpecError(f"files names {path}: {error.strerror}") from None
        return digest.hexdigest()


class CommandConfig(ProgramConfig):
    """Configuration of `command`.

    Attributes:
        argv: arguments may hold {request} (path of the request as JSON), {output} (path of the clip to
            make), {prompt}, {negative_prompt}, {seed}, {num_frames}, {height}, {width}, {fps}, {seconds},
            {device}, {sample_id} and {params.NAME}.
        output: suffix of the clip: any that video files have, or ".npy" for uint8 (T, H, W, 3).
        timeout_s: for one clip; the run's own limit holds as well.
        max_clip_bytes: of the decoded clip.
    """

    output: Annotated[str, Field(pattern=r"^\.[a-z0-9]+$")] = ".mp4"
    timeout_s: Annotated[float, Field(gt=0)] | None = None
    max_clip_bytes: Annotated[int, Field(gt=0)] = Limits().max_clip_bytes

    @model_validator(mode="after")
    def _arguments_name_what_is_there(self) -> CommandConfig:
        for argument in self.argv:
            check_template(argument, (*REQUEST_NAMES, "request", "output"))
        if not any(name in " ".join(self.argv) for name in ("{output}", "{request}")):
            raise ValueError("argv needs {output} or {request}: else the program cannot know where to write")
        return self


class Program(Generator):
    """A generator that is a program of the user."""

    config: ProgramConfig

    def load(self) -> None:
        """Check that the program is there, and every variable that it needs set."""
        check_program(self.config.argv[0], self.config.cwd, self.environment())

    def fingerprint(self) -> str:
        """Identity of the configuration and of the files that the arguments name."""
        whole = super().fingerprint() + self.config.content_sha256()
        return hashlib.sha256(whole.encode()).hexdigest()[:16]

    def environment(self) -> dict[str, str]:
        """What the program finds in its environment."""
        return child_environment(self.config.env, self.config.pass_env)

    def start(self, argv: Sequence[str], *, pipes: bool = False) -> Child:
        """Start it with these arguments; see `Child`."""
        config = self.config
        return Child(argv, cwd=config.cwd, env=self.environment(), hidden=config.pass_env, pipes=pipes)


class Command(Program):
    """Any program that writes a clip to a file."""

    Config: ClassVar[type[CommandConfig]] = CommandConfig
    config: CommandConfig

    @property
    def info(self) -> GeneratorInfo:
        return declared_info(
            self.config, "command", Site.COMMAND, "a program that is started for each clip, its load included"
        )

    def check(self, request: GenerationRequest) -> None:
        """Refuse parameters that the program would never hear of."""
        if not any("{request}" in argument for argument in self.config.argv):
            check_params(request, self.config.argv)

    def generate(self, requests: Sequence[GenerationRequest], context: GenerationContext) -> None:
        for index, request in enumerate(requests):
            context.step(index, len(requests))
            with tempfile.TemporaryDirectory(prefix="vbench-lite-") as scratch:
                context.phase("command")
                output = self._run(request, Path(scratch), context)
                limits = Limits(max_clip_bytes=self.config.max_clip_bytes)
                emit_clip_file(output, output.name, index, request, self.info, context, limits)

    def _run(self, request: GenerationRequest, scratch: Path, context: GenerationContext) -> Path:
        """Have the program make the clip of a request; returns its path."""
        output = scratch / f"clip{self.config.output}"
        asked = scratch / "request.json"
        fps = self.config.native_fps or request.fps
        described = describe_request(request, self.device, output, scratch) | {"fps": fps}
        asked.write_text(json.dumps(described), "utf-8")
        given = values_of(request, self.device, self.config.native_fps)
        values = {**given, "request": asked, "output": output}
        argv = [fill(argument, values) for argument in self.config.argv]
        limit_s = self.config.timeout_s
        deadline_s = float("inf") if limit_s is None else time.monotonic() + limit_s
        with self.start(argv) as child:
            memory = TreePeak(child.process.pid)
            memory.sample()
            while not child.wait(_LOOK_S):
                memory.sample()
                if context.cancelled:
                    raise Cancelled("the runner asked the program to stop")
                if time.monotonic() > deadline_s:
                    child.end()
                    said = child.last_words()
                    raise GeneratorError(
                        f"the program did not end within timeout_s = {limit_s:g}"
                        + (f"; it said: {said}" if said else "")
                    )
            if child.process.returncode != 0:
                raise child.failure("the program failed")
            if not output.is_file():
                raise ClipError(f"the program wrote no clip to {{output}}: {child.how_it_ended()}")
        if self.device == "cpu":  # memory on a device is not this process's to see
            context.note(peak_bytes=memory.peak_bytes)
        return output


def describe_request(request: GenerationRequest, device: str, output: Path, scratch: Path) -> dict[str, Any]:
    """A request as the program reads it; frames to begin with lie beside it as arrays."""

    def saved(name: str, frames: Frames) -> str:
        path = scratch / f"{name}.npy"
        np.save(path, frames)
        return str(path)

    return {"version": REQUEST_VERSION, "device": device, "output": str(output), **told(request, saved)}
