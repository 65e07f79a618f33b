"""What arms say is what their rows say, read one by one as `store.schema` has them."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from fabricated import FakeRun, fabricate
from hypothesis import given, settings
from hypothesis import strategies as st

from vbench_lite.errors import StoreError
from vbench_lite.results.arms import read_arms
from vbench_lite.stats.means import mean_estimate
from vbench_lite.store.schema import SampleRecord, ScoreRecord

SUITE = fabricate(prompts=2).doc.suites[0]["name"]
LABELS = ("reference/latent-diffusion", "reference/hybrid", "noise")
METRICS = ("frames/sharpness", "coherence/motion_amount", "foreign/metric")
WORDS = st.sampled_from(["too short", "no mask", "other"])


@st.composite
def runs(draw: Any) -> FakeRun:
    """Runs with gaps: another suite's rows, samples that failed, scores without a value."""
    empty = fabricate(prompts=2)
    samples, scores = [], []
    for label in LABELS:
        for index in range(draw(st.integers(0, 40))):
            prompt = f"p{index % 7}"
            name = f"{prompt}-s{index // 7}"
            suite = SUITE if draw(st.integers(0, 9)) else "another"
            ok = draw(st.integers(0, 9)) > 0
            samples.append(
                SampleRecord(
                    label, suite, name, prompt, f"text of {prompt}", index, "ok" if ok else "timeout",
                    reason=None if ok or index % 2 else "slow", clip_sha256=f"{label}{name}" if ok else None,
                )
            )  # fmt: skip
            for metric in METRICS:
                if draw(st.integers(0, 9)) == 0:
                    continue
                value = draw(st.floats(-5, 5)) if draw(st.integers(0, 9)) else None
                scores.append(
                    ScoreRecord(
                        label, suite, "sample", metric, "ok" if value is not None else "not_applicable",
                        value, sample_id=name, prompt_id=prompt, fingerprint=f"f{index % 2}",
                        reason=draw(WORDS) if value is None else None, extras=json.dumps({"unit": "u"}),
                    )
                )  # fmt: skip
    order = draw(st.permutations(range(len(scores)))) if len(scores) < 30 else range(len(scores))
    return FakeRun("run", empty.doc, samples, [scores[place] for place in order])


@settings(max_examples=40, deadline=None)
@given(runs())
def test_every_number_is_that_of_the_rows(run: FakeRun) -> None:
    for arm in read_arms(run, SUITE):
        mine = [row for row in run.sample_rows if (row.generator, row.suite) == (arm.generator, SUITE)]
        good = [row for row in mine if row.status == "ok"]
        assert arm.ok == len(good)
        assert arm.clips == {row.sample_id: row.clip_sha256 for row in good}
        assert list(arm.prompt_of.items()) == [(row.sample_id, row.prompt_id) for row in good]
        assert list(arm.requests.items()) == [(row.sample_id, (row.prompt, row.seed)) for row in mine]
        failures = ["timeout: slow" if row.reason else "timeout" for row in mine if row.status != "ok"]
        assert list(arm.failures.items()) == list(Counter(failures).items())
        for metric in METRICS:
            rows = [
                row
                for row in run.score_rows
                if (row.generator, row.suite, row.metric) == (arm.generator, SUITE, metric)
            ]
            _check(arm.estimates.get(metric), rows)


def _check(found: Any, rows: list[ScoreRecord]) -> None:
    if not rows:
        assert found is None or (found.value is None and found.n == 0)
        return
    known = [(row.sample_id, row.prompt_id, row.value) for row in rows if row.value is not None]
    missing = Counter(str(row.reason) for row in rows if row.value is None)
    assert list(found.missing.items()) == list(missing.items())
    if not known:
        assert (found.value, found.reason) == (None, missing.most_common(1)[0][0])
        return
    values, prompts = [float(value) for *_, value in known], [prompt for _, prompt, _ in known]
    estimate = mean_estimate(values, prompts, bounds=found.facts.bounds)
    assert (found.value, found.low, found.high) == (estimate.value, estimate.low, estimate.high)
    assert found.n == len(known)
    assert list(found.by_sample.items()) == [(name, value) for name, _, value in known]
    groups = {
        p: [v for q, v in zip(prompts, values, strict=True) if q == p] for p in sorted(set(map(str, prompts)))
    }
    assert list(found.by_prompt.items()) == [(p, math.fsum(g) / len(g)) for p, g in groups.items()]
    assert found.fingerprints == tuple(sorted({row.fingerprint for row in rows if row.value is not None}))


def test_sets_and_calls_are_those_of_the_rows() -> None:
    run = fabricate(prompts=12, seeds=2)
    for arm in read_arms(run, SUITE):
        for metric, found in arm.estimates.items():
            rows = [r for r in run.score_rows if (r.generator, r.metric) == (arm.generator, metric)]
            if rows and rows[0].level == "set":
                assert (found.value, found.low, found.high) == (rows[0].value, rows[0].low, rows[0].high)
                assert found.n == rows[0].n
                assert list(found.replicates) == rows[0].replicates
            if rows and rows[0].level == "call":
                kinds = {row.sample_id: row.call for row in rows}
                warm = {row.sample_id: row.value for row in rows if kinds[row.sample_id] == "warm"}
                first = [row.value for row in rows if kinds[row.sample_id] == "first"]
                assert found.calls == warm
                assert found.first_call == np.median(np.array(first, dtype=float))


def test_a_score_that_says_ok_without_a_number_is_one_error() -> None:
    run = fabricate(prompts=4)
    bad = ScoreRecord(LABELS[0], SUITE, "sample", "m/m", "ok", None, sample_id="p000-0", prompt_id="p000")
    with pytest.raises(StoreError, match="a score of m/m says ok and holds no number"):
        read_arms(FakeRun("run", run.doc, run.sample_rows, [*run.score_rows, bad]), SUITE)
