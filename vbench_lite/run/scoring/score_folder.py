"""Scoring clips that were made elsewhere: a folder, a manifest or a file, with or without references.

Clip metrics need nothing else. Pair metrics need a reference clip of the same name (whatever its
suffix), set metrics a folder of real clips; both come from `reference`. Speed and memory need a run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from vbench_lite.clip import ClipInfo
from vbench_lite.dataset import with_ids
from vbench_lite.errors import ClipError
from vbench_lite.metric import SampleInfo
from vbench_lite.run.networks import EXACT, Networks
from vbench_lite.run.scoring.clip_pass import ClipPass, ClipResult, ClipTask
from vbench_lite.run.scoring.clip_scoring import FeatureResults
from vbench_lite.run.scoring.features import Extractors, FeatureCache
from vbench_lite.run.scoring.fingerprint import fingerprint
from vbench_lite.run.scoring.folder_scores import FolderScores, Group, Grouping, add_rate, unlike_rates
from vbench_lite.run.scoring.metric_set import MetricSet, make_metrics
from vbench_lite.run.scoring.outcome import Outcome
from vbench_lite.run.scoring.sources import RuledFile, Source, WindowSource
from vbench_lite.video.folder import ClipFolder, FolderClip, find_clips
from vbench_lite.video.frame_rules import ClipRules
from vbench_lite.video.limits import Limits
from vbench_lite.video.names import same_text
from vbench_lite.weights import unverified

_TELLS = 500  # how often progress is told at most
EVERY = "*"  # in place of a file: a reason that holds for all of them
NO_REFERENCE = "no reference clips were given; add --reference CLIPS"
UNNAMED = "no generator named"
NO_CALLS = "needs timed calls of a generator; make them with: vbench-lite run"


def score_clips(
    clips: Path,
    metrics: Sequence[str] | MetricSet,
    *,
    reference: Path | None = None,
    rules: ClipRules | None = None,
    limits: Limits | None = None,
    root: Path | None = None,
    extractors: Extractors | None = None,
    networks: Networks = EXACT,
    names: Literal["free", "prompt"] = "free",
    by: Grouping = "generator",
    on_progress: Callable[[int, int], None] | None = None,
) -> FolderScores:
    """Score a folder, manifest or file.

    Args:
        metrics: ids (of one suite or several), or metrics made already.
        reference: folder, manifest or file of the references.
        rules: which frames count and at which size, for the clips and the references alike.
        root: where features are cached (`root/pool/features`); None keeps none.
        networks: where and how exactly extractors compute that are not given.
        names: "prompt" takes files to be named PROMPT-INDEX, as VBench has them.
        by: which clips are one set: those of a generator that the manifest names, those of a folder below
            the given one, or all.
        on_progress: called with (files done, files in all).

    Raises:
        ClipError: no clips or no references are there, or a manifest is malformed. A clip that cannot
            be read is under `errors`, and the others keep their scores.
        RegistryError: a metric that nobody registers.
    """
    networks.check()
    folder = find_clips(clips, rules, limits, names=names)
    references = None if reference is None else find_clips(reference, rules, limits)
    made = metrics if isinstance(metrics, MetricSet) else make_metrics(list(dict.fromkeys(metrics)))
    if extractors is None:
        cache = None if root is None else FeatureCache(root / "pool" / "features")
        extractors = Extractors(made.extractors, cache, networks)
    scoring = _FolderScoring(folder, references, made, extractors, by)
    scoring.score(on_progress)
    return scoring.scores


class _FolderScoring:
    """The state of one scoring."""

    def __init__(
        self,
        folder: ClipFolder,
        references: ClipFolder | None,
        metrics: MetricSet,
        extractors: Extractors,
        by: Grouping,
    ) -> None:
        self.folder, self.references, self.metrics = folder, references, metrics
        self.extractors = extractors
        self.scores = FolderScores()
        self.passes = ClipPass(extractors)
        self._group_of = {clip.name: _group(clip, by) for clip in folder.clips}
        self.groups = {name: Group(metrics) for name in dict.fromkeys(self._group_of.values())}
        self._reference_rates: list[float] = []
        self.partners = pair_up(folder, references)
        self._first_of: dict[tuple[str, str], str] = {}  # by group and content: whose name came first
        self._taken: set[str] = set()  # references whose features the sets have
        prompts = dict.fromkeys(clip.prompt for clip in folder.clips if clip.prompt is not None)
        self.prompt_ids = {prompt.text: prompt.prompt_id for prompt in with_ids(list(prompts))}
        self._scene_of = {
            f"reference:{self.partners[clip.name].name}": self._prompt_id(clip)
            for clip in folder.clips
            if clip.name in self.partners
        }

    def score(self, on_progress: Callable[[int, int], None] | None) -> None:
        total = len(self.folder.clips)
        seen: set[str] = set()
        told = 0
        for result in self.passes.run(self._tasks()):
            self._take(result)
            if result.task.reference is not None:
                self._take_reference(result.task.reference, result.reference_info, result.reference_features)
            seen.add(result.task.source.file)
            if on_progress is not None and len(seen) * _TELLS // total > told:
                told = len(seen) * _TELLS // total
                on_progress(len(seen), total)
        for result in self.passes.run(self._lone_references()):
            self._count(result)
            self._take_reference(result.task.source, result.info, result.features)
        self._tell_what_is_absent()
        self._finish_sets()
        self._tell_what_holds_for_all()
        self._tell_unverified()

    # --- what is asked --------------------------------------------------------------------------

    def _tasks(self) -> Iterator[ClipTask]:
        wanted, beside = self._set_extractors(), self._set_extractors(reference=True)
        for clip in self.folder.clips:
            partner = self.partners.get(clip.name)
            others = [] if partner is None else self._windows(partner, "reference:")
            for place, source in enumerate(self._windows(clip)):
                other = others[place] if place < len(others) else None
                yield ClipTask(
                    source,
                    self._sample(clip, source),
                    self.metrics.clips,
                    self.metrics.pairs if self.references is not None else [],
                    wanted,
                    other,
                    beside if other is not None else (),
                )

    def _lone_references(self) -> Iterator[ClipTask]:
        """Reference clips that are nobody's partner; only sets want them."""
        wanted = self._set_extractors(reference=True)
        paired = {partner.name for partner in self.partners.values()}
        for clip in self.references.clips if self.references is not None and wanted else ():
            if clip.name not in paired:
                for source in self._windows(clip, "reference:"):
                    sample = SampleInfo("reference", source.name, source.name, clip.prompt, clip.seed)
                    yield ClipTask(source, sample, extractors=wanted)

    def _set_extractors(self, *, reference: bool = False) -> list[str]:
        """Extractors that sets read, of the clips or of the references."""
        metrics = [metric for metric in self.metrics.sets if metric.needs_reference or not reference]
        return list(dict.fromkeys(name for metric in metrics for name in metric.info.extractors))

    def _windows(self, clip: FolderClip, prefix: str = "") -> list[WindowSource]:
        return RuledFile(clip.path, prefix + clip.name, self.folder.rules, self.folder.limits).sources()

    def _sample(self, clip: FolderClip, source: WindowSource) -> SampleInfo:
        generator = clip.generator or self.folder.label
        return SampleInfo(
            generator, source.name, self._prompt_id(clip), clip.prompt, clip.seed, facts=clip.facts
        )

    def _prompt_id(self, clip: FolderClip) -> str:
        return clip.name if clip.prompt is None else self.prompt_ids[clip.prompt]

    # --- what comes back ------------------------------------------------------------------------

    def _take(self, result: ClipResult) -> None:
        """Take what a clip gave."""
        scores, name = self.scores, result.task.source.name
        self._count(result)
        if result.error is not None:
            file = result.task.source.file
            scores.errors[file] = result.error.removeprefix(f"{file}: ")
            self.partners.pop(file, None)  # its reference is read alone, for the sets
            return
        assert result.info is not None
        scores.samples.setdefault(name, {})
        scores.infos[name] = result.info
        if result.flags:
            scores.flags[name] = result.flags
        for metric, outcome in result.outcomes.items():
            if not self._broken_extractor(metric):
                scores.add(name, metric, outcome)
        group_name = self._group_of[result.task.source.file]
        first = self._first_of.setdefault((group_name, result.sha256 or name), name)
        if first != name:
            scores.flag(name, f"the same clip as {first}: what is measured over the set counts both")
        group = self.groups[group_name]
        group.add(result.task.sample, result.info, result.features, result.outcomes)

    def _count(self, result: ClipResult) -> None:
        for file, count in result.decodes.items():
            self.scores.decodes[file] = self.scores.decodes.get(file, 0) + count

    def _take_reference(self, source: Source, info: ClipInfo | None, features: FeatureResults) -> None:
        """Hand the features of a reference clip, alone or beside another clip, to the sets."""
        if not features or source.name in self._taken:
            return
        self._taken.add(source.name)
        for found in features.values():
            if isinstance(found, Outcome) and found not in self.extractors.broken.values():
                self.scores.errors[source.file] = str(found.reason).removeprefix(f"{source.file}: ")
                return
        # A reference of one name with a clip is of its scene: distances leave such pairs out.
        sample = SampleInfo(
            "reference", source.name, self._scene_of.get(source.file, source.file), None, None
        )
        arrays = {name: found for name, found in features.items() if not isinstance(found, Outcome)}
        if info is not None:
            add_rate(self._reference_rates, info.fps)
        for one in [one for group in self.groups.values() for one in group.sets]:
            names = one.metric.info.extractors
            if one.metric.needs_reference and all(name in arrays for name in names):
                one.add_reference(sample, {name: arrays[name] for name in names})

    def _finish_sets(self) -> None:
        missing = Outcome.not_applicable(NO_REFERENCE) if self.references is None else None
        several = len(self.groups) > 1
        for name, group in self.groups.items():
            found, none = group.finish(missing)
            if several:
                self.scores.groups[name] = found
            else:
                self.scores.sets = found
            for metric, outcome in none.items():
                self.scores.add(name if several and outcome != missing else EVERY, metric, outcome)
            unlike = unlike_rates(group.rates, self._reference_rates)
            if found and unlike is not None:
                self.scores.flag(name if several else self.folder.path.name, unlike)

    def _tell_what_is_absent(self) -> None:
        """Name the clips that a list or a folder leads one to expect, and that nobody reads."""
        for folder, prefix in ((self.folder, ""), (self.references, "reference:")):
            if folder is None:
                continue
            for name in folder.absent:
                self.scores.errors[prefix + name] = "no such file: the list has a prompt without a clip"
            for name in folder.unread:
                self.scores.errors[prefix + name] = "a link to a folder, which is not followed"
            if folder.gaps:
                told = f"left out between two indices: {', '.join(folder.gaps)}"
                self.scores.flag(prefix + folder.path.name, told)
        folders = {_group(clip, "folder") for clip in self.folder.clips}
        if len(self.groups) == 1 and self._set_extractors() and len(folders) > 1:
            told = f"clips of {len(folders)} folders are one set; --by folder makes each a set of its own"
            self.scores.flag(self.folder.path.name, told)

    def _tell_what_holds_for_all(self) -> None:
        """Reasons that have nothing to do with any one file."""
        for name, outcome in self.metrics.broken.items():
            self.scores.add(EVERY, name, outcome)
        for metric in self.metrics.clips:
            broken = self._broken_extractor(metric.info.id)
            if broken is not None:
                self.scores.add(EVERY, metric.info.id, broken)
        for pair in self.metrics.pairs if self.references is None else ():
            self.scores.add(EVERY, pair.info.id, Outcome.not_applicable(NO_REFERENCE))
        for call in self.metrics.calls:
            self.scores.add(EVERY, call.info.id, Outcome.not_applicable(NO_CALLS))

    def _tell_unverified(self) -> None:
        """Name the metrics whose values rest on weights that nothing vouches for."""
        valued = {name for values in self.scores.samples.values() for name in values}.union(
            self.scores.sets, *self.scores.groups.values()
        )
        found: dict[str, bool] = {}
        for name, info in self.metrics.infos.items():
            made = self.extractors.made(info.extractors)
            found[name] = unverified.marked(fingerprint(info, made, ""))
        for summary in self.metrics.summaries:
            found[summary.info.id] |= any(found.get(part, False) for part in summary.parts)
        self.scores.unverified = [name for name, bad in found.items() if bad and name in valued]

    def _broken_extractor(self, metric: str) -> Outcome | None:
        """Why a metric has no value on any clip, if an extractor that it reads is broken."""
        names = self.metrics.infos[metric].extractors
        return next((self.extractors.broken[n] for n in names if n in self.extractors.broken), None)


def _group(clip: FolderClip, by: Grouping) -> str:
    """The set that a clip is of."""
    if by == "folder":
        return clip.name.partition("/")[0] if "/" in clip.name else "."
    return (clip.generator or UNNAMED) if by == "generator" else EVERY


def pair_up(folder: ClipFolder, references: ClipFolder | None) -> dict[str, FolderClip]:
    """The reference of each clip, by the clip's name: the same relative name, whatever the suffix.

    A single clip and a single reference belong together whatever they are called.

    Raises:
        ClipError: two references have one name.
    """
    if references is None:
        return {}
    if len(folder.clips) == len(references.clips) == 1:
        return {folder.clips[0].name: references.clips[0]}
    by_stem: dict[str, FolderClip] = {}
    for clip in references.clips:
        other = by_stem.setdefault(same_text(clip.stem), clip)
        if other is not clip:
            raise ClipError(f"references {other.name} and {clip.name} have one name; keep one of them")
    named = ((clip.name, same_text(clip.stem)) for clip in folder.clips)
    return {name: by_stem[stem] for name, stem in named if stem in by_stem}
