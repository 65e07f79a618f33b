"""Verdicts of audits: metrics whose faults are known in advance are told apart."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fabricated import fabricate, store_run, vote_on
from rich.console import Console
from scipy.stats import spearmanr

from vbench_lite import registry
from vbench_lite.cli.audit import without_networks
from vbench_lite.cli.main import call
from vbench_lite.datasets import shapes
from vbench_lite.errors import ClipError, StoreError
from vbench_lite.metric import Axis, Estimate, MetricInfo
from vbench_lite.report.terminal.audit import audit_notes, audit_text
from vbench_lite.sensitivity import AuditResult, load_audits, store_audit
from vbench_lite.sensitivity.clips import RealClip
from vbench_lite.sensitivity.from_clips import audit
from vbench_lite.sensitivity.judge import (
    Judged,
    MetricVerdict,
    Seen,
    judge,
    rank_correlations,
    with_outcome,
)
from vbench_lite.sensitivity.ladders import CONTROLS, DAMAGES
from vbench_lite.sensitivity.measure import CLEAN, Values
from vbench_lite.stats.jackknife import jackknife
from vbench_lite.video.decode import write_lossless

INFO = MetricInfo(
    id="x/y",
    axis=Axis.QUALITY,
    bounds=(None, None),
    higher_is_better=True,
    summary="a made-up metric",
    source="test",
)
ALL = (*DAMAGES, *CONTROLS)
LEVELS = [CLEAN, *((d.name, level) for d in ALL for level in d.levels)]


def made(reacts: dict[str, float], *, clips: int = 16, spread: float = 0.05, seed: int = 0) -> Values:
    """A metric of clips that moves by so much at full damage, in proportion below it."""
    rng = np.random.default_rng(seed)
    names = [f"c{i}" for i in range(clips)]
    base = {name: rng.normal() for name in names}
    table = {
        (damage, level): {
            name: base[name]
            + reacts.get(damage, 0.0) * level
            + (rng.normal(0, spread) if damage in reacts else 0.0)
            for name in names
        }
        for damage, level in LEVELS
    }
    return Values({INFO.id: table}, {}, {}, tuple(names), {name: name for name in names})


def verdict(values: Values, info: MetricInfo = INFO) -> Judged:
    return judge(info, values, ALL)


def test_a_metric_that_falls_with_damage_is_sound() -> None:
    values = made({"blur": -1.0, "noise": -2.0})
    found = verdict(values)
    assert found.verdict is MetricVerdict.SOUND
    assert with_outcome(found.cells, Seen.NOTICED) == ["blur", "noise"]
    blur = next(cell for cell in found.cells if cell.damage == "blur")
    assert blur.monotone and blur.meant and blur.n == 16
    ends = [
        np.array(list(values.clips[INFO.id]["blur" if at else "clean", at].values())) for at in (0.0, 1.0)
    ]
    pooled = np.sqrt((ends[0].var(ddof=1) + ends[1].var(ddof=1)) / 2)
    assert blur.effect == pytest.approx((ends[1] - ends[0]).mean() / pooled)  # Cohen's d
    assert blur.rho == -1.0 and blur.rho_ci is not None and blur.rho_ci[0] == -1.0 < blur.rho_ci[1] < -0.5
    assert list(blur.values or {}) == [0.0, 0.25, 0.5, 1.0]


def test_direction_is_that_of_the_metric() -> None:
    lower = replace(INFO, higher_is_better=False)
    assert verdict(made({"blur": 1.0}), lower).verdict is MetricVerdict.SOUND
    assert verdict(made({"blur": -1.0}), lower).verdict is MetricVerdict.FOOLED
    described = verdict(made({"blur": 1.0}), replace(INFO, higher_is_better=None))
    assert described.verdict is MetricVerdict.DESCRIPTION
    assert with_outcome(described.cells, Seen.MOVED) == ["blur"]


def test_a_constant_metric_is_blind() -> None:
    found = verdict(made({}))
    assert found.verdict is MetricVerdict.BLIND
    assert set(with_outcome(found.cells, Seen.NOT_SEEN)) == {damage.name for damage in ALL} - {"duplicates"}
    same = made({})
    for table in same.clips[INFO.id].values():
        table.update(dict.fromkeys(table, 3.0))
    assert verdict(same).verdict is MetricVerdict.BLIND


def test_a_metric_that_likes_a_control_is_fooled_by_it() -> None:
    found = verdict(made({"blur": -1.0, "white noise": 3.0}))
    assert found.verdict is MetricVerdict.FOOLED
    assert "white noise better than real clips" in found.words and "notices blur" in found.words


def test_a_change_that_few_clips_cannot_show_is_not_called_blindness() -> None:
    found = verdict(made(dict.fromkeys([d.name for d in ALL], 0.0), clips=5, spread=2.0))
    assert found.verdict is MetricVerdict.CANNOT_TELL
    assert not with_outcome(found.cells, Seen.NOT_SEEN)


def test_a_metric_that_sees_only_what_others_should_see_is_off_its_axis() -> None:
    found = verdict(made({"wrong prompt": -2.0}))
    assert found.verdict is MetricVerdict.OFF_AXIS and "wrong prompt" in found.words


def test_a_metric_of_single_clips_is_not_accused_by_duplicates() -> None:
    """The clip that stands for the others may be a sharp one."""
    found = verdict(made({"blur": -1.0, "duplicates": 2.0}))
    assert found.verdict is MetricVerdict.SOUND
    (cell,) = [one for one in found.cells if one.damage == "duplicates"]
    assert cell.seen is Seen.NO_VALUE and "one clip" in (cell.reason or "")


def test_a_dip_in_the_middle_is_not_monotone() -> None:
    values = made({"blur": -1.0})
    table = values.clips[INFO.id]["blur", 0.5]
    table.update({name: value - 5 for name, value in table.items()})
    blur = next(cell for cell in verdict(values).cells if cell.damage == "blur")
    assert blur.seen is Seen.NOTICED and blur.monotone is False and (blur.rho or 0) > -1


def test_false_alarms_stay_below_five_percent_of_metrics() -> None:
    """Noise that does not grow with damage: it is noticed or rewarded anywhere in at most 5% of metrics."""
    noisy = dict.fromkeys([d.name for d in ALL], 0.0)
    alarms = 0
    for seed in range(60):
        found = verdict(made(noisy, spread=0.5, seed=seed))
        alarms += bool(with_outcome(found.cells, Seen.NOTICED) or with_outcome(found.cells, Seen.REWARDED))
    assert alarms <= 7  # 3 expected; 7 is the 98th percentile of the binomial


def test_a_metric_of_sets_is_judged_by_its_replicates() -> None:
    rng = np.random.default_rng(1)
    groups = [f"p{i}" for i in range(16)]
    sets: dict[tuple[str, float], Estimate] = {}
    base = rng.normal(size=16)
    for damage, level in LEVELS:
        data = base + rng.normal(0, 0.05, 16) - (2 * level if damage == "blur" else 0.0)
        sets[damage, level] = jackknife(groups, lambda kept, data=data: float(data[kept].mean()))  # type: ignore[misc]
    values = Values({}, {INFO.id: sets}, {}, tuple(groups), dict(zip(groups, groups, strict=True)))
    found = verdict(values)
    assert with_outcome(found.cells, Seen.NOTICED) == ["blur"] and found.verdict is MetricVerdict.SOUND
    blur = next(cell for cell in found.cells if cell.damage == "blur")
    assert blur.effect == pytest.approx(-2.0 / base.std(ddof=1), rel=0.1) and blur.rho == -1.0


def test_rank_correlations_are_spearmans() -> None:
    rng = np.random.default_rng(0)
    table = rng.integers(0, 3, (30, 4)).astype(float)
    ours = rank_correlations(table)
    for row, rho in zip(table, ours, strict=True):
        assert rho == pytest.approx(0.0 if np.ptp(row) == 0 else spearmanr(range(4), row).statistic)


def test_a_metric_without_a_value_says_why() -> None:
    found = verdict(Values(reasons={INFO.id: "weights w not found"}))
    assert found.verdict is MetricVerdict.NOT_APPLICABLE and found.cells == ()
    assert found.words == "not applicable: weights w not found"


# --- the whole way ---------------------------------------------------------------------------

METRICS = (
    "reconstruction/psnr", "frames/sharpness", "frames/degenerate", "vbench/temporal_flickering",
    "alignment/shapes_colour", "speed/latency_s",
)  # fmt: skip


@pytest.fixture(scope="module")
def audited() -> AuditResult:
    return audit(None, METRICS, dataset="shapes", count=10, limit_s=1000)


def cell(result: AuditResult, metric: str, damage: str) -> dict[str, object]:
    found = result.of(metric)
    assert found is not None
    return next(dict(c) for c in found["cells"] if c["damage"] == damage)


def test_metrics_with_known_faults_get_their_verdicts(audited: AuditResult) -> None:
    by_name = {metric["metric"]: metric["verdict"] for metric in audited.metrics}
    assert set(by_name) == set(METRICS)  # none without a verdict
    assert by_name["reconstruction/psnr"] == "sound"
    assert by_name["vbench/temporal_flickering"] == "fooled"
    assert cell(audited, "vbench/temporal_flickering", "frozen")["seen"] == "rewarded"
    assert cell(audited, "vbench/temporal_flickering", "noise")["seen"] == "noticed"
    assert cell(audited, "vbench/temporal_flickering", "reverse")["seen"] == "not seen"
    assert cell(audited, "frames/sharpness", "blur")["seen"] == "noticed"
    assert cell(audited, "frames/sharpness", "shuffle")["seen"] == "not seen"
    assert cell(audited, "frames/degenerate", "freeze")["seen"] == "noticed"
    meant = [c["damage"] for c in (audited.of("frames/degenerate") or {})["cells"] if c["meant"]]
    assert (meant, by_name["frames/degenerate"]) == (["stutter", "freeze"], "sound")
    assert cell(audited, "alignment/shapes_colour", "wrong prompt")["seen"] == "noticed"
    assert cell(audited, "alignment/shapes_colour", "shuffle")["seen"] == "not seen"
    assert by_name["speed/latency_s"] == "not applicable"
    assert "calls of a generator" in (audited.of("speed/latency_s") or {})["words"]


def test_metrics_are_made_for_damages_that_there_are() -> None:
    names = ("frames/degenerate", "horizon/longest_freeze_s")
    infos = [registry.load("metrics", name).info for name in names]
    assert all(info.made_for for info in infos)
    assert {name for info in infos for name in info.made_for} <= {damage.name for damage in DAMAGES}


def test_a_clip_of_uneven_times_keeps_them_under_damage() -> None:
    times = np.cumsum([0.0, 0.1, 0.1, 0.4, 0.1, 0.1, 0.1])
    clip = RealClip("a", "a", None, np.zeros((6, 4, 4, 3), np.uint8), 4, 6.7, times)
    damaged = clip.shown(np.full((4, 4, 4, 3), 9, np.uint8))
    for shown in (clip.shown(), damaged):
        assert shown.times is not None and shown.times.tolist() == times[:5].tolist()
    assert damaged.frames.max() == 9


def test_an_audit_is_the_same_each_time() -> None:
    first, again = (
        audit(None, ["frames/sharpness"], dataset="shapes", count=4, limit_s=1000) for _ in range(2)
    )
    assert again.id == first.id and again.metrics == first.metrics


def test_audits_are_kept_and_read_back(audited: AuditResult, tmp_path: Path) -> None:
    path = store_audit(tmp_path, audited)
    json.loads(path.read_text(encoding="utf-8"))
    older = replace(audited, id="older", created="2020-01-01T00:00:00+00:00")
    store_audit(tmp_path, older)
    assert load_audits(tmp_path) == [audited, older]
    assert load_audits(tmp_path / "none") == []
    path.write_text("{", encoding="utf-8")
    with pytest.raises(StoreError, match="damaged"):
        load_audits(tmp_path)
    path.write_text(json.dumps(audited.as_dict() | {"schema_version": 99}), encoding="utf-8")
    with pytest.raises(StoreError, match="version 99"):
        load_audits(tmp_path)


def test_the_table_fits_eighty_columns_and_names_every_metric(audited: AuditResult) -> None:
    stream = io.StringIO()
    Console(file=stream, width=80, highlight=False).print(audit_text(audited))
    text = stream.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    assert all(name in text for name in METRICS)
    assert "rewarded: " in text and "[frozen]" in text and "blind to: " in text


def test_notes_beside_a_board_name_the_faults(audited: AuditResult) -> None:
    lines = audit_notes([audited], ["vbench/temporal_flickering", "reconstruction/psnr", "frames/none"])
    assert lines[0].startswith("vbench/temporal_flickering is fooled")
    assert "sound: reconstruction/psnr" in lines
    assert "not audited: frames/none" in lines
    assert audit_notes([], ["frames/none"]) == []


def test_clips_of_a_folder_are_audited_in_windows(tmp_path: Path) -> None:
    for place, scene in enumerate(shapes.sample_scenes(3, seed=5)):
        write_lossless(tmp_path / f"clip{place}.mkv", shapes.real_clip(scene, place, 60, 64, 64), 8.0)
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    found = audit(tmp_path, ["frames/sharpness", "vbench/temporal_flickering"], short_side=32, count=6)
    assert found.data["kind"] == "folder" and found.data["clips"] == 6 and found.data["prompts"] == 3
    assert cell(found, "frames/sharpness", "blur")["n"] == 6  # windows: there are fewer than four files
    assert any(note.startswith("fewer than 4 files") for note in found.notes)
    assert (found.data["height"], found.data["frames"]) == (32, 16)
    assert any(note.startswith("broken.mp4 was left out") for note in found.notes)
    assert "wrong prompt" not in [damage["name"] for damage in found.damages]
    write_lossless(
        tmp_path / "clip3.mkv", shapes.real_clip(shapes.sample_scenes(4, 5)[3], 3, 60, 64, 64), 8.0
    )
    more = audit(tmp_path, ["frames/sharpness"], short_side=32, count=6)
    assert cell(more, "frames/sharpness", "blur")["n"] == 4  # files
    with pytest.raises(ClipError, match="an audit needs 4"):
        audit(tmp_path / "clip0.mkv", ["frames/sharpness"])


def test_fewer_clips_are_damaged_where_the_time_is_short() -> None:
    found = audit(None, ["frames/sharpness"], dataset="shapes", count=16, limit_s=1e-6)
    assert found.data["clips"] == 4
    assert any("4 of 16 clips" in note for note in found.notes)


def test_where_not_even_four_clips_fit_only_the_strongest_damage_is_tried() -> None:
    found = audit(None, ["frames/sharpness"], dataset="shapes", count=4, limit_s=1e-6)
    assert any(note.startswith("only the strongest damage") for note in found.notes)
    blur = cell(found, "frames/sharpness", "blur")
    assert list(blur["values"]) == ["0", "1"]  # type: ignore[call-overload]


def test_metrics_of_a_world_that_the_clips_are_not_of_are_not_computed(tmp_path: Path) -> None:
    for place, scene in enumerate(shapes.sample_scenes(4, seed=5)):
        write_lossless(tmp_path / f"clip{place}.mkv", shapes.real_clip(scene, place, 24), 8.0)
    found = audit(tmp_path, ["alignment/shapes_colour", "frames/sharpness"], short_side=None)
    colour = found.of("alignment/shapes_colour")
    assert colour is not None and colour["verdict"] == "not applicable"
    assert "no captions of the shapes world" in colour["words"]


def test_the_default_leaves_networks_for_pairs_out() -> None:
    kept, heavy = without_networks(["frames/sharpness", "reconstruction/psnr", "reconstruction/lpips"])
    assert (kept, heavy) == (["frames/sharpness", "reconstruction/psnr"], ["reconstruction/lpips"])


def test_the_verb_keeps_what_it_prints_and_holds_metrics_against_votes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = store_run(fabricate(), tmp_path)
    first, second = [entry.label for entry in run.document().generators][:2]
    vote_on(run, second, first)
    arguments = ["audit", "--metric", "frames/sharpness", "--clips", "4", "--root", str(tmp_path), "--json"]
    assert call(arguments) == 0
    document = json.loads(capsys.readouterr().out)
    (voted,) = document.pop("votes")
    assert [document] == [found.as_dict() for found in load_audits(tmp_path)]
    assert (voted["run"], voted["axis"]) == (run.run_id, "overall")
    (sharp,) = voted["agreement"]
    assert (sharp["metric"], sharp["accuracy"]["value"]) == ("frames/sharpness", 1.0)
    assert voted["words"] == "On your clips trust frames/sharpness."
    assert (
        call(["audit", str(tmp_path / "nothing"), "--metric", "frames/sharpness", "--root", str(tmp_path)])
        == 2
    )
    assert capsys.readouterr().err.count("\n") == 1
    assert call(["audit", "--metric", "frames/none", "--root", str(tmp_path)]) == 2
