"""VBench's sixteen dimensions: how they are normalised and weighted, and which are computed here.

Source: VBench (Huang et al., CVPR 2024), scripts/constant.py and scripts/cal_final_score.py.
"""

from __future__ import annotations

from dataclasses import dataclass

PREFIX = "vbench/"
QUALITY_SCORE, SEMANTIC_SCORE, TOTAL_SCORE = (f"{PREFIX}{n}_score" for n in ("quality", "semantic", "total"))


@dataclass(frozen=True)
class Dimension:
    """One dimension.

    Attributes:
        name: as in VBench's files.
        lowest, highest: (value - lowest) / (highest - lowest) is its normalised value, which is not clipped.
        quality: it enters the quality score; else the semantic score.
        weight: in that score.
        why_not: why no metric here computes it; None where one does.
    """

    name: str
    lowest: float = 0.0
    highest: float = 1.0
    quality: bool = False
    weight: float = 1.0
    why_not: str | None = None

    @property
    def metric(self) -> str:
        """The id that its values have here."""
        return PREFIX + self.name

    def normalised(self, value: float) -> float:
        return (value - self.lowest) / (self.highest - self.lowest)


_AMT = "its network AMT-S may not be used commercially"
_UMT = "it needs UMT-L/16, which is not here"
_GRIT = "it needs GRiT, which is not here"
_VICLIP = "it needs ViCLIP, which is not here"

DIMENSIONS: tuple[Dimension, ...] = (
    Dimension("subject_consistency", 0.1462, 1.0, quality=True),
    Dimension("background_consistency", 0.2615, 1.0, quality=True),
    Dimension("temporal_flickering", 0.6293, 1.0, quality=True),
    Dimension("motion_smoothness", 0.706, 0.9975, quality=True, why_not=_AMT),
    Dimension("dynamic_degree", quality=True, weight=0.5),
    Dimension("aesthetic_quality", quality=True),
    Dimension("imaging_quality", quality=True),
    Dimension("object_class", why_not=_GRIT),
    Dimension("multiple_objects", why_not=_GRIT),
    Dimension("human_action", why_not=_UMT),
    Dimension("color", why_not=_GRIT),
    Dimension("spatial_relationship", why_not=_GRIT),
    Dimension("scene", 0.0, 0.8222, why_not="it needs Tag2Text, which is not here"),
    Dimension("appearance_style", 0.0009, 0.2855),
    Dimension("temporal_style", 0.0, 0.364, why_not=_VICLIP),
    Dimension("overall_consistency", 0.0, 0.364, why_not=_VICLIP),
)
BY_NAME = {dimension.name: dimension for dimension in DIMENSIONS}
QUALITY_WEIGHT, SEMANTIC_WEIGHT = 4.0, 1.0
