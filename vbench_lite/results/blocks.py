"""Prompts that leave together in joint jackknives: the same for every metric and arm that is compared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from vbench_lite.arrays import Bools, Ints
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

    def stay(self, prompts: tuple[str, ...]) -> Bools:
        """Which prompts stay when each block leaves, bool (blocks, prompts); arms of a run share them."""
        if prompts not in self._stay:
            self._stay[prompts] = self.places(prompts) != np.arange(len(self))[:, None]
        return self._stay[prompts]

    @cached_property
    def _stay(self) -> dict[tuple[str, ...], Bools]:
        return {}

    def places(self, prompts: Iterable[str]) -> Ints:
        """The block of each prompt, int64 (prompts,); -1 for one of none."""
        of = self._of
        return np.array([of.get(prompt, -1) for prompt in prompts], dtype=np.int64)

    @cached_property
    def _of(self) -> dict[str, int]:
        return {prompt: place for place, block in enumerate(self.blocks) for prompt in block}
