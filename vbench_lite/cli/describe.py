"""What is known of each name, as plain dictionaries: `list` shows their short form, `show` the whole."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from vbench_lite import registry
from vbench_lite.errors import SpecError, VBenchLiteError

# The columns of `list KIND` for people; --json has all keys.
COLUMNS: dict[str, tuple[str, ...]] = {
    "generators": ("name", "family", "streaming", "package", "summary"),
    "metrics": ("name", "axis", "unit", "better", "summary"),
    "extractors": ("name", "version", "dim", "window", "preprocessing"),
    "executors": ("name", "package", "summary"),
    "suites": ("name", "version", "samples", "description"),
    "datasets": ("name", "vocabulary", "license", "summary"),
    "runs": ("name", "called", "status", "samples", "created", "suites", "generators"),
}


# --- short forms ------------------------------------------------------------------------------


def all_plugins(kind: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the rows of every registered plug-in, and the reason for each that cannot be had."""
    short: dict[str, Callable[[str], dict[str, Any]]] = {
        "generators": _generator_row,
        "metrics": _metric_row,
        "extractors": extractor,
        "executors": _executor_row,
        "datasets": _dataset_row,
        "suites": _suite_row,
    }
    group = cast(registry.Group, kind)
    rows, errors = [], []
    for name in registry.names(group):
        try:
            rows.append(short[kind](name) | {"package": registry.provider(group, name)})
        except VBenchLiteError as error:
            errors.append(str(error))
    return rows, errors


def _generator_row(name: str) -> dict[str, Any]:
    whole = generator(name)
    info = whole["info"]
    if info is None:  # needs a configuration before it can say what it is
        lines = (registry.load("generators", name).__doc__ or "").strip().splitlines()
        wanted = ", ".join(whole["config"].get("required", ())) or whole["needs"]
        summary = f"{lines[0] if lines else name} Its config needs {wanted}."
        return {"name": name, "family": None, "streaming": None, "summary": summary}
    return {"name": name, **{key: info[key] for key in ("family", "streaming", "summary")}}


def _metric_row(name: str) -> dict[str, Any]:
    whole = metric(name)
    better = {True: "higher", False: "lower", None: "neither"}[whole["higher_is_better"]]
    return {"name": name, "axis": whole["axis"], "unit": whole["unit"], "better": better} | {
        key: whole[key] for key in ("version", "bounds", "summary")
    }


def _executor_row(name: str) -> dict[str, Any]:
    lines = (registry.load("executors", name).__doc__ or "").strip().splitlines()
    return {"name": name, "summary": lines[0] if lines else ""}


def _dataset_row(name: str) -> dict[str, Any]:
    whole = dataset(name)
    return {"name": name} | {key: whole[key] for key in ("vocabulary", "gives", "license", "summary")}


def _suite_row(name: str) -> dict[str, Any]:
    whole = suite(name)
    return {"name": name, "axes": list(whole["axes"])} | {
        key: whole[key] for key in ("version", "samples", "description")
    }


def all_runs(root: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the rows of every stored run, newest first, and the reason for each damaged one."""
    from vbench_lite.store import run_names, rundir

    rows = []
    documents, errors = rundir.read_runs(root)
    for document in documents:
        rows.append(
            {
                "name": document.run_id,
                "called": document.name or None,
                "title": run_names.title(document),
                "status": document.status,
                "created": document.created,
                "suites": [s["name"] for s in document.suites],
                "generators": [g.label for g in document.generators],
                "samples": document.samples,
            }
        )
    return rows, [str(error) for error in errors]


# --- whole forms ------------------------------------------------------------------------------


def generator(name: str) -> dict[str, Any]:
    """A generator: what it declares, and the schema of its configuration. Loads no weights."""
    adapter = registry.load("generators", name)
    try:
        info = adapter().info.as_dict()
        needs = None
    except SpecError as error:  # some adapters are nothing without a configuration
        info, needs = None, str(error)
    return {
        "kind": "generator",
        "name": name,
        "package": registry.provider("generators", name),
        "info": info,
        "needs": needs,
        "config": adapter.Config.model_json_schema(),
        "specs": [str(path) for path in ready_specs(adapter)],
    }


def ready_specs(adapter: type) -> list[Path]:
    """Run specifications that an adapter ships: the folder `specs` beside its module."""
    file = inspect.getfile(adapter)
    return sorted((Path(file).parent / "specs").glob("*.yaml"))


def metric(name: str) -> dict[str, Any]:
    """A metric: what it declares and what its page says."""
    from vbench_lite.report.metric_page import page

    return {
        "kind": "metric",
        "name": name,
        "package": registry.provider("metrics", name),
        **page(name).as_dict(),
    }


def extractor(name: str) -> dict[str, Any]:
    """A feature extractor: what it declares."""
    found = registry.load("extractors", name)
    return {"kind": "extractor", "name": name, **dataclasses.asdict(found.info)}


def suite(name: str) -> dict[str, Any]:
    """A suite: its whole content and its hash."""
    from vbench_lite.suite import load_suite

    found = load_suite(name)
    return {
        "kind": "suite",
        **found.model_dump(mode="json"),
        "content_sha256": found.content_sha256(),
    }


def dataset(name: str) -> dict[str, Any]:
    """A data set: what it declares, and what it tells beside."""
    from vbench_lite.dataset import load_dataset

    found = load_dataset(name)
    return {"kind": "dataset", **found.info.as_dict(), "name": name, **found.facts()}


def run(name: str, root: Path) -> dict[str, Any]:
    """A stored run: its document, and how its samples ended."""
    from vbench_lite.store import rundir

    found = rundir.resolve_run(root, name)
    samples = found.samples()
    outcome: dict[str, dict[str, int]] = {}
    for (label, status), rows in samples.groupby(["generator", "status"]):
        outcome.setdefault(str(label), {})[str(status)] = len(rows)
    return {"kind": "run", "path": str(found.path), **found.document().as_dict(), "outcome": outcome}
