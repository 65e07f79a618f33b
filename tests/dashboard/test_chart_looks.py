"""How charts look: labels that everyone can read, and one scale for an axis."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from vbench_lite.dashboard.frame import _wide_enough
from vbench_lite.report.charts.chart_config import DARK, LEAST_CONTRAST, LIGHT, Inks, chart_config, contrast
from vbench_lite.report.charts.charts import forest, intervals, outcomes
from vbench_lite.report.charts.encodings import line_look
from vbench_lite.report.charts.rulers import LEAST_DOUBLINGS, axis_ruler
from vbench_lite.report.charts.style import FAMILIES
from vbench_lite.report.html import run
from vbench_lite.report.html.charts import svg

TEXT_PX = 11  # the height of a name
PAPER = {"light": "#ffffff", "dark": "#0f1317"}
STYLES = Path(run.__file__).with_name("style.css").read_text(encoding="utf-8")


def frame(*values: float) -> pd.DataFrame:
    columns = {"value": values, "low": [v - 0.01 for v in values], "high": [v + 0.01 for v in values]}
    names = [f"g{place}" for place in range(len(values))]
    return pd.DataFrame({"generator": names, "family": "hybrid", **columns})


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(("inks", "paper"), [(LIGHT, "#ffffff"), (DARK, "#0f1317")], ids=["light", "dark"])
def test_every_text_of_a_chart_is_read_on_every_ground(inks: Inks, paper: str) -> None:
    config = chart_config(inks is DARK)
    texts = {config["text"]["color"], *(config[part]["labelColor"] for part in ("axis", "legend", "header"))}
    texts |= {inks.soft, config["axis"]["titleColor"]}
    for text in texts:
        assert min(contrast(text, ground) for ground in (paper, inks.ground)) >= LEAST_CONTRAST, text


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_every_text_of_a_static_page_is_read(theme: int) -> None:
    block = re.findall(r":root \{(.*?)\}", STYLES, re.DOTALL)[theme]
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block))
    for name in ("ink", "soft", "good", "bad", "open"):
        for ground in ("ground", "box"):
            assert contrast(colours[name], colours[ground]) >= LEAST_CONTRAST, (name, ground)


def test_text_of_a_chart_has_no_colour_of_its_own_but_the_theme_s() -> None:
    drawing = intervals(frame(0.5, 0.6), "quality").to_dict()
    marks = [layer["mark"] for layer in drawing["layer"] if layer["mark"]["type"] == "text"]
    assert marks and all("color" not in mark for mark in marks)


@pytest.mark.parametrize("rows", [1, 2, 30])
@pytest.mark.parametrize("kind", ["differences", "intervals", "outcomes"])
def test_every_row_has_its_name_and_no_two_meet(kind: str, rows: int) -> None:
    names = [f"alignment/metric_{row}" for row in range(rows)]
    if kind == "differences":
        found = {"metric": names, "effect": 0.5, "low": -1.0, "high": 1.0, "verdict": "PASS"}
        drawing = forest(pd.DataFrame(found))
    elif kind == "intervals":
        drawing = intervals(frame(*[0.5] * rows).assign(generator=names), "quality")
    else:
        found = {"metric": names, "damage": "blur", "seen": "noticed", "sign": "✓", "effect": 1.0}
        drawing = outcomes(pd.DataFrame(found))
    picture = svg(drawing, 760, dark=False)
    places = {name: re.search(rf"translate\([^,]+,([\d.]+)\)[^>]*>{name}<", picture) for name in names}
    heights = sorted(float(place[1]) for place in places.values() if place is not None)
    assert len(heights) == rows, "a name is missing"
    assert all(below - above >= TEXT_PX for above, below in pairwise(heights))


def test_a_number_stands_clear_of_its_mark() -> None:
    layers = intervals(frame(0.5, 0.6), "quality").to_dict()["layer"]
    (point,) = (layer["mark"] for layer in layers if layer["mark"]["type"] == "point")
    (text,) = (layer["mark"] for layer in layers if layer["mark"]["type"] == "text")
    radius = math.sqrt(point["size"] / math.pi)
    assert abs(text["dy"]) - TEXT_PX / 2 >= radius


def test_a_scaled_axis_always_runs_from_control_to_real_and_draws_both() -> None:
    for values in ((0.98, 0.99), (0.1,), (0.3, 0.7)):
        ruler = axis_ruler("quality", frame(*values))
        assert ruler.domain is not None and ruler.domain[0] <= 0 and ruler.domain[1] >= 1
        assert ruler.lines == (0.0, 1.0)


def test_eight_percent_of_memory_are_no_landslide() -> None:
    ruler = axis_ruler("memory", frame(2.7, 2.81))
    assert ruler.domain is not None
    assert ruler.domain[1] - ruler.domain[0] >= LEAST_DOUBLINGS
    assert ruler.text(3.0) == "×8.00"


@pytest.mark.parametrize("family", [*FAMILIES, "of nobody"])
def test_the_legend_tells_generators_of_one_family_apart(family: str) -> None:
    """Several latent diffusion models side by side are the common case; a colour is their family's."""
    names = [f"model-{letter}" for letter in "abcdef"]
    looks: Any = line_look(pd.DataFrame({"generator": names, "family": family}))
    colours, shapes, _ = (look.to_dict()["scale"]["range"] for look in looks)
    assert len(set(colours)) == 1 and len(set(shapes)) == len(names)
    if family in FAMILIES:
        assert shapes[0] == FAMILIES[family].shape


def test_a_column_of_short_texts_is_as_wide_as_the_longest_below_the_first_rows() -> None:
    rows = pd.DataFrame({
        "value": ["0"] * 8 + ["0.286 1/px"] * 4, "generator": ["stage/latent-diffusion", "real"] * 6,
        "n": [32] * 12, "why": ["short"] * 11 + ["a sentence that nobody wants to see in full width"],
    })  # fmt: skip
    assert list(_wide_enough(rows)) == ["value"]
    assert _wide_enough(rows)["value"]["width"] >= 6 * len("0.286 1/px")
    assert _wide_enough(rows.head(0)) == {}
