"""Whatever bytes a file holds, reading it ends in its content or in one line that names it.

Inputs that once were interesting stay as examples.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from clip_files import encode, moving_square
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vbench_lite.errors import ClipError, SpecError, StoreError
from vbench_lite.run.plan.shards import Shard, parse_shard
from vbench_lite.run.plan.spec import RunSpec, parse_spec, read_spec
from vbench_lite.secrets import redact, redacted
from vbench_lite.store.journal import JournalWriter, read_journal
from vbench_lite.suite import Suite, parse_suite, read_suite
from vbench_lite.video.decode import read_clip
from vbench_lite.video.limits import Limits
from vbench_lite.video.manifest import read_manifest

quick = settings(max_examples=60)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
RECORD = st.dictionaries(st.text(max_size=6), st.integers() | st.text(max_size=6), max_size=3)
RECORDS = st.lists(RECORD, max_size=5)
# Nine aliases of nine aliases of ...: 300 bytes that stand for 400 million values.
BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{last}'] * 9)}]\n"
    for last, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def one_line(error: Exception) -> None:
    assert str(error)
    assert "\n" not in str(error)


def written(name: str, data: bytes) -> Path:
    path = Path(tempfile.mkdtemp()) / name
    path.write_bytes(data)
    return path


# --- journals ---------------------------------------------------------------------------------


@quick
@given(st.binary(max_size=200))
@example(b"")
@example(b"\n")
@example(b'{"a":1}\n\n{"b":2}\n')
@example(b'{"a":1}\n{"b":')
@example(b'[1]\n{"a":1}\n')
@example(b'{"a":1}\r\n{"b":\xff}\n')
@example(b'{"a":NaN}\n')
@example(b"\x00" * 20)
@example(b'{"a":' + b"[" * 90 + b"\n")
def test_a_journal_of_any_bytes_is_records_or_one_line(data: bytes) -> None:
    path = written("j.jsonl", data)
    try:
        found = read_journal(path)
    except StoreError as error:
        one_line(error)
        assert path.name in str(error)
        return
    assert all(isinstance(record, dict) for record in found.records)
    assert 0 <= found.size <= len(data)
    with JournalWriter(path) as journal:
        assert journal.repaired == found.torn
        journal.append({"last": 1})
    assert read_journal(path).records == [*found.records, {"last": 1}]


@quick
@given(RECORDS, st.data())
def test_a_journal_cut_anywhere_keeps_every_whole_record(records: list[dict[str, Any]], data: Any) -> None:
    folder = Path(tempfile.mkdtemp())
    ends = [0]
    with JournalWriter(folder / "j.jsonl") as journal:
        for record in records:
            journal.append(record)
            ends.append(journal.path.stat().st_size)
    whole = (folder / "j.jsonl").read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    (folder / "j.jsonl").write_bytes(whole[:cut])
    found = read_journal(folder / "j.jsonl")
    kept = sum(end <= cut for end in ends) - 1
    assert found.records == records[:kept]
    assert found.torn == (cut not in ends)


# --- YAML -------------------------------------------------------------------------------------


@quick
@given(st.text(max_size=120))
@example("generators: [{label: a, adapter: b}]")
@example("!!python/object/apply:os.system [true]")
@example("a: &a [*a]")
@example("a: &a [1,1]\nb: &b [*a,*a]\nc: [*b,*b]")
@example("samples: 1e400")
@example("seed: .nan")
@example("? [a]\n: b")
@example("generators: {label: a}")
@example("{" * 50)
@example("2026-13-45")
@example("\x00")
@example("[" * 3000)
@example(BOMB)
def test_a_specification_of_any_text_is_one_or_one_line(text: str) -> None:
    for name, read, kind in (("s.yaml", read_spec, RunSpec), ("u.yaml", read_suite, Suite)):
        path = written(name, text.encode("utf-8", "surrogatepass"))
        try:
            assert isinstance(read(path), kind)
        except SpecError as error:
            one_line(error)


@quick
@given(st.dictionaries(st.sampled_from([*RunSpec.model_fields, "other"]), JSON, max_size=4))
@example({"generators": [{"label": "a/../b", "adapter": "x"}], "samples": 2**70})
@example({"generators": []})
@example({"timeout_s": float("inf")})
@example({"timeout_s": float("nan")})
def test_any_values_are_a_specification_or_one_line(data: dict[str, Any]) -> None:
    try:
        spec = parse_spec(data, "here")
    except SpecError as error:
        one_line(error)
        assert str(error).startswith("here: ")
    else:
        assert parse_spec(json.loads(spec.model_dump_json()), "again") == spec


@quick
@given(st.dictionaries(st.sampled_from([*Suite.model_fields, "other"]), JSON, max_size=8))
@example(
    {"name": "a", "version": 1, "description": "d", "prompts": {"texts": [""]}, "metrics": [], "axes": {}}
)
def test_any_values_are_a_suite_or_one_line(data: dict[str, Any]) -> None:
    try:
        suite = parse_suite(data, "here")
    except SpecError as error:
        one_line(error)
    else:
        assert parse_suite(yaml.safe_load(yaml.safe_dump(suite.model_dump(mode="json"))), "again") == suite


@quick
@given(st.text(max_size=12))
@example("1/2")
@example("٣/٤")
@example("1/99999999999")
def test_any_text_is_a_part_or_one_line(text: str) -> None:
    try:
        shard = parse_shard(text)
    except SpecError as error:
        one_line(error)
    else:
        assert parse_shard(str(shard)) == Shard(shard.index, shard.count)


# --- manifests --------------------------------------------------------------------------------


@quick
@given(st.sampled_from(["m.csv", "m.jsonl"]), st.binary(max_size=120))
@example("m.csv", b"file\na.mp4\n")
@example("m.csv", b'file,prompt\n"a.mp4\n')
@example("m.csv", b"file\n\x00\n")
@example("m.csv", b"file,file\na,b\n")
@example("m.jsonl", b'{"file": "../../x"}')
@example("m.jsonl", b'{"file": "a", "seed": 1e999}')
@example("m.jsonl", b'{"file": "' + b"a/" * 50 + b'"}')
@example("m.jsonl", b'\xef\xbb\xbf{"file": "a\\u0000b"}')
def test_a_manifest_of_any_bytes_is_clips_or_one_line(name: str, data: bytes) -> None:
    path = written(name, data)
    try:
        clips = read_manifest(path)
    except ClipError as error:
        one_line(error)
        return
    base = path.parent.resolve()
    assert clips
    for clip in clips:
        assert clip.path.resolve().is_relative_to(base)


# --- clips ------------------------------------------------------------------------------------

TIGHT = Limits(max_side=256, max_frames=64, max_pixels=64 * 64 * 64 * 8, max_clip_bytes=2**24)
_CODECS = {"a.mp4": "libx264", "a.mkv": "ffv1", "a.avi": "mpeg4", "a.webm": "libvpx-vp9"}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("clips")
    return {
        name: encode(folder / name, moving_square(6), codec).read_bytes() for name, codec in _CODECS.items()
    }


@settings(quick, max_examples=80)
@given(
    name=st.sampled_from(sorted(_CODECS)),
    edits=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=8),
    cut=st.floats(0, 1),
)
@example(name="a.mp4", edits=[], cut=0.5)
@example(name="a.avi", edits=[(0.0, 0)], cut=1.0)
@example(name="a.mkv", edits=[(0.1, 255), (0.12, 255)], cut=1.0)
def test_a_damaged_clip_is_frames_within_the_limits_or_one_line(
    files: dict[str, bytes], name: str, edits: list[tuple[float, int]], cut: float
) -> None:
    data = bytearray(files[name])
    for place, value in edits:
        data[int(place * len(data))] = value
    path = written(name, bytes(data[: int(cut * len(data))]))
    try:
        clip = read_clip(path, limits=TIGHT)
    except ClipError as error:
        one_line(error)
        assert str(error).startswith(f"{name}: ")
        return
    count, height, width, channels = clip.frames.shape
    assert channels == 3
    assert 1 <= count <= TIGHT.max_frames
    assert max(height, width) <= TIGHT.max_side
    assert clip.frames.nbytes <= TIGHT.max_clip_bytes


@settings(quick, max_examples=30)
@given(st.sampled_from([*_CODECS, "a.gif"]), st.binary(max_size=300))
@example("a.mp4", b"\x00\x00\x00\x18ftypmp42" + b"\xff" * 40)
@example("a.mkv", b"\x1a\x45\xdf\xa3" + b"\xff" * 40)
@example("a.gif", b"GIF89a\xff\xff\xff\xff\x80\x00\x00")
def test_noise_that_calls_itself_a_clip_is_one_line(name: str, data: bytes) -> None:
    try:
        read_clip(written(name, data), limits=TIGHT)
    except ClipError as error:
        one_line(error)


# --- secrets ----------------------------------------------------------------------------------


@quick
@given(JSON)
def test_redaction_keeps_the_form_and_is_done_once(value: Any) -> None:
    once = redacted(value)
    assert repr(redacted(once)) == repr(once)
    assert type(once) is type(value)
    text = json.dumps(value)
    assert redact(redact(text)) == redact(text)
