"""What a gate leaves behind: JUnit, Markdown, annotations of a workflow."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from test_compare import _busy, _compare, _run

from vbench_lite.advise.card import OPEN, SURE, Card, Fact
from vbench_lite.compare import Comparison
from vbench_lite.report.ci.github import add_card, add_step_summary, workflow_commands
from vbench_lite.report.ci.junit import junit_xml
from vbench_lite.report.ci.markdown import markdown
from vbench_lite.stats.noninferiority import Verdict


@pytest.fixture(scope="module")
def worse() -> Comparison:
    candidate = _run({"coherence/shapes_identity": 0.6}, run_id="b", noise_seed=1)
    return _compare(_run(), candidate)


def test_junit_has_a_case_for_each_verdict(worse: Comparison) -> None:
    root = ET.fromstring(junit_xml(worse).encode())
    cases = root.findall(".//testcase")
    assert len(cases) == sum(result.verdict is not None for result in worse.metrics)
    failed = [case.get("name") for case in cases if case.find("failure") is not None]
    assert failed == ["coherence/shapes_identity"]
    assert root.get("failures") == "1"
    inconclusive = [r.metric for r in worse.metrics if r.verdict is Verdict.INCONCLUSIVE]
    skipped = {case.get("name") for case in cases if case.find("skipped") is not None}
    assert set(inconclusive) <= skipped


def test_junit_follows_the_policy_and_takes_any_text(worse: Comparison) -> None:
    policy = worse.policy.model_copy(update={"fail_on": (Verdict.INCONCLUSIVE,)})
    metrics = [replace(result, reason="odd \x00 <text> & more") for result in worse.metrics]
    root = ET.fromstring(junit_xml(replace(worse, policy=policy, metrics=metrics)).encode())
    kinds = {failure.get("type") for failure in root.iter("failure")}
    assert kinds == {"INCONCLUSIVE"}


def test_markdown_has_the_verdict_first_and_stays_within_the_limit(worse: Comparison) -> None:
    text = markdown(worse)
    assert text.startswith("## 🔴 REGRESSED")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.count("|") - line.count("\\|") == 6 for line in rows)
    short = markdown(worse, limit=600)
    assert len(short.encode()) <= 600
    assert short.endswith("(cut: the rest is in the JSON report)\n")


def test_a_pipe_in_a_reason_breaks_no_table(worse: Comparison) -> None:
    assert "a \\| b" in markdown(replace(worse, notes=["a | b"]))


def test_annotations_are_commands_within_githubs_limits(worse: Comparison) -> None:
    lines = workflow_commands(worse)
    assert lines[0].startswith("::error title=vbench-lite::coherence/shapes_identity: REGRESSED")
    assert all("\n" not in line for line in lines)
    regressed = next(r for r in worse.metrics if r.verdict is Verdict.REGRESSED)
    many = replace(worse, metrics=[replace(regressed, metric=f"a/m{i}") for i in range(25)])
    lines = workflow_commands(many)
    assert len(lines) == 10
    assert "and 16 more" in lines[-1]
    calm = replace(worse, verdict=Verdict.PASS, metrics=[])
    assert workflow_commands(calm) == ["::notice title=vbench-lite::vbench-lite: PASS"]


def test_the_step_summary_is_appended_to(worse: Comparison, tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_text("before\n")
    add_step_summary(worse, {"GITHUB_STEP_SUMMARY": str(path)})
    assert path.read_text().startswith("before\n## 🔴 REGRESSED")
    add_step_summary(worse, {})


def test_the_answer_card_goes_to_the_step_summary(tmp_path: Path) -> None:
    sure = Fact("speed", SURE, ("a",), "a: 6 ms, 15 times sooner than b | c")
    facts = (sure, Fact("quality", OPEN, (), "a tie"))
    card = Card("first <try>", facts, (), ("timed on a busy machine",))
    path = tmp_path / "summary.md"
    add_card(card, {"GITHUB_STEP_SUMMARY": str(path)})
    assert path.read_text() == (
        "## first &lt;try&gt;\n\n| how sure | about | |\n|---|---|---|\n"
        "| **sure** | speed | a: 6 ms, 15 times sooner than b \\| c |\n"
        "| open | quality | a tie |\n\n- ⚠️ timed on a busy machine\n"
    )
    add_card(card, {})


def test_disturbed_timing_warns_and_fails_nothing() -> None:
    comparison = _compare(_run(), _busy(_run(run_id="b")))
    lines = workflow_commands(comparison)
    assert any(line.startswith("::warning") and "speed/latency_s" in line for line in lines)
    assert not any(line.startswith("::error") for line in lines)
    assert ET.fromstring(junit_xml(comparison).encode()).get("failures") == "0"
