"""Secrets leave no trace, in whatever form and wherever a text is cut."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbench_lite.cli import main
from vbench_lite.errors import one_line
from vbench_lite.run.progress import Event
from vbench_lite.secrets import HIDDEN, hide, redact, redacted_stream

KEY = 'my/sesame+key "123456"'
FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "repr": repr,
    "json": json.dumps,
    "html": html.escape,
    "address": quote,
    "path": lambda key: quote(key, safe=""),
    "form": quote_plus,
    "lower case escapes": lambda key: quote(key, safe="").replace("%2F", "%2f").replace("%2B", "%2b"),
    "hex": lambda key: key.encode().hex(),
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "basic": lambda key: base64.b64encode(f"user:{key}".encode()).decode(),
    "within base64": lambda key: base64.urlsafe_b64encode(f"ab{key}cdefg".encode()).decode(),
}


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_API_KEY", KEY)


@pytest.mark.parametrize("form", FORMS)
def test_a_key_of_the_environment_is_hidden_in_every_form(form: str) -> None:
    told = FORMS[form](KEY)
    text = redact(f"401 for {told}, try again")
    assert HIDDEN in text
    # Base64 keeps single characters that hold bits of the neighbours too.
    assert all(told[at : at + 6] not in text for at in range(2, len(told) - 8))
    assert text.startswith("401 for ") and text.endswith(", try again")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("https://h/x?api_key=abcdef123456&n=1", f"https://h/x?api_key={HIDDEN}&n=1"),
        ("https://h/x?n=1&access_token=qqqqwwww1234", f"https://h/x?n=1&access_token={HIDDEN}"),
        ("https://h/x?X-Goog-Signature=00ff&Expires=1", f"https://h/x?X-Goog-Signature={HIDDEN}&Expires=1"),
        ("Authorization: Token abcdefghijkl", f"Authorization: Token {HIDDEN}"),
        ("{'x-api-key': 'abcdef12345'}", f"{{'x-api-key': '{HIDDEN}'}}"),
        ("authorization: failed for the user", None),
        ("the api_key: must be given", None),
        ("sort by key=5, tokens=7", None),
    ],
)
def test_keys_in_addresses_and_headers_are_known_by_their_place(text: str, left: str | None) -> None:
    assert redact(text) == (left or text)


def test_every_line_of_a_private_key_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    body = "\n".join(["MIIEvQIBADANBgkqhkiG9w0BAQEF", "AASCBKcwggSjAgEAAoIBAQC7VJTU"])
    monkeypatch.setenv(
        "SERVICE_PRIVATE_KEY", f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----"
    )
    for said in (body, " ".join(body.split()), json.dumps(body)):
        assert "MIIEv" not in redact(said) and "AASCB" not in redact(said)


@given(st.integers(0, 300), st.integers(1, 40), st.booleans())
def test_a_stream_is_redacted_wherever_it_is_cut(before: int, piece: int, ends: bool) -> None:
    """A line longer than what is held back, read in pieces of any size."""
    line = (b"x" * before + KEY.encode() + b"y" * 300 + (b"\n" if ends else b"")) * 2
    pieces = iter([line[at : at + piece] for at in range(0, len(line), piece)])
    passed = b"".join(redacted_stream(lambda: next(pieces, b""), most=64))
    assert passed == line.replace(KEY.encode(), HIDDEN.encode())


def test_a_stream_passes_on_lines_and_bytes_that_are_no_text() -> None:
    pieces = iter([b"one\ntwo \xff", b"\xfe\n", b""])
    assert list(redacted_stream(lambda: next(pieces), most=64)) == [b"one\n", b"two \xff\xfe\n"]


def test_values_that_are_named_are_hidden_beside_those_of_the_environment() -> None:
    assert hide(f"sesame-open-123 and {KEY}", ["sesame-open-123"]) == f"{HIDDEN} and {HIDDEN}"
    assert hide("a short word", ["short"]) == "a short word"


def test_what_a_run_tells_holds_no_key() -> None:
    assert Event("generate", f"g s failed: RuntimeError: {KEY}", 0, 1).text == (
        f"g s failed: RuntimeError: {HIDDEN}"
    )


@pytest.mark.parametrize("before", [900, 960, 990, 1000])
def test_a_very_long_message_is_cut_where_no_key_is(before: int) -> None:
    told = one_line(RuntimeError("x" * before + KEY + "y\n" * 500_000 + KEY))
    assert len(told) < 2100 and "\n" not in told and told.endswith("characters)")
    assert HIDDEN in told and "sesame" not in told
    assert one_line(RuntimeError("short")) == "RuntimeError: short"


def test_a_traceback_holds_no_key(capsys: pytest.CaptureFixture[str]) -> None:
    error = RuntimeError(f"401 for {KEY}")
    main._show_traceback(RuntimeError, error, error.__traceback__)
    assert capsys.readouterr().err.endswith(f"RuntimeError: 401 for {HIDDEN}\n")
