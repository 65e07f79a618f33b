"""From an adapter's name and configuration to a generator, and to its identity in a run."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vbench_lite import registry
from vbench_lite.errors import RegistryError
from vbench_lite.generator import Generator
from vbench_lite.run.plan.code import code_of
from vbench_lite.run.plan.spec import GeneratorSpec
from vbench_lite.store.schema import GeneratorEntry


def build_generator(adapter: str, config: Mapping[str, Any] | None = None, device: str = "cpu") -> Generator:
    """Return a generator that is not loaded.

    Args:
        adapter: a registered name, or "package.module:Class" while an adapter is being written.

    Raises:
        RegistryError: the name is unknown or stands for something else.
        SpecError: the configuration does not fit.
    """
    found = registry.load("generators", adapter)
    if not (isinstance(found, type) and issubclass(found, Generator)):
        raise RegistryError(f"generator {adapter!r} is {found!r}, which is no subclass of Generator")
    return found(config, device=device)


def resolve(spec: GeneratorSpec) -> tuple[GeneratorEntry, Generator]:
    """Return the entry of a run for a generator, and the generator itself, not loaded."""
    generator = build_generator(spec.adapter, spec.config, spec.device)
    identity = {
        "adapter": spec.adapter,
        "generator": generator.fingerprint(),
        "batch": spec.batch,
        "code": code_sha256(type(generator)),
    }
    entry = GeneratorEntry(
        label=spec.label,
        adapter=spec.adapter,
        config=generator.config.model_dump(mode="json"),
        device=spec.device,
        batch=spec.batch,
        info=json.loads(json.dumps(generator.info.as_dict())),
        fingerprint=hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16],
        params=dict(spec.params),
        draw=spec.draw,
    )
    return entry, generator


def code_sha256(kind: type[Generator]) -> str:
    """Hash of the adapter's module and of every module that it imports from its own distribution's plug-ins.

    A version number changes with a release only; while an adapter is edited, a run that resumed with
    clips of the code before the edit would be silently mixed. What an adapter imports counts, a data set
    included; its neighbours and the contracts, which it shares with every other, do not.
    """
    module = inspect.getmodule(kind)
    file = getattr(module, "__file__", None)
    if module is None or file is None:
        return "unknown"
    digest = hashlib.sha256()
    for name, path in sorted(code_of(module.__name__, Path(file)).items()):
        digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
