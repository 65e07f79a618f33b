"""Finding clips, and the rules that decide which of their frames count."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from clip_files import encode, moving_square
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from vbench_lite.clip import Frames
from vbench_lite.errors import ClipError
from vbench_lite.video.decode import write_lossless
from vbench_lite.video.folder import ClipFolder, find_clips, natural_key
from vbench_lite.video.frame_rules import ClipRules, select_frames
from vbench_lite.video.timeline import PacketScan


def numbered(num_frames: int, height: int = 8, width: int = 16) -> Frames:
    """Frame t is of the grey t."""
    return np.broadcast_to(
        np.arange(num_frames, dtype=np.uint8)[:, None, None, None], (num_frames, height, width, 3)
    ).copy()


def names(folder: ClipFolder) -> list[str]:
    return [clip.name for clip in folder.clips]


def greys(folder: ClipFolder) -> list[list[int]]:
    return [[int(frame[0, 0, 0]) for frame in clip.frames] for clip in folder.read(folder.clips[0])]


# --- finding ---------------------------------------------------------------------------------


def test_natural_order_hidden_and_other_files(tmp_path: Path) -> None:
    for name in (
        "clip10.mp4",
        "clip2.MP4",
        "clip1.webm",
        "sub/a.gif",
        ".hidden.mp4",
        "notes.txt",
        ".git/b.mp4",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert names(find_clips(tmp_path)) == ["clip1.webm", "clip2.MP4", "clip10.mp4", "sub/a.gif"]


@given(st.lists(st.text(min_size=1, max_size=8), max_size=8))
def test_natural_keys_can_always_be_compared(texts: list[str]) -> None:
    sorted(texts, key=natural_key)


def test_missing_and_empty_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match=r"no folder, manifest or clip is at .*nowhere"):
        find_clips(tmp_path / "nowhere")
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(ClipError, match="no clips in folder"):
        find_clips(tmp_path)


def test_a_single_file_is_a_folder_of_one(tmp_path: Path) -> None:
    write_lossless(tmp_path / "a.mkv", numbered(3), 8.0)
    assert names(find_clips(tmp_path / "a.mkv")) == ["a.mkv"]


def test_manifests_give_prompt_seed_and_generator(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text('file,prompt,seed\nsub/a.mp4,"a cat, asleep",3\nb.mp4,,\n')
    first, second = find_clips(tmp_path / "list.csv").clips
    assert (first.name, first.prompt, first.seed, first.generator) == ("sub/a.mp4", "a cat, asleep", 3, None)
    assert (second.prompt, second.seed) == (None, None)
    lines = [{"file": "b.mp4", "generator": "x", "seed": 7}, {"file": "./a.mp4"}]
    (tmp_path / "list.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n\n")
    assert [(c.name, c.generator, c.seed) for c in find_clips(tmp_path / "list.jsonl").clips] == [
        ("b.mp4", "x", 7),
        ("a.mp4", None, None),
    ]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("m.csv", "name,prompt\na.mp4,x\n", "line 2: has no file"),
        ("m.csv", "file,colour\na.mp4,x\n", "line 2: 'colour' is unknown"),
        ("m.csv", "file,seed\na.mp4,many\n", "line 2: seed must be a whole number, got 'many'"),
        ("m.csv", "file,seed\na.mp4\n", "line 2: it has not one value for each column"),
        ("m.csv", "file\n", "it has no entries"),
        ("m.csv", "file\na.mp4\n./a.mp4\n", "line 3: a.mp4 is named twice"),
        ("m.csv", "file\n../a.mp4\n", "line 2: ../a.mp4 lies outside"),
        ("m.csv", "file\n/etc/passwd\n", "line 2: /etc/passwd lies outside"),
        ("m.csv", "file\nout/a.mp4\n", "line 2: out/a.mp4 lies outside"),
        ("m.csv", "file\nlink.mp4\n", "line 2: link.mp4 lies outside"),
        ("m.jsonl", '{"file": "a.mp4"}\nnot json\n', "line 2: no JSON object"),
        ("m.jsonl", "[1]\n", "line 1: no JSON object"),
        ("m.jsonl", '{"file": 3}\n', "line 1: file must be a path, got 3"),
        ("m.jsonl", '{"file": "a.mp4", "prompt": 3}\n', "line 1: prompt must be a text, got 3"),
        ("m.jsonl", '{"file": "a.mp4", "seed": true}\n', "line 1: seed must be a whole number, got True"),
    ],
)
def test_bad_manifests_name_line_and_value(tmp_path: Path, name: str, text: str, message: str) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "a.mp4").write_bytes(b"x")
    (inside / "link.mp4").symlink_to(tmp_path / "a.mp4")
    (inside / "out").symlink_to(tmp_path)
    (inside / name).write_text(text)
    with pytest.raises(ClipError, match=message) as caught:
        find_clips(inside / name)
    assert "\n" not in str(caught.value)


# --- rules -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "expected", "fps"),
    [
        (ClipRules(), [list(range(10))], 8.0),
        (ClipRules(stride=3), [[0, 3, 6, 9]], 8 / 3),
        (ClipRules(window=4), [[0, 1, 2, 3]], 8.0),
        (ClipRules(window=4, place="centre"), [[3, 4, 5, 6]], 8.0),
        (ClipRules(window=4, place="every"), [[0, 1, 2, 3], [4, 5, 6, 7]], 8.0),
        (ClipRules(window=2, place="every", stride=2), [[0, 2], [4, 6]], 4.0),
        (ClipRules(fps=4), [[0, 2, 4, 6, 8]], 4.0),
        (ClipRules(fps=16, window=5), [[0, 0, 1, 1, 2]], 16.0),
    ],
)
def test_rules_choose_frames(tmp_path: Path, rules: ClipRules, expected: list[list[int]], fps: float) -> None:
    write_lossless(tmp_path / "a.mkv", numbered(10), 8.0)
    folder = find_clips(tmp_path, rules)
    assert greys(folder) == expected
    assert [clip.fps for clip in folder.read(folder.clips[0])] == pytest.approx([fps] * len(expected))


def test_at_each_tick_of_a_rate_the_frame_on_show_is_taken(tmp_path: Path) -> None:
    encode(tmp_path / "a.mkv", numbered(4), "ffv1", "bgr0", rate=100, pts=[0, 10, 50, 60])
    # Ticks at 0, 0.1 ... 0.6 s: the frame of 0.1 s stands until 0.5 s, the last one for its own 0.01 s.
    assert greys(find_clips(tmp_path, ClipRules(fps=10)))[0] == [0, 1, 1, 1, 1, 2]


@settings(max_examples=50)
@given(
    gaps=st.lists(st.floats(0.01, 1.0), min_size=1, max_size=20),
    fps=st.floats(0.5, 60),
)
def test_resampling_shows_no_frame_before_its_time(gaps: list[float], fps: float) -> None:
    times = np.concatenate([[0.0], np.cumsum(gaps)])
    scan = PacketScan(len(times) - 1, times[:-1], None, variable=True, end=float(times[-1]))
    if len(gaps) == 1 or np.ptp(gaps[:-1]) == 0:
        return  # an even clip has a rate of its own
    scan = replace(scan, fps=len(gaps) / float(times[-1]))
    (indices,) = select_frames(scan, ClipRules(fps=fps), "a").windows
    ticks = np.arange(len(indices)) / fps
    assert (times[indices] <= ticks + 2e-6).all(), "shown before its time"
    assert (times[indices + 1] > ticks - 1e-9)[:-1].all(), "shown behind its time"
    assert len(ticks) == max(1, round(times[-1] * fps))


def test_a_rate_far_above_what_timestamps_allow_is_named(tmp_path: Path) -> None:
    scan = PacketScan(3, np.array([0.0, 0.125, 5e8]), 1e-8, variable=True, end=5e8 + 0.125)
    with pytest.raises(ClipError, match=r"a: its 500000000 s are 12000000003 frames .* max_frames = 100000"):
        select_frames(scan, ClipRules(fps=24), "a")


def test_frames_of_a_window_keep_their_times(tmp_path: Path) -> None:
    scan = PacketScan(5, np.array([0.0, 0.1, 0.2, 0.9, 1.0]), 4.0, variable=True, end=1.1)
    found = select_frames(scan, ClipRules(stride=2, window=2), "a")
    assert found.windows[0].tolist() == [0, 2] and found.times[0] is not None
    assert found.times[0].tolist() == [0.0, 0.2, 1.0], "the second frame stands until the next that counts"


def test_a_clip_shorter_than_the_window_is_an_error(tmp_path: Path) -> None:
    write_lossless(tmp_path / "a.mkv", numbered(3), 8.0)
    with pytest.raises(ClipError, match=r"a.mkv: too short: 3 of the window's 4 frames"):
        greys(find_clips(tmp_path, ClipRules(window=4)))


@pytest.mark.parametrize(
    ("rules", "size"),
    [
        (ClipRules(short_side=16), (16, 21)),
        (ClipRules(short_side=96), (96, 128)),
        (ClipRules(height=10, width=30), (10, 30)),
    ],
)
def test_resizing(tmp_path: Path, rules: ClipRules, size: tuple[int, int]) -> None:
    frames = moving_square(2)
    write_lossless(tmp_path / "a.mkv", frames, 8.0)
    folder = find_clips(tmp_path, rules)
    (clip,) = folder.read(folder.clips[0])
    assert clip.frames.shape == (2, *size, 3)
    assert abs(float(clip.frames.mean()) - float(frames.mean())) < 3


@pytest.mark.parametrize(
    "bad",
    [
        {"stride": 0},
        {"height": 8},
        {"short_side": 8, "height": 8, "width": 8},
        {"place": "every"},
        {"speed": 2},
    ],
)
def test_rules_that_contradict_each_other_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ClipRules.model_validate(bad)


def test_lists_of_other_tools_and_of_real_clips_are_read(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text("file_name,text\na.mp4,a red ball\n")
    (tmp_path / "real.jsonl").write_text('{"file": "a.mp4", "caption": "a red ball", "tags": ["ball"]}\n')
    for name in ("metadata.csv", "real.jsonl"):
        (clip,) = find_clips(tmp_path / name).clips
        assert (clip.name, clip.prompt) == ("a.mp4", "a red ball")
    (tmp_path / "twice.csv").write_text("file,path\na.mp4,b.mp4\n")
    with pytest.raises(ClipError, match=r"twice\.csv, line 2: a column is named twice"):
        find_clips(tmp_path / "twice.csv")
