"""What every registered generator promises; a third party runs this file against its own adapter too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vbench_lite import registry
from vbench_lite.engine.batch import run_batch
from vbench_lite.engine.context import RecordingContext
from vbench_lite.engine.plan import Batch, Sample
from vbench_lite.errors import Cancelled, SpecError, WeightsError
from vbench_lite.generator import Family, GenerationRequest, Generator, GeneratorInfo, Streaming
from vbench_lite.store.pool import Pool
from vbench_lite.store.schema import SampleStatus

CAPTIONS = ("a red circle moves right slowly", "a blue ring moves up quickly")


def _with_empty_configuration() -> Any:
    """Names of generators that need no configuration; others have tests of their own."""
    found = []
    for name in registry.names("generators"):
        try:
            registry.load("generators", name)({})
        except SpecError:
            continue
        found.append(name)
    return found


@pytest.fixture(params=_with_empty_configuration(), scope="module")
def name(request: Any) -> Any:
    return request.param


@pytest.fixture(scope="module")
def loaded(name: Any) -> Iterator[Any]:
    generator = registry.load("generators", name)({})
    try:
        generator.load()
    except WeightsError as error:
        pytest.skip(f"{name}: {error}")
    yield generator
    generator.close()


def ask(
    generator: Any,
    num_frames: Any = 12,
    seed: int = 3,
    prompt: Any = CAPTIONS[0],
    side: Any = 32,
    sample_id: Any = "s",
) -> Any:
    """A request as the plan would hand it over, and as a suite would ask it."""
    asked = GenerationRequest(sample_id, prompt, num_frames, side, side, 8.0, seed)
    return asked, generator.info.snap(asked)


def make(generator: Any, *requests: Any, root: Path) -> Any:
    samples = tuple(Sample(asked.sample_id, "p", asked, made) for asked, made in requests)
    records = run_batch(generator, Batch("g", "suite", samples, "key"), Pool(root))
    assert records is not None
    for record in records:
        assert record.status == SampleStatus.OK, record.reason
    return records


def test_it_is_described_without_weights(name: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = registry.load("generators", name)
    monkeypatch.setattr(kind, "load", lambda self: pytest.fail("info loaded the weights"))
    generator = kind({})
    assert isinstance(generator, Generator)
    info = generator.info
    assert isinstance(info, GeneratorInfo)
    assert info.name == name
    assert info.summary
    assert "unknown" not in (info.licence, info.weights_licence)
    assert (info.prompts == "closed") == (info.vocabulary is not None)
    json.dumps(info.as_dict(), allow_nan=False)


def test_its_fingerprint_is_stable(name: Any) -> None:
    kind = registry.load("generators", name)
    assert kind({}).fingerprint() == kind({}).fingerprint()


def test_a_key_it_does_not_know_is_an_error(name: Any) -> None:
    with pytest.raises(SpecError, match="no_such_key"):
        registry.load("generators", name)({"no_such_key": 1})


def test_length_and_size_are_kept_and_snapping_is_recorded(loaded: Any, tmp_path: Path) -> None:
    asked, made = ask(loaded, num_frames=11, side=33)
    (record,) = make(loaded, (asked, made), root=tmp_path)
    assert (record.requested_frames, record.generated_frames, record.num_frames) == (11, made.num_frames, 11)
    assert (record.requested_height, record.requested_width) == (33, 33)
    assert (record.height, record.width) == (made.height, made.width)
    clip = Pool(tmp_path).read(record.clip_sha256)
    assert clip.frames.shape == (11, made.height, made.width, 3)


def test_a_seed_fixes_the_clip_whatever_was_made_before(name: Any, loaded: Any, tmp_path: Path) -> None:
    if not loaded.info.deterministic:
        pytest.skip(f"{name} declares that it is not deterministic")
    first, other = ask(loaded, seed=3), ask(loaded, seed=4, prompt=CAPTIONS[1])
    clips = [make(loaded, request, root=tmp_path)[0].clip_sha256 for request in (first, other, first)]
    assert clips[0] == clips[2] != clips[1]
    fresh = registry.load("generators", name)({})
    fresh.load()
    assert make(fresh, first, root=tmp_path)[0].clip_sha256 == clips[0]


def test_the_seed_varies_the_clip(loaded: Any, tmp_path: Path) -> None:
    clips = {make(loaded, ask(loaded, seed=seed), root=tmp_path)[0].clip_sha256 for seed in range(3)}
    assert len(clips) > 1


def test_a_batch_gives_every_request_its_clip(loaded: Any, tmp_path: Path) -> None:
    requests = [ask(loaded, seed=seed, sample_id=f"s{seed}", prompt=CAPTIONS[seed]) for seed in range(2)]
    records = make(loaded, *requests, root=tmp_path)
    assert [record.sample_id for record in records] == ["s0", "s1"]
    assert records[0].clip_sha256 != records[1].clip_sha256


def test_a_request_to_stop_is_honoured(loaded: Any) -> None:
    _, made = ask(loaded, num_frames=16)
    heard = []

    def cancelled() -> Any:
        heard.append(True)
        return True

    context = RecordingContext([made], cancelled=cancelled)
    with pytest.raises(Cancelled):
        loaded.generate([made], context)
    assert len(heard) <= 2  # `cancelled` itself, and the call that raised


def test_it_streams_as_it_declares(loaded: Any) -> None:
    _, made = ask(loaded, num_frames=16)
    pieces = []
    context = RecordingContext([made], on_frames=lambda index, frames: pieces.append(len(frames)))
    loaded.generate([made], context)
    assert sum(pieces) == made.num_frames
    match loaded.info.streaming:
        case Streaming.NONE:
            assert len(pieces) == 1
        case Streaming.CHUNK:
            assert len(pieces) > 1
        case Streaming.FRAME | Streaming.TOKEN:
            assert set(pieces) == {1}


def test_control_arms_are_what_they_say(tmp_path: Path) -> None:
    arms = {}
    for name in ("real", "frozen", "noise", "shuffled"):
        generator = registry.load("generators", f"control/{name}")({})
        assert generator.info.family is Family.CONTROL
        (record,) = make(generator, ask(generator, num_frames=8), root=tmp_path)
        arms[name] = Pool(tmp_path).read(record.clip_sha256).frames
    assert (arms["frozen"] == arms["real"][:1]).all()
    order = [
        next(index for index, real in enumerate(arms["real"]) if (real == frame).all())
        for frame in arms["shuffled"]
    ]
    assert sorted(order) == list(range(8)) != order
    assert 120 < arms["noise"].mean() < 135
