"""How a number says that its weights were admitted without a known hash.

The identity of such weights begins with a prefix; whatever is made of it (an extractor's fingerprint, a
score's) carries a mark on, so that the number compares with nothing made without.
"""

from __future__ import annotations

MARK = "!unverified"
_PREFIX = "unverified:"


def identity(sha256: str, verified: bool) -> str:
    """The identity of weights by the hash of their tensors."""
    return sha256 if verified else f"{_PREFIX}{sha256}"


def mark(identities: str) -> str:
    """MARK if any weights in this text of identities are unverified, else nothing."""
    return MARK if _PREFIX in identities else ""


def marked(fingerprint: str) -> bool:
    """Whether a score's fingerprint says that some of its weights are unverified."""
    return MARK in fingerprint


def remark(metric: str) -> str:
    """What a reader is told of a metric with such scores."""
    return f"scores of {metric} were made with unverified weights"
