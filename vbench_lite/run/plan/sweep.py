"""A sweep: settings of one generator against its base, written down once and expanded into the arms of a run.

The base is made twice, by two processes from the same seeds: what differs between the two is the noise of
the machine. It is made once more with other seeds: so far apart do two good clips of one prompt lie.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, model_validator

from vbench_lite.suite import PerformanceSpec, Suite, parse_suite
from vbench_lite.suite_axes import Strict

BASE, AGAIN, SEEDS = "base", "base-again", "base-seeds"
ROLES = {"base": BASE, "again": AGAIN, "seeds": SEEDS}
LATENCY, MEMORY, MOTION = "speed/latency_s", "memory/peak_bytes", "coherence/motion_amount"
STAGES = {
    name: f"speed/stage_{name}_s" for name in ("encode", "denoise", "decode", "queue", "download", "other")
}
FIDELITY = {  # of each clip to the base's clip of the same prompt and seed, by its short name
    "psnr": "reconstruction/psnr",
    "ssim": "reconstruction/ssim",
    "lpips": "reconstruction/lpips",
    "tlpips": "fidelity/tlpips",
}
_NEEDED = (*FIDELITY.values(), MOTION, LATENCY, *STAGES.values(), MEMORY)
_TIMED = PerformanceSpec(rounds=3, warm_calls=3)
_ARM_S = 30.0  # seconds of the timed pass for each arm, where the suite gives less
_LOOSE = re.compile(r"[^a-z0-9._-]+")

Scalar = str | int | float | bool | None


class BaseSpec(Strict):
    """The generator that settings are held against.

    Attributes:
        adapter: A registered generator (`vbench-lite list generators`), or package.module:Class.
        config: Keys of the adapter.
        params: Parameters of every request.
        device: Where it computes, as torch names it.
        batch: Clips that are asked for in one call.
    """

    adapter: str
    config: dict[str, Any] = Field(default_factory=dict)
    params: dict[str, Any] = Field(default_factory=dict)
    device: str = "cpu"
    batch: int = Field(default=1, ge=1)


class SettingSpec(Strict):
    """What a setting changes; everything else stays as the base has it.

    Attributes:
        config: Keys of the adapter, put over those of the base.
        params: Parameters of every request, put over those of the base.
        device: Another device than that of the base.
    """

    config: dict[str, Any] = Field(default_factory=dict)
    params: dict[str, Any] = Field(default_factory=dict)
    device: str | None = None


class SweepSpec(Strict):
    """Settings of one generator against its base.

    Attributes:
        base: What the settings are held against.
        settings: By name; names are the labels of the arms.
        products: By name: lists of values by key (`config.steps`, `params.guidance`, `device`); every
            combination is a setting of the name NAME-VALUE-VALUE.
    """

    base: BaseSpec
    settings: dict[str, SettingSpec] = Field(default_factory=dict)
    products: dict[str, dict[str, Annotated[list[Scalar], Field(min_length=1)]]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names_are_free(self) -> SweepSpec:
        names = [name for name, _ in self.every()]
        if not names:
            raise ValueError("a sweep needs at least one setting, under settings or products")
        taken = sorted({name for name in names if names.count(name) > 1 or name in ROLES.values()})
        if taken:
            raise ValueError(f"the setting {taken[0]!r} is there twice; {', '.join(ROLES.values())} are arms")
        return self

    def every(self) -> Iterator[tuple[str, SettingSpec]]:
        """Every setting with its name, those of products written out.

        Raises:
            ValueError: a key of a product is none of a setting.
        """
        yield from self.settings.items()
        for name, lists in self.products.items():
            for values in itertools.product(*lists.values()):
                changes = dict(zip(lists, values, strict=True))
                yield "-".join([name, *map(_slug, values)]), _setting(name, changes)

    def generators(self) -> list[dict[str, Any]]:
        """The arms as generators of a run specification: the base, the base twice more, the settings."""
        base = self.base.model_dump()
        arms = [
            {"label": BASE, **base},
            {"label": AGAIN, **base},
            {"label": SEEDS, **base, "draw": 1},
        ]
        for name, setting in self.every():
            own = {
                "config": merged(base["config"], setting.config),
                "params": merged(base["params"], setting.params),
                "device": setting.device or base["device"],
            }
            arms.append({"label": name, **base, **own})
        return arms


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of both; those of the second win, and keys within keys are merged alike."""
    both = dict(first)
    for key, value in second.items():
        known = both.get(key)
        nested = isinstance(known, Mapping) and isinstance(value, Mapping)
        both[key] = merged(known, value) if nested and isinstance(known, Mapping) else value
    return both


def with_fidelity(suite: Suite, arms: int) -> Suite:
    """A suite that also measures what a sweep shows: nearness to the base, stages, motion and memory.

    Args:
        arms: how many are timed; the limit of the timed pass grows with them.
    """
    content = suite.model_dump(mode="json")
    content |= {
        "name": f"{suite.name}-sweep",
        "also": (),
        "metrics": list(dict.fromkeys([*suite.metrics, *_NEEDED])),
        "baseline": "first" if suite.request.given != "clip" else None,
    }
    timed = suite.performance or _TIMED
    limit_s = max(timed.limit_s, _ARM_S * arms)
    content["performance"] = timed.model_copy(update={"limit_s": limit_s}).model_dump(mode="json")
    return parse_suite(content, f"suite {suite.name} as a sweep")


def _setting(name: str, changes: Mapping[str, Scalar]) -> SettingSpec:
    data: dict[str, Any] = {"config": {}, "params": {}}
    for path, value in changes.items():
        where, *keys = path.split(".")
        if where == "device" and not keys:
            data["device"] = value
        elif where in ("config", "params") and keys and all(keys):
            data[where] = merged(data[where], _nested(keys, value))
        else:
            raise ValueError(f"product {name}: {path!r} is no key; say config.KEY, params.KEY or device")
    return SettingSpec.model_validate(data)


def _nested(keys: Sequence[str], value: Scalar) -> dict[str, Any]:
    inner: Any = value
    for key in reversed(keys):
        inner = {key: inner}
    return dict(inner)


def _slug(value: Scalar) -> str:
    """A value as part of a label: `bfloat16`, `0.5`, `true`."""
    return _LOOSE.sub("-", str(value).lower()).strip("-") or "none"
