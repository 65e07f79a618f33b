"""A regression test of a video model in five lines of its own repository.

    import pytest

    @pytest.mark.vbench_lite(baseline="main", spec="bench.yaml")
    def test_the_model_did_not_get_worse(vbench_lite):
        vbench_lite.check("wan-int8")

The specification is run (what was finished is not made again) and compared with the named baseline under
the policy; the test fails where the gate would. Nothing heavy is imported until a test asks for it.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from vbench_lite.compare import Comparison
    from vbench_lite.store.rundir import RunDir

MARKER = "vbench_lite"


class InconclusiveWarning(UserWarning):
    """A comparison could neither pass nor fail; more clips would settle it."""


@dataclass(frozen=True)
class Gate:
    """What the fixture `vbench_lite` gives.

    Attributes:
        baseline: name or id of the run to hold against, RUN or RUN:GENERATOR.
        spec: specification to run for the candidate; None compares `run` as it is.
        run: the candidate's run where there is no specification.
        root: folder that holds runs and clips. policy: a policy that ships, or a file; None is the
            default one.
    """

    request: pytest.FixtureRequest
    root: Path
    baseline: str
    spec: Path | None = None
    run: str = "latest"
    policy: str | Path | None = None
    suite: str | None = None

    def compare(self, generator: str) -> Comparison:
        """Run the specification if there is one, and compare; a VBenchLiteError fails the test."""
        from vbench_lite.compare import RunArm, compare, load_policy
        from vbench_lite.errors import VBenchLiteError
        from vbench_lite.store.rundir import resolve_run

        try:
            name, _, label = self.baseline.partition(":")
            # What is missing is said before hours of generation, not after them.
            baseline = RunArm(resolve_run(self.root, name), label or generator)
            policy = load_policy(self.policy)
            candidate = self._candidate()
            return compare(baseline, RunArm(candidate, generator), suite=self.suite, policy=policy)
        except VBenchLiteError as error:
            raise pytest.fail.Exception(f"vbench_lite: {error}", pytrace=False) from None

    def check(self, generator: str) -> Comparison:
        """Fail the test where the policy says so; warn where the comparison is inconclusive."""
        from rich.console import Console

        from vbench_lite.report.terminal.comparison import comparison_text
        from vbench_lite.stats.noninferiority import Verdict

        comparison = self.compare(generator)
        self.request.node.user_properties.append(("vbench_lite_verdict", str(comparison.verdict)))
        console = Console(width=100, no_color=True, highlight=False)
        with console.capture() as captured:
            console.print(comparison_text(comparison, update=True))
        if comparison.fails:
            pytest.fail(captured.get(), pytrace=False)
        if comparison.verdict is Verdict.INCONCLUSIVE:
            warnings.warn(InconclusiveWarning(captured.get()), stacklevel=2)
        return comparison

    def _candidate(self) -> RunDir:
        from vbench_lite.errors import StoreError
        from vbench_lite.run import runner
        from vbench_lite.run.plan.spec import read_spec
        from vbench_lite.store.rundir import resolve_run

        if self.spec is None:
            return resolve_run(self.root, self.run)
        outcome = runner.run(read_spec(self.spec), self.root)
        if outcome.interrupted:
            raise StoreError(f"run {outcome.run_id} was interrupted; start the test again to go on")
        return resolve_run(self.root, outcome.run_id)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(baseline, spec=None, run='latest', root='vbench-results', policy=None, suite=None): "
        "what the fixture vbench_lite compares; paths are relative to the root of the tests, or to the "
        "folder above the test that holds what they name",
    )


@pytest.fixture
def vbench_lite(request: pytest.FixtureRequest) -> Gate:
    """The gate that the test's marker describes; call `check(generator)`."""
    marker = request.node.get_closest_marker(MARKER)
    options = dict(marker.kwargs) if marker is not None else {}
    known = {"baseline", "spec", "run", "root", "policy", "suite"}
    if marker is None or marker.args or "baseline" not in options or not options.keys() <= known:
        raise pytest.UsageError(
            f"{request.node.nodeid}: the fixture vbench_lite needs "
            f"@pytest.mark.{MARKER}(baseline=...), with no other options than {', '.join(sorted(known))}"
        )
    from vbench_lite.compare.policy import SHIPPED

    files = ["spec"] if options.get("policy") in SHIPPED else ["spec", "policy"]
    base = _base(request, [options.get(name) for name in ("root", *files)])
    options["root"] = base / options.get("root", "vbench-results")
    for name in files:
        if options.get(name) is not None:
            options[name] = base / options[name]
    return Gate(request, **options)


def _base(request: pytest.FixtureRequest, names: Sequence[str | Path | None]) -> Path:
    """The folder that the marker's paths start from: the root of the tests, wherever pytest was started.

    Without a configuration file pytest takes the working directory for the root; so the folders above the
    test are looked through for one that holds what the marker names.
    """
    root = request.config.rootpath
    named = [name for name in names if name is not None] or ["vbench-results"]
    for folder in (root, *request.path.parents):
        if all((folder / name).exists() for name in named):
            return folder
    return root
