"""Paths of the stage world: straight lines with bounces, a leave and return, a turn left to chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vbench_lite.arrays import Floats
from vbench_lite.datasets.stage.words import DIRECTIONS, SPEEDS, Scene, Thing

SIZE = 48  # pixels of a frame in each direction
RADIUS = 7.0  # half the box of an object
HIDDEN = 13.0  # how far beyond the border an object that leaves goes on before it turns back
HOLDS_FRAMES = 8  # the first bounce comes after this many frames, so a caption is visible
TURN_FRAME = 8  # the frame after which an object that turns goes to its side
AFTER_TURN = 5  # frames that the new direction holds
NEAR_EXIT = (7.0, 11.0)  # an object that leaves starts this far from the border that it leaves by
MEETING_FRAMES = (3.5, 6.0)  # when an object passes in front of the other
MISS = 2.5  # pixels by which two centers may miss each other when one passes
APART = 12.0  # pixels between two centers at the start of the other events
SIDES: dict[str, int] = {"left": -1, "right": 1}  # seen along the direction of motion


@dataclass(frozen=True)
class Walk:
    """How one object moves.

    Attributes:
        direction, speed: words of the world.
        leaves: whether it goes out of the frame and comes back.
        side: "left" or "right" if it turns, None if it does not.
    """

    direction: str
    speed: str
    leaves: bool = False
    side: str | None = None

    def velocities(self) -> tuple[Floats, Floats]:
        """Velocity (x, y) in pixels a frame up to TURN_FRAME, and after it."""
        before = np.asarray(DIRECTIONS[self.direction]) * SPEEDS[self.speed]
        if self.side is None:
            return before, before
        return before, SIDES[self.side] * np.array([-before[1], before[0]])

    def bounds(self) -> tuple[Floats, Floats]:
        """Lowest and highest center (x, y)."""
        reach = np.where(np.abs(self.velocities()[0]) > 1e-9, -HIDDEN, RADIUS) if self.leaves else RADIUS
        low = np.broadcast_to(np.asarray(reach, np.float64), 2)
        return low, SIZE - low

    def displacement(self, times: Floats) -> Floats:
        """Way from the start without bounces, (T, 2)."""
        before, after = self.velocities()
        early = np.minimum(times, TURN_FRAME)[:, None]
        return early * before + (times[:, None] - early) * after

    def path(self, start: Floats, times: Floats) -> Floats:
        """Centers (..., T, 2) from starts (..., 2) at `times` (T,) in frames."""
        low, high = self.bounds()
        unfolded = start[..., None, :] - low + self.displacement(times)
        phase = np.mod(unfolded, 2 * (high - low))
        return low + np.minimum(phase, 2 * (high - low) - phase)

    def box(self) -> tuple[Floats, Floats]:
        """Lowest and highest start (x, y) from which the caption holds as long as the world promises."""
        frames = np.arange(TURN_FRAME + AFTER_TURN + 1 if self.side else HOLDS_FRAMES, dtype=np.float64)
        sides = (self.side,) if self.side is None else tuple(SIDES)  # the start must not tell the side
        ways = np.concatenate(
            [Walk(self.direction, self.speed, side=side).displacement(frames) for side in sides]
        )
        low, high = RADIUS - ways.min(axis=0), SIZE - RADIUS - ways.max(axis=0)
        if not self.leaves:
            return low, high
        unit = np.asarray(DIRECTIONS[self.direction])
        ahead, behind = (np.where(unit > 0, SIZE - d, d) for d in NEAR_EXIT)
        along = np.abs(unit) > 1e-9
        low = np.where(along, np.minimum(ahead, behind), RADIUS)
        return low, np.where(along, np.maximum(ahead, behind), SIZE - RADIUS)


def walks(scene: Scene, rng: np.random.Generator) -> tuple[Walk, Walk]:
    """How both objects of a scene move; the side of a turn is drawn."""
    side = str(rng.choice(list(SIDES)))
    first, second = scene.first, scene.second
    return (
        Walk(first.direction, first.speed, scene.event == "leaves", side if scene.event == "turns" else None),
        plain(second),
    )


def plain(thing: Thing) -> Walk:
    """The walk of an object that only bounces."""
    return Walk(thing.direction, thing.speed)


def starts(scene: Scene, both: tuple[Walk, Walk], rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Draw the first centers (x, y) of both objects."""
    boxes = [walk.box() for walk in both]
    if scene.event == "passes":
        return _meeting(both, boxes, rng)
    while True:
        one, other = (rng.uniform(low, high) for low, high in boxes)
        if np.hypot(*(one - other)) >= APART:
            return one, other


def _meeting(
    both: tuple[Walk, Walk], boxes: list[tuple[Floats, Floats]], rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Starts from which the centers meet, but for a small miss, at a time in MEETING_FRAMES."""
    while True:
        time = np.array([rng.uniform(*MEETING_FRAMES)])
        ways = [walk.displacement(time)[0] for walk in both]
        low = np.maximum(*(box[0] + way for box, way in zip(boxes, ways, strict=True)))
        high = np.minimum(*(box[1] + way for box, way in zip(boxes, ways, strict=True)))
        if np.any(low > high):
            continue
        place = rng.uniform(low, high)
        other = np.clip(place + rng.uniform(-MISS, MISS, 2) - ways[1], *boxes[1])
        return place - ways[0], other
