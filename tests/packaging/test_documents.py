"""The documents name only what exists: relative links, verbs and options, make targets, files of the tree."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from vbench_lite.cli.main import VERBS, LazyGroup

REPOSITORY = Path(__file__).parents[2]
DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"(?:^|[\s`$])vbench-lite ([^`\n|#;&]*)")
NAMED = re.compile(r"`((?:tests|benchmarks|docs|\.ci)/[\w./-]+)(?:::\w+[^`]*)?`")
TARGET = re.compile(r"(?:^|[`$] ?)make ([a-z]+)\b")


def by_name(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def commands(text: str) -> Iterator[list[str]]:
    """The words of every `vbench-lite ...` in code (blocks and inline)."""
    code = re.findall(r"```.*?```|`[^`\n]+`", text, flags=re.DOTALL)
    for part in code:
        for match in COMMAND.findall(part.strip("`")):
            yield shlex.split(match.replace("…", ""))


@pytest.mark.parametrize("path", DOCUMENTS, ids=by_name)
def test_relative_links_lead_somewhere(path: Path) -> None:
    for link in LINK.findall(path.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:|#", link):
            assert (path.parent / link.split("#")[0]).exists(), link


@pytest.mark.parametrize("path", DOCUMENTS, ids=by_name)
def test_commands_exist_with_their_options(path: Path) -> None:
    for words in commands(path.read_text(encoding="utf-8")):
        if not words or words[0].startswith("-"):
            continue
        assert words[0] in VERBS, words
        command = LazyGroup().get_command(click.Context(click.Command("x")), words[0])
        if isinstance(command, click.Group) and len(words) > 1:
            default = getattr(command, "default", None)  # `vote RUN` is `vote page RUN`
            command = command.commands[words[1] if words[1] in command.commands or not default else default]
        assert command is not None
        known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        used = {word.split("=")[0] for word in words if re.match(r"--?[a-zA-Z]", word)}
        assert used <= known, words


@pytest.mark.parametrize("path", DOCUMENTS, ids=by_name)
def test_files_that_are_named_as_proof_exist(path: Path) -> None:
    for name in NAMED.findall(path.read_text(encoding="utf-8")):
        assert (REPOSITORY / name).exists(), name


@pytest.mark.parametrize("path", DOCUMENTS, ids=by_name)
def test_make_targets_exist(path: Path) -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    code = re.findall(r"```.*?```|`[^`\n]+`", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for part in code:
        for target in TARGET.findall(part):
            assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("tutorials/gate.md", ["checkpoint", "compare", "CI", "regression", "quantisation"]),
        ("tutorials/score-clips.md", ["FVD", "VBench"]),
        ("speed-and-memory.md", ["real time"]),
    ],
)
def test_a_page_is_found_by_the_words_that_people_use(page: str, words: list[str]) -> None:
    """In its title or first paragraph, which a search weighs most, and in the table of the home page."""
    text = (REPOSITORY / "docs" / page).read_text(encoding="utf-8")
    first = " ".join(text.partition("\n\n## ")[0].split("\n\n")[:2])
    home = (REPOSITORY / "docs" / "README.md").read_text(encoding="utf-8")
    (row,) = [line for line in home.splitlines() if line.startswith("|") and f"({page})" in line]
    for word in words:
        assert re.search(rf"\b{word}", first, re.IGNORECASE), (page, word)
    assert any(re.search(rf"\b{word}", row, re.IGNORECASE) for word in words), row


def test_the_home_page_of_the_documents_shows_clips_before_its_first_section() -> None:
    home = (REPOSITORY / "docs" / "README.md").read_text(encoding="utf-8").partition("\n## ")[0]
    assert re.search(r"^!\[[^\]]+\]\(images/[^)]+\)$", home, re.MULTILINE)
    assert home.index("![") < home.index("make demo") < home.index("| you want to |")


def test_every_data_set_has_a_line_that_says_what_it_is_for() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    page = (REPOSITORY / "docs" / "data-sets.md").read_text(encoding="utf-8")
    names = project["entry-points"]["vbench_lite.datasets"]
    missing = [name for name in names if not re.search(rf"^\| `{name}`", page, re.MULTILINE)]
    assert not missing, "no line in the table of docs/data-sets.md"


def test_help_texts_and_the_table_of_verbs_agree() -> None:
    """The group's help imports no verb, so its lines stand in a table; each verb has a longer text."""
    group = LazyGroup()
    for verb in VERBS:
        command = group.get_command(click.Context(click.Command("x")), verb)
        assert command is not None
        assert command.name == verb
        assert command.help
