"""A run in progress: how far each generator is, the newest clips, the time left. Only reads."""

from __future__ import annotations

import streamlit as st

from vbench_lite.dashboard import cached, data, frame, player, progress
from vbench_lite.format import duration, listed
from vbench_lite.report.charts import boards, charts
from vbench_lite.report.charts.rulers import axis_ruler
from vbench_lite.report.charts.style import plain

_EVERY_S = 3.0
_CLIPS = 4


def _draw(run: data.RunSummary) -> None:
    if not frame.is_chosen():  # the run that goes on, not the newest finished one
        newest = cached.index().runs[0]
        run = newest if newest.status != "finished" else run
    st.markdown(f"**{plain(run.title)}**")
    if run.status == "finished":
        st.success("This run is finished.", icon=":material/check:")
        _state(run)
        return
    if run.status == "interrupted":
        st.warning(
            "This run was interrupted. The same command continues it; nothing that is done is made again."
        )
    st.fragment(_state, run_every=_EVERY_S)(run)


def _state(run: data.RunSummary) -> None:
    directory = cached.directory(run)
    arms = progress.arms(directory)
    work = progress.phases(directory, arms)
    said = ", ".join(f"{one.done} of {one.planned} {one.name}" for one in work if one.planned)
    st.progress(progress.share(work), text=plain(f"{progress.share(work):.0%} of the run: {said}"))
    if work[-1].done:  # before that there is nothing to rank, and timed calls must not be disturbed
        _standing(run)
    rest = progress.left_s(arms)
    if rest:
        st.markdown(f"About **{plain(duration(rest))}** of generation left; scoring and timing come on top.")
    for arm in arms:
        left = "" if arm.left_s is None or arm.share >= 1 else f", about {duration(arm.left_s)} left"
        failed = f", {arm.failed} failed" if arm.failed else ""
        st.markdown(plain(f"{arm.generator}: {arm.done} of {arm.planned}{failed}{left}"))
        if arm.stopped is not None:
            st.warning(plain(f"{arm.generator} is stopped; {arm.stopped}"))
    newest = progress.newest(directory, _CLIPS)
    if newest.empty:
        st.info("No clip has been made yet.")
        return
    st.subheader("Newest clips")
    player.show(
        [
            cached.clip(
                str(row["clip_sha256"]), str(row["generator"]), f"{row['prompt']}, seed {row['seed']}", ()
            )
            for row in newest.to_dict("records")
        ],
        key="newest",
    )


def _standing(run: data.RunSummary) -> None:
    """Who is ahead so far, with intervals that shrink as clips are scored, and whether ranks are settled."""
    if not run.suites:
        return
    board = cached.board([run.run_id], run.suites[0])
    drawn = [axis for axis in board.axes if len(boards.axis_rows(board, axis)) > 1]
    if not drawn:
        return
    done = progress.settled(board)
    if done and len(done) == len(drawn):
        st.success("Ranks are settled on every axis; the run goes on, and will hardly change them.")
    elif done:
        st.info(f"Ranks are settled on {listed(done)}.")
    for axis, cell in zip(drawn, frame.cells(len(drawn), 2), strict=True):
        rows = boards.axis_rows(board, axis)
        ruler = axis_ruler(axis, rows, published=axis in board.published)
        with cell:
            frame.draw(
                charts.intervals(rows, ruler.title, ruler),
                alt=f"{axis} of each generator so far, with its 95% interval",
                key=f"so_far_{axis}",
            )


frame.page("Live", "How far the run is.", _draw)
