"""The data set of a suite: found for a plan, replaced where a run asks for it, found again for scoring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from vbench_lite import registry
from vbench_lite.dataset import (
    ClipSize,
    Dataset,
    Draw,
    Gives,
    Prompt,
    find_dataset,
    load_dataset,
    reference_to,
)
from vbench_lite.errors import DatasetError, SpecError
from vbench_lite.suite import DatasetPrompts, FoundDataset, RequestSpec, Suite, parse_suite
from vbench_lite.video.control_signals import DERIVED

CONTROLS = ("real", "frozen", "noise", "shuffled")  # arms that are made of the data set's clips
STEERED_CONTROLS = (
    "oracle",
    "action-blind",
    "delayed-3",
    "copy-last",
    "swapped-keys",
)  # of the world steered
_GIVEN = {"image": Gives.FIRST_FRAMES, "past_frames": Gives.PAST_FRAMES, "clip": Gives.REAL}


def suite_dataset(suite: Suite) -> Dataset | None:
    """The data set of whose clips a suite's controls and reference are made; None where it names none.

    Raises:
        DatasetError, RegistryError: it is not there, or is another one than the run found.
    """
    if suite.data is not None:
        return find_dataset(suite.data.ref)
    return None if suite.dataset is None else load_dataset(suite.dataset)


def controls_of(suite: Suite) -> tuple[str, ...]:
    """The control arms of a suite, by their labels; none where no data set makes them."""
    if suite.data is None:
        return ()
    return STEERED_CONTROLS if suite.request.scripts else CONTROLS


def with_found_dataset(suite: Suite, folder: Path) -> Suite:
    """A suite that says which content its data set has; itself where it names none.

    Args:
        folder: where a relative path in the suite starts from.

    Raises:
        DatasetError, RegistryError, SpecError: the data set is not there, or cannot give what the suite asks.
    """
    name = suite.dataset
    if name is None or suite.data is not None:
        return suite
    path = None if name in registry.names("datasets") else folder / name
    found = load_dataset(name, folder)
    given, kind = suite.request.given, suite.request.control_kind
    wanted = [Gives.CAPTIONS] if isinstance(suite.prompts, DatasetPrompts) else [Gives.REAL]
    wanted += [] if given is None or kind is not None else [_GIVEN[given]]
    if kind is not None and kind not in found.own_inputs:
        if kind not in DERIVED:
            raise SpecError(
                f"suite {suite.name}: data set {found.info.name} gives no {kind}; a manifest can (column "
                f"{kind}), and real clips give {', '.join(DERIVED)}"
            )
        wanted.append(Gives.REAL)
    wanted += [Gives.STEERED] if suite.request.scripts else []
    for need in wanted:
        if need not in found.info.gives:
            beside = path is None and (folder / name).exists()
            hint = f"; for what lies at {name} write ./{name}" if beside else ""
            raise SpecError(f"suite {suite.name}: {_lacking(found, need)}{hint}")
    ref = reference_to(found, path)
    data = FoundDataset(name=ref.name, content=ref.content, path=ref.path)
    return suite.model_copy(update={"data": data})


def with_dataset(suite: Suite, name: str) -> Suite:
    """A suite on another data set: its captions where it has some, and its real clips in any case.

    A data set without captions leaves the suite's own prompts, so its clips are of other things: an
    unpaired ceiling, and a reference.

    Raises:
        SpecError: the suite judges a world of its own.
        DatasetError, RegistryError: there is no such data set.
    """
    if not suite.open:
        raise SpecError(
            f"suite {suite.name} judges the captions of {suite.dataset or 'no data set'} only; "
            "--dataset is for open suites (vbench-lite list suites)"
        )
    found = load_dataset(name)
    content = suite.model_dump(mode="json", exclude_defaults=True)
    if Gives.CAPTIONS in found.info.gives:
        content |= {"prompts": {"dataset": name}, "samples": min(suite.samples, len(found.prompts(Draw())))}
        content.pop("scale", None)
    elif isinstance(suite.prompts, DatasetPrompts):
        own = load_dataset(suite.prompts.dataset).prompts(draw_of(suite.prompts))
        content |= {"prompts": {"texts": [prompt.text for prompt in own]}, "scale": name}
    else:
        content["scale"] = name
    return parse_suite(content, f"suite {suite.name} on {name}")


def with_answers(suite: Suite, texts: Sequence[str]) -> Suite:
    """A suite that asks for what clips made elsewhere answer, each once, on the scale of its own data set."""
    content = suite.model_dump(mode="json", exclude_defaults=True) | {
        "prompts": {"texts": list(texts)},
        "scale": suite.dataset,
        "samples": len(texts),
    }
    return parse_suite(content, f"suite {suite.name} on the prompts of clips made elsewhere")


def with_size(suite: Suite, size: ClipSize) -> Suite:
    """A suite that asks for clips of another size.

    Raises:
        SpecError: the suite is made for its own.
    """
    if not suite.open:
        raise SpecError(f"suite {suite.name} is made for {suite.request.size}; --size is for open suites")
    content = suite.model_dump(mode="json", exclude_defaults=True)
    request = suite.request.model_dump(mode="json", exclude_defaults=True, exclude={"num_frames", "seconds"})
    length = {"num_frames": size.num_frames} if size.seconds is None else {"seconds": size.seconds}
    content["request"] = request | length | {"height": size.height, "width": size.width, "fps": size.fps}
    return parse_suite(content, f"suite {suite.name} at {size}")


def draw_of(source: DatasetPrompts) -> Draw:
    """What a suite asks a data set for."""
    return Draw(source.count, source.seed, source.split, source.edits, source.tags)


def dataset_prompts(source: DatasetPrompts, dataset: Dataset) -> list[Prompt]:
    """The prompts that a suite draws, in their order."""
    if source.edits and Gives.EDITS not in dataset.info.gives:
        raise SpecError(_lacking(dataset, Gives.EDITS))
    drawn = dataset.prompts(draw_of(source))
    if not drawn:
        raise DatasetError(f"data set {dataset.info.name} has no such captions")
    if not source.latent_path:
        return drawn
    places = [index / (source.latent_path - 1) for index in range(source.latent_path)]
    return [replace(prompt, walk=place) for prompt in drawn for place in places]


def held_out_size(request: RequestSpec, num_frames: int, height: int, width: int) -> ClipSize:
    """The size of the held-out clip that a sample's given frames come from, and what follows them."""
    past = request.given_frames if request.given == "past_frames" else 0
    return ClipSize(past + num_frames, height, width, request.fps)


def _lacking(dataset: Dataset, need: Gives) -> str:
    info = dataset.info
    why = info.lacks.get(need)
    if need is Gives.STEERED:
        return f"data set {info.name} cannot be steered{f': {why}' if why else ''}"
    return f"data set {info.name} gives no {need.replace('_', ' ')}{f': {why}' if why else ''}"
