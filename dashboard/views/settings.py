"""Settings of one generator against its base: what is free, what is worth its loss, what to avoid."""

from __future__ import annotations

import streamlit as st

from vbench_lite.compare.sweep import sweep
from vbench_lite.dashboard import cached, data, frame
from vbench_lite.report.charts import settings
from vbench_lite.report.charts.style import plain

EXAMPLE = """sweep:
  base: {adapter: stage/latent-diffusion}
  products: {steps: {config.steps: [6, 12]}}
suites: [quick]
samples: 16
"""


def _draw(run: data.RunSummary) -> None:
    directory = cached.directory(run)
    if directory.document().sweep is None:
        st.info("This run is no sweep. A sweep holds settings of one generator against its base.")
        st.markdown("Write for instance in `settings.yaml`:")
        frame.typed(EXAMPLE)
        frame.command("vbench-lite sweep settings.yaml")
        return
    found = sweep(directory, suite=frame.suite_choice(run))
    for line in settings.verdicts(found):
        st.markdown(f"- {plain(_sentence(line))}")
    for title, table, reading in settings.tables(found):
        st.subheader(title.capitalize())
        frame.table(table, title, title, whole=True)
        st.caption(plain(_sentence(reading)))
    for note in found.notes:
        st.warning(plain(note))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


frame.page("Settings", "What settings of one generator give and cost, against its base.", _draw)
