"""Which metrics a reader looks for, and which have no page here, and why. Imports no streamlit."""

from __future__ import annotations

from vbench_lite import registry
from vbench_lite.errors import RegistryError
from vbench_lite.report.metric_page import MetricPage


def speaks_of(page: MetricPage, words: str) -> bool:
    """Whether a metric's page has every one of some words: in its id, its axis or its text."""
    text = " ".join([page.info.id, str(page.info.axis), page.info.summary, *page.meaning])
    text += " ".join(f"{name} {said}" for name, said in (*page.facts(), *page.sections()))
    return all(word in text.lower() for word in words.lower().split())


def broken() -> list[str]:
    """One reason for each registered metric that cannot be imported here."""
    reasons = []
    for name in registry.names("metrics"):
        try:
            registry.load("metrics", name)
        except RegistryError as error:
            reasons.append(str(error))
    return reasons
