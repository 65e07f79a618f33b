"""`vbench-lite compare BASELINE CANDIDATE`: paired differences with intervals, and a verdict."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vbench_lite.cli.exit_codes import FINE, GATE_FAILED
from vbench_lite.cli.options import (
    OutputFile,
    cut_by_tag,
    policy_option,
    root_and_json,
    root_flag,
    stored_run,
    suite_option,
    tag_option,
)
from vbench_lite.cli.output import answer, console, print_json, warn

if TYPE_CHECKING:
    from vbench_lite.compare import Comparison
    from vbench_lite.compare.remeasure import Remeasured
    from vbench_lite.store.rundir import RunDir


@click.command("compare")
@click.argument("baseline", metavar="BASELINE[:GENERATOR]", shell_complete=stored_run)
@click.argument("candidate", metavar="CANDIDATE[:GENERATOR]", shell_complete=stored_run)
@suite_option("the first that both runs have")
@policy_option
@tag_option
@click.option("--gate", is_flag=True, help="Exit code 1 where the policy says so (REGRESSED, INCOMPARABLE).")
@click.option(
    "--clips/--no-clips",
    default=None,
    help="Compare clips of equal seeds as well (PSNR, SSIM). Default: if both are the same adapter.",
)
@click.option(
    "--remeasure", is_flag=True, help="Time both again, interleaved in one pass, where both can be loaded."
)
@click.option("--when-idle", is_flag=True, help="With --remeasure: begin each process on an idle machine.")
@click.option("--junit", type=OutputFile(), help="Write JUnit XML for CI.")
@click.option("--markdown", type=OutputFile(), help="Write a Markdown summary.")
@click.option(
    "--html",
    type=OutputFile(),
    help="Write a page with the clips that lost most.",
)
@root_and_json
def command(
    baseline: str,
    candidate: str,
    suite: str | None,
    tag: str | None,
    policy: str | None,
    gate: bool,
    clips: bool | None,
    remeasure: bool,
    when_idle: bool,
    junit: Path | None,
    markdown: Path | None,
    html: Path | None,
    root: Path,
    as_json: bool,
) -> int:
    """Compare CANDIDATE with BASELINE, clip by clip where both answered the same request.

    Each is a run (id, name, baseline name, or latest) and, where it has several, one of its generators:
    main:wan-bf16. Two different generators are set against each other, without a verdict unless --gate
    asks for one. With --json: {verdict, parts{}, counts{}, metrics[], baseline, candidate, suite, policy,
    identical, environment[], notes[], fidelity}. With --gate in a GitHub workflow, the job gets annotations
    and a step summary.
    """
    from vbench_lite.results.signature import is_signature

    if is_signature(baseline) and is_signature(candidate):
        return _compare_lines(baseline, candidate, as_json)
    from vbench_lite.compare import RunArm, compare, load_policy
    from vbench_lite.store.pool import Pool

    first, second = choose_arms(root, baseline, candidate)
    rules = load_policy(policy)
    wanted = clips if clips is not None else _adapter(*first) == _adapter(*second)
    pools = (Pool(first[0].root), Pool(second[0].root)) if wanted else None
    timed = None
    if remeasure:
        name, timed = _remeasured(first, second, suite, when_idle)
        suite = name
    sides = [RunArm(run if tag is None else cut_by_tag(run, tag), label) for run, label in (first, second)]
    found = compare(*sides, suite=suite, policy=rules, pools=pools, remeasured=timed)
    update = gate or found.update  # a gate is asked about an update, whatever the two are called
    if as_json:
        print_json(found.as_dict())
    else:
        from vbench_lite.report.terminal.comparison import comparison_text

        accept = _accept(root, baseline, first, second)
        console().print(comparison_text(found, update=update, accept=accept))
    write_reports(found, junit=junit, markdown=markdown)
    if html is not None:
        from vbench_lite.report.html.comparison import comparison_report
        from vbench_lite.store.output_file import write_output

        write_output(html, comparison_report(found, first[0], second[0], update=update))
    if not gate:
        return FINE
    announce(found)
    return GATE_FAILED if found.fails else FINE


def _remeasured(
    first: tuple[RunDir, str], second: tuple[RunDir, str], suite: str | None, when_idle: bool
) -> tuple[str, Remeasured]:
    """The suite that is compared, and both generators timed again on its requests."""
    from vbench_lite.cli.progress import shown
    from vbench_lite.compare.comparison import common_suite
    from vbench_lite.compare.remeasure import remeasure
    from vbench_lite.run.progress import Event

    content = common_suite(first[0].document(), second[0].document(), suite)
    with shown() as progress:
        timed = remeasure(
            (first, second),
            content,
            when_idle=when_idle,
            on_progress=lambda text, done, total: progress.on_event(Event("measure", text, done, total)),
        )
    return content.name, timed


def _accept(root: Path, baseline: str, first: tuple[RunDir, str], second: tuple[RunDir, str]) -> str | None:
    """The command that makes the candidate's run the baseline; None where both sides are of one run."""
    from vbench_lite.store.rundir import baselines

    if first[0].run_id == second[0].run_id:
        return None
    asked = baseline.partition(":")[0]
    name = asked if asked in baselines(root) else "main"
    where = root_flag(root)
    return f"vbench-lite baseline set {shlex.quote(name)} {second[0].run_id}{where}"


def _compare_lines(first: str, second: str, as_json: bool) -> int:
    """Whether numbers under two lines of `cite` may be compared."""
    from vbench_lite.results.signature import comparable

    found = comparable(first, second)
    document = {"quality": list(found.quality), "speed": list(found.speed)}
    return answer(document, "\n".join(found.lines()), as_json=as_json)


def write_reports(found: Comparison, *, junit: Path | None, markdown: Path | None) -> None:
    """Write what was asked for, each file whole or not at all."""
    from vbench_lite.report.ci.junit import junit_xml
    from vbench_lite.report.ci.markdown import markdown as as_markdown
    from vbench_lite.store.output_file import write_output

    if junit is not None:
        write_output(junit, junit_xml(found))
    if markdown is not None:
        write_output(markdown, as_markdown(found))


def announce(found: Comparison) -> None:
    """Say on stderr why a gate fails or what it leaves open; in a GitHub workflow, on the job's page too."""
    import os

    from vbench_lite.report.ci.github import add_step_summary, workflow_commands

    if "GITHUB_ACTIONS" in os.environ:
        for line in workflow_commands(found):
            warn(line)
        add_step_summary(found, os.environ)
    elif found.fails or found.verdict == "INCONCLUSIVE":
        warn(f"gate: {found.verdict}")


def choose_arms(root: Path, baseline: str, candidate: str) -> tuple[tuple[RunDir, str], tuple[RunDir, str]]:
    """Return (run, generator) of both sides.

    A side without a generator takes that of the other side, else the only one that both runs have.

    Raises:
        StoreError: a run is not there, or it is not clear which generator is meant.
    """
    from vbench_lite.errors import StoreError
    from vbench_lite.store.run_names import in_words
    from vbench_lite.store.rundir import resolve_run

    names, runs = [], []
    for text in (baseline, candidate):
        run_name, _, generator = text.partition(":")
        runs.append(resolve_run(root, run_name))
        names.append(generator)
    if not any(names):
        offered = [_generators(run) for run in runs]
        both = [label for label in offered[0] if label in offered[1]]
        if len(both) != 1:
            has = "; ".join(f"{in_words(run.document())} has {', '.join(_generators(run))}" for run in runs)
            raise StoreError(f"say which generator, as in {baseline}:GENERATOR ({has})")
        names = [both[0], both[0]]
    first, second = names[0] or names[1], names[1] or names[0]
    return (runs[0], first), (runs[1], second)


def _adapter(run: RunDir, generator: str) -> str | None:
    entries = run.document().generators
    return next((entry.adapter for entry in entries if entry.label == generator), None)


def _generators(run: RunDir) -> list[str]:
    """Labels of a run without its controls, unless it holds nothing else."""
    entries = run.document().generators
    chosen = [entry.label for entry in entries if entry.info.get("family") != "control"]
    return chosen or [entry.label for entry in entries]
