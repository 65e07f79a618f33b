"""The script that Streamlit runs: the frame around every page, and the list of pages.

Started by `vbench-lite dashboard`, or by hand: `streamlit run dashboard/app.py -- --root DIR`.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from vbench_lite.dashboard import frame

VIEWS = Path(__file__).with_name("views")

PAGES = {
    "Results": (
        ("overview", "Overview", ":material/dashboard:"),
        ("leaderboard", "Leaderboard", ":material/leaderboard:"),
        ("tradeoffs", "Trade-offs", ":material/scatter_plot:"),
        ("clips", "Clips", ":material/movie:"),
    ),
    "Depth": (
        ("over_time", "Over time", ":material/timeline:"),
        ("scaling", "Scaling", ":material/trending_up:"),
        ("compare", "Compare", ":material/compare_arrows:"),
        ("advisor", "Advisor", ":material/tune:"),
    ),
    "Trust": (
        ("trust", "Metric trust", ":material/verified:"),
        ("glossary", "Glossary", ":material/menu_book:"),
        ("live", "Live", ":material/pending:"),
    ),
}

st.set_page_config(page_title="vbench_lite", page_icon=":material/movie:", layout="wide")
navigation = st.navigation(
    {
        section: [
            st.Page(VIEWS / f"{name}.py", title=title, icon=icon, url_path=name, default=name == "overview")
            for name, title, icon in pages
            if (VIEWS / f"{name}.py").is_file()
        ]
        for section, pages in PAGES.items()
    }
)
frame.sidebar()
navigation.run()
