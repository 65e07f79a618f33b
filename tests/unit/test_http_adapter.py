"""The adapter `http` against a real server on this machine: what goes well, what fails, what never leaks."""

from __future__ import annotations

import base64
import email.utils
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from clip_files import moving_square
from http_calls import *  # noqa: F403  the fixtures
from http_calls import KEY, Build, FakeTime, ask, call, draw, failing
from hypothesis import given
from hypothesis import strategies as st
from video_api import Answer, VideoApi

from vbench_lite.adapters.external.answers import look_up
from vbench_lite.adapters.external.http import Http
from vbench_lite.errors import Cancelled, ClipError, RequestError, SpecError
from vbench_lite.generator import Site

# --- what goes well --------------------------------------------------------------------------


def test_a_job_is_created_watched_and_downloaded(api: VideoApi, build: Build, clock: FakeTime) -> None:
    generator = build(poll_s=2, cost_per_clip=0.4)
    steps: list[tuple[str, int, int]] = []
    record = call(generator, on_progress=lambda *step: steps.append(step))
    (frames,) = record.frames
    assert frames is not None and (frames == moving_square(4)).all()
    assert api.steps() == ["create", "job", "job", "content"]
    create = api.seen[0]
    assert create.fields == {"model": "sora", "prompt": "a cat", "size": "64x48", "seconds": "0.5"}
    assert {seen.headers["Authorization"] for seen in api.seen} == {f"Bearer {KEY}"}
    assert ("work", 50, 100) in steps
    assert set(record.phases) == {"create", "queue", "work", "download", "read"}
    assert sum(clock.slept) == pytest.approx(4)
    facts = record.facts
    assert (facts["cost_per_clip"], facts["currency"], facts["tries_again"]) == (0.4, "USD", 0)
    assert record.peak_bytes is None
    assert generator.info.site is Site.REMOTE


def test_other_apis_are_reached_by_paths_and_fields(api: VideoApi, build: Build) -> None:
    api.stages = [
        {
            "task": {"state": "Done", "price": 0.25},
            "files": [{"link": f"{api.url}/v1/videos/video_0/content"}],
        }
    ]
    generator = build(
        encoding="json",
        body={"text": "{prompt}", "n": {"frames": "{num_frames}", "rate": "{fps}"}, "fast": True,
              "size": "{width}x{height}", "steps": "{params.steps}"},
        fields={"status": "task.state", "done": ["done"], "url": "files.0.link", "cost": "task.price"},
        key_header="X-Api-Key", key_format="{key}", headers={"X-Version": "2"},
    )  # fmt: skip
    record = call(generator, ask(params={"steps": 7}))
    create = api.seen[0]
    assert create.fields == {
        "text": "a cat", "n": {"frames": 4, "rate": 8.0}, "size": "64x48", "steps": 7, "fast": True,
    }  # fmt: skip
    assert (create.headers["X-Api-Key"], create.headers["X-Version"]) == (KEY, "2")
    assert record.facts["cost_per_clip"] == 0.25
    assert api.steps() == ["create", "content"]


def test_a_redirect_on_the_same_host_is_followed(api: VideoApi, build: Build) -> None:
    api.answers["content"].append(Answer(302, headers={"Location": "/v1/videos/video_0/content?signed=1"}))
    assert call(build()).num_frames == (4,)


# --- failures that pass ----------------------------------------------------------------------


def test_too_many_requests_wait_as_long_as_the_server_says(
    api: VideoApi, build: Build, clock: FakeTime
) -> None:
    date = email.utils.formatdate(time.time() + 3600, usegmt=True)
    api.answers["create"].append(Answer(429, headers={"Retry-After": "17"}))
    api.answers["content"].append(Answer(429, headers={"Retry-After": date}))
    record = call(build(poll_s=1, timeout_s=1e5))
    assert record.facts["tries_again"] == 2
    assert sum(clock.slept) == pytest.approx(17 + 3600 + 2, abs=30)
    assert api.steps().count("create") == 2


def test_a_wait_beyond_the_time_out_fails_at_once(api: VideoApi, build: Build, clock: FakeTime) -> None:
    api.always["create"] = Answer(429, b"slow down", headers={"Retry-After": "7200"})
    assert failing(build()) == (
        "no clip within timeout_s = 600 (POST 127.0.0.1/v1/videos: status 429: slow down; "
        "the next try is in 7.2e+03 s)"
    )
    assert clock.slept == []


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_server_errors_are_tried_again_with_longer_pauses(
    api: VideoApi, build: Build, clock: FakeTime, status: int
) -> None:
    api.answers["create"] += [Answer(status), Answer(status), Answer(status)]
    record = call(build(backoff_s=8, poll_s=0.001))
    assert record.facts["tries_again"] == 3
    assert 8 + 16 + 30 <= sum(clock.slept) <= 16 + 24 + 30 + 1
    tries = [seen.headers["Idempotency-Key"] for seen in api.seen if seen.step == "create"]
    assert len(tries) == 4 and len(set(tries)) == 1


def test_a_server_that_stays_down_fails_the_sample(api: VideoApi, build: Build) -> None:
    api.always["job"] = Answer(500, b'{"error": "the farm\n is down, key sesame-open-123"}')
    message = failing(build(retries=2))
    assert message == (
        'GET 127.0.0.1/v1/videos/video_0: status 500: {"error": "the farm is down, key [secret]"}, '
        "after 3 tries"
    )
    assert api.steps().count("job") == 3


def test_what_is_refused_is_not_tried_again(api: VideoApi, build: Build) -> None:
    api.always["create"] = Answer(400, f'{{"error": "bad key {KEY}"}}'.encode())
    assert failing(build()) == 'POST 127.0.0.1/v1/videos: status 400: {"error": "bad key [secret]"}'
    assert api.steps() == ["create"]


def test_no_answer_in_time_is_tried_again(api: VideoApi, build: Build) -> None:
    never = threading.Event()
    api.answers["create"].append(Answer(wait=never))
    assert call(build(request_timeout_s=1.0)).facts["tries_again"] == 1
    api.always["create"] = Answer(wait=never)
    message = failing(build(request_timeout_s=0.1, retries=1))
    assert message == "POST 127.0.0.1/v1/videos: no answer within 0.1 s, after 2 tries"
    never.set()


def test_nobody_there(build: Build) -> None:
    with VideoApi(draw) as gone:
        url = gone.url
    message = failing(build(base_url=url, retries=1))
    assert message.endswith("it cannot be reached, or closed the connection, after 2 tries")


def test_a_download_cut_short_is_fetched_again_and_never_taken(api: VideoApi, build: Build) -> None:
    api.answers["content"].append(Answer(body=b"x" * 100, stated=5000))
    assert call(build()).facts["tries_again"] == 1
    api.always["content"] = Answer(body=b"x" * 100, stated=5000)
    message = failing(build(retries=1))
    assert "content: cut short after" in message and "of 5000 bytes, after 2 tries" in message


# --- failures that stay ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(body=b"x" * 2000), "2000 bytes, above the limit of 1000"),
        (Answer(body=b"x" * 10**6, stated=-1), "more bytes than the limit of 1000"),
    ],
)
def test_an_oversized_clip_is_refused(api: VideoApi, build: Build, answer: Answer, message: str) -> None:
    api.always["content"] = answer
    assert message in failing(build(max_clip_bytes=1000))
    assert api.steps().count("content") == 1


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        (
            {"status": "failed", "error": {"message": f"the prompt\nis not allowed ({KEY})"}},
            "job video_0 ended as failed: the prompt is not allowed ([secret])",
        ),
        ({"status": "cancelled"}, "job video_0 ended as cancelled"),
        ({"state": "completed"}, "job video_0 has no status under 'status'; set fields.status"),
        ({"id": None, "status": "queued"}, "the answer to create has no 'id'; set fields.id"),
        ({"id": f"x{KEY}", "status": "queued"}, "the answer to create holds an id that is none"),
    ],
)
def test_a_job_that_fails_says_why(api: VideoApi, build: Build, stage: dict[str, Any], message: str) -> None:
    api.stages = [stage]
    assert failing(build()).startswith(message)


def test_a_job_that_never_ends_is_given_up_and_dropped(api: VideoApi, build: Build) -> None:
    api.stages = [{"status": "in_progress"}]
    message = failing(build(timeout_s=10, poll_s=3, cancel="/v1/videos/{id}"))
    assert message == "no clip within timeout_s = 10 (job video_0 is in_progress; the next try is in 3 s)"
    assert api.seen[-1].method == "DELETE"


def test_what_is_no_clip_is_an_error(api: VideoApi, build: Build) -> None:
    api.always["content"] = Answer(body=b"\0\1 nothing that a player knows")
    assert "clip.mkv: not a readable video" in failing(build(), ClipError)
    api.always["create"] = Answer(body=b"<html>hello</html>")
    assert failing(build()) == "POST 127.0.0.1/v1/videos: the answer is no JSON: <html>hello</html>"


def test_a_request_to_stop_ends_the_wait_and_drops_the_job(api: VideoApi, build: Build) -> None:
    api.stages = [{"status": "in_progress"}]
    with pytest.raises(Cancelled):
        call(build(cancel="/v1/videos/{id}", poll_s=5), cancelled=lambda: "job" in api.steps())
    assert api.seen[-1].method == "DELETE"


# --- what never happens ----------------------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost", "other.example"])
def test_redirects_to_other_hosts_are_refused(api: VideoApi, build: Build, host: str) -> None:
    api.always["content"] = Answer(302, headers={"Location": f"http://{host}:{api.port}/stolen?sig=abc"})
    message = failing(build(download_hosts=["localhost"]))
    assert f"the API sends the client to another host, http://{host}" in message
    assert "sig" not in message
    assert "other" not in api.steps()


def test_links_to_other_hosts_are_refused(api: VideoApi, build: Build) -> None:
    api.stages = [{"status": "completed", "url": f"http://localhost:{api.port}/stolen"}]
    assert "to another host, http://localhost" in failing(build(fields={"url": "url"}))
    assert "other" not in api.steps()


def test_a_redirected_create_is_refused(api: VideoApi, build: Build) -> None:
    api.always["create"] = Answer(307, headers={"Location": "/v2/videos"})
    assert failing(build()) == "POST 127.0.0.1/v1/videos: redirected (307); check base_url"


def test_an_untrusted_certificate_is_refused(tmp_path: Path, clock: FakeTime) -> None:
    pem = tmp_path / "server.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", str(pem), "-out", str(tmp_path / "cert.pem"), "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    pem.write_text(pem.read_text() + (tmp_path / "cert.pem").read_text())
    with VideoApi(draw, certificate=pem) as api:
        config = {"base_url": api.url, "output": ".mkv"}
        strict = Http(config)
        strict.load()
        assert failing(strict) == "POST 127.0.0.1/v1/videos: its TLS certificate is not trusted"
        trusting = Http({**config, "ca_file": str(tmp_path / "cert.pem")})
        trusting.load()
        assert call(trusting).num_frames == (4,)


def test_the_key_stays_out_of_everything_that_is_written(build: Build) -> None:
    generator = build()
    assert KEY not in generator.config.model_dump_json()
    assert KEY not in str(generator.info) + generator.fingerprint()


def test_a_missing_key_is_named_at_the_load(api: VideoApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIDEO_KEY", raising=False)
    with pytest.raises(SpecError, match="VIDEO_KEY is not set; export the API's key under that name"):
        Http({"base_url": api.url, "key_env": "VIDEO_KEY"}).load()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"base_url": "api.example.com"}, "it does not begin with https://HOST"),
        ({"base_url": "https://user:pass@api.example.com"}, "it names a user"),
        ({"base_url": "https://api.example.com?key=abc"}, "holds a query or a fragment"),
        ({"base_url": "http://api.example.com", "key_env": "K"}, "a key is sent over https only"),
        ({"headers": {"Authorization": "Bearer abc"}}, "header Authorization would be written into run.json"),
        ({"headers": {"X-Api-Key": "abc"}}, "header X-Api-Key would be written into run.json"),
        ({"key_format": "Bearer abc"}, "key_format needs {key} once"),
        ({"body": {"a": "{colour}"}}, "{colour} is unknown"),
        ({"body": {"a": ["{prompt}"]}}, "nested values, which only encoding: json can send"),
        ({"output": "clip.mp4"}, "output"),
        ({"key": "abc"}, "key: there is no such key"),
    ],
)
def test_bad_configurations(config: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        Http({"base_url": "https://api.example.com", **config})


def test_an_image_goes_where_the_body_has_a_place_for_it(api: VideoApi, build: Build) -> None:
    image = moving_square(1)[0]
    with pytest.raises(RequestError, match=r"put \{image\} or \{image_base64\} into it"):
        build().check(ask(image=image))
    body = {"size": "{width}x{height}", "first": "{image}", "same": ["{image_base64}"]}
    generator = build(encoding="json", body=body, tasks=["i2v"])
    request = ask(image=image)
    generator.check(request)
    call(generator, request)
    sent = api.seen[0].fields
    assert sent["first"] == f"data:image/png;base64,{sent['same'][0]}"
    png = np.frombuffer(base64.b64decode(sent["same"][0]), np.uint8)
    decoded = cv2.imdecode(png, cv2.IMREAD_COLOR)
    assert decoded is not None and np.array_equal(decoded[..., ::-1], image)


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(JSON, st.text(max_size=8))
def test_any_path_in_any_json_gives_something_or_nothing(data: Any, path: str) -> None:
    look_up(data, path)


def test_paths_go_into_objects_and_lists() -> None:
    data = {"data": [{"url": "x"}], "0": 7}
    assert (look_up(data, "data.0.url"), look_up(data, "data.1.url"), look_up(data, "0")) == ("x", None, 7)


def test_seconds_and_rate_are_those_of_the_clip_that_is_made(api: VideoApi, build: Build) -> None:
    """A service that makes 24 frames a second is asked for the time that its frames last there."""
    body = {"size": "{width}x{height}", "seconds": "{seconds}", "fps": "{fps}"}
    generator = build(native_fps=24, body=body)
    request = ask(num_frames=48)
    with pytest.raises(ClipError, match="24 were agreed"):  # the server draws at 8
        call(generator, request)
    assert (api.seen[0].fields["seconds"], api.seen[0].fields["fps"]) == ("2", "24")


def test_a_parameter_that_the_body_does_not_hold_is_refused(build: Build) -> None:
    with pytest.raises(RequestError, match=r"nothing in the configuration stands for .*'steps'"):
        build().check(ask(params={"steps": 4}))
