"""`--help` and the verbs that need nothing heavy import nothing heavy."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = ("torch", "pandas", "streamlit", "numpy", "pyarrow", "scipy", "av", "pydantic", "rich")


def imported_after(arguments: list[str]) -> set[str]:
    """Top-level modules in a fresh interpreter after one command line."""
    script = (
        "import json, sys\n"
        "from vbench_lite.cli.main import call\n"
        f"code = call({arguments!r})\n"
        "print(json.dumps([code, sorted({m.split('.')[0] for m in sys.modules})]), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert code == 0
    return set(modules)


@pytest.mark.parametrize("arguments", [["--help"], [], ["--version"]], ids=["help", "nothing", "version"])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    assert imported_after(arguments) & set(HEAVY) == set()


@pytest.mark.parametrize("verb", ["run", "score", "leaderboard", "compare", "dashboard", "list", "doctor"])
def test_help_of_a_verb_imports_no_torch_pandas_or_streamlit(verb: str) -> None:
    assert imported_after([verb, "--help"]) & {"torch", "pandas", "streamlit"} == set()


def test_completion_imports_nothing_heavy() -> None:
    """Shells ask on every press of Tab."""
    script = """
import os, sys
os.environ.update(_VBENCH_LITE_COMPLETE="bash_complete", COMP_WORDS="vbench-lite lea", COMP_CWORD="1")
from vbench_lite.cli.main import call
try:
    call()
finally:
    print(sorted(m for m in ("torch", "pandas", "streamlit") if m in sys.modules), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["plain,leaderboard"]
    assert done.stderr.splitlines()[-1] == "[]"
