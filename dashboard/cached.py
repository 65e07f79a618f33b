"""What pages read of the root that the dashboard was started over, kept while its files stay as they are."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import pandas as pd
import streamlit as st

from vbench_lite.advise import Advice, advise, parse_requirement, use_names
from vbench_lite.advise.card import Card, answer_card
from vbench_lite.compare.frame_fidelity import FrameFidelity
from vbench_lite.compare.frame_fidelity import frame_fidelity as read_frame_fidelity
from vbench_lite.dashboard import data, player, server
from vbench_lite.dashboard import wall as walls
from vbench_lite.dashboard.wish import Wish
from vbench_lite.errors import ClipError, StoreError, VBenchLiteError
from vbench_lite.metric import Axis
from vbench_lite.report.charts import advice, boards, comparisons, gallery, growth, pairs
from vbench_lite.report.html.markup import uri
from vbench_lite.results.arms import Run
from vbench_lite.results.board import Board, build_board
from vbench_lite.results.choice import choose
from vbench_lite.results.cut import Cut, cut_support
from vbench_lite.results.scaling import ScalingReport
from vbench_lite.results.time_series import TimeSeries
from vbench_lite.results.time_series import time_series as read_time_series
from vbench_lite.run.plan.prompts import prompts_of, tags_of
from vbench_lite.store.pool import Pool
from vbench_lite.store.rundir import RunDir, read_runs
from vbench_lite.store.schema import RunDocument
from vbench_lite.suite import Suite, parse_suite
from vbench_lite.votes.preference import with_preference
from vbench_lite.votes.review import AxisVotes, votes_on

_THUMBNAIL_RUNS = 8
_SUPPORT = 5  # runs of other suites in which limits are looked up

Asked = ParamSpec("Asked")
Found = TypeVar("Found")


def root() -> Path:
    """The results folder that the dashboard was started over."""
    arguments = sys.argv[1:] if Path(sys.argv[0]).name == server.APP.name else []
    return server.root_from(arguments)


def _kept(
    cache: Callable[[Any], Any], stamp: Callable[..., str]
) -> Callable[[Callable[Asked, Found]], Callable[Asked, Found]]:
    """Keep what a function reads under the root, for its arguments.

    Args:
        cache: one of Streamlit's.
        stamp: of the arguments; what was read is read again when it changes.
    """

    def decorated(read: Callable[Asked, Found]) -> Callable[Asked, Found]:
        @cache
        @wraps(read)
        def stored(root_path: str, stamp: str, *args: Asked.args, **kwargs: Asked.kwargs) -> Found:
            return read(*args, **kwargs)

        @wraps(read)
        def shown(*args: Asked.args, **kwargs: Asked.kwargs) -> Found:
            found: Found = stored(str(root()), stamp(*args, **kwargs), *args, **kwargs)
            return found

        return shown

    return decorated


def _root_stamp(*_: object) -> str:
    return data.root_stamp(root())


def _stamp(run_ids: Sequence[str], *_: object) -> str:
    """Changes with the files of these runs, and with the votes."""
    runs = "".join(data.run_stamp(RunDir(root(), run_id)) for run_id in run_ids)
    return runs + data.votes_stamp(root())


def _run_stamp(run: data.RunSummary, *_: object) -> str:
    return _stamp([run.run_id])


def _never(*_: object) -> str:
    """Of what a hash names: it cannot change."""
    return ""


# A run that is killed changes no file, so the list is read again after a while in any case.
@_kept(st.cache_data(show_spinner=False, max_entries=4, ttl=5), _root_stamp)
def index() -> data.Index:
    """Every run under the root."""
    return data.read_index(root())


@_kept(st.cache_data(show_spinner=False, max_entries=4, ttl=5), _root_stamp)
def documents(most: int) -> list[RunDocument]:
    """The documents of the newest runs."""
    return read_runs(root())[0][:most]


def shown_together(run: data.RunSummary, suite: str | None) -> list[str]:
    """The runs of the leaderboard: those of `choice.choose` where no run is chosen, else the chosen one."""
    if st.session_state.get("run", "latest") != "latest" or run.status != "finished":
        return [run.run_id]
    found = _chosen(suite)
    asked = {one.run_id for one in index().runs if suite in one.suites}
    return [one for one in found if one in asked] or [run.run_id]


# Tables may be damaged meanwhile.
@_kept(st.cache_data(show_spinner="Reading runs", max_entries=16, ttl=60), _root_stamp)
def _chosen(suite: str | None) -> list[str]:
    return [run.run_id for run in choose(root(), suite=suite).sound]


def tags(run_ids: Sequence[str]) -> list[str]:
    """The tags that prompts of these runs have."""
    found = [_tags(RunDir(root(), run_id).document()) for run_id in run_ids]
    return sorted({tag for its in found for some in its.values() for tag in some})


# Runs of the same suites share it: their prompts are drawn anew for it.
@st.cache_data(show_spinner=False, max_entries=64, hash_funcs={RunDocument: lambda run: repr(run.suites)})
def _tags(document: RunDocument) -> dict[str, tuple[str, ...]]:
    try:
        return tags_of(document)
    except VBenchLiteError:  # the data set is not here any more: its prompts cannot be cut
        return {}


@_kept(st.cache_resource(show_spinner="Reading runs", max_entries=32), _stamp)  # frozen, and large to copy
def built(run_ids: Sequence[str], suite: str | None = None, tag: str | None = None) -> Board:
    """The board over these runs, read again when their files change; `tag`: of the prompts that have it."""
    runs = [RunDir(root(), run_id) for run_id in run_ids]
    if tag is None:
        return with_preference(build_board(runs, suite=suite), runs)
    return build_board([run for run in _cut(runs, tag) if run.prompts], suite=suite)


def _cut(runs: Sequence[RunDir], tag: str) -> list[Cut]:
    return [cut_support(run, tag, _tags(run.document())) for run in runs]


def tagged(run_id: str, tag: str) -> frozenset[str]:
    """Ids of the prompts of a run that have a tag."""
    return _cut([RunDir(root(), run_id)], tag)[0].prompts


@_kept(st.cache_data(show_spinner=False, max_entries=32), _stamp)
def board(run_ids: Sequence[str], suite: str | None = None, tag: str | None = None) -> boards.BoardTable:
    """The board over these runs as frames, read again when their files change; `tag` as of `built`."""
    return boards.table(built(run_ids, suite, tag).as_dict())


@_kept(st.cache_data(show_spinner="Reading runs", max_entries=32), _stamp)
def card(run_ids: Sequence[str], suite: str | None = None) -> Card:
    """The answer card over these runs, read again when their files change."""
    runs = [RunDir(root(), run_id) for run_id in run_ids]
    return answer_card(built(run_ids, suite), runs, use_names())


@_kept(st.cache_data(show_spinner="Reading clips", max_entries=8), _run_stamp)
def samples(run: data.RunSummary, suite: str | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every sample of a run, those without a clip too, and the scores of single clips."""
    found = directory(run).samples()
    shown = found if suite is None else found[found["suite"] == suite]
    return shown, gallery.clip_scores(directory(run), suite)


@_kept(st.cache_data(show_spinner="Reading clips", max_entries=16), _never)
def wall(lines: Sequence[walls.Line], link: str) -> dict[str, Any]:
    """A page of the wall, ready for its component."""
    arms = [cell.generator for cell in lines[0].cells] if lines else []
    tails = [arm.rsplit("/", 1)[-1] for arm in arms]
    titles = dict(zip(arms, tails if len(set(tails)) == len(tails) else arms, strict=True))
    return walls.payload(root(), lines, link, titles)


@_kept(st.cache_data(show_spinner=False, max_entries=16), _stamp)
def thumbnails(run_ids: Sequence[str], suite: str | None) -> dict[tuple[str, str], str]:
    """Frames of the first clip of each generator, as a picture address by run and generator."""
    found = {}
    for run_id in run_ids[:_THUMBNAIL_RUNS]:
        shown = gallery.shown_samples(RunDir(root(), run_id), suite)
        for row in shown.drop_duplicates("generator").to_dict("records"):
            with suppress(StoreError, ClipError):  # a clip that was pruned has no thumbnail
                strip = gallery.strip(Pool(root()).read(str(row["clip_sha256"])).frames)
                found[(run_id, str(row["generator"]))] = uri("image/png", strip)
    return found


def facts(run_id: str) -> dict[str, dict[str, str]]:
    """What each generator of a run declares."""
    return data.facts(RunDir(root(), run_id).document())


def asked(run: data.RunSummary, suite: str | None) -> Suite:
    """The suite of this name as the run had it; None takes its first."""
    contents = directory(run).document().suites
    content = next((c for c in contents if c["name"] == suite), contents[0])
    return parse_suite(content, f"run {run.run_id}")


def pace(run: data.RunSummary, suite: str | None) -> pairs.Pace | None:
    """How long the clips play that the suite asks for, and at which rate."""
    return pairs.pace(directory(run).document(), suite)


def directory(run: data.RunSummary) -> RunDir:
    """The run's directory."""
    return RunDir(root(), run.run_id)


@_kept(st.cache_data(show_spinner=False, max_entries=32), _run_stamp)
def alerts(run: data.RunSummary) -> list[data.Alert]:
    """What to look out for in a run, read again when its files change."""
    return data.alerts(directory(run))


def metrics(run: data.RunSummary) -> list[str]:
    """Ids of the metrics that the suites of a run ask for."""
    suites = directory(run).document().suites
    return list(dict.fromkeys(metric for suite in suites for metric in suite["metrics"]))


def clips(run: data.RunSummary, suite: str | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Samples with a clip, and the scores of single clips."""
    found, scores = samples(run, suite)
    return gallery.with_clip(found), scores


@_kept(st.cache_data(show_spinner=False, max_entries=8), _run_stamp)
def look_for(run: data.RunSummary) -> dict[str, str]:
    """What a viewer should look for, by prompt id; nothing where the prompts cannot be looked up any more."""
    try:
        found = prompts_of(directory(run).document())
    except VBenchLiteError:
        return {}
    return {name: prompt.look_for for name, prompt in found.items() if prompt.look_for}


def _two_runs_stamp(baseline: data.RunSummary, generator: str, candidate: data.RunSummary, *_: object) -> str:
    return _stamp([baseline.run_id, candidate.run_id])


@_kept(st.cache_data(show_spinner="Comparing", max_entries=16), _two_runs_stamp)
def comparison(
    baseline: data.RunSummary,
    generator: str,
    candidate: data.RunSummary,
    other: str,
    suite: str | None,
    tag: str | None = None,
) -> comparisons.ComparisonTable:
    """Candidate against baseline by the default policy, read again when files change; `tag` as of `built`."""
    runs = [directory(run) for run in (baseline, candidate)]
    sides: Sequence[Run] = runs if tag is None else _cut(runs, tag)
    return comparisons.read_comparison(sides[0], generator, sides[1], other, suite)


@_kept(st.cache_data(show_spinner="Comparing frames", max_entries=64), _never)
def frame_fidelity(clip: str, reference: str) -> FrameFidelity:
    """How close two clips of the pool are, frame by frame.

    Raises:
        NotApplicable: they have not one size, length and rate.
    """
    pool = Pool(root())
    return read_frame_fidelity((pool, clip), (pool, reference))


@_kept(st.cache_data(show_spinner=False, max_entries=64), _never)
def changed_frames(clip: str, other: str) -> tuple[int, ...]:
    """Frames in which two clips of the pool differ most; none where they cannot be laid over each other."""
    pool = Pool(root())
    return gallery.changed_frames(pool.read(clip).frames, pool.read(other).frames)


def advised(run_ids: Sequence[str], suite: str | None, wish: Wish, tag: str | None = None) -> advice.Answer:
    """Which generator of these runs to take, read again when their files change; `tag` as of `built`.

    Limits on metrics that the runs do not have are looked up in the newest runs of other suites.
    """
    return advice.answer(advice_of(run_ids, suite, wish, tag))


def advice_of(run_ids: Sequence[str], suite: str | None, wish: Wish, tag: str | None = None) -> Advice:
    """The same with everything behind it."""
    others = [r for r in index().runs if r.status == "finished" and suite not in r.suites]
    return _advised(run_ids, [r.run_id for r in others[:_SUPPORT]], suite, wish, tag)


def _supported_stamp(run_ids: Sequence[str], support: Sequence[str], *_: object) -> str:
    return _stamp([*run_ids, *support])


@_kept(st.cache_resource(show_spinner=False, max_entries=64), _supported_stamp)  # frozen, and large to copy
def _advised(
    run_ids: Sequence[str], support: Sequence[str], suite: str | None, wish: Wish, tag: str | None
) -> Advice:
    runs, others = ([RunDir(root(), one) for one in some] for some in (run_ids, support))
    return advise(
        runs if tag is None else [run for run in _cut(runs, tag) if run.prompts],
        suite=suite,
        use=wish.of_use(),
        require=[parse_requirement(text) for text in wish.limits],
        weights={Axis(axis): weight for axis, weight in wish.weights},
        price_per_hour=wish.price_per_hour,
        support=others if tag is None else _cut(others, tag),
    )


@_kept(st.cache_data(show_spinner="Reading votes", max_entries=16), _run_stamp)
def votes(run: data.RunSummary, suite: str | None) -> list[AxisVotes]:
    """What votes on the run's clips say, an axis at a time, read again when there are others."""
    return votes_on(directory(run), suite)


def families(run: data.RunSummary) -> dict[str, str]:
    """The family of each generator of a run."""
    document = directory(run).document()
    return {entry.label: str(entry.info.get("family", "unknown")) for entry in document.generators}


@_kept(st.cache_data(show_spinner="Reading time series", max_entries=8), _run_stamp)
def time_series(run: data.RunSummary, suite: str | None) -> list[TimeSeries]:
    """How values go with time within the run's clips, read again when its files change."""
    return read_time_series(directory(run), suite)


@_kept(st.cache_data(show_spinner="Fitting", max_entries=8), _run_stamp)
def scaling(run: data.RunSummary, suite: str) -> ScalingReport | None:
    """How the run's generators grow under a suite; None where the suite varies nothing."""
    return growth.read(directory(run), suite)


@_kept(st.cache_data(show_spinner=False, max_entries=128), _never)
def clip(sha256: str, title: str, subtitle: str, scores: tuple[tuple[str, str], ...]) -> player.PlayerClip:
    """A clip of the pool, ready for the player."""
    return player.player_clip(root(), sha256, title, subtitle, scores)
