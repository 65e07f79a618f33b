"""The pages in the order of the navigation: section, file below `views/`, title, icon."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

VIEWS = Path(__file__).with_name("views")


@dataclass(frozen=True)
class PageEntry:
    """One page: `name` is its file below `views/` and its address; the icon comes with Streamlit's font."""

    section: str
    name: str
    title: str
    icon: str

    @property
    def file(self) -> Path:
        """The script of the page."""
        return VIEWS / f"{self.name}.py"

    @property
    def path(self) -> str:
        """The address below the server's; the first page has none of its own."""
        return "" if self is PAGES[0] else self.name


PAGES: tuple[PageEntry, ...] = (
    PageEntry("Results", "overview", "Overview", ":material/dashboard:"),
    PageEntry("Results", "leaderboard", "Leaderboard", ":material/leaderboard:"),
    PageEntry("Results", "tradeoffs", "Trade-offs", ":material/scatter_plot:"),
    PageEntry("Results", "clips", "Clips", ":material/movie:"),
    PageEntry("Results", "advisor", "Advisor", ":material/recommend:"),
    PageEntry("Results", "live", "Live", ":material/pending:"),
    PageEntry("Depth", "over_time", "Over time", ":material/timeline:"),
    PageEntry("Depth", "live_use", "Live use", ":material/sports_esports:"),
    PageEntry("Depth", "scaling", "Scaling", ":material/trending_up:"),
    PageEntry("Depth", "settings", "Settings", ":material/tune:"),
    PageEntry("Depth", "timeline", "Runs", ":material/history:"),
    PageEntry("Depth", "compare", "Compare", ":material/compare_arrows:"),
    PageEntry("Trust", "trust", "Metric trust", ":material/verified:"),
    PageEntry("Trust", "votes", "Votes", ":material/how_to_vote:"),
    PageEntry("Trust", "glossary", "Glossary", ":material/menu_book:"),
)


def page_named(name: str) -> PageEntry:
    """The page of a name."""
    return next(page for page in PAGES if page.name == name)
