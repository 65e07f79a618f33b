"""Strengths from votes on pairs: Bradley-Terry with ties (Davidson) and a side term, by maximum likelihood.

    P(left)  is proportional to exp(strength_left + side)
    P(right) is proportional to exp(strength_right)
    P(tie)   is proportional to nu * exp((strength_left + side + strength_right) / 2)

Strengths are log-odds that sum to 0. The likelihood is concave, so Newton's method finds its maximum.
Uncertainty is that of the score functions, clustered by voter and prompt (`stats.clusters`). The votes of the
prior count there too: where all voters agree their scores do not vary, which is no certainty about the rest.

Sources: Bradley & Terry (1952), Biometrika 39; Davidson, On Extending the Bradley-Terry Model to Accommodate
Ties (1970), Journal of the American Statistical Association 65; Davidson & Beaver (1977), Biometrics 33, on
the order of presentation.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from vbench_lite.arrays import Floats, Ints
from vbench_lite.stats.clusters import TwoWay, two_way

LEFT, RIGHT, TIE = 0, 1, 2
WIDE = 3.0  # standard deviation of the prior on the side and tie terms, in log-odds: both stay finite
PRIOR = 0.5  # votes against an average opponent, half of them won: an unbeaten item stays finite
_STEPS = 100
_TOLERANCE = 1e-11


@dataclass(frozen=True)
class Outcome:
    """One vote on a pair.

    left, right: indices of the items. result: LEFT, RIGHT or TIE. sided: whether the sides were seen as such;
    ratings turned into pairs have none. voter, prompt: what votes share that are not independent.
    """

    left: int
    right: int
    result: int
    sided: bool = True
    voter: Hashable = ""
    prompt: Hashable = ""


@dataclass(frozen=True)
class Strengths:
    """The fitted model.

    Attributes:
        values: float64 (k,), log-odds that sum to 0.
        side: log-odds that the left item gains by being left; None where no vote has sides.
        tie: log of nu; None where no vote is a tie.
        spread: covariance of the parameters: the values in `basis`, then tie, then side.
        assumed: float64 (p, p), what the votes of the prior add to it.
        basis: float64 (k, k - 1), orthonormal columns that sum to 0.
    """

    values: Floats
    side: float | None
    tie: float | None
    spread: TwoWay
    assumed: Floats
    basis: Floats

    def difference(self, first: int, second: int) -> tuple[float, float, float]:
        """Strength of the first minus that of the second, its standard error and degrees of freedom."""
        contrast = np.zeros(len(self.values))
        contrast[first], contrast[second] = 1.0, -1.0
        return (float(self.values[first] - self.values[second]), *self._spread(contrast @ self.basis, 0))

    def strength(self, item: int) -> tuple[float, float, float]:
        """Strength of one, its standard error and degrees of freedom."""
        return (float(self.values[item]), *self._spread(self.basis[item], 0))

    def order_effect(self) -> tuple[float, float, float] | None:
        """Side term, its standard error and degrees of freedom; None where no vote has sides."""
        if self.side is None:
            return None
        return (self.side, *self._spread(np.ones(1), len(self.values) - 1 + int(self.tie is not None)))

    def _spread(self, contrast: Floats, place: int) -> tuple[float, float]:
        whole = np.zeros(len(self.spread.single))
        whole[place : place + len(contrast)] = contrast
        variance, dof = self.spread.variance(whole)
        assumed = max(float(whole @ self.assumed @ whole), 0.0)  # rounding leaves some a little below
        return float(np.sqrt(max(variance, 0.0) + assumed)), dof


def components(outcomes: Sequence[Outcome], items: int) -> list[list[int]]:
    """Groups of items that votes connect; more than one group has no common scale."""
    from scipy.sparse import coo_array  # slow to import, and most boards hold no votes
    from scipy.sparse.csgraph import connected_components

    left = [outcome.left for outcome in outcomes]
    right = [outcome.right for outcome in outcomes]
    graph = coo_array((np.ones(len(left)), (left, right)), shape=(items, items))
    count, labels = connected_components(graph, directed=False)
    return [np.flatnonzero(labels == group).tolist() for group in range(count)]


def fit(outcomes: Sequence[Outcome], items: int, *, prior: float = PRIOR, side: bool = True) -> Strengths:
    """Fit strengths to votes.

    Args:
        items: how many there are; every one needs a vote, and votes must connect them all (`components`).
        prior: votes against an opponent of strength 0, half won and half lost; 0 is plain likelihood, which
            has no maximum if an item won or lost everything.
        side: fit the side term (only if a vote has sides).

    Raises:
        ValueError: fewer than two items, or votes that do not connect them.
    """
    if items < 2 or len(components(outcomes, items)) != 1:
        raise ValueError("votes have to connect two items or more")
    ties = any(outcome.result == TIE for outcome in outcomes)
    sides = side and any(outcome.sided for outcome in outcomes)
    basis = _sum_zero(items)
    design = _design(outcomes, basis, ties=ties, sides=sides)
    results = np.array([outcome.result for outcome in outcomes])
    beta = np.zeros(design.shape[2])
    for _ in range(_STEPS):
        scores, hessian = _slopes(design, results, beta, ties)
        prior_score, prior_hessian = _prior(basis, beta, prior)
        step = np.linalg.solve(hessian + prior_hessian, scores.sum(axis=0) + prior_score)
        beta = beta + step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-300))
        if np.abs(step).max() < _TOLERANCE:
            break
    scores, hessian = _slopes(design, results, beta, ties)
    _, prior_hessian = _prior(basis, beta, prior)
    inverse = np.linalg.inv(hessian + prior_hessian)
    influences = scores @ inverse
    free = items - 1
    win = 1 / (1 + np.exp(-(basis @ beta[:free])))
    of_prior = np.zeros_like(inverse)
    of_prior[:free, :free] = (basis * (prior * ((1 - win) ** 2 + win**2) / 2)[:, None]).T @ basis
    if prior:
        of_prior[range(free, len(beta)), range(free, len(beta))] = WIDE**-2
    return Strengths(
        values=basis @ beta[:free],
        side=float(beta[-1]) if sides else None,
        tie=float(beta[free]) if ties else None,
        spread=two_way(influences, [o.voter for o in outcomes], [o.prompt for o in outcomes]),
        assumed=inverse @ of_prior @ inverse,
        basis=basis,
    )


def probabilities(difference: float, side: float = 0.0, tie: float | None = None) -> Floats:
    """float64 (3,): left, right, tie, for a left item stronger by `difference`."""
    logits = np.array([difference + side, 0.0, -np.inf])
    if tie is not None:
        logits[TIE] = tie + (difference + side) / 2
    shares = np.exp(logits - logits[:2].max())
    return np.asarray(shares / shares.sum(), dtype=np.float64)


def _sum_zero(items: int) -> Floats:
    """Orthonormal columns float64 (k, k - 1) that span what sums to 0."""
    full = np.linalg.qr(np.column_stack([np.ones(items), np.eye(items)[:, : items - 1]]))[0]
    return np.asarray(full[:, 1:], dtype=np.float64)


def _design(outcomes: Sequence[Outcome], basis: Floats, *, ties: bool, sides: bool) -> Floats:
    """float64 (n, 3, p): what each parameter adds to the logit of each result; p: strengths, tie, side."""
    free = basis.shape[1]
    design = np.zeros((len(outcomes), 3, free + int(ties) + int(sides)))
    left, right = (basis[[getattr(o, end) for o in outcomes]] for end in ("left", "right"))
    design[:, LEFT, :free], design[:, RIGHT, :free] = left, right
    design[:, TIE, :free] = (left + right) / 2
    if ties:
        design[:, TIE, free] = 1.0
    if sides:
        sided = np.array([float(o.sided) for o in outcomes])
        design[:, LEFT, -1], design[:, TIE, -1] = sided, sided / 2
    return design


def _slopes(design: Floats, results: Ints, beta: Floats, ties: bool) -> tuple[Floats, Floats]:
    """Score of each vote, float64 (n, p), and the negative Hessian of their sum, float64 (p, p)."""
    logits = design @ beta
    if not ties:
        logits[:, TIE] = -np.inf
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    mean = np.einsum("nr,nrp->np", shares, design)
    chosen = design[np.arange(len(results)), results]
    hessian = np.einsum("nr,nrp,nrq->pq", shares, design, design, optimize=True) - mean.T @ mean
    return chosen - mean, np.asarray(hessian, dtype=np.float64)


def _prior(basis: Floats, beta: Floats, weight: float) -> tuple[Floats, Floats]:
    """Score and negative Hessian of `weight` votes of each item against strength 0, half of them won.

    With a weight, the tie and side terms have a normal prior around 0 as well.
    """
    free = basis.shape[1]
    win = 1 / (1 + np.exp(-(basis @ beta[:free])))
    score, hessian = np.zeros(len(beta)), np.zeros((len(beta), len(beta)))
    score[:free] = weight * (0.5 - win) @ basis
    hessian[:free, :free] = (basis * (weight * win * (1 - win))[:, None]).T @ basis
    if weight:
        score[free:] = -beta[free:] / WIDE**2
        hessian[range(free, len(beta)), range(free, len(beta))] = WIDE**-2
    return score, hessian
