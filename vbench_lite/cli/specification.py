"""From flags, with or without a YAML file, to the one run specification that both stand for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vbench_lite.errors import SpecError

if TYPE_CHECKING:
    from vbench_lite.run.plan.spec import RunSpec


def build_spec(file: Path | None, *, generators: Sequence[str] = (), **flags: Any) -> RunSpec:
    """Return the specification of a file with every flag that was given put in its place.

    Args:
        generators: with a file, which of its labels to run; without one, registered names that become
            labels as well.
        flags: other keys of a specification; None and an empty tuple stand for a flag that was not given.

    Raises:
        SpecError: the file or a flag does not fit.
    """
    from vbench_lite import registry
    from vbench_lite.run.plan.spec import parse_spec, read_spec

    given = {key: value for key, value in flags.items() if value not in (None, ())}
    if file is None:
        if generators:
            for name in generators:
                if ":" not in name:  # package.module:Class needs a file, for its label
                    registry.check("generators", name)
            given["generators"] = [{"label": name, "adapter": name} for name in generators]
        return parse_spec(given, "command line")
    base = read_spec(file)
    if generators:
        labels = [entry.label for entry in base.generators or ()]
        unknown = [name for name in generators if name not in labels]
        if unknown:
            raise SpecError(
                f"-g {unknown[0]}: {file} has no such label; it has: {', '.join(labels) or 'none'}"
            )
        given["generators"] = [e.model_dump() for e in base.generators or () if e.label in generators]
    return parse_spec({**base.model_dump(), **given}, f"{file} with the flags")
