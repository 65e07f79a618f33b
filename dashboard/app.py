"""The script that Streamlit runs: the frame around every page, and the navigation.

Started by `vbench-lite dashboard`, or by hand: `streamlit run dashboard/app.py -- --root DIR`.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from vbench_lite.dashboard import frame
from vbench_lite.dashboard.pages import PAGES

# A file of ours: an icon or emoji by name would be fetched from another host.
ICON = Path(__file__).with_name("icon.png")

st.set_page_config(page_title="vbench_lite", page_icon=str(ICON), layout="wide")
navigation = st.navigation(
    [
        st.Page(page.file, title=page.title, icon=page.icon, url_path=page.name, default=page is PAGES[0])
        for page in PAGES
    ],
    position="hidden",  # its list of sections is no list to a screen reader; `sidebar` draws the links
)
# The page begins at the top and uses the width; what Streamlit leaves empty is a fifth of a small screen.
# White on the dark theme's own colour of a chip would not be read.
_LOOK = """
.stMainBlockContainer { padding: 2.6rem 2rem 4rem; }
.stMainBlockContainer h1 { font-size: 1.9rem; }
span[data-tag] { background-color: #0072B2 !important; }
"""
st.html(f"<style>{_LOOK}</style>")
frame.sidebar()
navigation.run()
