"""The browser face: Streamlit pages over finished and running runs.

`app.py` is the script that Streamlit runs; `views/` holds one file a page; `frame.py` is what pages
share on the screen. `data.py`, `gallery.py`, `traces.py`, `charts.py`, `curves.py` and `theme.py` import no
streamlit: they read runs and return tables and chart specifications, and are tested as plain functions.
`player.py` is the synchronised player, `server.py` the command that starts it all, `screenshots.py` the
pictures for the documentation. No number is computed here that another part of the package computes.
"""
