"""Frame counts and frame sizes that a generator can make, or a data set can show."""

from __future__ import annotations

from dataclasses import dataclass

from vbench_lite.errors import RequestError


@dataclass(frozen=True)
class FrameRule:
    """Frame counts a generator can make: offset + k * multiple, within [minimum, maximum].

    With `exact`, any other count is refused; otherwise more frames are made and the surplus is cut off.
    """

    multiple: int = 1
    offset: int = 0
    minimum: int = 1
    maximum: int | None = None
    exact: bool = False

    def snap(self, num_frames: int) -> int:
        """Return the smallest allowed count that is at least `num_frames`.

        Raises:
            RequestError: no allowed count is that large, or another one is needed where the rule is exact.
        """
        wanted = max(num_frames, self.minimum)
        steps = -(-(wanted - self.offset) // self.multiple)
        snapped = self.offset + max(steps, 0) * self.multiple
        if snapped < self.minimum:
            snapped += -(-(self.minimum - snapped) // self.multiple) * self.multiple
        if self.maximum is not None and snapped > self.maximum:
            raise RequestError(f"{num_frames} frames asked for, at most {self.maximum} can be made")
        if self.exact and snapped != num_frames:
            raise RequestError(f"{num_frames} frames asked for; the nearest that can be made is {snapped}")
        return snapped


@dataclass(frozen=True)
class SizeRule:
    """Frame sizes a generator can make: multiples of `multiple`, or one fixed (height, width).

    With `exact`, any other size is refused; otherwise the nearest is made.
    """

    multiple: int = 1
    fixed: tuple[int, int] | None = None
    minimum: int = 1
    maximum: int | None = None
    exact: bool = False

    def snap(self, height: int, width: int) -> tuple[int, int]:
        """Return the size that will be made: the fixed one, or each side rounded to the nearest multiple.

        Raises:
            RequestError: a side is above the maximum, or the rule is exact and the size another.
        """
        if self.fixed is not None:
            return self._made(height, width, self.fixed)
        sides = []
        for side in (height, width):
            snapped = max(self.multiple, self.minimum, round(side / self.multiple) * self.multiple)
            if self.maximum is not None and snapped > self.maximum:
                raise RequestError(f"size {width}x{height} asked for, a side is at most {self.maximum}")
            sides.append(snapped)
        return self._made(height, width, (sides[0], sides[1]))

    def _made(self, height: int, width: int, made: tuple[int, int]) -> tuple[int, int]:
        if self.exact and made != (height, width):
            raise RequestError(
                f"size {width}x{height} asked for; the nearest that can be made is {made[1]}x{made[0]}"
            )
        return made
