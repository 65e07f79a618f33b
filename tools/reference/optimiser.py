"""The optimiser of the reference generators: Muon for matrices, Adam for the rest.

Muon (Jordan 2024, https://kellerjordan.github.io/posts/muon/) makes each update of a matrix
orthogonal. In trials on this data it needed half the steps of AdamW, which on two CPU cores is
the difference between one hour and two.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

_OUTER = ("embed", "logits", "inp.weight", "head.weight")  # parts of names that Adam trains


@torch.no_grad()
def orthogonalise(matrix: Tensor, iterations: int = 5) -> Tensor:
    """Bring the singular values of a matrix (M, N) near one, by a quintic Newton-Schulz iteration."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x: Tensor = matrix / (matrix.norm() + 1e-7)
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    for _ in range(iterations):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if tall else x


class Muon(torch.optim.Optimizer):
    """Momentum, then an orthogonal update; convolution kernels count as (out, in*h*w) matrices."""

    def __init__(self, params: Iterable[nn.Parameter], lr: float, momentum: float = 0.95) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Update every parameter from its gradient. There is no closure."""
        for group in self.param_groups:
            for param in group["params"]:
                if param.grad is None:
                    continue
                state = self.state[param]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(param)
                momentum = state["momentum"].mul_(group["momentum"]).add_(param.grad)
                update = (param.grad + group["momentum"] * momentum).flatten(1)
                stretch = max(1.0, update.shape[0] / update.shape[1]) ** 0.5
                step = orthogonalise(update).view_as(param)
                param.add_(step, alpha=-group["lr"] * stretch)


Schedule = tuple[tuple[float, float], ...]  # (part of all steps, factor), straight lines between


class Optimiser:
    """Both optimisers with one schedule, after a warm-up of fifty steps."""

    def __init__(
        self,
        model: nn.Module,
        muon_lr: float,
        adam_lr: float,
        steps: int,
        schedule: Schedule = ((0, 1), (1, 0)),
    ) -> None:
        """Give parameters with two or more axes to Muon, except embeddings and the outer layers.

        Args:
            steps: length of the schedule.
            schedule: factor of both rates; it never falls below two per cent.
        """
        named = list(model.named_parameters())
        inner = {n for n, p in named if p.dim() > 1 and not any(part in n for part in _OUTER)}
        matrices = [p for n, p in named if n in inner]
        others = [p for n, p in named if n not in inner]
        self.model, self.steps, self.schedule = model, steps, schedule
        self.parts: list[tuple[torch.optim.Optimizer, float]] = [
            (Muon(matrices, muon_lr), muon_lr),
            (torch.optim.Adam(others, adam_lr, betas=(0.9, 0.99)), adam_lr),
        ]

    def factor(self, index: int) -> float:
        """Factor of both rates at step `index` (counted from 0)."""
        done, (parts, factors) = index / self.steps, zip(*self.schedule, strict=True)
        return min(1.0, (index + 1) / 50) * max(0.02, float(np.interp(done, parts, factors)))

    def step(self, index: int) -> None:
        """Apply the gradients of step `index` (counted from 0) and clear them."""
        factor = self.factor(index)
        for part, rate in self.parts:
            for group in part.param_groups:
                group["lr"] = rate * factor
            part.step()
        self.model.zero_grad(set_to_none=True)

    def state_dict(self) -> list[dict[str, Any]]:
        """State of both parts, for a checkpoint."""
        return [part.state_dict() for part, _ in self.parts]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        """Restore what `state_dict` returned."""
        for (part, _), state in zip(self.parts, states, strict=True):
            part.load_state_dict(state)


class Average:
    """Exponential moving average of a model's weights, with a short memory at the start."""

    def __init__(self, model: nn.Module, decay: float = 0.998) -> None:
        self.decay = decay
        self.weights = {k: v.detach().clone() for k, v in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module, index: int) -> None:
        """Move towards the model's weights after step `index` (counted from 0)."""
        decay = min(self.decay, (index + 1) / (index + 10))
        for name, value in model.state_dict().items():
            self.weights[name].lerp_(value, 1 - decay)
