"""Every reader by scripted hardware: memory, energy, contention, work, playback."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from vbench_lite.measure import nvml
from vbench_lite.measure.contention import ContentionWatch, CpuTimes, cpu_contended, cpu_times
from vbench_lite.measure.energy import EnergyMeter
from vbench_lite.measure.hardware import accelerators, cpu_model, environment, hardware
from vbench_lite.measure.memory import CudaPeak, NoMeter, ResidentPeak, SampledPeak, device_meter
from vbench_lite.measure.playback import gaps_s, playback
from vbench_lite.measure.work import WorkCounter, cache_bytes

# --- memory -----------------------------------------------------------------------------------------


def test_the_resident_peak_is_reset_and_read_as_the_kernel_documents(tmp_path: Path) -> None:
    (tmp_path / "clear_refs").write_text("")
    status = tmp_path / "status"
    status.write_text("Name:\tx\nVmPeak:\t  999 kB\nVmHWM:\t    1234 kB\nVmRSS:\t 100 kB\n")
    meter = ResidentPeak(tmp_path)
    assert meter.peak_bytes() is None  # before a reset the peak may be older than the window
    meter.reset()
    assert (tmp_path / "clear_refs").read_text() == "5"
    assert meter.peak_bytes() == 1234 * 1024
    status.write_text("Name:\tx\n")
    assert meter.peak_bytes() is None


def test_a_peak_that_cannot_be_reset_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "clear_refs").mkdir()  # writing fails, as in a sandbox
    (tmp_path / "status").write_text("VmHWM:\t    1234 kB\n")
    meter = ResidentPeak(tmp_path)
    meter.reset()
    assert meter.peak_bytes() is None


def _resident(size: int) -> mmap.mmap:
    """Pages of their own, all touched: an allocator could take a hole that is resident already."""
    pages = mmap.mmap(-1, size)
    for place in range(0, size, mmap.PAGESIZE):
        pages[place] = 1
    return pages


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Linux only")
def test_a_real_peak_outside_the_window_does_not_count_and_one_inside_does() -> None:
    meter = device_meter("cpu")
    outside = _resident(300_000_000)
    meter.reset()
    floor = meter.peak_bytes()
    outside.close()
    meter.reset()
    base = meter.peak_bytes()
    assert floor is not None and base is not None
    assert floor - base > 250e6
    _resident(100_000_000).close()
    peak = meter.peak_bytes()
    assert peak is not None
    assert peak - base == pytest.approx(100e6, rel=0.1)


def test_sampling_finds_the_peak_of_the_window_only() -> None:
    sizes = iter([900, 100, 100])
    now = {"bytes": 0}
    meter = SampledPeak(lambda: now["bytes"], interval_s=3600)
    assert meter.peak_bytes() is None
    for now["bytes"] in sizes:
        meter.reset()
    now["bytes"] = 500
    assert meter.peak_bytes() == 500
    now["bytes"] = 50
    assert meter.peak_bytes() == 500
    meter.close()


def test_cuda_peaks_are_reset_and_read_per_device_after_waiting() -> None:
    calls: list[tuple[str, str]] = []

    def record(name: str, value: int | None = None) -> Any:
        def call(device: str) -> int | None:
            calls.append((name, device))
            return value

        return call

    cuda = SimpleNamespace(
        synchronize=record("wait"),
        reset_peak_memory_stats=record("reset"),
        max_memory_allocated=record("allocated", 70),
        max_memory_reserved=record("reserved", 90),
    )
    meter = CudaPeak("cuda:1", cuda, lambda device: None)
    meter.reset()
    assert meter.peak_bytes() == 70
    assert meter.facts() == {"peak_reserved_bytes": 90}
    held = CudaPeak("cuda:1", cuda, lambda device: 95)
    assert held.facts() == {"peak_reserved_bytes": 90, "process_device_bytes": 95}
    calls.pop()
    assert calls == [(name, "cuda:1") for name in ("wait", "reset", "wait", "allocated", "reserved")]


def test_a_device_without_counters_has_no_peak() -> None:
    meter = device_meter("mps")
    assert isinstance(meter, NoMeter)
    meter.reset()
    assert meter.peak_bytes() is None


# --- NVML and energy --------------------------------------------------------------------------------


class ScriptedNvml:
    """pynvml as far as it is used, for two devices."""

    class NVMLError(Exception):
        pass

    def __init__(self, processes: Sequence[tuple[int, int | None]] = (), energy_mj: int | None = 0) -> None:
        self.processes, self.energy_mj = processes, energy_mj
        self.opened: list[object] = []

    def nvmlInit(self) -> None:  # noqa: N802
        return

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        self.opened.append(index)
        return index

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> str:  # noqa: N802
        self.opened.append(uuid)
        return uuid

    def nvmlDeviceGetComputeRunningProcesses(self, handle: object) -> list[SimpleNamespace]:  # noqa: N802
        return [SimpleNamespace(pid=pid, usedGpuMemory=held) for pid, held in self.processes]

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: object) -> int:  # noqa: N802
        if self.energy_mj is None:
            raise self.NVMLError("not supported")
        return self.energy_mj


def test_other_processes_and_our_own_memory_are_told_apart() -> None:
    library = ScriptedNvml([(os.getpid(), 500), (1, 900)])
    assert nvml.other_processes("cuda:0", library) == {1}
    assert nvml.process_bytes("cuda:0", library) == 500
    assert nvml.process_bytes("cuda:0", ScriptedNvml([(1, 900)])) is None
    assert nvml.process_bytes("cuda:0", ScriptedNvml([(os.getpid(), None)])) is None


@pytest.mark.parametrize(
    ("visible", "device", "opened"),
    [("", "cuda:1", 1), ("3,5", "cuda:1", 5), ("GPU-ab", "cuda:0", "GPU-ab"), ("3", "cuda", 3)],
)
def test_torch_numbers_visible_devices_and_nvml_all(
    visible: str, device: str, opened: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    library = ScriptedNvml()
    nvml.other_processes(device, library)
    assert library.opened == [opened]


def test_energy_is_the_difference_of_the_counter_in_joules() -> None:
    library = ScriptedNvml(energy_mj=5_000)
    meter = EnergyMeter("cuda:0", lambda: nvml.total_energy_j("cuda:0", library))
    meter.start()
    library.energy_mj = 12_500
    assert meter.energy_j() == 7.5


def test_energy_without_a_counter_is_unknown() -> None:
    cpu = EnergyMeter("cpu")
    cpu.start()
    assert cpu.energy_j() is None
    old = EnergyMeter("cuda:0", lambda: nvml.total_energy_j("cuda:0", ScriptedNvml(energy_mj=None)))
    old.start()
    assert old.energy_j() is None


# --- contention -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("others_s", "wall_s", "contended"),
    [(0.0, 1.0, False), (0.1, 1.0, False), (0.3, 1.0, True), (0.04, 0.05, False), (4.0, 10.0, True)],
)
def test_others_count_above_a_tenth_of_the_machine(others_s: float, wall_s: float, contended: bool) -> None:
    before = CpuTimes(system_busy_s=100.0, own_s=7.0, wall_s=50.0)
    own_s = wall_s  # we keep one core busy
    after = CpuTimes(100.0 + own_s + others_s, 7.0 + own_s, 50.0 + wall_s)
    assert cpu_contended(before, after, cores=2) is contended


def test_a_stranger_on_the_device_marks_the_call_even_if_it_leaves_before_the_end() -> None:
    idle = CpuTimes(0.0, 0.0, 0.0)
    present: list[set[int]] = [{42}, set()]
    watch = ContentionWatch("cuda:0", read=lambda: idle, cores=2, strangers=lambda: present.pop(0))
    watch.start()
    assert watch.contended()
    alone = ContentionWatch("cuda:0", read=lambda: idle, cores=2, strangers=lambda: None)
    alone.start()
    assert not alone.contended()


def test_a_generator_in_a_process_of_its_own_is_no_stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    idle = CpuTimes(0.0, 0.0, 0.0)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        for pids, contended in (({child.pid}, False), ({child.pid, 1}, True), (None, False)):
            monkeypatch.setattr(nvml, "other_processes", lambda device, pids=pids: pids)
            watch = ContentionWatch("cuda:0", read=lambda: idle, cores=2)
            watch.start()
            assert watch.contended() is contended
        child.communicate(b"\n")


def test_our_own_work_is_not_taken_for_others() -> None:
    before = cpu_times()
    sum(i * i for i in range(300_000))
    after = cpu_times()
    assert after.own_s > before.own_s
    assert after.wall_s > before.wall_s
    assert after.system_busy_s >= before.system_busy_s


# --- work -------------------------------------------------------------------------------------------


class Denoiser(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4, bias=False)

    def forward(self, hidden: torch.Tensor, time: torch.Tensor | None = None) -> torch.Tensor:
        out: torch.Tensor = self.layer(hidden)
        return out


def euler(model: nn.Module, x: torch.Tensor, steps: int) -> None:
    for _ in range(steps):
        x = x + model(x)


def heun(model: nn.Module, x: torch.Tensor, steps: int) -> None:
    """The last step is Euler's, as in EDM (algorithm 1)."""
    for step in range(steps):
        slope = model(x)
        x_next = x + slope
        if step < steps - 1:
            x_next = x + 0.5 * (slope + model(x_next))
        x = x_next


def guided_in_two_calls(model: nn.Module, x: torch.Tensor, steps: int) -> None:
    for _ in range(steps):
        x = x + 2 * model(x) - model(x)


def guided_in_one_call(model: nn.Module, x: torch.Tensor, steps: int) -> None:
    for _ in range(steps):
        with_prompt, without = model(hidden=torch.cat([x, x]), time=torch.zeros(2)).chunk(2)
        x = x + 2 * with_prompt - without


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize(
    ("sampler", "nfe"),
    [(euler, 8), (heun, 15), (guided_in_two_calls, 16), (guided_in_one_call, 16)],
)
def test_evaluations_are_rows_for_each_clip(sampler: Any, nfe: int, batch: int) -> None:
    model = Denoiser()
    with WorkCounter([model]) as work, torch.no_grad():
        sampler(model, torch.zeros(batch, 4), 8)
    assert work.nfe(batch) == nfe
    assert work.flops == nfe * batch * 2 * 4 * 4  # one product of 4x4 a row


def test_hooks_are_gone_after_the_block_and_work_before_it_does_not_count() -> None:
    model = Denoiser()
    euler(model, torch.zeros(1, 4), 5)
    with WorkCounter([model]) as work:
        euler(model, torch.zeros(1, 4), 2)
    euler(model, torch.zeros(1, 4), 5)
    assert (work.calls, work.nfe(1)) == (2, 2)
    assert not model._forward_pre_hooks


def test_a_generator_without_a_denoiser_has_no_evaluations() -> None:
    with WorkCounter() as work:
        pass
    assert work.nfe(1) is None
    assert work.flops == 0


def test_two_denoisers_add_up() -> None:
    high, low = Denoiser(), Denoiser()
    with WorkCounter([high, low], count_flops=False) as work:
        euler(high, torch.zeros(1, 4), 3)
        euler(low, torch.zeros(1, 4), 5)
    assert work.nfe(1) == 8
    assert work.flops is None


def test_a_cache_is_the_bytes_of_its_tensors() -> None:
    keys, values = torch.zeros(1, 2, 5, 8), torch.zeros(1, 2, 5, 8, dtype=torch.float16)
    layers = SimpleNamespace(layers=[SimpleNamespace(keys=keys, values=values)])
    assert cache_bytes(layers) == 80 * 4 + 80 * 2
    assert cache_bytes([(keys, values), (keys, values)]) == 80 * 4 + 80 * 2
    assert cache_bytes({"k": [keys], "v": None}) == 80 * 4
    assert cache_bytes(None) == 0


# --- playback ---------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.floats(0.001, 5.0), st.integers(1, 8)), min_size=1, max_size=12),
    st.floats(1.0, 60.0),
)
def test_playback_is_that_of_a_player_that_shows_frame_after_frame(
    pieces: list[tuple[float, int]], fps: float
) -> None:
    arrivals, clock_s = [], 0.0
    for gap_s, count in pieces:
        clock_s += gap_s
        arrivals.append((clock_s, count))
    played = playback(arrivals, fps)

    # A player frame by frame: each is shown one period after the last, or when it arrives.
    shown_s = arrivals[0][0] - 1 / fps
    stalled_s = 0.0
    for arrived_s, count in arrivals:
        wait_s = arrived_s - (shown_s + 1 / fps)
        stalled_s += max(wait_s, 0.0)
        shown_s = max(arrived_s, shown_s + 1 / fps) + (count - 1) / fps
    assert played.stalled_s == pytest.approx(stalled_s, abs=1e-6)
    assert played.startup_delay_s == pytest.approx(arrivals[0][0] + stalled_s, abs=1e-6)
    assert (played.stalls == 0) == (played.stalled_s == 0)


def test_gaps_are_between_arrivals() -> None:
    assert gaps_s([(1.0, 4), (1.5, 4), (3.0, 4)]) == [0.5, 1.5]
    assert gaps_s([(1.0, 4)]) == []


# --- hardware ---------------------------------------------------------------------------------------


def test_the_fingerprint_of_a_machine_is_plain_and_stable() -> None:
    facts = hardware()
    assert facts == hardware()
    assert facts["memory_bytes"] > 0
    assert facts["usable_cores"] >= 1
    assert isinstance(facts["cpu_model"], str) and facts["cpu_model"]


@pytest.mark.skipif(sys.platform != "linux", reason="looks at Linux's files of drivers")
def test_torch_is_asked_for_accelerators_only_where_a_driver_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # an import of it raises
    (tmp_path / "null").touch()
    (tmp_path / "nvme0").touch()
    assert accelerators(tmp_path) == []
    (tmp_path / "nvidiactl").touch()
    with pytest.raises(ImportError):
        accelerators(tmp_path)


def test_the_cpu_is_named_with_what_tells_steppings_apart(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("cpu family\t: 25\nmodel\t\t: 1\nmodel name\t: AMD EPYC\n\nmodel name\t: other\n")
    assert cpu_model(cpuinfo) == "AMD EPYC (family 25 model 1)"


def test_versions_are_those_installed_and_threads_are_recorded() -> None:
    facts = environment(threads=1)
    assert facts["torch"] == torch.__version__.split("+")[0]
    assert facts["threads"] == 1
