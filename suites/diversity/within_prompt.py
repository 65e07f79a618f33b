"""How different the clips of one prompt are from one another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import ClassVar

import numpy as np

from vbench_lite.arrays import Ints, Matrix
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, Estimate, MetricInfo
from vbench_lite.stats.jackknife import jackknife_mean
from vbench_lite.stats.vendi import cosine_similarity, vendi_score
from vbench_lite.suites.diversity.feature_distance import cosine_distances
from vbench_lite.suites.feature_set import FeatureRows, FeatureSetMetric, with_clips
from vbench_lite.suites.judged_set import JudgedClip, JudgedSet, judged_set_info

_info = partial(MetricInfo, axis=Axis.DIVERSITY, higher_is_better=True, min_n=2)


class WithinPromptDistance(FeatureSetMetric):
    """Mean of 1 - cosine of the features of two clips of one prompt, over pairs and then over prompts.

    0 if every seed gives the same clip. The distance over the whole set (`diversity/feature_distance`)
    cannot see that: there, the prompts differ.

    Traps: needs two seeds of a prompt or more. A generator that ignores its prompt is very diverse within
        it: read it beside alignment, and against the value of real clips.

    Formula: mean over prompts of the mean over pairs of its clips of 1 - f_i . f_j / (|f_i| |f_j|), f the
        mean over the windows of a clip.
    """

    needs_reference: ClassVar[bool] = False
    one_row: ClassVar[bool] = True
    info: ClassVar[MetricInfo] = _info(
        id="diversity/within_prompt",
        version=2,
        extractors=("shapes-video",),
        summary="Mean of 1 - cosine between the features of two clips of one prompt; 0 if seeds do nothing.",
        source="mean pairwise feature distance (Zhu et al., NeurIPS 2017); features: extractor shapes-video",
        bounds=(0.0, 2.0),
        min_frames=16,
    )

    def estimate(self, generated: FeatureRows, reference: FeatureRows | None) -> Estimate:
        distances = cosine_distances(generated.values)
        return with_clips(over_prompts(generated.prompts, distances), generated, None)


class WithinPromptVendi(FeatureSetMetric):
    """Effective number of different clips of one prompt, mean over prompts: 1 if seeds do nothing.

    Formula: mean over prompts of exp(-sum l log l) over the eigenvalues l of K / m, K the cosines of the
        features of the m clips of the prompt, each the mean over its windows.
    Traps: at most the number of clips of a prompt, so values are compared at equal numbers only; a prompt
        with one clip is left out. A generator that ignores its prompt is diverse: read it beside alignment.
    """

    needs_reference: ClassVar[bool] = False
    one_row: ClassVar[bool] = True
    info: ClassVar[MetricInfo] = _info(
        id="diversity/within_prompt_vendi",
        version=2,
        extractors=("shapes-video",),
        summary="Effective number of different clips of one prompt (features of the shapes world).",
        source="Friedman & Dieng, The Vendi Score (TMLR 2023); cosine of features of extractor shapes-video",
        unit="clips",
        bounds=(1.0, None),
        min_frames=16,
    )

    def estimate(self, generated: FeatureRows, reference: FeatureRows | None) -> Estimate:
        similarity = cosine_similarity(generated.values)

        def score(rows: Ints) -> float:
            return max(1.0, vendi_score(similarity[np.ix_(rows, rows)]))  # rounding leaves it a little below

        return with_clips(within_prompts(generated.prompts, score), generated, None)


class WithinPromptVendiEfficientNet(WithinPromptVendi):
    """Effective number of different clips of one prompt, by what an ImageNet network sees in their frames.

    Formula: mean over prompts of exp(-sum l log l) over the eigenvalues l of K / m, K the cosines of the m
        clips of the prompt, each the mean of its frames' features.
    Traps: it sees neither the order of frames nor motion. Features of a network for photographs have much in
        common, so values lie low. At most the number of clips of a prompt, so values are compared at equal
        numbers only.
    """

    info: ClassVar[MetricInfo] = _info(
        id="diversity/within_prompt_vendi_efficientnet",
        extractors=("efficientnet-lite0",),
        summary="Effective number of different clips of one prompt (EfficientNet-Lite0, mean over frames).",
        source="Friedman & Dieng, The Vendi Score (TMLR 2023); cosine of features of efficientnet-lite0",
        unit="clips",
        bounds=(1.0, None),
    )


class WithinPromptLpips(FeatureSetMetric):
    """Mean LPIPS (v0.1, AlexNet) of two clips of one prompt, over pairs and then over prompts.

    0 if every seed gives the same clip. Clips are compared at their first, middle and last frame, each with
    the same place of the other clip, at 64x64.

    Formula: mean over prompts of the mean over pairs of its clips of the mean over the three frames of LPIPS.
    Traps: needs two seeds of a prompt or more. Noise and flicker differ most of all: read it beside quality,
        and against the value of real clips. Frames are reduced to 64x64, so it is not the number that
        papers give at 256x256.
    Cost: 0.8 MB of memory a clip.
    """

    needs_reference: ClassVar[bool] = False
    info: ClassVar[MetricInfo] = _info(
        id="diversity/within_prompt_lpips",
        extractors=("lpips-alex",),
        summary="Mean LPIPS (AlexNet, three frames at 64x64) of two clips of one prompt; 0 if all equal.",
        source="Zhu et al., Toward multimodal image-to-image translation (NeurIPS 2017), with LPIPS v0.1",
        bounds=(0.0, None),
        min_frames=3,
    )

    def estimate(self, generated: FeatureRows, reference: FeatureRows | None) -> Estimate:
        values = generated.values

        def mean(rows: Ints) -> float:
            return float(np.mean([np.square(values[a] - values[b]).sum() for a, b in combinations(rows, 2)]))

        return with_clips(within_prompts(generated.prompts, mean), generated, None)


class StartSpread(JudgedSet):
    """How far apart the places are at which clips of one prompt begin, in sides of the frame.

    In the shapes world a caption leaves one thing open: where the shape starts. A generator that starts
    always at the same place has lost that freedom, which features hardly show.

    Formula: mean over pairs of clips of one prompt, then over prompts, of the distance between the
        judged centres in the first frame, divided by 32 pixels.
    Traps: clips that show no shape in their first frame are left out. Needs two seeds of a prompt.
        Noise begins anywhere: it shows no shape, and so has no value.
    """

    info: ClassVar[MetricInfo] = judged_set_info(
        "diversity/shapes_start_spread",
        "Mean distance of the places where clips of one prompt begin, in frame sides; 0 if all are one.",
        axis=Axis.DIVERSITY,
        bounds=(0.0, None),
    )

    def judge(self, clips: Sequence[JudgedClip]) -> Estimate:
        seen = [clip for clip in clips if clip.shown.visible[0]]
        if not seen:
            raise NotApplicable("no clip shows a shape in its first frame")
        starts = np.stack([clip.shown.track[0] for clip in seen]) / 32
        distances = np.linalg.norm(starts[:, None] - starts[None], axis=2)
        estimate = over_prompts([clip.prompt_id for clip in seen], distances)
        return replace(estimate, n=len(clips))


def over_prompts(prompts: Sequence[str], distances: Matrix) -> Estimate:
    """Mean over pairs of one prompt, then over prompts, of distances, float64 (n, n).

    Raises:
        NotApplicable: no prompt has two clips.
    """

    def mean(rows: Ints) -> float:
        return float(distances[np.ix_(rows, rows)][np.triu_indices(len(rows), 1)].mean())

    return within_prompts(prompts, mean)


def within_prompts(prompts: Sequence[str], statistic: Callable[[Ints], float]) -> Estimate:
    """Mean over prompts of a statistic of the rows of one prompt, where it has two or more.

    Raises:
        NotApplicable: no prompt has two clips.
    """
    names = np.array(prompts)
    means = {}
    for name in sorted(set(prompts)):
        rows = np.flatnonzero(names == name)
        if len(rows) > 1:
            means[name] = statistic(rows)
    if not means:
        raise NotApplicable("no prompt has two clips; ask for more samples than the suite has prompts")
    return jackknife_mean(list(means), list(means.values()))
