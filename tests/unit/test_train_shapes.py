"""Training of the shapes features: steps and seed fix the weights, interrupted or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import train_shapes
from vbench_lite.errors import WeightsError

STEPS = 4


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small batches, few clips to measure on, a checkpoint after every step."""
    measure, scale = train_shapes.accuracy, train_shapes.appearance_scale
    monkeypatch.setattr(train_shapes, "BATCH", 4)
    monkeypatch.setattr(train_shapes, "CHECKPOINT_EVERY_S", 0.0)
    monkeypatch.setattr(train_shapes, "appearance_scale", lambda: scale(8))
    monkeypatch.setattr(train_shapes, "accuracy", lambda network, heads, count=8: measure(network, heads, 8))


def _interrupted(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A training that stops in its third step."""
    step = train_shapes.Training.step

    def stop(training: train_shapes.Training) -> float:
        if training.done == 2:
            raise KeyboardInterrupt
        return step(training)

    with monkeypatch.context() as patch:
        patch.setattr(train_shapes.Training, "step", stop)
        with pytest.raises(KeyboardInterrupt):
            train_shapes.train(STEPS, 3, out)


def test_steps_and_seed_fix_the_weights_also_after_an_interruption(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, resumed, other = (tmp_path / f"{name}.safetensors" for name in ("whole", "resumed", "other"))
    facts = train_shapes.train(STEPS, 3, whole)
    _interrupted(resumed, monkeypatch)
    capsys.readouterr()
    assert train_shapes.train(STEPS, 3, resumed) == facts
    assert "resuming at step 2" in capsys.readouterr().err
    assert resumed.read_bytes() == whole.read_bytes()
    assert not resumed.with_suffix(".checkpoint").exists()
    train_shapes.train(STEPS, 4, other)
    assert other.read_bytes() != whole.read_bytes()


def test_a_checkpoint_of_another_training_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "weights.safetensors"
    _interrupted(out, monkeypatch)
    with pytest.raises(WeightsError, match=r"4 steps from seed 3, not of 5 from seed 3"):
        train_shapes.train(STEPS + 1, 3, out)


def test_trouble_and_learning_rate_follow_the_steps() -> None:
    assert train_shapes.trouble(0, 300) == train_shapes.FIRST_TROUBLE
    assert train_shapes.trouble(50, 300) == pytest.approx((1 + train_shapes.FIRST_TROUBLE) / 2)
    assert train_shapes.trouble(100, 300) == train_shapes.trouble(299, 300) == 1.0
    rates = [train_shapes.learning_rate(step, 300) for step in range(300)]
    assert max(rates) < train_shapes.LEARNING_RATE + 1e-4
    assert rates[0] < rates[20] and rates[-1] < rates[200] < rates[100]
