"""Whom TLS trusts; it is always verified."""

from __future__ import annotations

import ssl
from functools import cache
from pathlib import Path

import httpx


@cache
def trusted(ca_file: Path | None) -> ssl.SSLContext:
    """What certificates are checked against; read once, as that takes longer than a request."""
    return httpx.create_ssl_context() if ca_file is None else ssl.create_default_context(cafile=ca_file)


def is_untrusted(error: BaseException | None) -> bool:
    """Whether a certificate was refused, somewhere in the chain of causes."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
