"""The browser face: Streamlit pages over finished and running runs.

`app.py` is the script that Streamlit runs; `views/` holds one file a page; `frame.py` is what pages share
on the screen, `cached.py` what they read and how long it is kept. Tables and charts come from
`vbench_lite.report.charts`; `data.py`, `glossary.py` and `progress.py` read what only pages need. None of
these three imports streamlit; all are tested as plain functions. `player.py` is the synchronised player,
`wall.py` the wall of clips, both made by `component.py`; `server.py` is the command that starts it all.
No number is computed here that another part of the package computes.
"""
