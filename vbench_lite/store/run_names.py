"""What a run is called: its own name or an automatic title, and which run `latest` is."""

from __future__ import annotations

from collections.abc import Sequence

from vbench_lite.errors import StoreError
from vbench_lite.format import day, plural
from vbench_lite.store.schema import RunDocument

MOST_CHARACTERS = 80


def check_name(name: str) -> str:
    """A name that a person gives a run, as it is kept.

    Raises:
        StoreError: it is empty or too long, holds what a command line reads otherwise (`:` or a control
            character), or is `latest`.
    """
    text = " ".join(name.split())
    if not text or len(text) > MOST_CHARACTERS or ":" in text or not text.isprintable() or text == "latest":
        raise StoreError(
            f"{name[:MOST_CHARACTERS]!r} cannot name a run; a name has 1 to {MOST_CHARACTERS} printable "
            "characters, no colon, and is not 'latest'"
        )
    return text


def title(document: RunDocument) -> str:
    """The name of a run, or `quick · 28 Nov 09:03 · 3 generators · 24 samples`."""
    if document.name:
        return document.name
    brought = {name for suite in document.suites for name in suite.get("also", ())}
    suites = ", ".join(n for suite in document.suites if (n := str(suite["name"])) not in brought)
    count = sum(entry.info.get("family") != "control" for entry in document.generators)
    many = plural(count, "generator"), plural(document.samples, "sample")
    parts = [suites or "no suite", day(document.created), *many]
    return " · ".join(parts)


def short(document: RunDocument) -> str:
    """The name of a run, or `28 Nov 09:03`: where its suite and generators are told beside it."""
    return document.name or day(document.created)


def in_words(document: RunDocument) -> str:
    """A run within a sentence: `run two` where it has a name, else `the run of 28 Nov 09:03`."""
    return f"run {document.name}" if document.name else f"the run of {day(document.created)}"


def breadth(document: RunDocument) -> tuple[int, int]:
    """How much a run can say: axes and metrics of its broadest suite."""
    return max(
        ((len(suite.get("axes") or {}), len(suite.get("metrics") or ())) for suite in document.suites),
        default=(0, 0),
    )


def latest(documents: Sequence[RunDocument]) -> RunDocument:
    """The newest finished run of the broadest suite; while none is finished, the newest of all.

    Results of others that were imported are it only where there is nothing else.

    Args:
        documents: at least one, newest first.
    """
    own = [document for document in documents if not document.imported] or documents
    finished = [document for document in own if document.status == "finished"]
    return max(finished, key=breadth) if finished else own[0]  # max: the first, the newest, of equals
