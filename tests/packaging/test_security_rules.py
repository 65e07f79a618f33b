"""What the source never does, because a hostile file or name could use it."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
FOLDERS = ("vbench_lite", "adapters", "suites", "dashboard")
RULES = {"S102", "S202", "S301", "S302", "S307", "S323", "S501", "S506", "S602", "S604", "S605"}
ALLOWED = {
    # The worker protocol: both ends are ours, over a socket pair that nobody else can open.
    "vbench_lite/run/worker_process.py": {"pickle"},
    # Published weights: one named member of an archive is read, and arrays by an unpickler that
    # can build nothing else.
    "vbench_lite/weights/package_index.py": {"tarfile", "zipfile"},
    "vbench_lite/weights/reading.py": {"pickle", "zipfile"},
}
FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "marshal", "shelve", "joblib", "tarfile", "zipfile"}


def sources() -> list[Path]:
    return [path for folder in FOLDERS for path in sorted((REPOSITORY / folder).rglob("*.py"))]


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def told(call: ast.Call, name: str) -> object:
    """The constant value of a keyword of a call, or None."""
    for keyword in call.keywords:
        if keyword.arg == name and isinstance(keyword.value, ast.Constant):
            return keyword.value.value
    return None


def faults(text: str, name: str = "x.py") -> list[str]:
    """What a source does that it must not do."""
    tree = ast.parse(text)
    found = []
    for node in ast.walk(tree):
        modules = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        for module in modules:
            if module in FORBIDDEN_MODULES - ALLOWED.get(name, set()):
                found.append(f"imports {module}")
    for function, call in calls(tree):
        if function.endswith("torch.load") and told(call, "weights_only") is not True:
            found.append("torch.load without weights_only=True")
        if function.endswith(("np.load", "numpy.load")) and told(call, "allow_pickle") is not False:
            found.append("np.load without allow_pickle=False")
        if function in ("yaml.load", "yaml.unsafe_load", "yaml.full_load", "os.system", "os.popen", "eval"):
            found.append(function)
        if function == "exec" or told(call, "shell") is True:
            found.append(f"{function}: a shell or code from text")
        if function.endswith((".extractall", ".unpack_archive")):
            found.append(f"{function}: unpacks an archive")
        if function.startswith(("pickle.load", "pickle.Unpickler")):
            found.append(function)
    return found


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_no_source_reads_code_from_files_or_starts_a_shell(path: Path) -> None:
    name = str(path.relative_to(REPOSITORY))
    assert faults(path.read_text(encoding="utf-8"), name) == []


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "import torch; torch.load('x')",
        "import torch; torch.load('x', weights_only=False)",
        "import numpy as np; np.load('x')",
        "import yaml; yaml.load('x')",
        "import subprocess; subprocess.run('x', shell=True)",
        "import tarfile",
        "eval('1')",
        "import shutil; shutil.unpack_archive('x')",
    ],
)
def test_the_rules_find_what_they_forbid(text: str) -> None:
    assert faults(text)


def test_ruff_holds_the_same_rules() -> None:
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    assert set(settings["tool"]["ruff"]["lint"]["select"]) >= RULES
    bad = "import yaml, subprocess\nyaml.load('x')\nsubprocess.run('z', shell=True)\n"
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", f"--select={','.join(sorted(RULES))}", "-"],
        input=bad, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert {rule for rule in ("S506", "S602") if rule in done.stdout} == {"S506", "S602"}
