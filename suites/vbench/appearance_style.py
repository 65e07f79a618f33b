"""VBench's appearance style."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from vbench_lite.clip import ClipInfo
from vbench_lite.errors import NotApplicable
from vbench_lite.metric import Axis, Features, MetricInfo, SampleInfo, Scored, SetRule
from vbench_lite.suites.extractors import clip_text
from vbench_lite.suites.vbench.prompt_lists import PublishedMetric, published_info

# The styles that VBench's prompts end with, as its list gives them.
STYLES = (
    "Van Gogh style",
    "oil painting",
    "by Hokusai, in the style of Ukiyo",
    "black and white",
    "pixel art",
    "in cyberpunk style",
    "animated style",
    "watercolor painting",
    "surrealism style",
)
DIMENSION = "appearance_style"


class AppearanceStyle(PublishedMetric):
    """How well frames fit the style that the prompt names, by CLIP ViT-B/32.

    Formula:
        mean over frames of cos(frame, style text)

    Traps:
        The text is the style alone ("oil painting"), not the prompt: from the prompt list where there is one,
        else what the prompt ends with. The published tool divides CLIP's logit by 100, which is the cosine
        with OpenAI's weights. Over a set frames count, not videos.

    Cost: one pass of ViT-B/32 a frame, one of the text encoder a style.
    """

    info: ClassVar[MetricInfo] = published_info(
        DIMENSION,
        "Mean cosine of frames and the style that the prompt names, by CLIP ViT-B/32.",
        axis=Axis.ALIGNMENT,
        bounds=(-1.0, 1.0),
        extractors=("clip-vit-b32-pil",),
        weights=(clip_text.KEY,),
        over_set=SetRule(weighted=True),
    )

    def start(self, clip: ClipInfo, sample: SampleInfo) -> None:
        super().start(clip, sample)
        self._text = clip_text.embed(style_of(sample))

    def finish(self, features: Mapping[str, Features]) -> Scored:
        cosines = clip_text.cosines(features["clip-vit-b32-pil"], self._text)
        return Scored(float(cosines.mean()), weight=len(cosines), note=self._text.note)


def style_of(sample: SampleInfo) -> str:
    """The style text of a sample.

    Raises:
        NotApplicable: neither the prompt list nor the prompt names one.
    """
    listed = sample.facts.get("auxiliary_info", {}).get(DIMENSION, {}).get(DIMENSION)
    if listed is not None:
        return str(listed)
    if sample.prompt is None:
        raise NotApplicable("the clip has no prompt")
    for style in STYLES:
        if sample.prompt.lower().rstrip(". ").endswith(style.lower()):
            return style
    raise NotApplicable("the prompt ends with none of VBench's styles")
