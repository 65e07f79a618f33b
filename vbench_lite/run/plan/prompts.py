"""The prompts of a suite: captions of a data set, texts in the suite, or a list in a file beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from vbench_lite import registry
from vbench_lite.dataset import Prompt, find_dataset, load_dataset, with_ids
from vbench_lite.errors import ClipError, PromptError, RegistryError, SpecError
from vbench_lite.run.plan.data import dataset_prompts
from vbench_lite.store.schema import RunDocument
from vbench_lite.suite import DatasetPrompts, ListedPrompts, PromptSets, Suite, parse_suite
from vbench_lite.video.prompt_lines import prompt_texts
from vbench_lite.yaml_text import read_yaml

TEXT = ".txt"  # one prompt a line


def suite_prompts(suite: Suite, folder: Path | None = None) -> list[Prompt]:
    """Return the prompts of a suite in their fixed order.

    Args:
        folder: where the suite's file lies, for a relative path in it; None: that of the registered
            suite of this name, else the working directory.

    Raises:
        PromptError: the prompt file is missing or is no list of texts.
        DatasetError, RegistryError: the data set is not there, or has no such captions.
    """
    source = suite.prompts
    if isinstance(source, DatasetPrompts):
        found = (
            find_dataset(suite.data.ref) if suite.data is not None else load_dataset(source.dataset, folder)
        )
        return _scripted(dataset_prompts(source, found), suite)
    listed = written_out(source, folder or suite_folder(suite.name))
    notes = listed.look_for or ("",) * len(listed.texts)
    tags = listed.tags or ((),) * len(listed.texts)
    return [
        replace(prompt, look_for=note, tags=its)
        for prompt, note, its in zip(with_ids(list(listed.texts)), notes, tags, strict=True)
    ]


def _scripted(prompts: Sequence[Prompt], suite: Suite) -> list[Prompt]:
    """Each prompt with each script of the suite; as they are where it has none."""
    if not suite.request.scripts:
        return list(prompts)
    numbers = range(len(suite.request.scripts))
    return [replace(prompt, script=number) for prompt in prompts for number in numbers]


def prompts_of(document: RunDocument) -> dict[str, Prompt]:
    """Prompts by id, over the suites of a run.

    Raises:
        DatasetError: the data set of a suite is not where the run found it.
    """
    return {
        prompt.prompt_id: prompt
        for content in document.suites
        for prompt in suite_prompts(parse_suite(content, f"run {document.run_id}"))
    }


def tags_of(document: RunDocument) -> dict[str, tuple[str, ...]]:
    """Tags by prompt id, over the suites of a run; raises as `prompts_of`."""
    return {name: prompt.tags for name, prompt in prompts_of(document).items()}


def written_out(source: ListedPrompts | PromptSets, folder: Path) -> ListedPrompts:
    """Prompts with every text in place, so that they can be read without the files that held them.

    Raises:
        PromptError: a file is missing or is no list of texts. RegistryError: no set has such a name.
    """
    if isinstance(source, PromptSets):
        lists = [read_prompts(set_path(name)) for name in source.sets]
    elif source.file is not None:
        lists = [read_prompts(folder / source.file)]
    else:
        return source
    texts = [text for listed in lists for text in listed.texts]
    notes = [note for listed in lists for note in listed.look_for or ("",) * len(listed.texts)]
    names = source.sets if isinstance(source, PromptSets) else ()
    tags = [(Path(name).stem,) for name, listed in zip(names, lists, strict=False) for _ in listed.texts]
    return ListedPrompts(texts=tuple(texts), look_for=tuple(notes) if any(notes) else (), tags=tuple(tags))


def with_prompt_sets(suite: Suite, sets: Sequence[str]) -> Suite:
    """A suite with other prompts: its name says whose, and it asks for each once.

    Real clips are of other prompts: those of an open suite are the scale all the same, others fall away.

    Raises:
        SpecError: the suite gives frames of its own data set.
        RegistryError, PromptError: no set has such a name, or its file is malformed.
    """
    listed = written_out(PromptSets(sets=tuple(sets)), Path())
    content = suite.model_dump(mode="json") | {
        "name": "-".join([suite.name, *(Path(name).stem for name in sets)]),
        "prompts": listed.model_dump(mode="json"),
        "samples": len(listed.texts),
        "data": None,
        "also": (),
        **({"scale": suite.dataset} if suite.open else {"reference": None}),
    }
    return parse_suite(content, f"suite {suite.name} with the prompts {', '.join(sets)}")


def set_path(name: str) -> Path:
    """The file of a prompt set, by its registered name or its path.

    Raises:
        RegistryError: no set has this name.
    """
    own = name.endswith((".yaml", ".yml", TEXT))
    return Path(name) if own else Path(registry.load("prompts", name))


def suite_folder(name: str) -> Path:
    """The folder of a suite, by its registered name or the path of its file."""
    if name.endswith((".yaml", ".yml")):
        return Path(name).parent
    try:
        found = registry.load("suites", name)
    except RegistryError:  # a suite that was read from a file elsewhere
        return Path()
    return Path(found() if callable(found) else found).parent


def read_prompts(path: Path) -> ListedPrompts:
    """Read a text file with one prompt a line, or a YAML list of texts or of mappings {prompt, look_for}.

    Raises:
        PromptError: the file is missing, is no YAML, or holds anything but non-empty texts.
    """
    try:
        if path.suffix == TEXT:
            return ListedPrompts(texts=tuple(prompt_texts(path)))
        data: Any = read_yaml(path, f"prompt file {path}")
    except (ClipError, SpecError) as error:
        raise PromptError(str(error)) from None
    if not isinstance(data, list) or not data:
        raise PromptError(f"prompt file {path} must be a list of texts, got {type(data).__name__}")
    texts, notes = [], []
    for index, entry in enumerate(data):
        told = entry if isinstance(entry, dict) else {"prompt": entry}
        unknown = sorted(map(str, told.keys() - {"prompt", "look_for"}))
        if unknown:
            raise PromptError(
                f"prompt file {path}: entry {index + 1} has the key {unknown[0]!r}; "
                "there are: prompt, look_for"
            )
        text, note = told.get("prompt"), told.get("look_for", "")
        if not isinstance(text, str) or not text.strip():
            raise PromptError(f"prompt file {path}: entry {index + 1} is no text: {text!r}; quote it")
        if not isinstance(note, str):
            raise PromptError(
                f"prompt file {path}: look_for of entry {index + 1} is no text: {note!r}; quote it"
            )
        texts.append(text)
        notes.append(note)
    return ListedPrompts(texts=tuple(texts), look_for=tuple(notes) if any(notes) else ())
