"""Which clips a dimension is measured on: where a prompt list says it, only on those of its prompts."""

from __future__ import annotations

from vbench_lite.errors import NotApplicable
from vbench_lite.metric import SampleInfo


def on_the_list(sample: SampleInfo, dimension: str) -> None:
    """Raise NotApplicable if VBench's list gives the prompt of this sample to other dimensions only.

    Without a list (no full_info.json) every clip counts, as in the published tool's mode for own videos.
    """
    listed = sample.facts.get("dimension")
    if listed is not None and dimension not in listed:
        raise NotApplicable(f"the prompt list has this prompt for {', '.join(listed)} only")
