"""What a reader of the advisor asks for. Imports no streamlit."""

from __future__ import annotations

from dataclasses import dataclass

from vbench_lite.advise import load_use, parse_requirement
from vbench_lite.advise.profiles import Use


@dataclass(frozen=True)
class Wish:
    """What an advice is asked for: `limits` in the notation of `advise --require`, weights by axis.

    `slid`: quantities whose limits stand in `limits` alone, also where the use has others.
    """

    use: str | None = None
    limits: tuple[str, ...] = ()
    weights: tuple[tuple[str, float], ...] = ()
    price_per_hour: float | None = None
    slid: tuple[str, ...] = ()

    def of_use(self) -> Use | None:
        """The named use without the limits that the reader has in hand."""
        if self.use is None:
            return None
        use = load_use(self.use)
        kept = tuple(one for one in use.limits if parse_requirement(one.limit).name not in self.slid)
        return use.model_copy(update={"limits": kept})
