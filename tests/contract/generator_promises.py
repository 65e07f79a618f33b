"""What every generator promises, as tests that a test file takes with `from generator_promises import *`.

That file says which generators are meant, by a fixture `subject` of scope "module" that returns a `Subject`.
A third party does the same for its own adapter.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vbench_lite import registry
from vbench_lite.control import parse_script
from vbench_lite.dataset import Draw, load_dataset, reference_to
from vbench_lite.errors import Cancelled, SpecError, WeightsError
from vbench_lite.generator import Family, GenerationRequest, Generator, GeneratorInfo, Streaming, Task
from vbench_lite.measure.context import RecordingContext
from vbench_lite.run.generate.batch import run_batch
from vbench_lite.run.plan.plan import Batch, Sample
from vbench_lite.store.pool import Pool
from vbench_lite.store.schema import SampleStatus

CAPTIONS = ("a red circle moves right slowly", "a blue ring moves up quickly")


@dataclass(frozen=True)
class Subject:
    """An adapter with the configuration that it is tried with."""

    adapter: str
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> Any:
        return registry.load("generators", self.adapter)

    def build(self, **more: Any) -> Any:
        return self.kind({**self.config, **more})


@pytest.fixture(scope="module")
def loaded(subject: Subject) -> Iterator[Any]:
    generator = subject.build()
    try:
        generator.load()
    except WeightsError as error:
        pytest.skip(f"{subject.adapter}: {error}")
    yield generator
    generator.close()


def captions(generator: Any) -> Sequence[str]:
    """Two prompts that a generator understands."""
    world = generator.info.vocabulary
    if world is None or world == "shapes":
        return CAPTIONS
    return [prompt.text for prompt in load_dataset(world).prompts(Draw(2))]


def ask(
    generator: Any,
    num_frames: Any = 12,
    seed: int = 3,
    prompt: int = 0,
    side: Any = 32,
    sample_id: Any = "s",
) -> Any:
    """A request as the plan would hand it over, and as a suite would ask it."""
    info = generator.info
    tasks = info.tasks
    needs_image = Task.I2V in tasks and Task.T2V not in tasks
    image = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8) if needs_image else None
    world = None
    if info.family is Family.CONTROL:  # it shows what the data set has, in the sizes that it has
        dataset = load_dataset("shapes")
        world, info = reference_to(dataset), replace(info, size=dataset.info.size)
    past = None
    if tasks == (Task.V2V,):  # enough frames to edit as many as any test asks for
        past = np.random.default_rng(0).integers(0, 256, (25, side, side, 3), np.uint8)
    control = None
    if tasks == (Task.C2V,):
        control = np.random.default_rng(0).integers(0, 256, (25, *info.size.snap(side, side), 3), np.uint8)
    asked = GenerationRequest(
        sample_id,
        captions(generator)[prompt],
        num_frames,
        side,
        side,
        8.0,
        seed,
        image=image,
        past_frames=past,
        dataset=world,
        script=parse_script("D*3 0*2 W+A*4") if tasks == (Task.WORLD,) else None,
    )
    made = info.snap(asked)
    if control is not None:  # as long as what is made
        made = replace(made, control_clip=control[: made.num_frames], control_kind="edges")
    return asked, made


def make(generator: Any, *requests: Any, root: Path) -> Any:
    samples = tuple(Sample(asked.sample_id, "p", asked, made) for asked, made in requests)
    records = run_batch(generator, Batch("g", "suite", samples), Pool(root))
    assert records is not None
    for record in records:
        assert record.status == SampleStatus.OK, record.reason
    return records


def test_it_is_described_without_weights(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject.kind, "load", lambda self: pytest.fail("info loaded the weights"))
    generator = subject.build()
    assert isinstance(generator, Generator)
    info = generator.info
    assert isinstance(info, GeneratorInfo)
    assert info.name == subject.adapter
    assert info.summary
    unknown = [name for name in ("license", "weights_license") if getattr(info, name) == "unknown"]
    assert not unknown, f"GeneratorInfo states them; without weights, the license of the code: {unknown}"
    assert (info.prompts == "closed") == (info.vocabulary is not None)
    json.dumps(info.as_dict(), allow_nan=False)


def test_its_fingerprint_is_stable(subject: Subject) -> None:
    assert subject.build().fingerprint() == subject.build().fingerprint()


def test_a_key_it_does_not_know_is_an_error(subject: Subject) -> None:
    with pytest.raises(SpecError, match="no_such_key"):
        subject.build(no_such_key=1)


def test_length_and_size_are_kept_and_snapping_is_recorded(loaded: Any, tmp_path: Path) -> None:
    asked, made = ask(loaded, num_frames=11, side=33)
    (record,) = make(loaded, (asked, made), root=tmp_path)
    assert (record.requested_frames, record.generated_frames, record.num_frames) == (11, made.num_frames, 11)
    assert (record.requested_height, record.requested_width) == (33, 33)
    assert (record.height, record.width) == (made.height, made.width)
    clip = Pool(tmp_path).read(record.clip_sha256)
    assert clip.frames.shape == (11, made.height, made.width, 3)


def test_a_seed_fixes_the_clip_whatever_was_made_before(
    subject: Subject, loaded: Any, tmp_path: Path
) -> None:
    if not loaded.info.deterministic:
        pytest.skip(f"{subject.adapter} declares that it is not deterministic")
    first, other = ask(loaded, seed=3), ask(loaded, seed=4, prompt=1)
    clips = [make(loaded, request, root=tmp_path)[0].clip_sha256 for request in (first, other, first)]
    assert clips[0] == clips[2] != clips[1]
    fresh = subject.build()
    fresh.load()
    assert make(fresh, first, root=tmp_path)[0].clip_sha256 == clips[0]


def test_the_seed_varies_the_clip(loaded: Any, tmp_path: Path) -> None:
    clips = {make(loaded, ask(loaded, seed=seed), root=tmp_path)[0].clip_sha256 for seed in range(3)}
    assert len(clips) > 1


def test_a_batch_gives_every_request_its_clip(loaded: Any, tmp_path: Path) -> None:
    requests = [ask(loaded, seed=seed, sample_id=f"s{seed}", prompt=seed) for seed in range(2)]
    records = make(loaded, *requests, root=tmp_path)
    assert [record.sample_id for record in records] == ["s0", "s1"]
    assert records[0].clip_sha256 != records[1].clip_sha256


def test_counters_are_of_one_clip_or_of_the_call_as_defined(loaded: Any) -> None:
    """nfe is of one clip; tokens and the bytes of caches are of all clips of the call."""

    def counted(clips: int) -> Any:
        requests = [ask(loaded, seed=i, sample_id=f"s{i}")[1] for i in range(clips)]
        context = RecordingContext(requests)
        loaded.generate(requests, context)
        return context.result().facts

    one, four = counted(1), counted(4)
    for name, clips in (("nfe", 1), ("tokens", 4), ("kv_cache_bytes", 4)):
        assert (name in one) == (name in four)
        if one.get(name) is not None:
            assert four[name] == clips * one[name], name


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
