"""From a run to an answer: who qualifies, who is on the front, who is best, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from vbench_lite.advise.answer import Advice, Standing, Verdict
from vbench_lite.advise.axes_from_other_suites import axes_from_other_suites
from vbench_lite.advise.beliefs import beliefs
from vbench_lite.advise.profiles import DOUBLINGS, Use
from vbench_lite.advise.quantities import Numbers
from vbench_lite.advise.ranking import Place, Weights, comparable, gap, place
from vbench_lite.advise.requirements import Requirement, Status, check
from vbench_lite.advise.words import SURE, paragraph
from vbench_lite.errors import SpecError, StoreError
from vbench_lite.metric import Axis
from vbench_lite.results.arms import Run
from vbench_lite.results.axes import RELATIVE_AXES
from vbench_lite.results.board import Board, BoardRow, build_board

MOST_UNMEASURED = 0.25  # share of the weights; with more of it open, the rest decides nothing


def advise(
    runs: Sequence[Run],
    *,
    suite: str | None = None,
    use: Use | None = None,
    require: Sequence[Requirement] = (),
    weights: Mapping[Axis, float] | None = None,
    price_per_hour: float | None = None,
    support: Sequence[Run] = (),
    board: Board | None = None,
    brief: bool = False,
    numbers: Numbers | None = None,
) -> Advice:
    """Say which generator to take.

    Args:
        runs: newest first; of each generator the newest row counts.
        suite: whose axes are weighed; None takes the first suite of the newest run.
        use: its limits and weights apply.
        require: further limits.
        weights: by axis. With a use they replace the use's; without one, axes that are not named count 0.
            Without either there is no total.
        price_per_hour: of the machine, for the cost of a clip; in any currency.
        support: further runs, newest first, that metrics and axes of the same generators are looked up in.
        board: of these runs and this suite, where it has been built already.
        brief: only the answer: no beliefs and, where weights decide, no Pareto front.
        numbers: of these runs and this price, where several answers are asked for.

    Raises:
        StoreError: there is no run, no generator in it, or the runs may not be ranked together.
        SpecError: a requirement or a weight names what does not exist.
    """
    board = board or build_board(runs, suite=suite)
    if not board.rows:
        raise StoreError(f"suite {board.suite.name} has no generator in these runs, only controls")
    if len({row.protocol for row in board.rows}) > 1:
        raise StoreError(
            f"the runs asked for different things ({board.notes[0]}); name runs of one protocol, or one run"
        )
    asked = {**(dict.fromkeys(use.weights) if use is not None else {}), **dict.fromkeys(weights or {})}
    board, borrowed = axes_from_other_suites(board, [*runs, *support], asked)
    if not board.suite.axes and (use is not None or weights or not require):
        raise SpecError(
            f"suite {board.suite.name} has no axes to weigh; say what must hold with "
            "--require METRIC<=VALUE, "
            f"or see each metric with: vbench-lite leaderboard --suite {board.suite.name}"
        )
    requirements = (*(use.requirements() if use is not None else ()), *require)
    numbers = numbers or Numbers(runs, support=support, price_per_hour=price_per_hour)
    for requirement in requirements:
        numbers.known(requirement.name, board.rows)
    requirements = tuple(r for r in requirements if not r.if_known or _anywhere(r.name, numbers, board.rows))
    standings = [
        Standing(
            row,
            tuple(check(requirement, numbers.of(row, requirement.name)) for requirement in requirements),
            numbers.cost(row) if price_per_hour is not None else None,
        )
        for row in board.rows
    ]
    wanted = _wanted(board, use, weights)
    axes, left_out = _axes(board, wanted)
    if wanted is not None and not any(axis in axes for axis in wanted):
        why = "; ".join(f"{axis}: {reason}" for axis, reason in left_out.items())
        raise SpecError(f"nothing that counts can be weighed in suite {board.suite.name}: {why}")
    weighed, unmeasured = None, 0.0
    if wanted is not None:
        unmeasured = sum(weight for axis, weight in wanted.items() if axis not in axes) / sum(wanted.values())
        axes = [axis for axis in axes if axis in wanted]
        doublings = use.doublings if use is not None else DOUBLINGS
        weighed = Weights({axis: wanted[axis] for axis in axes}, doublings)
    placed = _placed(standings, axes, weighed, front=weighed is None or not brief)
    verdict, leaders = _verdict(placed, weighed)
    if unmeasured > MOST_UNMEASURED and verdict is not Verdict.NONE_QUALIFIES:
        verdict, leaders = Verdict.CANNOT_TELL, ()
    candidates = [standing for standing in placed if standing.place is not None]
    between = None
    if weighed is not None and len(candidates) > 1:
        between = gap(candidates[0].row, candidates[1].row, weighed)
    believed = () if brief else tuple(beliefs(board.rows, numbers))
    found = Advice(
        board, use, weighed, requirements, price_per_hour, verdict, leaders, tuple(placed), between, left_out,
        believed, (*borrowed, *board.notes), unmeasured=unmeasured,
    )  # fmt: skip
    return replace(found, words=paragraph(found))


def _anywhere(name: str, numbers: Numbers, rows: Sequence[BoardRow]) -> bool:
    """Whether a number is known of any generator."""
    return any(numbers.of(row, name).value is not None for row in rows)


def _wanted(board: Board, use: Use | None, weights: Mapping[Axis, float] | None) -> dict[Axis, float] | None:
    """Weights that were asked for, those of 0 left out; None if there are none."""
    if use is None and not weights:
        return None
    for axis, weight in (weights or {}).items():
        if weight < 0:
            raise SpecError(f"the weight of {axis} is {weight:g}; weights are 0 or more")
        if axis not in board.rows[0].axes:
            has = ", ".join(map(str, board.suite.axes))
            raise SpecError(f"suite {board.suite.name} has no axis {axis}; it has: {has}")
    given: Mapping[Axis, float] = weights or {}
    if use is not None:
        base = {axis: weight.weight for axis, weight in use.weights.items()}
    elif given:
        base = {}  # an axis that is not named does not count, as on the leaderboard
    else:
        base = {axis: 1.0 for axis in board.suite.axes if axis != Axis.PREFERENCE}
    chosen = {axis: weight for axis, weight in {**base, **given}.items() if weight > 0}
    if not chosen:
        raise SpecError("all weights are 0; give one axis a weight above 0")
    return chosen


def _axes(board: Board, wanted: Mapping[Axis, float] | None) -> tuple[list[Axis], dict[str, str]]:
    """Axes on which the rows can be ordered, and why others that should count cannot."""
    usable, left_out = [], {}
    for axis in wanted if wanted is not None else board.suite.axes:
        if axis not in board.rows[0].axes:
            left_out[str(axis)] = f"suite {board.suite.name} does not measure it"
            continue
        whole = [row for row in board.rows if row.arm.ok == row.arm.planned]
        scored = [row for row in whole if row.axes[axis].value is not None]
        if not scored:
            left_out[str(axis)] = (whole or board.rows)[0].axes[axis].reason or "no generator has a score"
        elif len(scored) > 1 and not all(axis in row.ranks for row in scored):
            note = next((n for n in board.notes if n.startswith(f"{axis} is not ranked")), "")
            left_out[str(axis)] = note.partition(": ")[2] or "the board does not rank it"
        elif not comparable(scored, axis):
            few = (
                "calls of one round, in one process," if axis in RELATIVE_AXES else "clips of so few prompts"
            )
            left_out[str(axis)] = f"{few} do not say how others would differ; make more"
        else:
            usable.append(axis)
    return usable, left_out


def _placed(
    standings: Sequence[Standing], axes: Sequence[Axis], weights: Weights | None, *, front: bool
) -> list[Standing]:
    """Standings with places, candidates first."""
    reasons = [_not_ranked(standing, axes) for standing in standings]
    candidates = [s for s, reason in zip(standings, reasons, strict=True) if reason is None]
    others = [replace(s, reason=why) for s, why in zip(standings, reasons, strict=True) if why is not None]
    if not candidates:
        return others
    if not axes and candidates[0].row.axes:
        return [*(replace(s, reason="no axis can be ranked here") for s in candidates), *others]
    if not axes:  # a suite without axes: the limits alone decide, and nothing puts one before another
        return [*(replace(s, place=Place(None, None, None, 1.0, {})) for s in candidates), *others]
    places = place([standing.row for standing in candidates], axes, weights, front=front)
    placed = [replace(s, place=at) for s, at in zip(candidates, places, strict=True)]

    def order(standing: Standing) -> tuple[float, float]:
        at = standing.place
        assert at is not None
        if at.total is None or at.total.value is None or at.best is None:
            return -(at.front or 0.0), 0.0
        return -at.best, -at.total.value

    return [*sorted(placed, key=order), *others]


def _not_ranked(standing: Standing, axes: Sequence[Axis]) -> str | None:
    if standing.status is Status.FAILS:
        first = next(item for item in standing.checks if item.status is Status.FAILS)
        return f"does not meet {first.requirement.text}"
    arm = standing.row.arm
    if arm.ok < arm.planned:
        return f"{arm.ok} of {arm.planned} samples are ok"
    for axis in axes:
        score = standing.row.axes[axis]
        if score.value is None:
            return f"no {axis} score: {score.reason}"
    return None


def _verdict(placed: Sequence[Standing], weights: Weights | None) -> tuple[Verdict, tuple[str, ...]]:
    candidates = [(standing, standing.place) for standing in placed if standing.place is not None]
    if not candidates:
        return Verdict.NONE_QUALIFIES, ()
    if weights is None:
        on_front = [s for s, at in candidates if at is not None and (at.front or 0.0) > 1 - SURE]
        alone = len(on_front) == 1
        kind = Verdict.TAKE if alone and on_front[0].status is Status.MEETS else Verdict.DEPENDS
        return kind, tuple(s.generator for s in on_front)
    by_chance = sorted(candidates, key=lambda pair: -(pair[1].best or 0.0))
    leader, at = by_chance[0]
    if (at.best or 0.0) >= SURE:
        kind = Verdict.TAKE if leader.status is Status.MEETS else Verdict.CANNOT_TELL
        return kind, (leader.generator,)
    named: list[str] = []
    covered = 0.0
    for standing, its in by_chance:
        named.append(standing.generator)
        covered += its.best or 0.0
        if covered >= SURE:
            break
    return Verdict.CANNOT_TELL, tuple(named)
