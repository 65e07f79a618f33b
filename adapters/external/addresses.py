"""Addresses on the network: one parser decides what an address means, for comparing it and for opening it.

Two parsers that read `http://a\\@b/` differently let a server send a key to a host that nobody allowed. So
every address becomes an `httpx.URL` here, is compared as that, and is opened as that.
"""

from __future__ import annotations

import ipaddress
import re

import httpx

_FORBIDDEN = re.compile(r"[\\\x00-\x20\x7f-\xa0\s]|[\ud800-\udfff]")
_PORTS = {"http": 80, "https": 443}


def parse_address(text: str, against: httpx.URL | None = None) -> httpx.URL:
    """The address that a text means, by RFC 3986.

    Args:
        against: what a relative address is resolved against; without it the address must be whole.

    Raises:
        ValueError: a backslash, a space, a control character or a user is in it, or it is no http address.
    """
    if _FORBIDDEN.search(text):
        raise ValueError("it holds a backslash, a space or a control character")
    try:
        found = httpx.URL(text) if against is None else against.join(text)
        port = found.port
    except (httpx.InvalidURL, ValueError):
        raise ValueError("it cannot be read") from None
    if found.scheme not in _PORTS or not found.host:
        raise ValueError("it does not begin with https://HOST")
    if found.userinfo:
        raise ValueError("it names a user")
    if port is not None and not 0 < port < 2**16:
        raise ValueError(f"there is no port {port}")
    return found


def origin(address: httpx.URL) -> tuple[str, str, int]:
    """Scheme, host and port, the usual port of the scheme included."""
    return address.scheme, address.host, address.port or _PORTS[address.scheme]


def host_and_port(entry: str) -> tuple[str, int]:
    """What "HOST" or "HOST:PORT" means, for https.

    Raises:
        ValueError: the text is neither.
    """
    try:
        found = parse_address(f"https://{entry}")
    except ValueError:
        raise ValueError(f"{entry!r} is no host; give HOST or HOST:PORT") from None
    if found.raw_path != b"/" or found.fragment or entry.endswith("/"):
        raise ValueError(f"{entry!r} is no host; give HOST or HOST:PORT")
    return origin(found)[1:]


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its very name."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
