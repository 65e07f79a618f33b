"""Modular pipelines behind the face of others: blocks take the arguments, and a clip is one of the outputs.

The components are those of a folder in the usual layout; the configuration names the class of the blocks
under `pipeline` (`WanModularPipeline` for a folder of `WanPipeline`).
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

OUTPUT = "videos"
SUFFIX = "ModularPipeline"


class ModularCall:
    """A modular pipeline that is called, and whose components are read and set, like any other."""

    def __init__(self, pipe: Any) -> None:
        object.__setattr__(self, "inner", pipe)

    def __call__(self, **arguments: Any) -> SimpleNamespace:
        return SimpleNamespace(frames=self.inner(**arguments, output=OUTPUT))

    def __getattr__(self, name: str) -> Any:
        return getattr(object.__getattribute__(self, "inner"), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.inner, name, value)


def load_modular(kind: Any, model: str, dtype: Any, local_files_only: bool) -> ModularCall:
    """The pipeline of a class with its components loaded; raises as `from_pretrained`."""
    pipe = kind(pretrained_model_name_or_path=model, local_files_only=local_files_only)
    pipe.load_components(dtype=dtype, local_files_only=local_files_only)
    return ModularCall(pipe)


def inputs_of(pipe: ModularCall) -> dict[str, Any]:
    """What its blocks take, with the defaults."""
    return {one.name: one.default for one in pipe.blocks.inputs if one.name is not None}
