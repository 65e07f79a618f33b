"""What doctor reads of a machine's steadiness, from folders made to look like those of a system."""

from __future__ import annotations

from pathlib import Path

import pytest

from vbench_lite.cli.steady_checks import other_load, steady_checks
from vbench_lite.measure.contention import CpuTimes
from vbench_lite.measure.steadiness import Steadiness, read_steadiness, stolen_share


def machine(folder: Path, stat: str = "cpu 100 0 50 800 40 0 0 10 0 0", **files: str) -> Steadiness:
    """A system with these files; `cpufreq__boost` stands for cpufreq/boost."""
    for name, text in files.items():
        path = folder / "sys" / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    (folder / "proc").mkdir(exist_ok=True)
    (folder / "proc" / "stat").write_text(f"{stat}\ncpu0 1 2 3\n")
    (folder / "proc" / "loadavg").write_text("1.25 0.5 0.25 2/300 4711\n")
    return read_steadiness(folder / "sys", folder / "proc")


def test_everything_that_a_system_says_is_read(tmp_path: Path) -> None:
    found = machine(
        tmp_path,
        cpu0__cpufreq__scaling_governor="powersave",
        cpu1__cpufreq__scaling_governor="performance",
        intel_pstate__no_turbo="0",
        cpu0__thermal_throttle__core_throttle_count="3",
        cpu1__thermal_throttle__core_throttle_count="4",
    )
    assert found == Steadiness(("performance", "powersave"), True, 7, (840, 10, 1000), 1.25)


@pytest.mark.parametrize(
    ("files", "boost"),
    [
        ({"intel_pstate__no_turbo": "1"}, False),
        ({"cpufreq__boost": "1"}, True),
        ({"cpufreq__boost": "0"}, False),
        ({"cpufreq__boost": "odd"}, None),
        ({}, None),
    ],
)
def test_boost_is_read_from_either_driver(tmp_path: Path, files: dict[str, str], boost: bool | None) -> None:
    assert machine(tmp_path, **files).boost is boost


def test_a_system_that_says_nothing_is_no_error(tmp_path: Path) -> None:
    silent = read_steadiness(tmp_path / "sys", tmp_path / "proc")
    assert silent == Steadiness()
    (check,) = steady_checks(silent, silent)
    assert (check.name, check.status) == ("governor", "ok")
    assert machine(tmp_path, stat="cpu odd").ticks is None


def test_steal_is_a_share_of_what_passed_between_two_readings(tmp_path: Path) -> None:
    before = machine(tmp_path)
    after = machine(tmp_path, stat="cpu 200 0 50 850 40 0 0 60 0 0")
    assert stolen_share(before, after) == pytest.approx(50 / 200)
    assert stolen_share(before, before) is None
    steal = next(check for check in steady_checks(before, after) if check.name == "steal")
    assert steal.status == "note" and "25.0%" in steal.found


def test_notes_say_what_to_do_and_a_steady_machine_gets_none(tmp_path: Path) -> None:
    calm = Steadiness(("performance",), False, 2, (10, 0, 100), 0.1)
    later = Steadiness(("performance",), False, 2, (20, 0, 200), 0.1)
    assert {check.status for check in steady_checks(calm, later)} == {"ok"}
    hot = Steadiness(("schedutil",), True, 5, (20, 0, 200), 0.1)
    notes = {check.name: check for check in steady_checks(calm, hot) if check.status == "note"}
    assert set(notes) == {"governor", "boost", "heat"}
    assert all(check.fix for check in notes.values())
    assert "3 times just now" in notes["heat"].found


def test_load_of_others_is_what_this_process_did_not_use() -> None:
    before, after = CpuTimes(10.0, 1.0, 100.0), CpuTimes(16.0, 4.0, 110.0)
    check = other_load(before, after, 2)
    assert check.status == "note" and "15%" in check.found
    assert other_load(before, CpuTimes(13.5, 4.0, 110.0), 2).status == "ok"
