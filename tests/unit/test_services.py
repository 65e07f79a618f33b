"""Services by their presets alone, against imitations on this machine: clips, failures, costs, keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from clip_files import moving_square
from http_calls import *  # noqa: F403  the fixtures
from http_calls import FakeTime, ask, call
from services import KEY, SERVICES, MiniMax, Replicate, Service, Veo, VeoBase64, told

from vbench_lite.adapters.external import http_config
from vbench_lite.adapters.external.http import Http
from vbench_lite.errors import Cancelled, GeneratorError, RequestError, SpecError

Open = Callable[..., Http]


@pytest.fixture(params=SERVICES, ids=lambda kind: kind.preset)
def service(request: Any) -> Iterator[Service]:
    with request.param() as running:
        yield running


@pytest.fixture
def opened(clock: FakeTime, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Builds loaded adapters from a service's preset; only the address and the form of the clip are ours."""
    made: list[Http] = []

    def build(service: Service, **config: Any) -> Http:
        ours = {"preset": service.preset, "base_url": service.url, "model": service.model, "output": ".mkv"}
        generator = Http({**ours, **config})
        monkeypatch.setenv(str(generator.config.key_env), KEY)
        generator.load()
        made.append(generator)
        return generator

    yield build
    for generator in made:
        generator.close()


def failing(generator: Http) -> str:
    with pytest.raises(GeneratorError) as caught:
        call(generator)
    assert KEY not in str(caught.value)
    return str(caught.value)


def test_a_clip_is_made_by_the_preset_alone(service: Service, opened: Open) -> None:
    record = call(opened(service))
    (frames,) = record.frames
    assert frames is not None and (frames == moving_square(4)).all()
    assert set(record.phases) >= {"create", "download", "read"}
    assert set(service.keys) == {service.key_value}
    assert record.facts["job"]


def test_a_job_that_fails_is_told_in_the_words_of_the_service(service: Service, opened: Open) -> None:
    service.ends = "failed"
    words = {
        "openai": "ended as failed: the prompt is not allowed",
        "replicate": "ended as failed: CUDA out of memory",
        "fal": "ended as COMPLETED: bad prompt",
        "veo": "ended as true: unsafe prompt",
        "minimax": "ended as Fail: no such style",
    }
    assert words[service.preset] in failing(opened(service))


@pytest.mark.parametrize("step", ["create", "job", "file"])
def test_what_may_pass_is_tried_again_at_every_step(service: Service, opened: Open, step: str) -> None:
    service.first[step] += [told({}, 503), told({}, 429, **{"Retry-After": "3"})]
    record = call(opened(service))
    assert (record.num_frames, record.facts["tries_again"]) == ((4,), 2)


@pytest.mark.parametrize("step", ["create", "job", "file"])
def test_what_is_refused_ends_the_sample_at_every_step(service: Service, opened: Open, step: str) -> None:
    service.first[step].append(told({"error": {"message": f"no access with {KEY}"}}, 403))
    message = failing(opened(service))
    assert "status 403" in message and "no access with [secret]" in message


def test_a_job_that_nobody_waits_for_is_dropped(service: Service, opened: Open) -> None:
    generator = opened(service)
    with pytest.raises(Cancelled):
        call(generator, cancelled=lambda: service.asked > 0)
    dropped = {"openai": "DELETE", "replicate": "POST", "fal": "PUT"}.get(service.preset)
    last = service.seen[-1]
    assert (last[0] == dropped and ("cancel" in last[1] or dropped == "DELETE")) if dropped else True


def test_nothing_is_left_of_a_preset_in_a_stored_configuration(service: Service, opened: Open) -> None:
    """What a run stores stands for itself: read back, it is the same generator."""
    config = opened(service, body={"seed": None}, durations=[]).config
    again = Http(config.model_dump(mode="json"))
    assert again.config == config
    assert "seed" not in again.config.body


def test_codes_that_are_no_error_pass_and_others_are_told(opened: Open) -> None:
    busy = {"base_resp": {"status_code": 1002, "status_msg": "rate limit"}}
    with MiniMax() as service:
        service.first["create"].append(told(busy))
        service.first["result"].append(told(busy))
        assert call(opened(service)).facts["tries_again"] == 2
        service.asked = 0
        service.first["create"].append(told({"base_resp": {"status_code": 1008, "status_msg": "no balance"}}))
        assert failing(opened(service)) == "POST 127.0.0.1: code 1008: no balance"


def test_a_clip_within_the_answer_is_decoded(opened: Open) -> None:
    more = {"job": "/v1beta/models/veo-1:fetch", "job_body": {"operationName": "{id}"}}
    fields = {"url": None, "data": "response.videos.0.bytesBase64Encoded"}
    with VeoBase64() as service:
        assert call(opened(service, **more, fields=fields)).num_frames == (4,)
        service.asked = 0
        assert "above the limit of 99" in failing(opened(service, **more, fields=fields, max_clip_bytes=99))
        service.asked = 0
        wrong = {**fields, "data": "name"}
        assert failing(opened(service, **more, fields=wrong)).endswith("its name is no base64")


def test_an_answer_without_a_clip_says_what_it_holds(opened: Open) -> None:
    with Veo() as service:
        filtered = {"raiMediaFilteredReasons": ["celebrity"]}
        done = {"name": Veo.name, "done": True, "response": {"generateVideoResponse": filtered}}
        service.first["job"].append(told(done))
        message = failing(opened(service))
        assert "holds no address" in message and "celebrity" in message


@pytest.mark.parametrize("name", ["models/../../secrets", "models//x", "a/./b"])
def test_an_id_that_leads_elsewhere_is_refused(opened: Open, name: str) -> None:
    with Veo() as service:
        service.first["create"].append(told({"name": name}))
        assert "is no path" in failing(opened(service))


def test_what_a_clip_costs_and_is_billed_for_is_kept(opened: Open) -> None:
    with Replicate() as service:
        facts = call(opened(service, cost_per_second=0.1)).facts
        assert (facts["seconds_billed"], facts["cost_per_clip"]) == (12.5, 1.25)
        service.asked = 0
        assert call(opened(service, cost_per_clip=0.35)).facts["cost_per_clip"] == 0.35


def test_lengths_that_can_be_asked_for_and_their_price_are_told_before(opened: Open) -> None:
    with Service() as nobody:
        nobody.preset = "openai"
        generator = opened(nobody, cost_per_second=0.1, native_fps=24)
        request = ask(num_frames=49)
        assert generator._seconds(request) == 4
        assert generator.remarks([request] * 10) == [
            "10 clips for about 4 USD; timed calls come on top",
            "its requests hold no {seed}: where it answers a prompt again from what it kept, its times "
            "are those of a cache",
            "40 seconds are asked for and 20.4167 are used, as it makes 4, 8, 12 s",
        ]
        with pytest.raises(RequestError, match="at most 12 can be made"):
            generator.check(ask(num_frames=300))


def test_a_preset_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(SpecError, match="fal, minimax, openai, replicate, veo"):
        Http({"preset": "nobody"})
    files = {path.stem for path in Path(http_config.__file__).with_name("services").glob("*.yaml")}
    assert files == {kind.preset for kind in SERVICES}  # type: ignore[attr-defined]


def test_a_preset_needs_no_address_and_sends_its_key_over_tls_only() -> None:
    for name in ("openai", "replicate", "fal", "veo", "minimax"):
        config = Http({"preset": name}).config
        assert config.base_url.startswith("https://") and config.key_env
        with pytest.raises(SpecError, match="over https only"):
            Http({"preset": name, "base_url": "http://api.example.com"})
