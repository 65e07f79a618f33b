"""`vbench-lite vote`: collect blind votes on a run's clips, read votes made elsewhere, and rank by them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vbench_lite.cli.exit_codes import FINE
from vbench_lite.cli.options import judged_axis, root_and_json, root_option, stored_run, suite_option
from vbench_lite.cli.output import answer, console, print_json, print_text, warn
from vbench_lite.format import plural

if TYPE_CHECKING:
    from vbench_lite.votes.clips import RunClips


class _Votes(click.Group):
    """A group in which `vote RUN` is `vote page RUN`."""

    default = "page"

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands:
            args = [self.default, *args]
        return super().resolve_command(ctx, args)


@click.group("vote", cls=_Votes, invoke_without_command=True, no_args_is_help=True)
def command() -> None:
    """Vote blindly on the clips of a run, read votes made elsewhere, and rank by them.

    `vbench-lite vote RUN` opens the page; the other forms are below.
    """


def _judged(context: click.Context, parameter: click.Parameter, axis: str) -> str:
    """The axis; `preference` is what votes become, and nothing that a voter can be asked."""
    if axis == "preference":
        raise click.BadParameter(
            "preference is made of the votes on `overall`; ask for that, or for another axis"
        )
    return axis


def _axis(function: click.decorators.FC) -> click.decorators.FC:
    return click.option(
        "--axis",
        shell_complete=judged_axis,
        default="overall",
        show_default=True,
        callback=_judged,
        help="What is judged.",
    )(function)


def _against(function: click.decorators.FC) -> click.decorators.FC:
    return click.option(
        "--against",
        metavar="RUN[:GENERATOR]",
        shell_complete=stored_run,
        help="Set one generator of the run (RUN:GENERATOR where it has several) against one of this run.",
    )(function)


@command.command("page")
@click.argument("run", default="latest", shell_complete=stored_run)
@click.option("--voter", help="Your name; default: the page asks.")
@suite_option("the first of the run")
@click.option("--question", help="The text above the clips; default: by axis, or the prompt's own.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of sides and order.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="TCP port; default: a free one.")
@click.option("--headless", is_flag=True, help="Serve, but open no browser.")
@_against
@_axis
@root_option
def page(
    run: str,
    against: str | None,
    voter: str | None,
    suite: str | None,
    question: str | None,
    seed: int,
    port: int,
    headless: bool,
    axis: str,
    root: Path,
) -> int:
    """Open a page with two clips of one prompt at a time, names hidden; Ctrl-C ends it.

    It listens on the loopback interface only and writes ROOT/votes, nothing else. Several people may vote at
    once, each under a name of their own; the same command goes on where a voter stopped.
    """
    import threading
    import webbrowser
    from urllib.parse import quote

    from vbench_lite.store.run_names import in_words
    from vbench_lite.store.rundir import resolve_run
    from vbench_lite.votes.ballot import question_of
    from vbench_lite.votes.server import LOOPBACK, Poll, server

    clips = _clips(root, run, suite, against)
    text = question or question_of(axis)
    poll = Poll(root, clips, axis=axis, question=text, look_for=_look_for(root, clips), seed=seed)
    serving = server(poll, port)
    address = f"http://{LOOPBACK}:{serving.server_address[1]}/" + (f"?voter={quote(voter)}" if voter else "")
    named = in_words(resolve_run(root, run.partition(":")[0]).document())
    warn(f"voting on {named}: {address}  (Ctrl-C ends it)")
    if not headless:
        threading.Timer(0.2, webbrowser.open, [address]).start()
    try:
        serving.serve_forever()
    except KeyboardInterrupt:
        warn(f"votes are kept; the board: vbench-lite vote board {clips.run_id}")
    finally:
        serving.server_close()
        poll.close()
    return FINE


@command.command("board")
@click.argument("run", required=False, shell_complete=stored_run)
@suite_option("the first of the run")
@click.option("--without", multiple=True, metavar="VOTER", help="Leave this voter out.")
@_against
@_axis
@root_and_json
def board(
    run: str | None,
    suite: str | None,
    without: tuple[str, ...],
    against: str | None,
    axis: str,
    root: Path,
    as_json: bool,
) -> int:
    """Rank generators by votes, with intervals; for a RUN also say which metrics agree with them.

    Without RUN every vote under the root counts, whatever clips it was about. With --json: {axis, rows[],
    pairs[], wins[], order_effect, ties, both_bad, voters[], alpha, left_out{}, agreement[], judges[]
    {judge, verdict, agreement, excess}}.
    """
    from vbench_lite.report.terminal.votes import print_votes
    from vbench_lite.votes.board import UnconnectedError
    from vbench_lite.votes.review import review

    if against is not None and run is None:
        raise click.UsageError("--against takes two runs: vote board RUN --against BASELINE")
    clips = _clips(root, run, suite, against) if run is not None else None
    found = review(root, axis, clips, without=without)
    if found.board is None:
        raise UnconnectedError(found.refusal)
    if as_json:
        more = {"agreement": found.agreement_dicts(), "judges": [one.as_dict() for one in found.judges]}
        print_json(found.board.as_dict() | more)
        return FINE
    print_votes(found.board, found, console())
    if clips is not None:
        print_text(found.sentence)
    return FINE


@command.command("ask")
@click.argument("run", default="latest", shell_complete=stored_run)
@click.option(
    "--judge", "spec", required=True, type=click.Path(dir_okay=False, path_type=Path), help="YAML file."
)
@suite_option("the first of the run")
@click.option(
    "--questions", is_flag=True, help="Yes/no questions on each clip instead of pairs; axis alignment."
)
@click.option("--prompts", type=click.IntRange(min=1), help="At most so many requests of each pair.")
@click.option("--audit-clips", type=click.IntRange(min=5), default=8, show_default=True)
@_axis
@root_and_json
def ask(
    run: str,
    spec: Path,
    suite: str | None,
    questions: bool,
    prompts: int | None,
    audit_clips: int,
    axis: str,
    root: Path,
    as_json: bool,
) -> int:
    """Let a vision-language model vote, after an audit on damaged real clips; its votes count as a voter's.

    The specification names an OpenAI-compatible address (url, model, key_env, frames, temperature, draws,
    requests_per_minute, price_per_call), or without a url a folder of a transformers vision-language model
    (model, device, dtype, frames). A judge that is blind to what an axis needs, or that answers by
    side, is refused there. With --json: {judge, votes, calls{}, audit{rungs[], by_side, coverage,
    refused{}}, people{verdict, agreement, excess} or null}.
    """
    from vbench_lite.votes.ballot import VoteJournal, read_votes
    from vbench_lite.votes.clips import of_run
    from vbench_lite.votes.judge import open_judge, rounds, told_first, vote_by_questions, vote_pairs
    from vbench_lite.votes.judge_audit import audit_judge
    from vbench_lite.votes.judge_results import store_audit
    from vbench_lite.votes.judge_spec import load_judge
    from vbench_lite.votes.judge_trust import judges_beside_people

    loaded, clips = load_judge(spec), _clips(root, run, suite)
    warn(told_first(loaded, rounds(clips, prompts, audit_clips, questions=questions)))
    judge = open_judge(loaded)
    try:
        told = audit_judge(judge, root, clips, clips=audit_clips)
        store_audit(root, told)
        axis = "alignment" if questions else axis
        if axis in told.refused:
            votes = []
            warn(f"refused on {axis}: {told.refused[axis]}; no vote was asked for")
        elif questions:
            votes = vote_by_questions(judge, root, clips, _look_for(root, clips), limit=prompts)
        else:
            votes = vote_pairs(judge, root, clips, axis=axis, limit=prompts)
    finally:
        judge.close()
    if votes:
        with VoteJournal(root, f"judge-{judge.name}") as journal:
            journal.add(*votes)
    beside = judges_beside_people(of_run(read_votes(root), clips)[0], axis)
    people = next((one for one in beside if votes and one.judge == judge.name), None)
    if as_json:
        print_json(
            {
                "judge": judge.name,
                "votes": len(votes),
                "calls": dict(judge.counts),
                "audit": told.as_dict(),
                "people": people.as_dict() if people is not None else None,
            }
        )
        return FINE
    print_text(f"{judge.name}: {plural(len(votes), 'vote')}, coverage {judge.coverage:.2f}")
    for rung in told.rungs:
        verdict = "blind" if rung.blind else "noticed"
        print_text(f"  {rung.damage}: {verdict}, right in {rung.right:.0%} of {rung.asked:.0f} answers")
    print_text(f"  answered by side in {told.by_side:.0%} of pairs")
    if people is not None:
        print_text(f"  {people.line()}")
    for name, reason in told.refused.items():
        print_text(f"  refused on {name}: {reason}")
    return FINE


@command.command("import")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--run",
    shell_complete=stored_run,
    help="Bind votes to the clips of this run, by generator, prompt and seed.",
)
@suite_option("the first of the run")
@root_and_json
def import_(file: Path, run: str | None, suite: str | None, root: Path, as_json: bool) -> int:
    """Keep pair votes or ratings of a .csv or .jsonl FILE; the same file twice counts once.

    Pair votes: model_a, model_b, winner (a, b, tie, both_bad), and voter, prompt, seed, axis if known.
    Ratings:
    generator, prompt, score, and rater, seed, axis if known. With --json: {votes, known, unbound}.
    """
    from vbench_lite.votes.ballot import VoteJournal, read_votes
    from vbench_lite.votes.clips import bind
    from vbench_lite.votes.exchange import identified, read_list

    votes = read_list(file)
    missing = len(votes)
    if run is not None:
        votes, missing = bind(votes, _clips(root, run, suite))
    votes = identified(votes)
    known = {vote.id for vote in read_votes(root)}
    fresh = [vote for vote in votes if vote.id not in known]
    with VoteJournal(root, f"import-{file.stem}") as journal:
        journal.add(*fresh)
    told = f"{plural(len(fresh), 'vote')} kept, {len(votes) - len(fresh)} here already"
    if missing:
        said = "no clip of the run fits" if run is not None else "without --run no clip is known"
        unbound = plural(missing, "vote")
        told += f"\n{unbound} bound to no clip ({said}): counted in `vote board` without RUN"
    document = {"votes": len(fresh), "known": len(votes) - len(fresh), "unbound": missing}
    return answer(document, told, as_json=as_json)


@command.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@root_and_json
def export(file: Path, root: Path, as_json: bool) -> int:
    """Write every vote to FILE, .csv or .jsonl, in the form that `vote import` reads.

    Skips and attention checks are left out. With --json: {file, votes}.
    """
    from vbench_lite.errors import SpecError
    from vbench_lite.votes.ballot import read_votes
    from vbench_lite.votes.exchange import write_list

    if file.suffix not in (".csv", ".jsonl"):
        raise SpecError(f"{file}: give a file name that ends in .csv or .jsonl")
    count = write_list(read_votes(root), file)
    return answer({"file": str(file), "votes": count}, f"{plural(count, 'vote')} in {file}", as_json=as_json)


def _clips(root: Path, run: str, suite: str | None, against: str | None = None) -> RunClips:
    from vbench_lite.cli.compare import choose_arms
    from vbench_lite.store.rundir import resolve_run
    from vbench_lite.votes.clips import between, run_clips

    if against is None:
        return run_clips(resolve_run(root, run), suite)
    (baseline, other), (candidate, label) = choose_arms(root, against, run)
    return between(run_clips(candidate, suite), label, run_clips(baseline, suite), other)


def _look_for(root: Path, clips: RunClips) -> Mapping[str, str]:
    """What a viewer should look for, by prompt text, where the suite's prompts say so."""
    from vbench_lite.results.arms import suite_content
    from vbench_lite.store.rundir import resolve_run

    document = resolve_run(root, clips.run_id).document()
    listed = suite_content(document, clips.suite).get("prompts") or {}
    texts, notes = listed.get("texts") or (), listed.get("look_for") or ()
    return {text: note for text, note in zip(texts, notes, strict=False) if note}
