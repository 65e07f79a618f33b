"""`vbench-lite validate FILE`: say everything that is wrong with a specification or a suite, at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vbench_lite.cli.exit_codes import FINE, WRONG_USE
from vbench_lite.cli.options import json_option
from vbench_lite.cli.output import print_json, warn

if TYPE_CHECKING:
    from pydantic import BaseModel

    from vbench_lite.run.plan.spec import GeneratorSpec
    from vbench_lite.suite import Suite


@click.command("validate")
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def command(file: Path, as_json: bool) -> int:
    """Check a run specification or a suite (YAML) without running it.

    Names are looked up, configurations checked, prompts read, sizes held against what each generator
    can make. With --json: {file, kind, valid, problems[]}. Exit code 2 if there is any problem.
    """
    kind = _kind(file)
    problems = list(suite_problems(str(file)) if kind == "suite" else spec_problems(file))
    if as_json:
        print_json({"file": str(file), "kind": kind, "valid": not problems, "problems": problems})
    elif problems:
        for problem in problems:
            warn(problem)
    else:
        click.echo(f"{file}: a good {kind}")
    return WRONG_USE if problems else FINE


def _kind(file: Path) -> str:
    """Only a suite names metrics or axes; without them, generators or suites make a specification."""
    from vbench_lite.yaml_text import read_yaml

    data = read_yaml(file, str(file))
    keys = data.keys() if isinstance(data, dict) else set()
    # A specification may name prompt sets as well; only a suite says what metrics and axes there are.
    is_suite = {"axes", "metrics"} & keys or ("prompts" in keys and not {"generators", "suites"} & keys)
    return "suite" if is_suite else "run specification"


def spec_problems(file: Path) -> Iterator[str]:
    """Yield one line for each thing that is wrong with a run specification."""
    from vbench_lite.errors import VBenchLiteError
    from vbench_lite.run.plan.spec import RunSpec, read_spec

    faults = list(_faults(file, RunSpec))
    if len(faults) > 1:  # a single one is said by the reader of specifications, with its hints
        yield from faults
        yield from _named_problems(*_readable(file))
        return
    try:
        spec: RunSpec = read_spec(file)
    except VBenchLiteError as error:
        yield str(error)
        yield from _named_problems(*_readable(file))
        return
    yield from _named_problems(spec.suites, spec.generators or ())


def _readable(file: Path) -> tuple[list[str], list[GeneratorSpec]]:
    """Names of suites, and the generators, that can be read of a specification with faults elsewhere."""
    from pydantic import ValidationError

    from vbench_lite.run.plan.spec import GeneratorSpec
    from vbench_lite.yaml_text import read_yaml

    data = read_yaml(file, str(file))
    if not isinstance(data, dict):
        return [], []
    entries = []
    for entry in data.get("generators") or () if isinstance(data.get("generators"), list) else ():
        with suppress(ValidationError):
            entries.append(GeneratorSpec.model_validate(entry))
    suites = data.get("suites")
    return [name for name in suites if isinstance(name, str)] if isinstance(suites, list) else [], entries


def _named_problems(names: Sequence[str], generators: Sequence[GeneratorSpec]) -> Iterator[str]:
    """What is wrong with the suites and generators that a specification names."""
    from vbench_lite.suite import load_suite

    suites = []
    for name in names:
        problems = list(suite_problems(name))
        yield from problems
        if not problems:
            suites.append(load_suite(name))
    for entry in generators:
        yield from _generator_problems(entry, suites)


def _faults(file: Path, model: type[BaseModel]) -> Iterator[str]:
    """Everything that a file's form has wrong, and not the first alone."""
    from pydantic import ValidationError

    from vbench_lite.errors import SpecError
    from vbench_lite.validation_errors import validation_faults
    from vbench_lite.yaml_text import read_yaml

    try:
        model.model_validate(read_yaml(file, str(file)))
    except ValidationError as error:
        yield from (f"{file}: {fault}" for fault in validation_faults(error, model))
    except SpecError:
        return  # said by who reads it


def suite_problems(name: str) -> Iterator[str]:
    """Yield one line for each thing that is wrong with a suite of a registered name or a path."""
    from vbench_lite import registry
    from vbench_lite.errors import VBenchLiteError
    from vbench_lite.suite import Suite, load_suite

    faults = list(_faults(Path(name), Suite)) if name.endswith((".yaml", ".yml")) else []
    if len(faults) > 1:
        yield from faults
        return
    try:
        suite = load_suite(name)
    except VBenchLiteError as error:
        yield str(error)
        return
    for metric in suite.metrics:
        try:
            info = registry.load("metrics", metric).info
        except VBenchLiteError as error:
            yield f"suite {suite.name}: {error}"
            continue
        for extractor in info.extractors:
            if extractor not in registry.names("extractors"):
                yield f"suite {suite.name}: metric {metric} needs extractor {extractor!r}, which is not known"
    yield from _prompt_problems(suite, name)


def _prompt_problems(suite: Suite, name: str) -> Iterator[str]:
    from vbench_lite.errors import VBenchLiteError
    from vbench_lite.run.plan.prompts import suite_folder, suite_prompts

    try:
        suite_prompts(suite, suite_folder(name))
    except VBenchLiteError as error:
        yield f"suite {suite.name}: {error}"


def _generator_problems(entry: GeneratorSpec, suites: list[Suite]) -> Iterator[str]:
    """The adapter exists, takes this configuration, and can make what the suites ask for."""
    from vbench_lite.errors import VBenchLiteError
    from vbench_lite.run.plan.build import build_generator

    try:
        info = build_generator(entry.adapter, entry.config, entry.device).info
    except VBenchLiteError as error:
        yield f"generator {entry.label}: {error}"
        return
    for suite in suites:
        size = suite.request
        try:
            info.snapped(size.frames_at(info.native_fps), size.height, size.width)
        except VBenchLiteError as error:
            yield f"generator {entry.label} in suite {suite.name}: {error}"
