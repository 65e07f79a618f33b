"""One small run that the tests of the whole chain read: two arms whose order is known beforehand."""

from __future__ import annotations

import pytest
from command_line import Chain, vbench_lite

SPEC = """
generators:
  - {label: good, adapter: control/real}
  - {label: bad, adapter: control/noise}
suites: [quick-shapes]
samples: 8
"""


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """`good` makes real clips and `bad` noise, with every control beside them."""
    folder = tmp_path_factory.mktemp("chain")
    spec = folder / "spec.yaml"
    spec.write_text(SPEC)
    root = folder / "results"
    return Chain(root, spec, vbench_lite("run", spec, "--json", "--root", root))
