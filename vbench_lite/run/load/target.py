"""Whom a load is sent to, and what: one generator of a specification that is a server, and its requests."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vbench_lite.errors import ClipError, SpecError
from vbench_lite.generator import GenerationRequest, Site
from vbench_lite.measure.context import RecordingContext
from vbench_lite.run.load.driver import Served
from vbench_lite.run.plan.build import build_generator, resolve
from vbench_lite.run.plan.fit import served_requests
from vbench_lite.run.plan.plan import UNSEEN_SEEDS, requests
from vbench_lite.run.plan.spec import GeneratorSpec, RunSpec
from vbench_lite.run.plan.suites import asked_generators, load_suites, sample_count
from vbench_lite.store.schema import GeneratorEntry
from vbench_lite.turns import answer

_MOST_PROMPTS = 256  # requests go round these


@dataclass(frozen=True)
class Target:
    """A server and the requests to it.

    Attributes:
        spec, entry: of the generator.
        requests: that are asked in turn, again from the first after the last, each time with another seed.
        hosts: other machines that they go to; empty where they stay on this one.
        remarks: what the adapter says of them, one line each.
    """

    spec: GeneratorSpec
    entry: GeneratorEntry
    requests: tuple[GenerationRequest, ...]
    hosts: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def described(self) -> dict[str, Any]:
        """What stands for it in a stored load."""
        return {"label": self.entry.label, "adapter": self.entry.adapter, "config": self.entry.config}

    def client(self) -> ServerClient:
        """A connection of its own."""
        return ServerClient(self)


class ServerClient:
    """One client of a server; see `run.load.driver.Client`."""

    def __init__(self, target: Target) -> None:
        self._requests = target.requests
        self._generator = build_generator(target.spec.adapter, target.spec.config, target.spec.device)
        self._generator.load()

    def ask(self, number: int, cancelled: Callable[[], bool]) -> Served:
        """Have one clip made by the path of a run; its frames are decoded and counted, and not kept.

        Raises:
            ClipError: it is shorter than asked for. And whatever the adapter raises.
        """
        request = replace(self._requests[number % len(self._requests)], seed=_SEED + number)
        context = RecordingContext([request], cancelled=cancelled, on_frames=lambda index, frames: None)
        answer(self._generator, [request], context)
        call = context.result()
        (arrivals,) = call.arrivals
        if (count := sum(frames for _, frames in arrivals)) < request.num_frames:
            raise ClipError(f"emitted {count} frames, {request.num_frames} were asked for")
        queue_s = call.phases.get("queue", 0.0) if {"queue", "work"} & call.phases.keys() else None
        return Served(arrivals, self._generator.info.native_fps or request.fps, queue_s)

    def close(self) -> None:
        """Let the connection go."""
        self._generator.close()


# Neither the samples of a run nor another load has these seeds: no server answers from what it kept.
_SEED = UNSEEN_SEEDS + secrets.randbelow(UNSEEN_SEEDS // 2)


def find_target(spec: RunSpec, label: str | None, hosts: Sequence[str]) -> Target:
    """The generator of a specification that is to be put under load; nothing is sent.

    Args:
        label: which one; None where there is only one.
        hosts: machines beside this one that were named for it.

    Raises:
        SpecError: there are several, it is no server, asks a host that was not named, or none of the
            suite's requests.
    """
    suites, prompts = load_suites(spec)
    chosen = _chosen(asked_generators(spec, suites), label)
    entry, generator = resolve(chosen)
    if generator.info.site is not Site.REMOTE:
        raise SpecError(
            f"{entry.label} is no server (its adapter is {entry.adapter}); a load is for http, realtime and "
            "other adapters that ask one; run and sweep time the others"
        )
    asked = generator.hosts()
    if asked is None:
        raise SpecError(
            f"{entry.adapter} does not say which hosts it asks (Generator.hosts), so none is loaded"
        )
    for host in asked:
        if host not in hosts:
            raise SpecError(
                f"{entry.label} asks {host}, which is not this machine; a load is sent there only if the "
                f"command names it: --host {host}"
            )
    for host in hosts:
        if host not in asked:
            known = f"it asks {', '.join(asked)}" if asked else "it asks this machine only"
            raise SpecError(f"--host {host}: {entry.label} asks no such host; {known}")
    count = min(sample_count(suites[0], suites, spec.samples), _MOST_PROMPTS)
    wishes = [
        (prompt, replace(request, params={**request.params, **entry.params}))
        for prompt, request in requests(suites[0], prompts[0], spec.seed, count)
    ]
    served, refused = served_requests(entry, generator, suites[0], wishes)
    if not served:
        raise SpecError(f"{entry.label} can serve none of suite {suites[0].name}: {refused[0].reason}")
    made = tuple(sample.made for sample in served)
    return Target(chosen, entry, made, tuple(asked), tuple(generator.remarks(made[:1])))


def _chosen(generators: Sequence[GeneratorSpec], label: str | None) -> GeneratorSpec:
    labels = [each.label for each in generators]
    if label is not None and label not in labels:
        raise SpecError(f"-g {label}: the specification has: {', '.join(labels)}")
    if label is None and len(generators) > 1:
        raise SpecError(f"a load is for one generator; choose it with -g: {', '.join(labels)}")
    return generators[labels.index(label) if label is not None else 0]
