"""Prompts that leave together in joint jackknives: the same for every metric and arm that is compared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from vbench_lite.stats.jackknife import fold


@dataclass(frozen=True)
class Blocks:
    """Disjoint blocks of prompts, each of which is left out once."""

    blocks: tuple[frozenset[str], ...]

    @staticmethod
    @lru_cache(maxsize=256)
    def of(prompts: tuple[str, ...]) -> Blocks:
        """The blocks of `stats.jackknife.fold`."""
        return Blocks(tuple(frozenset(map(str, block)) for block in fold(prompts)))

    def __len__(self) -> int:
        return len(self.blocks)

    def places(self, prompts: Iterable[str]) -> npt.NDArray[np.int64]:
        """The block of each prompt, int64 (prompts,); -1 for one of none."""
        of = self._of
        return np.array([of.get(prompt, -1) for prompt in prompts], dtype=np.int64)

    @cached_property
    def _of(self) -> dict[str, int]:
        return {prompt: place for place, block in enumerate(self.blocks) for prompt in block}
