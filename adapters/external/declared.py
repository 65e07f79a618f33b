"""What the configuration of an external generator declares, since nobody can look inside it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from vbench_lite.generator import (
    Family,
    FrameRule,
    GeneratorConfig,
    GeneratorInfo,
    Mechanism,
    Site,
    SizeRule,
    Task,
)
from vbench_lite.suite import ControlKind


class DeclaredFrames(BaseModel):
    """Frame counts it can make: offset + k * multiple within [minimum, maximum].

    Attributes:
        multiple, offset: of the rule above, in frames.
        minimum, maximum: the least and the most frames; a maximum of null is none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    multiple: Annotated[int, Field(ge=1)] = 1
    offset: Annotated[int, Field(ge=0)] = 0
    minimum: Annotated[int, Field(ge=1)] = 1
    maximum: Annotated[int, Field(ge=1)] | None = None


class DeclaredSize(BaseModel):
    """Sizes it can make: sides of a multiple within [minimum, maximum], or one fixed (height, width).

    Attributes:
        multiple: of each side, in pixels.
        fixed: the one height and width that it makes, in pixels; null where sides may vary.
        minimum, maximum: of each side, in pixels; a maximum of null is none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    multiple: Annotated[int, Field(ge=1)] = 1
    fixed: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]] | None = None
    minimum: Annotated[int, Field(ge=1)] = 1
    maximum: Annotated[int, Field(ge=1)] | None = None


class Declared(GeneratorConfig):
    """What the user says of a generator; unknown unless said.

    Attributes:
        model: name and version, as tables and the fingerprint should know it: raise it when the model
            behind the adapter changes.
        family: how it makes pixels, such as latent_diffusion; tables and charts group by it.
        mechanism: in which order frames come to be.
        tasks: what it can be asked for.
        controls: kinds of control clips that it follows, such as edges; empty: of any kind.
        guidance: whether it uses classifier-free guidance.
        kv_cache: whether it keeps past computation.
        deterministic: whether a seed fixes the clip.
        license: of the code, an SPDX name.
        weights_license: of the weights, an SPDX name.
    """

    model: str = ""
    family: Family = Family.EXTERNAL
    mechanism: Mechanism = Mechanism.UNKNOWN
    tasks: tuple[Task, ...] = (Task.T2V,)
    controls: tuple[ControlKind, ...] = ()
    guidance: bool = False
    kv_cache: bool = False
    deterministic: bool = False
    license: str = "unknown"
    weights_license: str = "unknown"


class DeclaredMaker(Declared):
    """What is declared of a generator that makes clips on request.

    Attributes:
        frames: counts it can make; a request is snapped to them.
        size: frame sizes it can make; a request is snapped to them.
        native_fps: the rate its clips are meant to be shown at; None: the rate that is asked for.
    """

    frames: DeclaredFrames = DeclaredFrames()
    size: DeclaredSize = DeclaredSize()
    native_fps: Annotated[float, Field(gt=0)] | None = None


def declared_info(config: Declared, name: str, site: Site, summary: str, **more: Any) -> GeneratorInfo:
    """The info that a configuration declares.

    Args:
        more: further fields of `GeneratorInfo`.
    """
    declared = {field: getattr(config, field) for field in Declared.model_fields if field != "model"}
    if isinstance(config, DeclaredMaker):
        declared |= {
            "frames": FrameRule(**config.frames.model_dump()),
            "size": SizeRule(**config.size.model_dump()),
            "native_fps": config.native_fps,
        }
    summary = f"{config.model}: {summary}" if config.model else summary
    return GeneratorInfo(name=name, site=site, summary=summary, **declared | more)
