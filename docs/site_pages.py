"""Pages of the site that do not lie in docs/: the repository's own documents, with their links mended.

A hook of mkdocs. Documents link each other by paths in the repository, which is what readers of the source
follow; on the site every document is a page, and a link to any other file of the tree shows as its path.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Section

REPOSITORY = Path(__file__).parents[1]
PAGES = {  # path in the repository: path on the site
    "README.md": "readme.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
    "adapters/reference/weights/MODEL_CARD.md": "model-card.md",
}
# The order of reading; a folder stands for its pages, its README first.
NAVIGATION: list[tuple[str, list[str]]] = [
    ("Start", ["README.md", "readme.md", "concepts.md"]),
    ("Tutorials", ["tutorials/choose.md", "tutorials/compare-two-real-models.md",
                   "tutorials/gate.md", "tutorials/score-clips.md",
                   "tutorials/add-a-metric.md", "tutorials/add-an-adapter.md", "tutorials/add-a-suite.md"]),
    ("Your model", ["adapters"]),
    (
        "How to",
        ["how-to", "dashboard.md", "advise.md", "data-sets.md", "audit.md", "weights.md", "vbench.md"],
    ),
    ("What the numbers mean", ["diffusion-or-autoregression.md", "speed-and-memory.md", "validation.md",
                               "benchmarks.md", "reference-generators.md", "model-card.md"]),
    ("Metrics", ["metrics"]),
    ("Reference", ["reference", "faults.md"]),
    ("Project", ["design.md", "contributing.md", "security.md", "changelog.md"]),
]  # fmt: skip
LINK = re.compile(r"(?P<mark>!?)\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)")


def on_files(files: Files, config: Any) -> Files:
    """Add the documents outside docs/."""
    for path, page in PAGES.items():
        source = REPOSITORY / path
        if source.exists():
            files.append(File.generated(config, page, content=source.read_text(encoding="utf-8")))
    return files


def on_nav(nav: Any, config: Any, files: Files) -> Any:
    """Order the pages; mkdocs has put every page somewhere, so none is lost."""
    pages = {file.src_uri: file.page for file in files.documentation_pages() if file.page is not None}
    sections = []
    for title, paths in NAVIGATION:
        names = [name for path in paths for name in _pages(path, pages)]
        sections.append(Section(title, [pages.pop(name) for name in names]))
    if pages:
        sections.append(Section("More", [pages[name] for name in sorted(pages)]))
    nav.items[:] = sections
    ordered: list[Any] = [page for section in sections for page in section.children]
    for before, after in pairwise([None, *ordered, None]):
        if before is not None:
            before.next_page = after
        if after is not None:
            after.previous_page = before
    for section in sections:
        for page in section.children:
            page.parent = section
    return nav


def _pages(path: str, pages: Mapping[str, Any]) -> list[str]:
    """A page, or the pages of a folder, as far as they exist."""
    if path.endswith(".md"):
        return [path] if path in pages else []
    inside = [name for name in pages if name.startswith(f"{path}/")]
    return sorted(inside, key=lambda name: (not name.endswith("README.md"), name))


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Make links of a document fit its place on the site."""
    sources = {site: path for path, site in PAGES.items()}
    here = sources.get(page.file.src_uri, f"docs/{page.file.src_uri}")

    def mended(match: re.Match[str]) -> str:
        target, _, anchor = match["target"].partition("#")
        if not target or re.match(r"[a-z]+:", target):
            return match[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(here), target))
        site = PAGES.get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else None)
        if site is None or files.get_file_from_path(site) is None:
            return f"`{path}`"  # a file of the source tree
        relative = posixpath.relpath(site, posixpath.dirname(page.file.src_uri) or ".")
        return f"{match['mark']}[{match['text']}]({relative}{'#' + anchor if anchor else ''})"

    return LINK.sub(mended, markdown)
