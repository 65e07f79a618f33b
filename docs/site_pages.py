"""Pages of the site that do not lie in docs/: the repository's own documents, with their links mended.

A hook of mkdocs. Documents link each other by paths in the repository, which is what readers of the source
follow; on the site every document is a page, and a link to any other file of the tree shows as its path.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

REPOSITORY = Path(__file__).parents[1]
PAGES = {  # path in the repository: path on the site
    "README.md": "readme.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
    "adapters/reference/weights/MODEL_CARD.md": "model-card.md",
}
LINK = re.compile(r"(?P<mark>!?)\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)")


def on_files(files: Files, config: Any) -> Files:
    """Add the documents outside docs/."""
    for path, page in PAGES.items():
        source = REPOSITORY / path
        if source.exists():
            files.append(File.generated(config, page, content=source.read_text(encoding="utf-8")))
    return files


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
