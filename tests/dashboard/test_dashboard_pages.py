"""What each page says. That every page opens in every state: `tests/browser/test_every_page.py`."""

from __future__ import annotations

import errno
import json
import os
import re
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import NoReturn

import pytest
import streamlit as st
import yaml
from fabricate import CONTROLS, STATES, SUITE, make_root, make_run, make_scaling_run
from opened import html, open_page, said
from streamlit.testing.v1 import AppTest

from vbench_lite.dashboard import cached, server
from vbench_lite.dashboard.pages import PAGES, VIEWS, PageEntry
from vbench_lite.report.charts import timeline
from vbench_lite.run.plan.spec import parse_spec
from vbench_lite.store import atomic
from vbench_lite.store.rundir import RunDir, set_baseline
from vbench_lite.yaml_text import parse_yaml

DOCUMENTS = Path(__file__).parents[2] / "docs"
DOCUMENT = (DOCUMENTS / "dashboard.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A root for each state."""
    return {state: make_root(tmp_path_factory.mktemp(state), state) for state in STATES}


def test_two_clips_are_compared_frame_by_frame(
    roots: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page(roots["one"], "compare", monkeypatch, run="a" * 16, candidate="reference/hybrid")
    assert not app.exception
    told = next(c.value for c in app.caption if c.value.startswith("PSNR"))
    assert re.match(r"PSNR [\d.]+ dB \(least [\d.]+ dB, frame \d+\); SSIM ", told)
    assert "These are two generators" in told  # the baseline is another generator of the run
    frames = next(d.value for d in app.dataframe if "PSNR (dB)" in d.value)
    assert list(frames["frame"]) == list(range(1, 17))
    assert float(re.findall(r"least ([\d.]+) dB", told)[0]) == pytest.approx(
        frames["PSNR (dB)"].min(), rel=1e-2
    )


def test_scaling_shows_the_suite_that_varies_a_size_whatever_else_the_run_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_scaling_run(tmp_path)
    document = run.document()
    quick = yaml.safe_load(SUITE.read_text(encoding="utf-8"))
    run.write_document(replace(document, suites=[quick, *document.suites]))
    app = open_page(tmp_path, "scaling", monkeypatch)
    assert not app.exception
    assert any("time grows as size to the power" in table.value for table in app.dataframe)
    run.write_document(replace(document, suites=[quick]))
    st.cache_data.clear()
    app = open_page(tmp_path, "scaling", monkeypatch)
    assert any("No suite of this run varies a size" in info.value for info in app.info)


def test_the_baseline_offered_first_is_an_older_run_with_the_same_requests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(tmp_path, "a" * 16, created="2026-03-01T10:00:00+00:00", clips=False)
    other = make_run(tmp_path, "b" * 16, created="2026-03-02T10:00:00+00:00", clips=False)
    other.write_document(replace(other.document(), seed=1))
    make_run(tmp_path, "c" * 16, created="2026-03-03T10:00:00+00:00", clips=False)
    app = open_page(tmp_path, "compare", monkeypatch)
    assert app.selectbox(key="baseline").value == "a" * 16


def test_the_example_of_a_sweep_is_one() -> None:
    text = (VIEWS / "settings.py").read_text()
    example = text.partition('EXAMPLE = """')[2].partition('"""')[0]
    spec = parse_spec(parse_yaml(example, "example"), "example")
    assert [entry.label for entry in spec.generators or ()] == [
        "base", "base-again", "base-seeds", "steps-6", "steps-12",
    ]  # fmt: skip


def test_suites_that_another_brings_along_are_no_runs_of_their_own(tmp_path: Path) -> None:
    document = make_run(tmp_path, "a" * 16, prompts=2, clips=False).document()
    (suite,) = document.suites
    whole = suite | {"also": ["b"]}
    shown = timeline.rows([replace(document, suites=[whole, suite | {"name": "b"}])], {})
    assert list(shown["suite"]) == [suite["name"]]


def test_a_run_of_one_generator_leads_to_the_comparison(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(tmp_path, "a" * 16, prompts=2, clips=False)
    alone = make_run(tmp_path, "b" * 16, created="2026-03-03T10:00:00+00:00", prompts=2, clips=False)
    document = alone.document()
    kept = [entry for entry in document.generators if entry.label == "reference/hybrid"]
    alone.write_document(replace(document, generators=kept))
    for run, told in (("a", False), ("b", True)):
        app = open_page(tmp_path, "overview", monkeypatch, run=run * 16)
        assert any("compare?run=" in text.value for text in app.markdown) is told
    app = open_page(tmp_path, "overview", monkeypatch)  # none is chosen: beside those of the other run
    assert any("is an update: [compare it" in text.value for text in app.markdown)


def test_what_to_look_for_and_what_was_asked_stand_beside_the_clips(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(tmp_path, "a" * 16, prompts=2)
    samples = run.samples()
    (hybrid,) = samples.index[(samples["generator"] == "reference/hybrid") & (samples["seed"] == 0)]
    samples.loc[hybrid, "facts"] = json.dumps({"effective_prompt": "a red ring"})
    with monkeypatch.context() as patch:
        patch.setattr(RunDir, "samples", lambda self: samples)
        patch.setattr(cached, "look_for", lambda run: {"p000": "the ring turns"})
        app = open_page(tmp_path, "clips", patch)
    told = [caption.value.replace("\\", "") for caption in app.caption]  # of Markdown
    assert {"Look for: the ring turns", "reference/hybrid was asked: a red ring"} <= set(told)


def test_a_damaged_run_is_named_and_the_others_are_shown(
    roots: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page(roots["damaged"], "leaderboard", monkeypatch)
    assert any("left out" in warning.value and "dddddddddddddddd" in warning.value for warning in app.warning)
    assert len(app.dataframe) > 0


def test_trust_shows_the_audit_and_names_a_damaged_one(
    roots: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page(roots["one"], "trust", monkeypatch)
    verdicts = next(d.value for d in app.dataframe if "in words" in d.value).set_index("metric")["verdict"]
    assert verdicts.to_dict() == {"frames/sharpness": "fooled", "alignment/shapes_shape": "sound"}
    app = open_page(roots["damaged"], "trust", monkeypatch)
    assert any("damaged" in w.value and "dddd" in w.value for w in app.warning)


def test_without_runs_the_page_says_how_to_make_one(
    roots: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page(roots["none"], "leaderboard", monkeypatch)
    assert "vbench-lite run" in app.code[0].value


def test_a_running_run_is_shown_as_partial(roots: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    with RunDir(roots["running"], "b" * 16).lock():
        app = open_page(roots["running"], "overview", monkeypatch, run="b" * 16)
    assert any("running" in info.value for info in app.info)


@pytest.mark.parametrize("name", ["clips", "live"])
def test_clips_are_shown_from_a_root_that_cannot_be_written(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(tmp_path, "a" * 16)

    def refuse(path: Path, **_: object) -> NoReturn:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr(atomic, "replaced", refuse)
    st.cache_data.clear()
    app = open_page(tmp_path, name, monkeypatch)
    assert not app.exception and not app.error
    assert not (tmp_path / "pool" / "previews").exists()
    assert "Read-only" not in said(app) + html(app)


def test_a_killed_run_says_how_to_continue(roots: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    st.cache_data.clear()  # a kill changes no file, so the list of runs is only read again after a while
    app = open_page(roots["running"], "live", monkeypatch)
    assert any("continues it" in warning.value for warning in app.warning)


def test_a_generator_below_full_coverage_has_no_rank(
    roots: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page(roots["one"], "leaderboard", monkeypatch)
    rows = {row.split("</strong>")[0]: row for row in html(app).split("<strong>")[1:]}
    assert 'class="chip"' not in rows["autoregressive"]
    assert 'class="chip"' in rows["hybrid"]
    assert any("reference/autoregressive is not ranked" in w.value.replace("\\", "") for w in app.warning)


def test_controls_are_apart_from_generators(roots: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_page(roots["one"], "leaderboard", monkeypatch)
    assert not {f"<strong>{name}</strong>" for name in CONTROLS if f"<strong>{name}</strong>" in html(app)}
    assert "<strong>hybrid</strong>" in html(app)


def test_an_address_restores_what_was_chosen(roots: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_page(
        roots["one"], "tradeoffs", monkeypatch, x="memory/peak_bytes", y="coherence", log_x="true"
    )
    assert app.selectbox(key="x").value == "memory/peak_bytes"
    assert app.selectbox(key="y").value == "coherence"
    assert app.checkbox(key="log_x").value is True
    app = open_page(roots["many"], "overview", monkeypatch, run=f"{7:016x}")
    assert app.selectbox(key="run").value == f"{7:016x}"
    app = open_page(roots["many"], "leaderboard", monkeypatch, run=f"{7:016x}", rows="use: live-streaming")
    assert "for live streaming</th>" in html(app) and "of draws" in html(app)


def test_the_advisor_answers_by_use_and_the_address_restores_it(
    roots: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page(roots["many"], "advisor", monkeypatch)
    assert "Depends on what counts" in said(app).replace("\\", "")
    app = open_page(
        roots["many"], "advisor", monkeypatch, use="live-streaming",
        **{"live-streaming_first_frame": "100 ms", "w_live-streaming_speed": "5"},
    )  # fmt: skip
    assert app.slider(key="w_live-streaming_speed").value == 5
    assert app.slider(key="w_live-streaming_coherence").value == 2  # the use's own
    limits = next(d.value for d in app.dataframe if "measured" in d.value).set_index(["limit", "generator"])
    limit = "speed/time_to_first_frame_s <= 100 ms"
    assert limits["status"][(limit, "reference/autoregressive")] == "meets"  # 0.04 s
    assert limits["status"][(limit, "reference/latent-diffusion")] == "does not meet"  # 1.3 s
    assert app.select_slider(key="live-streaming_pace").value == "1"  # the use's limit, in its slider
    asked = set(limits.index.get_level_values("limit"))
    assert "speed/real_time_factor >= 1" in asked
    assert "speed/time_to_first_frame_s <= 1 s" not in asked  # the reader has moved it
    shortlist = next(d.value for d in app.dataframe if "not ranked because" in d.value)
    assert shortlist["generator"].iloc[0] == "reference/autoregressive"


def test_the_advisor_says_what_is_wrong_with_a_limit(
    roots: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page(roots["one"], "advisor", monkeypatch, limits="speed/latencies <= 1")
    assert "did you mean" in app.error[0].value


def test_an_address_with_an_unknown_value_falls_back(
    roots: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page(roots["one"], "tradeoffs", monkeypatch, x="no/such")
    assert not app.exception
    assert app.selectbox(key="x").value == "speed/latency_s"


def test_a_link_to_a_run_that_is_gone_shows_no_other_run(
    roots: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page(roots["many"], "clips", monkeypatch, run="deadbeef00000000")
    assert "deadbeef00000000 is not here" in app.error[0].value
    assert not app.dataframe and app.selectbox(key="run").value == "latest"
    assert [button.label for button in app.button] == ["Show the latest run"]
    app.button[0].click().run()
    assert not app.error and "missing" in app.session_state and app.session_state["missing"] is None


def test_a_run_is_known_by_its_name_and_a_named_baseline_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "my results"
    old = make_run(root, "a" * 16, created="2026-03-01T10:00:00+00:00", clips=False)
    make_run(root, "b" * 16, created="2026-03-02T10:00:00+00:00", clips=False)
    make_run(root, "c" * 16, created="2026-03-03T10:00:00+00:00", clips=False)
    old.write_document(replace(old.document(), name="before the update"))
    set_baseline(root, "main", "a" * 16)
    app = open_page(root, "compare", monkeypatch)
    assert app.selectbox(key="baseline").value == "a" * 16
    assert app.selectbox(key="baseline").options[0] == "main: before the update"
    assert any(re.match(r"\d+ (worse|better|same|open)", head.value) for head in app.subheader)
    boxes = [box.value for kind in (app.success, app.warning, app.error) for box in kind]
    assert [box.split()[0] for box in boxes] == ["**Quality", "**Speed"]
    assert app.code[0].value == f"vbench-lite baseline set main {'c' * 16} --root '{root}'"


def test_two_models_are_set_against_each_other_and_none_regresses(
    roots: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page(
        roots["one"], "compare", monkeypatch, candidate="reference/hybrid", of="reference/latent-diffusion"
    )
    heads = [head.value.replace("\\", "") for head in app.subheader]
    assert any(head.startswith("reference/hybrid against reference/latent-diffusion: ") for head in heads)
    assert not any("REGRESSED" in error.value for error in app.error)


def test_pages_use_no_raw_html() -> None:
    """But for the style of the app, and what templates with autoescape made."""
    for path in VIEWS.parent.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "unsafe_allow_html" not in text
        assert "st.html" not in text or path.name in ("app.py", "frame.py")


def test_every_view_is_a_page_and_every_page_has_its_view() -> None:
    assert {page.file for page in PAGES} == set(VIEWS.glob("[a-z]*.py"))


@pytest.mark.parametrize("entry", PAGES, ids=lambda entry: entry.name)
def test_every_page_has_a_line_and_a_section_in_the_documents(entry: PageEntry) -> None:
    anchor = entry.title.lower().replace(" ", "-")
    assert f"\n## {entry.title}\n" in DOCUMENT, f"docs/dashboard.md has no section {entry.title}"
    assert f"\n| [{entry.title}](#{anchor}) | " in DOCUMENT, f"its table has no line for {entry.title}"


def test_the_page_of_the_instructions_opens(
    roots: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (DOCUMENTS.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    example = text.partition("## Add a page")[2].partition("```python\n")[2].partition("```")[0]
    page = tmp_path / "coverage.py"
    page.write_text(dedent(example), encoding="utf-8")
    monkeypatch.setenv(server.ROOT_VARIABLE, str(roots["one"]))
    app = AppTest.from_file(str(page), default_timeout=60).run()
    assert not app.exception and app.title[0].value == "Coverage"
    failures = app.dataframe[0].value.set_index("generator")["failures"]
    assert "the sampler diverged" in failures["reference/autoregressive"]


def test_the_baseline_is_marked_on_the_time_line_and_two_runs_are_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place, run_id in enumerate(("a" * 16, "b" * 16, "c" * 16)):
        make_run(tmp_path, run_id, created=f"2026-03-0{place + 1}T10:00:00+00:00", prompts=2, clips=False)
    set_baseline(tmp_path, "main", "a" * 16)
    app = open_page(tmp_path, "timeline", monkeypatch)
    assert app.selectbox(key="before").value == "a" * 16
    (table,) = (one.value for one in app.dataframe if "mark" in one.value)
    assert list(table.loc[table["mark"] == "main", "kind"]) == ["baseline"]
    (link,) = (one for one in app.get("page_link") if one.proto.label.startswith("Compare "))
    assert f"run={'c' * 16}" in link.proto.query_string
    assert f"baseline={'a' * 16}" in link.proto.query_string


def test_the_glossary_is_searched_and_begins_with_this_run_s_metrics(
    roots: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page(roots["one"], "glossary", monkeypatch)
    assert app.subheader[0].value == "Of this run"
    found = open_page(roots["one"], "glossary", monkeypatch, words="flicker temporal")
    assert 0 < len(found.expander) < len(app.expander)
    assert all(
        "flicker" in " ".join([one.label, *(m.value for m in one.markdown)]).lower() for one in found.expander
    )
    none = open_page(roots["one"], "glossary", monkeypatch, words="xyzzy")
    assert len(none.expander) == 0
    assert "No metric speaks of that" in none.info[0].value


def test_trust_shows_a_metric_with_its_sentence_and_the_clips_at_both_ends(
    roots: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page(roots["one"], "trust", monkeypatch, metric="frames/sharpness")
    assert not app.exception
    text = said(app).replace("\\", "")
    assert "both ends of the metric" in text
    assert "Here: **" in text


def test_pages_are_cut_by_a_tag_of_the_prompts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(tmp_path, prompts=4)
    ids = sorted({row["prompt_id"] for row in run.rows("sample", ("prompt_id",))})
    told = {ids[0]: ("still",), ids[1]: ("still",), ids[2]: ("moving",)}
    st.cache_data.clear()  # tags are kept by the suites, which other tests' runs have too
    monkeypatch.setattr("vbench_lite.dashboard.cached.tags_of", lambda document: told)
    app = open_page(tmp_path, "leaderboard", monkeypatch)
    assert app.selectbox(key="tag").options == ["all prompts", "moving", "still"]
    whole = html(app)
    app.selectbox(key="tag").select("still").run()
    assert not app.exception, app.exception
    assert html(app) != whole
    for name in ("tradeoffs", "advisor", "compare", "clips"):
        app = open_page(tmp_path, name, monkeypatch, tag="still")
        assert not app.exception and not app.error, (name, app.exception, app.error)
        assert app.selectbox(key="tag").value == "still", name
    assert len(app.selectbox(key="sample").options) == 2  # of four
