"""Data sets of real clips in files, cut into windows by the rules of `windows`.

Recordings are held out (prompts, the control `real`, given frames) or serve as reference, never both. Where
no split is stated, those without a caption are the reference; where all or none have one, every third is, in
the order of a hash of their names.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import zip_longest
from typing import Any

import numpy as np

from vbench_lite.clip import Frames
from vbench_lite.control import Script
from vbench_lite.dataset import ClipSize, Dataset, DatasetInfo, Draw, Gives, Prompt, RealClip, with_ids
from vbench_lite.datasets.inputs import GivenInputs, Inputs
from vbench_lite.datasets.pans import pan
from vbench_lite.datasets.windows import Recording, Side, Window, cut, file_sha256
from vbench_lite.errors import ClipError, DatasetError, PromptError, RequestError

REFERENCE_SHARE = 3  # of recordings without a stated split, every so many-th is reference
_VERSION = 1


class RealClips(Dataset):
    """A data set over recordings; subclasses say where they come from.

    Args:
        facts: name, license and summary.
        faults: what was wrong with the list that the recordings come from, one line each.
        inputs: what the list gives with prompts beside their clips.
    """

    def __init__(
        self,
        recordings: Sequence[Recording],
        *,
        name: str,
        license: str,
        summary: str,
        faults: Sequence[str] = (),
        inputs: Sequence[Inputs] = (),
    ) -> None:
        self.name, self.license, self.summary = name, license, summary
        self.faults = list(faults)
        self.recordings = self._with_splits(recordings)
        self.held_out = [one for one in self.recordings if one.split == "real"]
        self.others = [one for one in self.recordings if one.split == "reference"]
        self._by_prompt: dict[str, Recording] = {}
        for one in self.held_out:
            if one.prompt is not None and self._by_prompt.setdefault(one.prompt, one) is not one:
                first = self._by_prompt[one.prompt].name
                self.faults.append(f"{one.name}: its caption is that of {first} already, whose clips count")
        self.inputs = GivenInputs(inputs)
        self._bare = [one for one in self.inputs.bare if one.prompt not in self._by_prompt]

    @cached_property
    def info(self) -> DatasetInfo:
        gives, lacks = set(), {}
        if self.held_out:
            gives |= {Gives.REAL, Gives.FIRST_FRAMES, Gives.PAST_FRAMES, Gives.STEERED}
        for kind, given in (("image", Gives.FIRST_FRAMES), ("past_frames", Gives.PAST_FRAMES)):
            gives |= {given} if kind in self.inputs.kinds else set()
        for given in {Gives.REAL, Gives.FIRST_FRAMES, Gives.PAST_FRAMES} - gives:
            lacks[given] = "no line of it names a clip or one to give"
        if self._by_prompt or self._bare:
            gives.add(Gives.CAPTIONS)
        else:
            lacks[Gives.CAPTIONS] = "its clips have no captions; a manifest can give them (column prompt)"
        why = self._no_reference()
        if why is None:
            gives.add(Gives.REFERENCE)
        else:
            lacks[Gives.REFERENCE] = why
        lacks[Gives.EDITS] = "nobody knows real clips of edited captions"
        return DatasetInfo(
            name=self.name,
            version=_VERSION,
            license=self.license,
            summary=self.summary,
            vocabulary="open",
            gives=frozenset(gives),
            lacks=lacks,
            content=self._content(),
        )

    def prompts(self, draw: Draw) -> list[Prompt]:
        if draw.split is not None:
            raise DatasetError(f"data set {self.name} has no split {draw.split!r}: it has one part")
        everyone = [*self._by_prompt.values(), *self._bare]
        if not everyone:
            raise DatasetError(f"data set {self.name}: {self.info.lacks[Gives.CAPTIONS]}")
        by_source: dict[str, list[Recording | Inputs]] = defaultdict(list)
        order = np.random.default_rng([draw.seed, 0xC119]).permutation(len(everyone))
        for one in (everyone[place] for place in order):
            if not draw.tags or set(draw.tags) & set(one.tags):
                by_source[one.source].append(one)
        if not by_source:
            raise DatasetError(f"data set {self.name} has no caption with the tag {' or '.join(draw.tags)}")
        rounds = zip_longest(*by_source.values())  # one of each source in turn, so that few show many sources
        drawn = [one for some in rounds for one in some if one is not None][: draw.count]
        return [
            replace(
                prompt,
                tags=one.tags,
                look_for=one.look_for,
                negative_prompt=self.inputs.negative_prompt(prompt.text),
            )
            for prompt, one in zip(with_ids([str(one.prompt) for one in drawn]), drawn, strict=True)
        ]

    def has(self, prompt: str) -> bool:
        return prompt in self._by_prompt

    @property
    def own_inputs(self) -> frozenset[str]:
        return self.inputs.kinds

    def own_input(self, prompt: str, kind: str, size: ClipSize) -> Frames | None:
        return self.inputs.frames(prompt, kind, size)

    def real(self, prompt: str | None, seed: int, size: ClipSize) -> RealClip:
        if prompt is None:
            windows, lacks = self._cut(self.held_out, size)
            if not windows:
                why = lacks[0] if lacks else "it has none"
                raise RequestError(f"data set {self.name} has no clip of {size}: {why}")
        else:
            windows = cut(self._recording(prompt), size)
        return windows[seed % len(windows)]

    def steered(self, prompt: str, script: Script | None, seed: int, size: ClipSize) -> RealClip:
        """A camera that pans over a frame of the prompt's clip; see `pans`."""
        return pan(self._recording(prompt), script, seed, size)

    def reference(self, draw: Draw, size: ClipSize) -> Sequence[RealClip]:
        why = self._no_reference()
        if why is not None:
            raise DatasetError(f"data set {self.name} gives no reference: {why}")
        windows, lacks = self._cut(self.others, size)
        if len(windows) < 2:
            why = lacks[0] if lacks else "it has one clip"
            raise DatasetError(f"data set {self.name} gives no reference of {size}: {why}")
        order = np.random.default_rng([draw.seed, 0x12EF]).permutation(len(windows))
        return [windows[place] for place in order[: draw.count]]

    def remarks(self, size: ClipSize) -> Sequence[str]:
        of_inputs = self.inputs.remarks(self.prompts(Draw()) if self.inputs.kinds else ())
        return [*self.faults, *of_inputs, *self._cut(self.recordings, size)[1]]

    def facts(self) -> Mapping[str, Any]:
        return {
            "recordings": len(self.recordings),
            "sources": len({one.source for one in self.recordings}),
            "captions": len(self._by_prompt) + len(self._bare),
            "held_out": len(self.held_out),
            "reference": len(self.others),
            "faults": list(self.faults),
        }

    # --- inside ---------------------------------------------------------------------------------

    def _with_splits(self, recordings: Sequence[Recording]) -> list[Recording]:
        """Each with its side; of a source that stands on both, the reference part is left out."""
        stated: dict[str, Side | None] = {}
        for one in sorted(recordings, key=lambda one: one.split == "real"):  # held out where both are said
            if one.split is not None:
                stated[one.source] = one.split
        both = {one.source for one in recordings if one.split not in (None, stated.get(one.source))}
        self.faults += [
            f"source {name} stands on both sides of the split; it is held out" for name in sorted(both)
        ]
        captioned = {one.source for one in recordings if one.prompt is not None}
        free = sorted(
            {one.source for one in recordings} - stated.keys(),
            key=lambda name: hashlib.sha256(name.encode()).hexdigest(),
        )
        if not stated:
            bare = [name for name in free if name not in captioned]
            spare = bare if captioned and bare else free[REFERENCE_SHARE - 1 :: REFERENCE_SHARE] or free[1:]
            stated = dict.fromkeys(spare, "reference")
        sides: dict[str, Side | None] = {name: stated.get(name, "real") for name in (*stated, *free)}
        return [
            replace(one, split=sides[one.source])
            for one in recordings
            if not (one.split == "reference" and sides[one.source] == "real")
        ]

    def _recording(self, prompt: str) -> Recording:
        one = self._by_prompt.get(prompt)
        if one is None:
            raise PromptError(f"data set {self.name} has no clip of {prompt!r}")
        return one

    def _no_reference(self) -> str | None:
        sources = {one.source for one in self.recordings}
        if not sources:
            return "it has no clips"
        if len(sources) < 2:
            return "it has one source recording, and a reference shares none with held-out clips"
        return None if self.others else "no recording is left for it beside the held-out ones"

    def _cut(self, recordings: Sequence[Recording], size: ClipSize) -> tuple[list[Window], list[str]]:
        """The windows of recordings, and why some have none."""
        windows: list[Window] = []
        lacks: list[str] = []
        for one in recordings:
            try:
                windows += cut(one, size)
            except (RequestError, ClipError) as error:
                lacks.append(str(error))
        return windows, lacks

    def _content(self) -> str:
        digest = hashlib.sha256(f"{type(self).__name__}@{_VERSION}".encode())
        for one in sorted(self.recordings, key=lambda one: one.name):
            told = [value for name, value in vars(one).items() if name != "path"]
            digest.update(json.dumps(told).encode())
            digest.update(file_sha256(one.path).encode())
        digest.update(self.inputs.digest())
        return digest.hexdigest()[:16]
