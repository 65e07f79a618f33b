"""`vbench-lite load` against servers on this machine: numbers, bounds, and that nothing is sent elsewhere."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from busy_api import BusyApi, spec_of
from clip_files import moving_square
from command_line import Answer, vbench_lite
from realtime_api import RealtimeApi, size_of

Load = Callable[..., Answer]
BODY = {"prompt": "{prompt}", "seed": "{seed}"}


def load(folder: Path, spec: Any, *arguments: str) -> Answer:
    path = folder / "spec.yaml"
    path.write_text(yaml.safe_dump(spec))
    return vbench_lite("load", path, "--root", folder / "results", *arguments)


def test_a_closed_loop_over_http_is_counted_shown_and_kept(tmp_path: Path) -> None:
    with BusyApi(0.02, places=2) as api:
        spec = spec_of(api, body=BODY)
        answer = load(tmp_path, spec, "--concurrency", "2", "--for", "60s", "--requests", "6")
        seeds = [int(seen.fields["seed"]) for seen in api.seen if seen.step == "create"]
    assert answer.code == 0, answer.err
    assert len(seeds) == 6 == len(set(seeds))
    assert min(seeds) >= 2**30  # never asked by a run
    assert "server (http), closed loop" in answer.out and "6 requests" in answer.out
    assert "in the server's queue" in answer.out
    assert "saturation: not known from one load" in answer.out
    assert "! stopped after 6 requests; --requests allows more" in answer.out
    assert max(map(len, answer.out.splitlines())) <= 100
    (path,) = (tmp_path / "results" / "loads").glob("*.json")
    kept = json.loads(path.read_text())
    assert kept["id"] == path.stem
    assert [request["reason"] for request in kept["requests"]] == [None] * 6
    assert all(request["queue_s"] is not None for request in kept["requests"])
    assert kept["generator"]["label"] == "server"
    assert (kept["steps"][0]["sent"], kept["interrupted"]) == (6, False)


@pytest.mark.parametrize("protocol", ["vllm-omni", "sglang"])
def test_an_open_loop_over_realtime_has_first_frames_and_deadlines(tmp_path: Path, protocol: str) -> None:
    def square(asked: dict[str, Any]) -> Any:
        return moving_square(int(asked["num_frames"]), *size_of(asked)[::-1])

    with RealtimeApi(protocol, square) as api:
        generator = {"base_url": api.url, "protocol": protocol}
        spec = {
            "generators": [{"label": "live", "adapter": "realtime", "config": generator}],
            "suites": ["open"],
            "size": "12x48x64@8",
            "samples": 2,
        }
        options = ("--rate", "50", "--arrivals", "fixed", "--requests", "4", "--for", "30s", "--json")
        answer = load(tmp_path, spec, *options, "--objective", "latency=1h", "--start", "1h")
    assert answer.code == 0, answer.err
    (step,) = answer.json["steps"]
    assert (step["sent"], step["failed"], step["on_time"], step["queue"]) == (4, 0, 1.0, None)
    assert 0 < step["goodput"] <= 4 / step["seconds"] + 1e-9
    assert all(len(request["arrivals"]) > 1 for request in answer.json["requests"])
    assert step["first_frame"]["p50"] <= step["latency"]["p50"]


def test_failures_are_told_and_change_the_exit_code(tmp_path: Path) -> None:
    with BusyApi(0.0) as api:
        spec = spec_of(api, body=BODY) | {"size": "9x48x64@8"}  # it makes 4
        answer = load(tmp_path, spec, "--concurrency", "1", "--for", "60s")
    assert answer.code == 3
    assert "failed, 10 times: ClipError: emitted 4 frames, 9 were asked for" in answer.out
    assert "! stopped: the first 10 requests failed" in answer.out


# --- nothing goes elsewhere -------------------------------------------------------------------------


@pytest.fixture
def sentinel(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every host but this machine that somebody tries to reach; none is reached."""
    tried: list[str] = []
    real = socket.getaddrinfo

    def looked_up(host: Any, *more: Any, **named: Any) -> Any:
        if host not in ("127.0.0.1", "localhost"):
            tried.append(str(host))
            raise socket.gaierror(f"{host} is not this machine")
        return real(host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    return tried


def elsewhere(**config: Any) -> dict[str, Any]:
    given = {"base_url": "https://api.example.com", "body": BODY, "retries": 0, **config}
    return {"generators": [{"label": "api", "adapter": "http", "config": given}], "suites": ["open"]}


def test_another_host_is_refused_unless_the_command_names_it(tmp_path: Path, sentinel: list[str]) -> None:
    options = ("--concurrency", "1", "--requests", "1")
    answer = load(tmp_path, elsewhere(), *options)
    assert answer.code == 2
    assert answer.err.splitlines()[-1].endswith(
        "api asks api.example.com, which is not this machine; a load is sent there only if the command names "
        "it: --host api.example.com"
    )
    assert load(tmp_path, elsewhere(), *options, "--host", "example.com").code == 2
    clips = elsewhere(download_hosts=["cdn.example.com"])
    assert "--host cdn.example.com" in load(tmp_path, clips, *options, "--host", "api.example.com").err
    assert sentinel == []
    named = load(tmp_path, elsewhere(), *options, "--host", "api.example.com")
    assert sentinel == ["api.example.com"]
    assert named.code == 3


def test_a_load_of_this_machine_asks_no_other_one(
    tmp_path: Path, sentinel: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://proxy.example.com:3128")
    with BusyApi(0.0) as api:
        spec = spec_of(api, body=BODY)
        assert load(tmp_path, spec, "--concurrency", "2", "--requests", "4").code == 0
        refused = load(tmp_path, spec, "--concurrency", "1", "--host", "api.example.com")
        assert "server asks no such host; it asks this machine only" in refused.err
    assert sentinel == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "give one of --rate R (open loop) and --concurrency C (closed loop)"),
        (("--rate", "1", "--concurrency", "1"), "give one of"),
        (("--rate", "0"), "'0' is no number above 0"),
        (("--rate", "8:1"), "no range such as 1:16"),
        (("--concurrency", "1.5"), "'1.5' is no whole number above 0"),
        (("--rate", "1", "--for", "soon"), "Invalid value for '--for'"),
        (("--rate", "1", "--objective", "fast"), "objective 'fast' is none"),
        (("--rate", "1", "-g", "other"), "-g other: the specification has: server"),
    ],
)
def test_wrong_use_is_one_line(tmp_path: Path, options: tuple[str, ...], words: str) -> None:
    with BusyApi(0.0) as api:
        answer = load(tmp_path, spec_of(api), *options)
    assert (answer.code, answer.out) == (2, "")
    assert words in answer.err.splitlines()[-1]
    assert api.seen == []


def test_only_servers_are_loaded(tmp_path: Path) -> None:
    config = {"argv": ["true", "{request}"], "output": ".npy"}
    spec = {"generators": [{"label": "here", "adapter": "command", "config": config}], "suites": ["open"]}
    answer = load(tmp_path, spec, "--concurrency", "1")
    assert answer.code == 2
    assert "here is no server (its adapter is command)" in answer.err


# --- against a real clock ---------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("options", [("--concurrency", "1:8"), ("--rate", "2.5:40")], ids=["closed", "open"])
def test_saturation_is_within_a_tenth_of_the_capacity(tmp_path: Path, options: tuple[str, str]) -> None:
    """Eight jobs a second, two at a time; the server's clock decides, as long as this client keeps up."""
    with BusyApi(0.25, places=2) as api:
        spec = spec_of(api, body=BODY, poll_s=0.05)
        found = load(tmp_path, spec, *options, "--for", "40s", "--json").json["saturation"]
    assert found["reached"]
    assert found["rate"]["value"] == pytest.approx(8.0, rel=0.1)
