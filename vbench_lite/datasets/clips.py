"""`clips`: real clips of the user's own, a folder or a manifest.

A manifest (CSV with a header, or JSON lines) gives `file` and, where they are known, `prompt`, `source`,
`tags`, `look_for` and `split`; and what is given with a prompt in place of frames of its real clip
(`inputs`): a line that gives something may name no clip. A folder is searched for files that are named like
videos; it may hold a manifest named `metadata` or `manifest`, or beside each clip a text file of its name
with the caption. What is wrong with a line or a file is told, and the rest is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from vbench_lite.dataset import ClipSize, Dataset, DatasetInfo, Draw, Gives, Prompt, RealClip
from vbench_lite.datasets.inputs import Inputs, read_inputs
from vbench_lite.datasets.real_clips import RealClips
from vbench_lite.datasets.windows import Recording
from vbench_lite.errors import ClipError, DatasetError
from vbench_lite.video.folder import find_clips
from vbench_lite.video.list_rows import LISTS, list_rows
from vbench_lite.video.manifest import GIVEN_COLUMNS, inside, text_in

COLUMNS = ("file", "prompt", "source", "tags", "look_for", "split", *GIVEN_COLUMNS)
_SIDES: dict[str, Literal["real", "reference"]] = {
    **dict.fromkeys(("real", "held_out", "held-out", "test", "val", "validation"), "real"),
    **dict.fromkeys(("reference", "train"), "reference"),
}
_LISTS = tuple(f"{stem}{suffix}" for stem in ("metadata", "manifest") for suffix in sorted(LISTS))
_NONE = "it is a folder or a manifest of yours: --dataset PATH"


class Clips(Dataset):
    """Real clips of your own: a folder or a manifest, with captions where there are some."""

    @classmethod
    def opens(cls, path: Path) -> Dataset | None:
        if path.is_dir() or path.suffix.lower() in LISTS:
            return open_clips(path)
        return None

    @property
    def info(self) -> DatasetInfo:
        return DatasetInfo(
            name="clips",
            version=1,
            license="yours",
            summary="real clips of your own, a folder or a manifest: --dataset PATH",
            vocabulary="open",
            gives=frozenset(),
            lacks=dict.fromkeys(Gives, _NONE),
            content="none",
        )

    def prompts(self, draw: Draw) -> list[Prompt]:
        raise DatasetError(f"data set clips: {_NONE}")

    def real(self, prompt: str | None, seed: int, size: ClipSize) -> RealClip:
        raise DatasetError(f"data set clips: {_NONE}")

    def reference(self, draw: Draw, size: ClipSize) -> list[RealClip]:
        raise DatasetError(f"data set clips: {_NONE}")


def open_clips(path: Path) -> RealClips:
    """The data set of a folder or a manifest.

    Raises:
        DatasetError: it holds no usable clip, or the manifest is none.
        ClipError: no file of the folder is named like a video.
    """
    faults: list[str] = []
    inputs: list[Inputs] = []
    lists = [path] if path.is_file() else [path / name for name in _LISTS if (path / name).is_file()]
    if lists:
        try:
            recordings = list(_listed(lists[0], faults, inputs))
        except ClipError as error:
            raise DatasetError(f"data set {path}: {error}") from None
    else:
        recordings = [_beside(clip.name, clip.path) for clip in find_clips(path).clips]
    if not recordings and not any(one.bare for one in inputs):
        raise DatasetError(f"data set {path}: no line of it names a clip{f': {faults[0]}' if faults else ''}")
    return RealClips(
        recordings,
        name=(path if path.is_dir() else path.with_suffix("")).resolve().name,
        license="unknown",
        summary=f"real clips of {path.resolve().name}",
        faults=faults,
        inputs=inputs,
    )


def _beside(name: str, path: Path) -> Recording:
    """A file of a folder, with the caption in the text file beside it."""
    text = path.with_suffix(".txt")
    caption = text.read_text(encoding="utf-8", errors="replace").strip() if text.is_file() else ""
    return Recording(name, path, name, " ".join(caption.split()) or None)


def _listed(path: Path, faults: list[str], inputs: list[Inputs]) -> Iterator[Recording]:
    """Recordings of a manifest, and what it gives with prompts; lines that cannot be used are told."""
    base = path.parent.resolve()
    seen: set[str] = set()
    unread: set[str] = set()
    for line, facts in list_rows(path, faults):
        where = f"{path.name}, line {line}"
        unread |= facts.keys() - set(COLUMNS)
        try:
            one = _described(facts, where)
            given = read_inputs(facts, base, where, one.prompt)
            file = _file(facts, base, where, needed=given is None)
        except ClipError as error:
            faults.append(str(error))
            continue
        if file is None:
            assert given is not None
            source = one.source or where
            inputs.append(replace(given, bare=True, source=source, tags=one.tags, look_for=one.look_for))
            continue
        name, clip = file
        if name in seen:
            faults.append(f"{where}: {name} is named twice; the first line counts")
            continue
        seen.add(name)
        inputs += [] if given is None else [given]
        yield replace(one, name=name, path=clip, source=one.source or name)
    if unread:
        known = ", ".join(COLUMNS)
        faults.append(f"{path.name}: not read: {', '.join(sorted(unread))}; a manifest gives {known}")


def _file(facts: Mapping[str, Any], base: Path, where: str, *, needed: bool) -> tuple[str, Path] | None:
    """The clip of a line, by its name and path; None where it names none and need not.

    Raises:
        ClipError: it is no path within the manifest's folder, or is needed and not there.
    """
    file = facts.get("file")
    if not needed and file in (None, ""):
        return None
    if "file" not in facts:
        raise ClipError(f"{where}: has no file; a manifest gives {', '.join(COLUMNS)}")
    if not isinstance(file, str) or not file or "\0" in file:
        raise ClipError(f"{where}: file must be a path, got {file!r}")
    return file, inside(base, file, where)


def _described(facts: Mapping[str, Any], where: str) -> Recording:
    """What a line says of its clip, whose file is not known yet; raises ClipError where it cannot be used."""
    columns = ("prompt", "source", "look_for", "split")
    texts = {column: " ".join(text_in(facts, column, where).split()) for column in columns}
    split = texts["split"].lower()
    if split and split not in _SIDES:
        raise ClipError(f"{where}: split {split!r} is none; there are: {', '.join(_SIDES)}")
    tags = facts.get("tags") or ()
    named = tags.replace(",", ";").split(";") if isinstance(tags, str) else [str(tag) for tag in tags]
    return Recording(
        name=where,
        path=Path(),
        source=texts["source"],
        prompt=texts["prompt"] or None,
        tags=tuple(tag.strip() for tag in named if tag.strip()),
        look_for=texts["look_for"],
        split=_SIDES.get(split),
    )
