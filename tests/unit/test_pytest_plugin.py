"""The plugin that gates a model from a test of its own repository."""

from __future__ import annotations

from pathlib import Path

import pytest
import scipy.stats  # noqa: F401  compiled parts load once a process, and pytester forgets what its test loads
from fabricated import store_run
from test_compare import HYBRID, _run

from vbench_lite.store.rundir import set_baseline

pytest_plugins = ["pytester"]

TEST = """
import pytest

@pytest.mark.vbench_lite(baseline="main", run="{run}")
def test_the_model_did_not_get_worse(vbench_lite):
    vbench_lite.check("{generator}")
"""


@pytest.fixture
def repository(pytester: pytest.Pytester) -> pytest.Pytester:
    """A model's repository with a baseline, an equal run and a worse one."""
    root = Path(pytester.path) / "vbench-results"
    store_run(_run(run_id="base"), root)
    store_run(_run(run_id="worse", changes={"coherence/shapes_identity": 0.6}, noise_seed=1), root)
    set_baseline(root, "main", "base")
    return pytester


def _outcome(repository: pytest.Pytester, run: str, generator: str = HYBRID) -> pytest.RunResult:
    repository.makepyfile(TEST.format(run=run, generator=generator))
    return repository.runpytest_inprocess("-p", "vbench_lite.pytest_plugin", "-p", "no:cacheprovider")


def test_a_worse_model_fails_with_the_table(repository: pytest.Pytester) -> None:
    result = _outcome(repository, "worse")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["verdict: REGRESSED ·*", "*coherence/shapes_identity*REGRESSED*"])


def test_the_same_clips_pass_or_are_incomparable_only_where_nothing_was_measured(
    repository: pytest.Pytester,
) -> None:
    policy = Path(repository.path) / "policy.yaml"
    policy.write_text("name: sharp\nprimary: [frames/sharpness]\n")
    repository.makepyfile(
        TEST.format(run="base", generator=HYBRID).replace("run=", "policy='policy.yaml', run=")
    )
    repository.runpytest_inprocess("-p", "vbench_lite.pytest_plugin").assert_outcomes(passed=1)


def test_faults_fail_in_one_line(repository: pytest.Pytester) -> None:
    result = _outcome(repository, "base", "nobody")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["vbench_lite: the run of * has no generator 'nobody'*"])
    result.stdout.no_fnmatch_line("*During handling of the above*")


def test_a_test_without_the_marker_is_an_error(repository: pytest.Pytester) -> None:
    repository.makepyfile("def test_it(vbench_lite):\n    pass\n")
    result = repository.runpytest_inprocess("-p", "vbench_lite.pytest_plugin")
    assert result.ret != 0
    result.stdout.fnmatch_lines(["*needs @pytest.mark.vbench_lite(baseline=...)*"])


def test_a_baseline_that_is_missing_is_said_before_anything_is_made(repository: pytest.Pytester) -> None:
    text = TEST.format(run="base", generator=HYBRID).replace('"main"', '"nobody"')
    repository.makepyfile(text.replace('run="base"', 'spec="bench.yaml"'))
    (Path(repository.path) / "bench.yaml").write_text("generators: [no such thing]")
    result = repository.runpytest_inprocess("-p", "vbench_lite.pytest_plugin")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["vbench_lite: *nobody*"])


def test_it_works_from_a_subfolder(repository: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """There pytest takes the folder for the root of the tests where no configuration says otherwise."""
    folder = repository.mkdir("tests")
    (folder / "test_gate.py").write_text(TEST.format(run="worse", generator=HYBRID))
    monkeypatch.chdir(folder)
    result = repository.runpytest_inprocess("-p", "vbench_lite.pytest_plugin", f"--rootdir={folder}")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["verdict: REGRESSED ·*"])
