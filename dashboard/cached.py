"""What pages read of the root that the dashboard was started over, kept while its files stay as they are."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

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


def root() -> Path:
    """The results folder that the dashboard was started over."""
    arguments = sys.argv[1:] if Path(sys.argv[0]).name == server.APP.name else []
    return server.root_from(arguments)


def index() -> data.Index:
    """Every run under the root."""
    return _index(str(root()), data.root_stamp(root()))


# A run that is killed changes no file, so the list is read again after a while in any case.
@st.cache_data(show_spinner=False, max_entries=4, ttl=5)
def _index(root_path: str, stamp: str) -> data.Index:
    return data.read_index(Path(root_path))


def documents(most: int) -> list[RunDocument]:
    """The documents of the newest runs."""
    return _documents(str(root()), data.root_stamp(root()), most)


@st.cache_data(show_spinner=False, max_entries=4, ttl=5)
def _documents(root_path: str, stamp: str, most: int) -> list[RunDocument]:
    return read_runs(Path(root_path))[0][:most]


def shown_together(run: data.RunSummary, suite: str | None) -> list[str]:
    """The runs of the leaderboard: those of `choice.choose` where no run is chosen, else the chosen one."""
    if st.session_state.get("run", "latest") != "latest" or run.status != "finished":
        return [run.run_id]
    found = _chosen(str(root()), suite, data.root_stamp(root()))
    asked = {one.run_id for one in index().runs if suite in one.suites}
    return [one for one in found if one in asked] or [run.run_id]


@st.cache_data(show_spinner="Reading runs", max_entries=16, ttl=60)  # tables may be damaged meanwhile
def _chosen(root_path: str, suite: str | None, stamp: str) -> list[str]:
    return [run.run_id for run in choose(Path(root_path), suite=suite).sound]


def built(run_ids: Sequence[str], suite: str | None = None, tag: str | None = None) -> Board:
    """The board over these runs, read again when their files change; `tag`: of the prompts that have it."""
    return _built(str(root()), tuple(run_ids), suite, _stamp(run_ids), tag)


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


def _stamp(run_ids: Sequence[str]) -> str:
    runs = "".join(data.run_stamp(RunDir(root(), run_id)) for run_id in run_ids)
    return runs + data.votes_stamp(root())


@st.cache_resource(show_spinner="Reading runs", max_entries=32)  # frozen, and large to copy
def _built(
    root_path: str, run_ids: tuple[str, ...], suite: str | None, stamp: str, tag: str | None = None
) -> Board:
    runs = [RunDir(Path(root_path), run_id) for run_id in run_ids]
    if tag is None:
        return with_preference(build_board(runs, suite=suite), runs)
    return build_board([run for run in _cut(runs, tag) if run.prompts], suite=suite)


def _cut(runs: Sequence[RunDir], tag: str) -> list[Cut]:
    return [cut_support(run, tag, _tags(run.document())) for run in runs]


def tagged(run_id: str, tag: str) -> frozenset[str]:
    """Ids of the prompts of a run that have a tag."""
    return _cut([RunDir(root(), run_id)], tag)[0].prompts


@st.cache_data(show_spinner=False, max_entries=32)
def _board(
    root_path: str, run_ids: tuple[str, ...], suite: str | None, stamp: str, tag: str | None = None
) -> boards.BoardTable:
    return boards.table(_built(root_path, run_ids, suite, stamp, tag).as_dict())


def board(run_ids: Sequence[str], suite: str | None = None, tag: str | None = None) -> boards.BoardTable:
    """The board over these runs as frames, read again when their files change; `tag` as of `built`."""
    return _board(str(root()), tuple(run_ids), suite, _stamp(run_ids), tag)


def card(run_ids: Sequence[str], suite: str | None = None) -> Card:
    """The answer card over these runs, read again when their files change."""
    return _card(str(root()), tuple(run_ids), suite, _stamp(run_ids))


@st.cache_data(show_spinner="Reading runs", max_entries=32)
def _card(root_path: str, run_ids: tuple[str, ...], suite: str | None, stamp: str) -> Card:
    runs = [RunDir(Path(root_path), run_id) for run_id in run_ids]
    return answer_card(_built(root_path, run_ids, suite, stamp), runs, use_names())


def samples(run: data.RunSummary, suite: str | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every sample of a run, those without a clip too, and the scores of single clips."""
    return _samples(str(root()), run.run_id, suite, data.run_stamp(directory(run)))


@st.cache_data(show_spinner="Reading clips", max_entries=8)
def _samples(root_path: str, run_id: str, suite: str | None, stamp: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    run = RunDir(Path(root_path), run_id)
    found = run.samples()
    return found if suite is None else found[found["suite"] == suite], gallery.clip_scores(run, suite)


def wall(lines: Sequence[walls.Line], link: str) -> dict[str, Any]:
    """A page of the wall, ready for its component."""
    arms = [cell.generator for cell in lines[0].cells] if lines else []
    tails = [arm.rsplit("/", 1)[-1] for arm in arms]
    titles = dict(zip(arms, tails if len(set(tails)) == len(tails) else arms, strict=True))
    return _wall(str(root()), tuple(lines), link, titles)


@st.cache_data(show_spinner="Reading clips", max_entries=16)
def _wall(root_path: str, lines: tuple[walls.Line, ...], link: str, titles: dict[str, str]) -> dict[str, Any]:
    return walls.payload(Path(root_path), lines, link, titles)


def thumbnails(run_ids: Sequence[str], suite: str | None) -> dict[tuple[str, str], str]:
    """Frames of the first clip of each generator, as a picture address by run and generator."""
    return _thumbnails(str(root()), tuple(run_ids), suite, _stamp(run_ids))


@st.cache_data(show_spinner=False, max_entries=16)
def _thumbnails(
    root_path: str, run_ids: tuple[str, ...], suite: str | None, stamp: str
) -> dict[tuple[str, str], str]:
    found = {}
    for run_id in run_ids[:_THUMBNAIL_RUNS]:
        shown = gallery.shown_samples(RunDir(Path(root_path), run_id), suite)
        for row in shown.drop_duplicates("generator").to_dict("records"):
            with suppress(StoreError, ClipError):  # a clip that was pruned has no thumbnail
                strip = gallery.strip(Pool(Path(root_path)).read(str(row["clip_sha256"])).frames)
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


def alerts(run: data.RunSummary) -> list[data.Alert]:
    """What to look out for in a run, read again when its files change."""
    return _alerts(str(root()), run.run_id, data.run_stamp(directory(run)))


@st.cache_data(show_spinner=False, max_entries=32)
def _alerts(root_path: str, run_id: str, stamp: str) -> list[data.Alert]:
    return data.alerts(RunDir(Path(root_path), run_id))


def metrics(run: data.RunSummary) -> list[str]:
    """Ids of the metrics that the suites of a run ask for."""
    suites = directory(run).document().suites
    return list(dict.fromkeys(metric for suite in suites for metric in suite["metrics"]))


def clips(run: data.RunSummary, suite: str | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Samples with a clip, and the scores of single clips."""
    found, scores = samples(run, suite)
    return gallery.with_clip(found), scores


def look_for(run: data.RunSummary) -> dict[str, str]:
    """What a viewer should look for, by prompt id; nothing where the prompts cannot be looked up any more."""
    return _look_for(str(root()), run.run_id, data.run_stamp(directory(run)))


@st.cache_data(show_spinner=False, max_entries=8)
def _look_for(root_path: str, run_id: str, stamp: str) -> dict[str, str]:
    try:
        found = prompts_of(RunDir(Path(root_path), run_id).document())
    except VBenchLiteError:
        return {}
    return {name: prompt.look_for for name, prompt in found.items() if prompt.look_for}


def comparison(
    baseline: data.RunSummary,
    generator: str,
    candidate: data.RunSummary,
    other: str,
    suite: str | None,
    tag: str | None = None,
) -> comparisons.ComparisonTable:
    """Candidate against baseline by the default policy, read again when files change; `tag` as of `built`."""
    stamp = data.run_stamp(directory(baseline)) + data.run_stamp(directory(candidate))
    stamp += data.votes_stamp(root())
    return _comparison(str(root()), baseline.run_id, generator, candidate.run_id, other, suite, stamp, tag)


@st.cache_data(show_spinner="Comparing", max_entries=16)
def _comparison(
    root_path: str,
    baseline: str,
    generator: str,
    candidate: str,
    other: str,
    suite: str | None,
    stamp: str,
    tag: str | None,
) -> comparisons.ComparisonTable:
    runs = [RunDir(Path(root_path), run_id) for run_id in (baseline, candidate)]
    sides: Sequence[Run] = runs if tag is None else _cut(runs, tag)
    return comparisons.read_comparison(sides[0], generator, sides[1], other, suite)


def frame_fidelity(clip: str, reference: str) -> FrameFidelity:
    """How close two clips of the pool are, frame by frame.

    Raises:
        NotApplicable: they have not one size, length and rate.
    """
    return _frame_fidelity(str(root()), clip, reference)


@st.cache_data(show_spinner="Comparing frames", max_entries=64)
def _frame_fidelity(root_path: str, clip: str, reference: str) -> FrameFidelity:
    pool = Pool(Path(root_path))
    return read_frame_fidelity((pool, clip), (pool, reference))


def changed_frames(clip: str, other: str) -> tuple[int, ...]:
    """Frames in which two clips of the pool differ most; none where they cannot be laid over each other."""
    return _changed_frames(str(root()), clip, other)


@st.cache_data(show_spinner=False, max_entries=64)
def _changed_frames(root_path: str, clip: str, other: str) -> tuple[int, ...]:
    pool = Pool(Path(root_path))
    return gallery.changed_frames(pool.read(clip).frames, pool.read(other).frames)


def advised(run_ids: Sequence[str], suite: str | None, wish: Wish, tag: str | None = None) -> advice.Answer:
    """Which generator of these runs to take, read again when their files change; `tag` as of `built`.

    Limits on metrics that the runs do not have are looked up in the newest runs of other suites.
    """
    return advice.answer(advice_of(run_ids, suite, wish, tag))


def advice_of(run_ids: Sequence[str], suite: str | None, wish: Wish, tag: str | None = None) -> Advice:
    """The same with everything behind it."""
    others = [r for r in index().runs if r.status == "finished" and suite not in r.suites]
    support = tuple(r.run_id for r in others[:_SUPPORT])
    stamp = _stamp((*run_ids, *support))
    return _advised(str(root()), tuple(run_ids), suite, wish, support, stamp, tag)


@st.cache_resource(show_spinner=False, max_entries=64)  # frozen, and large to copy
def _advised(
    root_path: str,
    run_ids: tuple[str, ...],
    suite: str | None,
    wish: Wish,
    support: tuple[str, ...],
    stamp: str,
    tag: str | None,
) -> Advice:
    runs, others = ([RunDir(Path(root_path), one) for one in some] for some in (run_ids, support))
    return advise(
        runs if tag is None else [run for run in _cut(runs, tag) if run.prompts],
        suite=suite,
        use=wish.of_use(),
        require=[parse_requirement(text) for text in wish.limits],
        weights={Axis(axis): weight for axis, weight in wish.weights},
        price_per_hour=wish.price_per_hour,
        support=others if tag is None else _cut(others, tag),
    )


def votes(run: data.RunSummary, suite: str | None) -> list[AxisVotes]:
    """What votes on the run's clips say, an axis at a time, read again when there are others."""
    stamp = data.run_stamp(directory(run)) + data.votes_stamp(root())
    return _votes(str(root()), run.run_id, suite, stamp)


@st.cache_data(show_spinner="Reading votes", max_entries=16)
def _votes(root_path: str, run_id: str, suite: str | None, stamp: str) -> list[AxisVotes]:
    return votes_on(RunDir(Path(root_path), run_id), suite)


def families(run: data.RunSummary) -> dict[str, str]:
    """The family of each generator of a run."""
    document = directory(run).document()
    return {entry.label: str(entry.info.get("family", "unknown")) for entry in document.generators}


def time_series(run: data.RunSummary, suite: str | None) -> list[TimeSeries]:
    """How values go with time within the run's clips, read again when its files change."""
    return _time_series(str(root()), run.run_id, suite, data.run_stamp(directory(run)))


@st.cache_data(show_spinner="Reading time series", max_entries=8)
def _time_series(root_path: str, run_id: str, suite: str | None, stamp: str) -> list[TimeSeries]:
    return read_time_series(RunDir(Path(root_path), run_id), suite)


def scaling(run: data.RunSummary, suite: str) -> ScalingReport | None:
    """How the run's generators grow under a suite; None where the suite varies nothing."""
    return _scaling(str(root()), run.run_id, suite, data.run_stamp(directory(run)))


@st.cache_data(show_spinner="Fitting", max_entries=8)
def _scaling(root_path: str, run_id: str, suite: str, stamp: str) -> ScalingReport | None:
    return growth.read(RunDir(Path(root_path), run_id), suite)


def clip(sha256: str, title: str, subtitle: str, scores: tuple[tuple[str, str], ...]) -> player.PlayerClip:
    """A clip of the pool, ready for the player."""
    return _clip(str(root()), sha256, title, subtitle, scores)


@st.cache_data(show_spinner=False, max_entries=128)
def _clip(
    root_path: str, sha256: str, title: str, subtitle: str, scores: tuple[tuple[str, str], ...]
) -> player.PlayerClip:
    return player.player_clip(Path(root_path), sha256, title, subtitle, scores)
