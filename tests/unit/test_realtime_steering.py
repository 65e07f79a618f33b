"""Sessions of realtime video that are steered: what is told when, and what is recorded of it."""

from __future__ import annotations

import pytest
from one_call import record_of
from realtime_api import Message, RealtimeApi
from realtime_calls import *  # noqa: F403  the servers
from realtime_calls import ask, build, call, told

from vbench_lite.adapters.external.realtime import Realtime
from vbench_lite.control import parse_script
from vbench_lite.errors import RequestError, SpecError
from vbench_lite.turns import made_size

KEYS = ("W", "A", "S", "D", "up", "left", "down", "right")
FRAMES = 15  # three chunks of five


def test_keys_are_told_when_a_chunk_has_come_and_only_if_they_changed(sglang: RealtimeApi) -> None:
    """Messages of a chunk: two batches, each described and sent, and its statistics."""

    def in_step(number: int) -> None:  # a chunk follows when what is held before it has been told
        if number % 5 == 0:
            sglang.await_events(1 + number // 5)

    def applied(messages: list[Message]) -> list[Message]:
        """The server says that its third chunk is the first to know of the second event."""
        events = {0: 1, 2: 1, 5: 1, 7: 1, 10: 2, 12: 2}
        return [
            told(event_id=events[number])(message) if number in events else message
            for number, message in enumerate(messages)
        ]

    sglang.before, sglang.changed = in_step, applied
    asked = ask(script=parse_script("W*5 D+up*5 0*5"), num_frames=FRAMES)
    found = record_of(build(sglang, actions=KEYS), asked)
    held = [event["payload"]["transitions"][0]["actions"] for event in sglang.events]
    assert held == [["w"], ["d", "i"], []]
    assert [event["event_id"] for event in sglang.events] == [1, 2, 3]
    assert {(event["type"], event["kind"]) for event in sglang.events} == {("event", "camera_actions")}
    # Sampled when frames 0, 5 and 10 were next; one chunk of five was in the making each time but the first.
    assert [(one.change, one.frame) for one in found.sampled[0]] == [(0, 0), (5, 10), (10, 15)]
    assert found.facts["controls_applied"] == "0 10"


def test_a_text_is_in_force_from_the_opening_on_and_updated_between_chunks(vllm: RealtimeApi) -> None:
    def in_step(number: int) -> None:  # 0 opens the stream; 1 and 2, 3 and 4, 5 and 6 are its chunks
        if number == 5:
            vllm.await_events(1)

    def applied(messages: list[Message]) -> list[Message]:
        return [
            told(started_event_ids=["1", "9" * 5000])(m) if number == 5 else m
            for number, m in enumerate(messages)
        ]

    vllm.before, vllm.changed = in_step, applied
    asked = ask(script=parse_script('"a red cat"*5 "a dog"*10'), num_frames=FRAMES)
    found = record_of(build(vllm, actions=["prompt"], chunk_frames=5, chunks_ahead=2), asked)
    assert vllm.asked[0]["prompt"] == "a red cat"
    assert vllm.events[0] == {
        "type": "session.interaction",
        "interaction": {"event_id": "1", "event": {"prompt": "a dog"}},
    }
    assert [event["type"] for event in vllm.events[1:]] in ([], ["session.stop"])
    assert [(one.change, one.frame) for one in found.sampled[0]] == [(0, 0), (5, 15)]
    assert found.facts["controls_applied"] == "10"


def test_a_text_that_is_let_go_is_the_requests_own_again(sglang: RealtimeApi) -> None:
    def in_step(number: int) -> None:
        if number % 5 == 0:
            sglang.await_events(number // 5)

    sglang.before = in_step
    asked = ask(script=parse_script('"a dog"*5 0*5 W*5'), num_frames=FRAMES)
    record_of(build(sglang, actions=("prompt", "W")), asked)
    assert sglang.asked[0]["prompt"] == "a dog"
    assert [(event["kind"], event["payload"]) for event in sglang.events] == [
        ("prompt", "a cat"),
        ("camera_actions", {"mode": "state", "transitions": [{"actions": ["w"]}]}),
    ]


def test_without_a_script_nothing_is_told(api: RealtimeApi) -> None:
    assert "controls_applied" not in call(api, actions=["prompt"]).facts
    assert [event for event in api.events if event["type"] != "session.stop"] == []


def test_what_a_protocol_has_no_word_for_is_refused() -> None:
    config = {"base_url": "http://127.0.0.1", "protocol": "vllm-omni"}
    with pytest.raises(SpecError, match="vllm-omni has no word for 'W'; it has: prompt"):
        Realtime({**config, "actions": ["W"]})
    with pytest.raises(SpecError, match="sglang has no word for 'camera'"):
        Realtime({**config, "protocol": "sglang", "actions": ["camera"]})
    generator = Realtime({**config, "actions": ["prompt"]})
    with pytest.raises(RequestError, match="it is steered by prompt; it cannot be told W"):
        made_size(generator.info, ask(script=parse_script("W*8")))
