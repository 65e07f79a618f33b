"""Four arms of clips made elsewhere on a folder of real clips: the judgement of real models.

Other windows of real recordings, the same blurred, the same compressed, and the same with frames in disorder.
The recordings are made up: textures that move and turn, each its own, so that nothing has to be fetched but
the small model of `frames/brisque`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from vbench_lite.clip import Frames
from vbench_lite.errors import WeightsError
from vbench_lite.results.board import build_board
from vbench_lite.run.plan.spec import RunSpec, parse_spec
from vbench_lite.run.runner import run
from vbench_lite.store.rundir import list_runs
from vbench_lite.suite import load_suite
from vbench_lite.video.damage import blur, compress, shuffle, to_uint8
from vbench_lite.video.encode import write_lossless
from vbench_lite.weights import files

PROMPTS, FRAMES, SIDE, FPS = 16, 8, 64, 12.0
Damaged = Callable[[Frames, int], Frames]
ARMS: dict[str, Damaged] = {
    "untouched": lambda clip, _: clip,
    "blurred": lambda clip, _: to_uint8(blur(clip.astype(np.float32), 0.3)),
    "compressed": lambda clip, _: to_uint8(compress(clip.astype(np.float32), 1.0)),
    "disordered": lambda clip, seed: to_uint8(
        shuffle(clip.astype(np.float32), 1.0, np.random.default_rng(seed))
    ),
}
# Of the shipped suite without its network and its timing: what is judged is what the metrics and axes say.
DROPPED = ("diversity/", "speed/", "memory/", "horizon/sharpness_drift", "horizon/colour_drift")


def recording(seed: int, count: int) -> Frames:
    """A textured thing that slides over a textured ground, uint8 (count, SIDE, SIDE, 3)."""
    ground, thing = (_texture(SIDE + 80, 2 * seed + part) for part in range(2))
    mask = cv2.circle(np.zeros((SIDE, SIDE), np.uint8), (SIDE // 2, SIDE // 2), SIDE // 4, 1, -1)[..., None]
    angle = 2 * np.pi * seed / 7
    clip = []
    for index in range(count):
        x, y = (40 + 1.2 * index * np.array([np.cos(angle), np.sin(angle)])).tolist()
        below = cv2.getRectSubPix(ground, (SIDE, SIDE), (SIDE / 2 + 0.5 * index, SIDE / 2 + 20))
        above = cv2.getRectSubPix(thing, (SIDE, SIDE), (SIDE / 2 + x, SIDE / 2 + y))
        clip.append(np.where(mask, above, below))
    return np.stack(clip).astype(np.uint8)


def _texture(side: int, seed: int) -> Frames:
    """A picture with the spectrum of natural ones, in two colours."""
    rows, columns = np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side), indexing="ij")
    field = np.fft.fft2(np.random.default_rng(seed).standard_normal((side, side)))
    shaped = np.fft.ifft2(field / np.maximum(np.hypot(rows, columns), 1 / side)).real
    level = np.clip(0.5 + shaped / (5 * shaped.std()), 0, 1)[..., None]
    colours = np.random.default_rng([seed, 1]).integers(0, 256, (2, 3))
    return np.asarray(level * colours[0] + (1 - level) * colours[1], np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real clips with a manifest, and the four arms."""
    try:
        files.fetch("brisque-live")
    except WeightsError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("open")
    for name in ("real", *ARMS):
        (folder / name).mkdir()
    lines = ["file,prompt,split"]
    for index in range(PROMPTS + 2):
        held_out = index < PROMPTS
        whole = recording(index, 2 * FRAMES)
        write_lossless(folder / "real" / f"{index}.mkv", whole[:FRAMES], FPS)
        lines.append(
            f"{index}.mkv,{f'scene {index}' if held_out else ''},{'real' if held_out else 'reference'}"
        )
        for name, damaged in ARMS.items() if held_out else ():
            write_lossless(folder / name / f"scene {index}.mkv", damaged(whole[FRAMES:], index), FPS)
    (folder / "real" / "metadata.csv").write_text("\n".join(lines))
    suite = load_suite("open").model_dump(mode="json", exclude_defaults=True)
    suite["metrics"] = [name for name in suite["metrics"] if not name.startswith(DROPPED)]
    suite["axes"] = {name: suite["axes"][name] for name in ("quality", "coherence", "horizon")}
    del suite["performance"]
    (folder / "open.yaml").write_text(json.dumps(suite))
    return folder


def spec(folder: Path, **more: Any) -> RunSpec:
    arms = [{"label": name, "adapter": "clips", "config": {"clips": str(folder / name)}} for name in ARMS]
    size = f"{FRAMES}x{SIDE}x{SIDE}@{FPS:g}"
    return parse_spec(
        {"generators": arms, "suites": [str(folder / "open.yaml")], "size": size, **more}, "test"
    )


def test_real_is_above_damage_on_the_axis_that_the_damage_is_of(folder: Path, tmp_path: Path) -> None:
    run(spec(folder, dataset=str(folder / "real")), tmp_path)
    board = build_board(list_runs(tmp_path)).as_dict()
    rows = {row["generator"]: row for row in board["rows"]}
    controls = {row["generator"]: row["axes"] for row in board["controls"]}
    assert all(row["coverage"] == 1 for row in rows.values())
    for axis in ("quality", "coherence"):
        assert all(row["axes"][axis]["ci"] is not None for row in rows.values())
        assert controls["real"][axis]["value"] == 1
        assert all(control[axis]["value"] <= 1 for control in controls.values())
        for floor in ("frozen", "noise"):
            assert controls[floor][axis]["value"] < 0.2, (axis, floor)

    def ranks(axis: str, name: str) -> list[int]:
        found: list[int] = rows[name]["axes"][axis]["rank"]
        return found

    for worse in ("blurred", "compressed"):
        assert ranks("quality", "untouched")[1] < ranks("quality", worse)[0], worse
    assert ranks("coherence", "untouched")[1] < ranks("coherence", "disordered")[0]
