"""`vbench-lite store ls|verify|prune|sync`: what is stored, whether it is whole, less of it, copies of it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from vbench_lite.cli.exit_codes import FINE, SOME_FAILED
from vbench_lite.cli.options import json_option, root_option, stored_run
from vbench_lite.cli.output import answer, print_json, print_table, print_text, warn
from vbench_lite.format import moment, number, plural
from vbench_lite.grouping import grouped

MOST_NAMED = 10  # files with one fault


@click.group("store")
def command() -> None:
    """Look after stored runs and clips."""


@command.command("ls")
@root_option
@json_option
def list_stored(root: Path, as_json: bool) -> int:
    """List runs and parts of runs with their state and size.

    With --json: {runs: [{name, kind, status, created, samples, bytes, reason}], clips, clip_bytes}.
    """
    from vbench_lite.errors import StoreError
    from vbench_lite.store.rundir import stored

    rows: list[dict[str, Any]] = []
    for run in stored(root):
        size = sum(path.stat().st_size for path in run.path.rglob("*") if path.is_file())
        row = {"name": run.run_id, "kind": "run" if run.path.parent.name == "runs" else "part", "bytes": size}
        try:
            document = run.document()
            known = {"status": document.status, "created": document.created}
            rows.append({**row, **known, "samples": len(run.sample_clips()), "reason": None})
        except StoreError as error:
            damaged = {"status": "damaged", "created": None, "samples": None, "reason": str(error)}
            rows.append({**row, **damaged})
    sizes = [path.stat().st_size for path in (root / "pool" / "clips").glob("*.mkv")]
    if as_json:
        print_json({"runs": rows, "clips": len(sizes), "clip_bytes": sum(sizes)})
    else:
        print_table(
            ("name", "kind", "status", "clips", "size", "created"),
            (
                (
                    row["name"],
                    row["kind"],
                    row["status"],
                    str(row["samples"] if row["samples"] is not None else "-"),
                    number(row["bytes"], "bytes"),
                    moment(str(row["created"] or "-")),
                )
                for row in rows
            ),
        )
        print_text(f"{plural(len(sizes), 'different clip')}, {number(sum(sizes), 'bytes')}")
        for row in rows:
            if row["reason"] is not None:
                warn(str(row["reason"]))
    return SOME_FAILED if any(row["reason"] for row in rows) else FINE


@command.command("verify")
@root_option
@json_option
def verify_stored(root: Path, as_json: bool) -> int:
    """Compute every hash again, and read every table and journal; exit code 3 if anything is wrong.

    Of files with one fault the first ten are named; --json names every one.
    With --json: {runs, tables, journals, clips, problems: [{file, reason}]}.
    """
    from vbench_lite.cli.progress import shown
    from vbench_lite.errors import StoreError
    from vbench_lite.run.progress import Event
    from vbench_lite.store.check import verify

    if not root.exists():
        raise StoreError(f"nothing is at {root}, so nothing was checked; name the folder with --root")
    with shown() as progress:
        found = verify(root, lambda done, total: progress.on_event(Event("check", "clips", done, total)))
    if as_json:
        print_json(asdict(found))
    else:
        alike = grouped((problem.reason, problem.file) for problem in found.problems)
        for reason, files in alike.items():
            warn(*(f"{file}: {reason}" for file in files[:MOST_NAMED]))
            if len(files) > MOST_NAMED:
                warn(f"and {plural(len(files) - MOST_NAMED, 'file')} more, likewise; --json names every one")
        kinds = (
            ("run", found.runs),
            ("table", found.tables),
            ("journal", found.journals),
            ("clip", found.clips),
        )
        faults = plural(len(found.problems), "problem") if found.problems else "all as they were written"
        print_text(f"{', '.join(plural(count, kind) for kind, count in kinds)}: {faults}")
    return SOME_FAILED if found.problems else FINE


@command.command("prune")
@click.argument("runs", nargs=-1, metavar="[RUN...]", shell_complete=stored_run)
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@root_option
@json_option
def prune_stored(runs: tuple[str, ...], dry_run: bool, root: Path, as_json: bool) -> int:
    """Remove RUNs, and every clip, preview and feature that no run refers to.

    A run that is a baseline stays. With --json: {removed: [file], bytes, dry_run}.
    """
    from vbench_lite.store.prune import prune

    done = prune(root, runs, dry=dry_run)
    what = "would be removed" if dry_run else "removed"
    summary = f"{plural(len(done.files), 'file')}, {number(done.bytes, 'bytes')}, {what}"
    document = {"removed": done.files, "bytes": done.bytes, "dry_run": dry_run}
    named = done.files if dry_run else ()
    return answer(document, "\n".join([*named, summary]), as_json=as_json)


@command.command("sync")
@click.argument("source")
@click.argument("destination")
@click.option(
    "--run", "runs", multiple=True, metavar="ID", shell_complete=stored_run, help="This run only. Repeatable."
)
@json_option
def sync_stored(source: str, destination: str, runs: tuple[str, ...], as_json: bool) -> int:
    """Copy finished runs and their clips from SOURCE to DESTINATION: folders, or URLs such as s3://bucket/x.

    What is there already is not sent again; nobody sees half a run. With --json: {runs, kept, skipped,
    clips, damaged{run: reason}}. Exit code 3 if a run is damaged: the others are sent.
    """
    from vbench_lite.errors import StoreError
    from vbench_lite.store.run_root import RunRoot
    from vbench_lite.store.transfer import sync

    if "://" not in source and not Path(source).is_dir():
        raise StoreError(
            f"no folder is at {source}, so nothing was sent; SOURCE is a folder of results or a URL"
        )
    site = RunRoot(source)
    missing = sorted(set(runs) - site.names("runs"))
    if missing:
        raise StoreError(f"no run is named {missing[0]!r} under {source}; see: vbench-lite store ls")
    done = sync(site, RunRoot(destination), only=runs or None)
    if as_json:
        print_json(asdict(done))
    else:
        sent = f"{plural(len(done.runs), 'run')} and {plural(done.clips, 'clip')} sent"
        was = "was" if len(done.kept) == 1 else "were"
        print_text(f"{sent}, {plural(len(done.kept), 'run')} {was} there")
        for run_id in done.skipped:
            warn(f"run {run_id} is not finished and stays where it is")
    for fault in done.damaged.values():
        warn(f"left out: {fault}")
    return SOME_FAILED if done.damaged else FINE
