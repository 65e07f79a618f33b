"""The adapter `http` against servers that lie, drip and lead astray: where the key goes, what is taken."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from http_calls import *  # noqa: F403  the fixtures
from http_calls import KEY, Build, FakeTime, call, draw, failing
from hypothesis import given
from hypothesis import strategies as st
from video_api import Answer, VideoApi

from vbench_lite.adapters.external.addresses import host_and_port, origin, parse_address
from vbench_lite.adapters.external.answers import message_in, retry_after_s, shown, word
from vbench_lite.adapters.external.http import Http
from vbench_lite.adapters.external.patience import Patience, Sockets, Watch
from vbench_lite.errors import Cancelled, GeneratorError, SpecError


@pytest.fixture
def thief() -> Iterator[VideoApi]:
    with VideoApi(draw) as running:
        yield running


# --- the key goes to its own origin -----------------------------------------------------------

CLIENT = httpx.Client(trust_env=False)
FORMS = (
    "http://127.0.0.1:{thief}\\@127.0.0.1:{api}/x",
    "http://127.0.0.1:{api}@127.0.0.1:{thief}/x",
    "http://127.0.0.1:{api}#@127.0.0.1:{thief}/x",
    "http://127.0.0.1:{thief}/x?@127.0.0.1:{api}/",
    "//127.0.0.1:{thief}/x",
    "\\\\127.0.0.1:{thief}/x",
    "http:\\\\127.0.0.1:{thief}/x",
    "http://127.0.0.1:{thief}",
    "ht\ttp://127.0.0.1:{thief}/x",
    "http://127.0.0.1:{api}\r\nX-Evil: 1",
    "http://127.0.0.1:99999999/x",
    "http://[::1/x",
    "file:///etc/passwd",
    "ftp://127.0.0.1:{thief}/x",
    "http://localhost:{thief}/x",
)


# No header can carry a control character.
WAYS = [("address", form) for form in FORMS] + [("redirect", form) for form in FORMS if form.isprintable()]


@pytest.mark.parametrize(("way", "form"), WAYS)
def test_no_address_brings_the_key_to_another_host(
    api: VideoApi,
    thief: VideoApi,
    build: Build,
    form: str,
    way: str,
) -> None:
    text = form.format(api=api.port, thief=thief.port)
    if way == "redirect":
        api.always["content"] = Answer(302, headers={"Location": text})
        generator = build()
    else:
        api.stages = [{"status": "completed", "url": text}]
        generator = build(fields={"url": "url"})
    message = failing(generator)
    assert any(each in message for each in ("to another host", "address", "HTTP", "404")), message
    assert thief.seen == []


def test_a_polled_job_is_not_looked_for_on_download_hosts(api: VideoApi, build: Build) -> None:
    api.always["job"] = Answer(302, headers={"Location": "https://cdn.example.com/job"})
    message = failing(build(download_hosts=["cdn.example.com"]))
    assert message.startswith("the API sends the client to another host, https://cdn.example.com")


def test_relative_addresses_are_resolved_where_the_answer_came_from(
    api: VideoApi,
    build: Build,
) -> None:
    for relative in ("video_0/content", "/v1/videos/video_0/content?sig=a"):
        api.stages = [{"status": "queued"}, {"status": "completed", "url": relative}]
        api._files.clear()
        api._told.clear()
        assert call(build(fields={"url": "url"})).num_frames == (4,)
    assert api.seen[-1].path.endswith("content?sig=a")


def test_a_proxy_of_the_environment_does_not_get_the_key_for_this_machine(
    api: VideoApi,
    thief: VideoApi,
    build: Build,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, thief.url)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert call(build()).num_frames == (4,)
    assert thief.seen == []


def test_a_key_that_no_header_carries_is_refused_unseen(
    api: VideoApi,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ODD_KEY", "sesame\r\nX-Evil: 1")
    with pytest.raises(SpecError) as caught:
        Http({"base_url": api.url, "key_env": "ODD_KEY"}).load()
    assert "sesame" not in str(caught.value)


@given(st.text(max_size=40), st.sampled_from(["", "http://", "https://", "//", "http:/\\"]))
def test_whatever_is_parsed_is_opened_as_it_was_compared(text: str, head: str) -> None:
    """The socket goes where `origin` says: httpx opens the host and port of the same object."""
    base = parse_address("https://api.example.com/v1/jobs/1")
    try:
        found = parse_address(head + text, base)
    except ValueError:
        return
    request = CLIENT.build_request("GET", found)
    assert origin(request.url) == origin(found)
    assert not found.userinfo and "\\" not in str(found)
    assert parse_address(str(found)) == found


@pytest.mark.parametrize(
    ("entry", "meant"),
    [
        ("CDN.Example.com", ("cdn.example.com", 443)),
        ("cdn.example.com:8443", ("cdn.example.com", 8443)),
        ("bücher.example", ("bücher.example", 443)),
    ],
)
def test_hosts_are_compared_in_one_form(entry: str, meant: tuple[str, int]) -> None:
    assert host_and_port(entry) == meant


@pytest.mark.parametrize(
    "entry", ["cdn.example.com/path", "https://cdn.example.com", "me@cdn.example.com", ""]
)
def test_what_is_no_host_is_refused_in_the_specification(entry: str) -> None:
    with pytest.raises(SpecError, match="give HOST or HOST:PORT"):
        Http({"base_url": "https://api.example.com", "download_hosts": [entry]})


@pytest.mark.parametrize(
    "address", ["https://evil.example\\@api.example.com", "https://me@api.example.com", "https://a b"]
)
def test_a_base_address_of_two_readings_is_refused(address: str) -> None:
    with pytest.raises(SpecError, match="base_url"):
        Http({"base_url": address})


# --- time ---------------------------------------------------------------------------------------


def _drip(before: bytes) -> tuple[int, threading.Event]:
    """A server that says `before` to any request, and then nothing for ever."""
    listening = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        kept = []
        while not over.is_set():
            connection, _ = listening.accept()
            kept.append(connection)
            connection.recv(2**16)
            connection.sendall(before)

    threading.Thread(target=serve, daemon=True).start()
    return listening.getsockname()[1], over


@pytest.mark.parametrize(
    "said", [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"]
)
def test_the_time_of_a_clip_ends_a_drip(said: bytes) -> None:
    """However long each single read may take: the sockets are shut when the time is over."""
    port, over = _drip(said)
    passed = threading.Event()
    patience = Patience(600, lambda: None, now=lambda: 601.0 if passed.is_set() else 0.0)
    sockets = Sockets()
    threading.Timer(0.0, passed.set).start()
    with (
        pytest.raises(GeneratorError, match="no clip within timeout_s = 600"),
        Watch(patience, sockets, "GET"),
    ):
        CLIENT.get(f"http://127.0.0.1:{port}/", timeout=600, extensions={"trace": sockets.trace})
    over.set()


def test_a_request_to_stop_ends_a_drip(api: VideoApi, build: Build) -> None:
    never = threading.Event()
    api.answers["content"].append(Answer(wait=never))
    with pytest.raises(Cancelled):
        call(build(request_timeout_s=300), cancelled=lambda: "content" in api.steps())
    never.set()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("17", 17.0), ("9" * 500, float("inf")), ("-5", None), ("soon", None), ("²", None),
     ("Fri, 31 Dec 99999 23:59:59 GMT", None)],
)  # fmt: skip
def test_any_retry_after_is_seconds_or_nothing(header: str, seconds: float | None) -> None:
    found = retry_after_s(header)
    assert found == seconds or (seconds is None and found is not None and found > 1e9)


# --- answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "stage", "ends"),
    [
        ({"done": ["Ready"]}, {"status": "Ready"}, "ok"),
        ({"done": ["ready"]}, {"status": "READY "}, "ok"),
        ({"failed": ["Content Moderated"]}, {"status": "Content Moderated", "error": {"message": "no"}},
         "job video_0 ended as Content Moderated: no"),
        ({"status": "done", "done": [True]}, {"done": True}, "ok"),
        ({"status": "done", "done": [True], "error": "error"}, {"done": True, "error": {"message": "quota"}},
         "job video_0 ended as true: quota"),
        ({"status": "code", "done": [2], "failed": [3]}, {"code": 2}, "ok"),
        ({"status": "code", "done": ["2"], "failed": [3]}, {"code": 2.0}, "ok"),
        ({"status": "code", "done": [2], "failed": [3]}, {"code": 3}, "job video_0 ended as 3"),
        ({}, {"status": "failed", "error": "out of credits"}, "job video_0 ended as failed: out of credits"),
        ({}, {"status": None}, "job video_0 has no status under 'status'; set fields.status"),
    ],
)  # fmt: skip
def test_a_status_is_compared_in_one_form(
    api: VideoApi,
    build: Build,
    fields: dict[str, Any],
    stage: dict[str, Any],
    ends: str,
) -> None:
    api.stages = [stage]
    generator = build(fields=fields)
    if ends == "ok":
        assert call(generator).num_frames == (4,)
    else:
        assert failing(generator) == ends


@given(st.one_of(st.booleans(), st.integers(), st.floats(), st.text(), st.none(), st.lists(st.integers())))
def test_any_value_has_one_form_or_none(value: Any) -> None:
    found = word(value)
    assert found is None or word(found) == found


def test_a_clip_that_is_not_ready_is_asked_for_again(
    api: VideoApi,
    build: Build,
    clock: FakeTime,
) -> None:
    api.answers["content"] += [
        Answer(202, b'{"status": "still being packed"}'),
        Answer(202, headers={"Retry-After": "40"}),
    ]
    record = call(build(poll_s=3))
    assert (record.num_frames, record.facts["tries_again"]) == ((4,), 0)
    assert sum(clock.slept) == pytest.approx(2 * 3 + 3 + 40)


def test_a_wait_that_the_server_names_is_kept_between_questions(
    api: VideoApi,
    build: Build,
    clock: FakeTime,
) -> None:
    api.answers["job"].append(Answer(202, headers={"Retry-After": "30"}))
    api.stages = [{"status": "queued"}, {"status": "completed"}]
    call(build(poll_s=2))
    assert sum(clock.slept) == pytest.approx(2 + 30)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(body=b'{"error": {"message": "withheld: moderation"}}',
                headers={"Content-Type": "application/json"}), "is no clip: withheld: moderation"),
        (Answer(body=b"<!doctype html><html>log in</html>"), "is no clip: <!doctype html><html>log in"),
        (Answer(body=b"busy", headers={"Content-Type": "text/plain"}), "is no clip: busy"),
        (Answer(206, b"\0" * 10), "status 206, which brings no whole clip"),
        (Answer(204), "status 204, which brings no whole clip"),
        (Answer(304), "status 304"),
        (Answer(302), "more than 5 redirects"),
        (Answer(body=b"x", headers={"Content-Encoding": "zstd"}), "encoded as zstd, though none was asked"),
        (Answer(body=b"no gzip", headers={"Content-Encoding": "gzip"}), "is not encoded as it says"),
        (Answer(body=gzip.compress(bytes(10**6)), headers={"Content-Encoding": "gzip"}),
         "more bytes than the limit of 9999"),
    ],
)  # fmt: skip
def test_what_is_no_clip_is_told_in_the_words_of_the_server(
    api: VideoApi,
    build: Build,
    answer: Answer,
    message: str,
) -> None:
    api.always["content"] = answer
    assert message in failing(build(max_clip_bytes=9999, retries=0))


def test_a_clip_with_a_wrong_label_is_a_clip(api: VideoApi, build: Build) -> None:
    generator = build()
    call(generator)
    body = next(iter(api._files.values()))
    api.always["content"] = Answer(body=body, headers={"Content-Type": "text/html"})
    assert call(generator).num_frames == (4,)


@given(st.binary(max_size=60), st.sampled_from(["", "text/plain", "video/mp4", "application/json"]))
def test_any_answer_is_words_or_may_be_a_clip(head: bytes, kind: str) -> None:
    found = message_in(kind, head)
    assert found is None or isinstance(found, str)


@pytest.mark.parametrize(
    "body",
    [b'{"id": NaN}', b"[1, 2]", b"[" * 200_000, b'{"id": "\\ud800", "status": "queued"}', b'{"id": ".."}',
     b'{"id": "' + b"i" * 300 + b'"}', b"", b'{"id": true}', b'{"error": "no credits left"}'],
)  # fmt: skip
def test_an_answer_to_create_without_a_job_is_one_line(
    api: VideoApi,
    build: Build,
    body: bytes,
) -> None:
    api.always["create"] = Answer(body=body)
    message = failing(build())
    assert len(message.splitlines()) == 1
    assert message.isprintable()


@pytest.mark.parametrize("progress", ["NaN", "1e308", "-1e999", '"half"', '"50%"', "null", "[]", "10" * 300])
def test_any_progress_and_cost_leave_the_clip_alone(
    api: VideoApi,
    build: Build,
    progress: str,
) -> None:
    told = f'{{"id": "video_0", "status": "in_progress", "progress": {progress}}}'
    api.answers["job"].append(Answer(body=told.encode()))
    done = f'{{"id": "video_0", "status": "completed", "cost": {progress}}}'
    api.answers["job"].append(Answer(body=done.encode()))
    record = call(build(fields={"cost": "cost"}))
    assert record.num_frames == (4,)
    json.dumps(record.facts, allow_nan=False)


def test_texts_of_the_server_are_shown_without_control_characters_and_keys() -> None:
    assert shown("\x1b]0;PWN\x07run\n  on \ud800", []) == "?]0;PWN?run on ?"
    assert shown(f"Bearer {KEY}", [KEY]) == "Bearer [secret]"
    assert len(shown("s" * 900_000, [])) < 210


def test_a_key_stays_hidden_in_every_form(api: VideoApi, build: Build) -> None:
    import base64
    from urllib.parse import quote

    forms = [
        base64.b64encode(f"user:{KEY}".encode()).decode(),
        quote(KEY + "/+", safe=""),
        KEY.encode().hex(),
    ]
    for form in forms:
        api.always["create"] = Answer(400, form.encode())
        message = failing(build())
        assert "[secret]" in message
        assert base64.b64encode(KEY.encode()).decode()[:12] not in message
