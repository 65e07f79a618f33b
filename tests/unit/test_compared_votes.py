"""Votes in a comparison: between the clips of its two arms, judged like a metric, on every face."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from fabricated import default_world, fabricate, only, store_run, vote_on
from rich.console import Console

from vbench_lite.cli.main import call
from vbench_lite.compare import Comparison, MetricResult, Policy, RunArm, compare
from vbench_lite.compare.policy import PREFERENCE
from vbench_lite.errors import SpecError
from vbench_lite.report.charts import comparisons
from vbench_lite.report.ci.junit import junit_xml
from vbench_lite.report.ci.markdown import markdown
from vbench_lite.report.html.comparison import comparison_report
from vbench_lite.report.terminal.comparison import comparison_text
from vbench_lite.results.cut import Cut
from vbench_lite.stats.noninferiority import Verdict
from vbench_lite.store.rundir import RunDir
from vbench_lite.votes.ballot import Answer, Shown, Vote, VoteJournal, read_votes
from vbench_lite.votes.clips import between, run_clips
from vbench_lite.votes.duel import duel
from vbench_lite.votes.pairs import Questions

LD, AR = "reference/latent-diffusion", "reference/autoregressive"
NAMED = Policy(name="eyes", primary=(PREFERENCE,))
KEPT = ("alignment/shapes_shape", "coherence/shapes_identity")
SMALL = replace(default_world(), mean={name: default_world().mean[name] for name in KEPT}, sets=(), calls={})
VOTERS = ("ann", "bo", "cy", "di", "ed")


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    return store_run(fabricate(SMALL, prompts=16), tmp_path)


def against(run: RunDir, policy: Policy | None = None, *, of: str = LD, new: str = AR) -> Comparison:
    return compare(RunArm(run, of), RunArm(run, new), policy=policy)


def said(found: Comparison) -> MetricResult:
    return next(result for result in found.metrics if result.metric == PREFERENCE)


def test_equal_wins_and_losses_have_a_closed_form() -> None:
    """30 wins to 10 are log(3) apart ; half a vote of prior moves that a little."""
    votes = [
        Vote(
            f"v{n % 8}",
            f"p{n % 10}",
            Shown("x", f"x{n % 10}"),
            Shown("y", f"y{n % 10}"),
            answer,
            0,
            sided=False,
        )
        for n, answer in enumerate(["right"] * 30 + ["left"] * 10 + ["tie"] * 20)
    ]
    clips = [{(f"p{n}", 0): f"{name}{n}" for n in range(10)} for name in "xy"]
    found, turned = duel(votes, *clips), duel(votes, *clips[::-1])
    assert found is not None and turned is not None
    assert found.lead.value == pytest.approx(math.log(3), abs=0.05) and found.lead.n == 60
    assert found.share == pytest.approx(0.75, abs=0.01) == 1 - turned.share
    assert duel(votes, clips[0], dict.fromkeys(clips[1], "other")) is None


def test_a_policy_that_names_votes_gives_the_words_of_every_metric(run: RunDir) -> None:
    for voter in VOTERS:
        vote_on(run, AR, LD, voter=voter)
    won, lost = against(run, NAMED), against(run, NAMED, of=AR, new=LD)
    result = said(won)
    assert result.verdict is Verdict.IMPROVED and not won.fails
    assert said(lost).verdict is lost.verdict is Verdict.REGRESSED and lost.fails
    assert result.primary and (result.n, result.units) == (80, "votes")
    assert result.baseline is not None and result.candidate is not None
    assert result.ci is not None and result.delta is not None
    assert result.candidate > 0.9 and result.baseline + result.candidate == pytest.approx(1)
    assert result.delta == pytest.approx(result.candidate - result.baseline)
    assert result.margin == pytest.approx(0.1) and 0.5 < result.ci[0] < result.delta < result.ci[1] < 1
    assert result.reason == "margin: 45 to 55 of 100 decided votes is no loss"
    assert "preference: 80 votes of 5 voters (ann, bo, cy ...)" in won.notes


def test_a_margin_is_a_difference_of_shares(run: RunDir) -> None:
    for place, voter in enumerate(VOTERS):
        vote_on(run, *((AR, LD) if place % 2 else (LD, AR)), voter=voter)
    open_one = said(against(run, NAMED))
    assert open_one.verdict is Verdict.INCONCLUSIVE and (open_one.more_units or 0) > 50
    wide = Policy(name="eyes", primary=(PREFERENCE,), margins={PREFERENCE: 0.999})
    assert said(against(run, wide)).verdict is Verdict.PASS
    with pytest.raises(ValueError, match="difference of two shares"):
        Policy(name="eyes", margins={PREFERENCE: 1.0})


def test_without_votes_a_gate_that_names_them_does_not_pass(run: RunDir) -> None:
    found = against(run, NAMED)
    assert found.verdict is Verdict.INCOMPARABLE and found.fails
    assert f"no votes between these clips; collect them with: vbench-lite vote {run.run_id}" in str(
        said(found).reason
    )
    assert PREFERENCE not in [result.metric for result in against(run).metrics]
    itself = against(run, NAMED, of=AR)  # equal clips cannot be told apart
    assert (itself.verdict, said(itself).delta) == (Verdict.PASS, 0.0)


def test_by_default_votes_are_shown_and_a_sure_loss_is_no_pass(run: RunDir) -> None:
    before = against(run, of=AR, new=LD)
    for voter in VOTERS:
        vote_on(run, AR, LD, voter=voter)
    after = against(run, of=AR, new=LD)
    result = said(after)
    assert not result.primary and result.verdict is Verdict.REGRESSED
    assert [r for r in after.metrics if r.metric != PREFERENCE] == before.metrics
    assert any(f"outside the primary metrics REGRESSED: {PREFERENCE}" in note for note in after.notes)


def test_a_damaged_journal_stops_only_a_gate_that_names_votes(run: RunDir) -> None:
    before = against(run)
    (run.root / "votes").mkdir()
    (run.root / "votes" / "ann.jsonl").write_text('{"record": "vote"}\n')
    after = against(run)
    assert (after.verdict, after.metrics) == (before.verdict, before.metrics)
    assert any("preference is not compared" in note and "ann.jsonl, line 1" in note for note in after.notes)
    assert "ann.jsonl, line 1" in str(said(against(run, NAMED)).reason)
    assert against(run, NAMED).fails


def test_votes_are_found_by_their_clips_in_whichever_run_they_lie(run: RunDir) -> None:
    """The second run holds clips that the first one made, under the same requests."""
    again = fabricate(SMALL, prompts=16)
    again = replace(again, run_id="later", doc=replace(again.doc, run_id="later"))
    later = store_run(only(again, AR), run.root)
    vote_on(run, AR, LD, voter="ann")
    found = compare(RunArm(run, LD), RunArm(later, AR), policy=NAMED)
    assert said(found).n == 16 and (said(found).candidate or 0) > 0.8
    other = store_run(fabricate(SMALL, prompts=16, run_id="other"), run.root)  # the same names, other clips
    assert said(compare(RunArm(run, LD), RunArm(other, AR), policy=NAMED)).verdict is Verdict.INCOMPARABLE
    half = [Cut(one, frozenset(f"p{n:03d}" for n in range(8))) for one in (run, later)]
    cut = compare(RunArm(half[0], LD), RunArm(half[1], AR), policy=NAMED)
    assert said(cut).n == 8


def test_an_update_is_voted_on_between_two_runs(run: RunDir, capsys: pytest.CaptureFixture[str]) -> None:
    later = store_run(fabricate(SMALL, prompts=16, run_id="run-b"), run.root)
    arms = RunArm(run, AR), RunArm(later, AR)
    told = str(said(compare(*arms, policy=NAMED)).reason)
    assert told.endswith(f"vbench-lite vote run-b:{AR} --against run-a:{AR}")
    clips = between(run_clips(later), AR, run_clips(run), AR)
    ours, theirs = f"run-b:{AR}", f"run-a:{AR}"
    with VoteJournal(run.root, "ann") as journal:
        while (asked := Questions(clips, "ann").next(read_votes(run.root))) is not None:
            mine = Answer.LEFT if asked.left.generator == ours else Answer.RIGHT
            sides = asked.left, asked.right
            journal.add(Vote("ann", asked.prompt, *sides, mine, asked.seed, check=asked.check))
    found = said(compare(*arms, policy=NAMED))
    assert found.verdict is Verdict.IMPROVED and found.n == 16
    command = ["vote", "board", f"run-b:{AR}", "--against", f"run-a:{AR}", "--root", str(run.root), "--json"]
    assert call(command) == 0
    board = json.loads(capsys.readouterr().out)
    assert [row["generator"] for row in board["rows"]] == [ours, theirs] and board["agreement"]
    assert call(["vote", "board", "--against", "run-a", "--root", str(run.root)]) == 2


def test_people_are_heard_before_judges(run: RunDir) -> None:
    vote_on(run, AR, LD, voter="judge", kind="model")
    assert said(against(run, NAMED)).verdict is Verdict.INCOMPARABLE  # a judge without an audit
    vote_on(run, LD, AR, voter="ann")
    assert (said(against(run, NAMED)).candidate or 1) < 0.2


def test_every_face_says_who_voted(run: RunDir, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for voter in VOTERS:
        vote_on(run, LD, AR, voter=voter)
    found = against(run, NAMED)
    stream = io.StringIO()
    Console(file=stream, width=80, no_color=True).print(comparison_text(found, update=True))
    table = comparisons.table(found)  # of the page Compare and of the HTML report
    assert table.table["metric"].tolist()[1] == PREFERENCE and table.forest["metric"][1] == f"{PREFERENCE} *"
    html = comparison_report(found, run, run, update=True)
    faces = [stream.getvalue(), markdown(found), html, str(found.as_dict()), str(table.notes)]
    assert all("80 votes of 5 voters" in " ".join(face.split()) for face in faces)
    assert "REGRESSED" in stream.getvalue() and f'name="{PREFERENCE}"' in junit_xml(found)
    policy = tmp_path / "eyes.yaml"
    policy.write_text("name: eyes\nprimary: [preference]\nmargins: {preference: 0.2}\n")
    arms = [f"{run.run_id}:{name}" for name in (LD, AR)]
    command = ["compare", *arms, "--policy", str(policy), "--root", str(run.root)]
    assert call([*command, "--gate"]) == 1
    assert "verdict: REGRESSED" in capsys.readouterr().out


def test_other_unknown_metrics_are_still_refused(run: RunDir) -> None:
    with pytest.raises(SpecError, match="preferences is not in suite"):
        against(run, Policy(name="eyes", primary=("preferences",)))
