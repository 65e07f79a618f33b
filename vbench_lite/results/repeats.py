"""What the hashes of an arm's clips say of its seeds: a clip that is made twice is one clip."""

from __future__ import annotations

from collections import defaultdict

from vbench_lite.results.arms import Arm


def same_for_every_seed(arm: Arm) -> int:
    """Prompts whose clips are equal byte for byte whatever the seed; 0 where any prompt has two clips.

    Only prompts with clips of several seeds count. A generator that ignores its seed makes one clip a prompt:
    its intervals are too narrow, and its diversity is none.
    """
    clips: dict[str, set[str]] = defaultdict(set)
    seeds: dict[str, set[int]] = defaultdict(set)
    for sample, clip in arm.clips.items():
        prompt, seed = arm.requests[sample]
        clips[prompt].add(clip)
        seeds[prompt].add(seed)
    several = [prompt for prompt, found in seeds.items() if len(found) > 1]
    return 0 if any(len(clips[prompt]) > 1 for prompt in several) else len(several)


def unequal_repeats(first: Arm, second: Arm) -> tuple[int, int]:
    """Equal requests (prompt and seed) of two arms whose clips differ, and how many there are in common."""
    made = {first.requests[sample]: clip for sample, clip in first.clips.items()}
    again = {second.requests[sample]: clip for sample, clip in second.clips.items()}
    common = made.keys() & again.keys()
    return sum(made[request] != again[request] for request in common), len(common)


def seed_remark(arm: Arm) -> str | None:
    """One line about a generator that ignores its seed; None for a control, and where seeds count."""
    prompts = 0 if arm.control is not None else same_for_every_seed(arm)
    if not prompts:
        return None
    count = len(arm.clips)
    return (
        f"{arm.generator} ignores its seed: of {prompts} prompts every seed gave the same clip, byte for "
        f"byte, so that its {count} clips are no more measured than one a prompt"
    )
