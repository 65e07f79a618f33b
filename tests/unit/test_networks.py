"""Networks that score on another device or in another precision: another measurement, kept apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from vbench_lite.cli.main import call
from vbench_lite.clip import ClipInfo
from vbench_lite.errors import SpecError
from vbench_lite.extractor import ExtractorInfo, FeatureExtractor, Features
from vbench_lite.run.networks import EXACT, Networks, precision_of
from vbench_lite.run.plan.spec import parse_spec
from vbench_lite.run.scoring.features import Extractors, FeatureCache, FeatureStream
from vbench_lite.run.scoring.fingerprint import extractor_name

THIRD = 1 / 3  # bf16 has eight bits of it


class Linear(FeatureExtractor):
    """A network of one weight."""

    info = ExtractorInfo(id="linear", dim=1, preprocessing="none", weights=("linear",))

    def load(self, device: str = "cpu") -> None:
        self.device = device
        self.network = torch.nn.Linear(1, 1, bias=False)
        torch.nn.init.constant_(self.network.weight, THIRD)

    def extract(self, windows: Any) -> Features:
        with torch.inference_mode():
            rows = torch.from_numpy(windows[:, 0, 0, 0, :1].astype(np.float32))
            found: Features = self.network(rows).float().numpy()
            return found


class Counts(Linear):
    """The same without published weights: no network that anybody would round."""

    info = ExtractorInfo(id="counts", dim=1, preprocessing="none")


FRAMES = np.full((2, 8, 8, 3), 100, np.uint8)


def features(kind: type[FeatureExtractor], networks: Networks, root: Path) -> tuple[Features, Extractors]:
    made = Extractors(["x"], FeatureCache(root), networks, load=lambda name: kind())
    stream = made.stream("x", ClipInfo("c", 2, 8, 8, 8.0))
    assert isinstance(stream, FeatureStream)
    stream.push(FRAMES)
    found = stream.finish()
    assert isinstance(found, np.ndarray)
    return found, made


def test_half_precision_is_another_measurement_with_a_cache_of_its_own(tmp_path: Path) -> None:
    exact, plain = features(Linear, EXACT, tmp_path)
    rounded, half = features(Linear, Networks(precision="bf16"), tmp_path)
    assert exact == pytest.approx(100 * THIRD, rel=1e-6) and exact.dtype == rounded.dtype == np.float32
    assert rounded == pytest.approx(100 * THIRD, rel=2**-7) and not np.array_equal(exact, rounded)
    names = [extractor_name(one.made(["x"])[0]) for one in (plain, half)]
    assert names[0].startswith("linear@1#") and names[1].endswith("~bf16")
    assert names[1].removesuffix("~bf16") != names[0]
    assert [precision_of(name) for name in names] == ["float32", "bf16"]
    half.store("a" * 64, "x", rounded)
    assert plain.cached("a" * 64, "x") is None
    assert np.array_equal(half.cached("a" * 64, "x"), rounded)  # type: ignore[arg-type]


def test_what_has_no_published_network_is_not_rounded(tmp_path: Path) -> None:
    exact, plain = features(Counts, EXACT, tmp_path)
    again, half = features(Counts, Networks(precision="bf16"), tmp_path)
    assert np.array_equal(exact, again)
    assert extractor_name(plain.made(["x"])[0]) == extractor_name(half.made(["x"])[0])


def test_the_device_reaches_the_network(tmp_path: Path) -> None:
    _, made = features(Linear, Networks("meta"), tmp_path)
    assert vars(made.made(["x"])[0])["device"] == "meta"


@pytest.mark.parametrize(
    ("networks", "part"),
    [
        (Networks(precision="fp16"), "fp16 is for accelerators"),
        (Networks("nowhere"), "score device nowhere"),
        pytest.param(
            Networks("cuda:0", "fp16"), "score device cuda:0",
            marks=pytest.mark.skipif(torch.cuda.is_available(), reason="the device is here"),
        ),
    ],
)  # fmt: skip
def test_what_this_machine_cannot_do_is_one_line(networks: Networks, part: str) -> None:
    with pytest.raises(SpecError, match=part) as caught:
        networks.check()
    assert "\n" not in str(caught.value)


def test_a_specification_and_the_flags_say_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert parse_spec({}, "x").score_precision == "float32"
    with pytest.raises(SpecError, match="score_precision"):
        parse_spec({"score_precision": "int8"}, "x")
    for words in (["run", "-g", "reference/hybrid"], ["score", str(tmp_path)]):
        assert call([*words, "--score-precision", "fp16", "--root", str(tmp_path / "r")]) == 2
        assert "precision fp16 is for accelerators" in capsys.readouterr().err
