"""A run in progress: how far each generator is, the newest clips, the time left. Only reads."""

from __future__ import annotations

import streamlit as st

from vbench_lite.dashboard import cached, data, frame, player, progress
from vbench_lite.format import duration
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
    rest = progress.left_s(arms)
    if rest:
        st.markdown(f"About **{plain(duration(rest))}** of generation left; scoring and timing come on top.")
    for arm in arms:
        left = "" if arm.left_s is None or arm.share >= 1 else f", about {duration(arm.left_s)} left"
        failed = f", {arm.failed} failed" if arm.failed else ""
        st.progress(arm.share, text=plain(f"{arm.generator}: {arm.done} of {arm.planned}{failed}{left}"))
    st.caption(f"{progress.scored(directory):,} score rows so far.")
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


frame.page("Live", "How far the run is.", _draw)
