"""A comparison on a terminal."""

from __future__ import annotations

import io
import math
from dataclasses import replace

from rich.console import Console
from test_compare import HYBRID, _compare, _run

from vbench_lite.compare import MetricResult, RunArm, compare
from vbench_lite.report.charts import comparisons
from vbench_lite.report.ci.junit import junit_xml
from vbench_lite.report.ci.markdown import markdown
from vbench_lite.report.terminal.comparison import change, comparison_text, environment_lines
from vbench_lite.stats.noninferiority import Verdict


def test_a_comparison_fits_eighty_columns_and_says_what_decided() -> None:
    comparison = _compare(_run(), _run({"coherence/shapes_identity": 0.6}, run_id="b", noise_seed=1))
    stream = io.StringIO()
    Console(file=stream, width=80, no_color=True).print(comparison_text(comparison))
    text = stream.getvalue()
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80
    assert text.startswith("verdict: REGRESSED")
    assert "more prompts" in " ".join(text.split())


def test_a_long_name_pushes_no_number_to_another_line() -> None:
    long = MetricResult("diversity/feature_distance_efficientnet", True, "set", Verdict.REGRESSED, 0.0945,
                        0.111, -0.1875, (-0.1937, -0.1813))  # fmt: skip
    comparison = replace(_compare(_run(), _run(run_id="b")), metrics=[long])
    stream = io.StringIO()
    Console(file=stream, width=80, no_color=True).print(comparison_text(comparison))
    assert "  feature_distance_efficientnet" in stream.getvalue()
    assert "candidate          change verdict" in stream.getvalue()
    assert "-0.1875 ±0.0062 REGRESSED" in stream.getvalue()


def test_a_hash_is_told_only_where_nothing_else_differs() -> None:
    comparison = _compare(_run(), _run(run_id="b"))
    hashed = {"field": "generator.fingerprint", "baseline": "1" * 16, "candidate": "2" * 16}
    steps = {"field": "generator.config.steps", "baseline": 8, "candidate": 4}
    assert environment_lines(replace(comparison, environment=[hashed, steps]))[1:] == [
        "  generator.config.steps: 8 -> 4"
    ]
    (_, line) = environment_lines(replace(comparison, environment=[hashed]))
    assert line == f"  generator.fingerprint: {'1' * 16} -> {'2' * 16}"


def test_two_models_are_set_against_each_other_without_a_verdict() -> None:
    run = _run({"coherence/shapes_identity": 0.6})
    other = compare(RunArm(run, "reference/autoregressive"), RunArm(run, HYBRID))
    stream = io.StringIO()
    Console(file=stream, width=80, no_color=True).print(comparison_text(other))
    text = stream.getvalue()
    assert text.startswith("reference/hybrid against reference/autoregressive: ")
    assert not any(str(verdict) in text for verdict in Verdict)
    assert comparisons.table(other).counts in " ".join(text.split())
    gate = io.StringIO()
    Console(file=gate, width=80, no_color=True).print(comparison_text(other, update=True))
    assert gate.getvalue().startswith("verdict: ")


def test_the_command_that_accepts_a_candidate_closes_an_update() -> None:
    stream = io.StringIO()
    command = "vbench-lite baseline set main b"
    Console(file=stream, width=80).print(comparison_text(_compare(_run(), _run(run_id="b")), accept=command))
    assert stream.getvalue().rstrip().endswith(command)


def test_changes_of_times_are_percent_and_more_time_is_worse() -> None:
    slower = MetricResult("speed/latency_s", True, "call", Verdict.REGRESSED, 1.0, 1.25, -math.log(1.25),
                          (-math.log(1.3), -math.log(1.2)), higher_is_better=False,
                          scale="log_ratio")  # fmt: skip
    assert change(slower) == "-25.0% ±5.0%"
    level = MetricResult("a/b", True, "sample", Verdict.PASS, 0.5, 0.52, 0.021, (-0.013, 0.055))
    assert change(level) == "+0.021 ±0.034"


def test_a_time_that_doubles_reads_the_same_on_every_face() -> None:
    """From 1 s to 2 s: the terminal, CI, the dashboard and the HTML report say one number."""
    twice = MetricResult("speed/latency_s", True, "call", Verdict.REGRESSED, 1.0, 2.0, -math.log(2),
                         (-0.8, -0.6), margin=math.log(1.05), unit="s", higher_is_better=False,
                         scale="log_ratio")  # fmt: skip
    comparison = replace(_compare(_run(), _run(run_id="b")), metrics=[twice], verdict=Verdict.REGRESSED)
    stream = io.StringIO()
    Console(file=stream, width=80, no_color=True).print(comparison_text(comparison))
    table = comparisons.table(comparison)  # of the dashboard and of the HTML report
    faces = [stream.getvalue(), markdown(comparison), junit_xml(comparison), table.because[0]]
    faces.append(table.table["change, + is better"].iloc[0])
    assert all("-100.0%" in text for text in faces)
    assert table.table["margin"].iloc[0] == "5%"
