"""Steered generators: from the press to the picture, what is followed, and clips with the keys held."""

from __future__ import annotations

import streamlit as st

from vbench_lite.control import parse_script
from vbench_lite.dashboard import cached, data, frame, player
from vbench_lite.dataset import script_number
from vbench_lite.errors import StoreError
from vbench_lite.report.charts import gallery, live_use, loads
from vbench_lite.report.charts.style import plain
from vbench_lite.results.board import Board
from vbench_lite.results.load_store import list_loads, read_load

_DRAWN = 4


def _draw(run: data.RunSummary) -> None:
    suite = frame.suite_choice(run)
    if suite is None or not cached.asked(run, suite).request.scripts:
        st.info("No generator was steered in this suite. The interactive suite does it:")
        frame.command("vbench-lite run --suite interactive")
        return
    board = cached.built([run.run_id], suite)
    _split(board)
    _deadlines(board)
    _session(run, suite)
    _following(board)
    _clips(run, suite)


def _split(board: Board) -> None:
    st.subheader("From the press to the picture")
    shown = live_use.split(board.rows)
    if shown.empty:
        st.info(
            "No generator has a wait, a response and an onset yet: its sessions have to be timed and scored."
        )
    else:
        frame.chart(
            live_use.split_drawing(shown),
            live_use.table(board.rows, [*live_use.PARTS.values(), "interaction/action_to_photon_s"]),
            "Wait, response and onset of each generator as stacked bars, in seconds; the table has intervals",
            "split",
        )
    st.caption(live_use.READING)


def _deadlines(board: Board) -> None:
    shown = live_use.table(board.rows, live_use.DEADLINES)
    if shown.empty:
        return
    st.subheader("Deadlines")
    st.caption("Frames against the times of a stream that starts a second after the request.")
    frame.table(shown, "deadlines", "deadlines of each generator")


def _session(run: data.RunSummary, suite: str) -> None:
    shown = live_use.presses(cached.directory(run).calls(suite), cached.families(run))
    if shown.empty:
        return
    st.subheader("Answers over a session")
    frame.chart(
        live_use.presses_drawing(shown),
        shown.drop(columns="family"),
        "Seconds from each press to its first frame on show, against the time of the session",
        "presses",
    )
    st.caption("Every press of the timed sessions. Points that rise say that the generator falls behind.")


def _following(board: Board) -> None:
    shown = live_use.table([*board.rows, *board.controls], live_use.FOLLOWING)
    if shown.empty:
        return
    st.subheader("Doing as told")
    st.caption(
        "Of the pixels, with the script indexed by frames. The controls say what to expect: the oracle "
        "follows, action-blind by chance."
    )
    frame.table(shown, "following", "following of each generator and control")


def _clips(run: data.RunSummary, suite: str) -> None:
    samples, _ = cached.clips(run, suite)
    if samples.empty:
        return
    st.subheader("Sessions, with the keys held")
    scripts = cached.asked(run, suite).request.scripts
    labels = {
        sample: f"{label}, {scripts[script_number(sample) or 0]}"
        for sample, label in gallery.labels(gallery.prompts(samples)).items()
    }
    chosen = st.selectbox("Session", list(labels.values()), key="session", bind="query-params")
    sample_id = next(key for key, label in labels.items() if label == chosen)
    here = samples[samples["sample_id"] == sample_id]
    script = parse_script(scripts[script_number(sample_id) or 0])
    by_arm = {str(row["generator"]): row for row in here.to_dict("records")}
    shown = st.multiselect(
        "Clips of",
        list(by_arm),
        default=gallery.first_shown(list(by_arm), run.generators, _DRAWN),
        key="sessions",
        bind="query-params",
        max_selections=player.MAX_CLIPS,
    )
    if shown:
        clips = [cached.clip(str(by_arm[arm]["clip_sha256"]), arm, str(script), ()) for arm in shown]
        held = live_use.keys_held(script, max(clip.frames for clip in clips))
        player.show(clips, held=held, key="steered")


def _loads() -> None:
    """Load tests of servers, which belong to the root and to no run."""
    found = []
    for path in list_loads(cached.root()):
        try:
            found.append(read_load(path))
        except StoreError as error:
            st.warning(f"A load is left out: {plain(error)}", icon=":material/broken_image:")
    if not found:
        return
    st.subheader("Load tests of servers")
    titles = {load.id: loads.title(load) for load in found}
    ids = list(titles)
    chosen = st.selectbox("Load", ids, format_func=titles.__getitem__, key="load", bind="query-params")
    load = next(one for one in found if one.id == chosen)
    st.markdown(plain(loads.saturation_line(load)))
    steps = loads.step_table(load)
    if len(load.steps) > 1 and not loads.latencies(load).empty:
        alt = "Median, 95th and 99th percentile of the latency of requests against the load, in seconds"
        frame.draw(loads.latency_drawing(load), alt=alt, key="load_latency")
    frame.table(steps, "load_steps", "each step of the load in one row")
    st.caption(loads.READING)
    for note in load.notes:
        st.caption(plain(note))


frame.page("Live use", "How soon and how well generators and servers answer.", _draw)
_loads()
