"""British spellings of keys and arguments, read for one version as the American ones that stand for them."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Mapping
from typing import Any, TypeVar

Class = TypeVar("Class", bound=type)

AMERICAN: Mapping[str, str] = {"licence": "license", "weights_licence": "weights_license"}


def american(values: Any) -> Any:
    """The mapping with the keys of `AMERICAN` in American spelling; anything else as it is.

    Raises:
        ValueError: a key stands there in both spellings.
    """
    if not isinstance(values, Mapping) or not AMERICAN.keys() & values.keys():
        return values
    for british in AMERICAN.keys() & values.keys():
        if AMERICAN[british] in values:
            raise ValueError(f"{british} and {AMERICAN[british]} are one key: keep {AMERICAN[british]}")
    return {AMERICAN.get(key, key): value for key, value in values.items()}


def takes_british(cls: Class) -> Class:
    """A class whose constructor takes the arguments of `AMERICAN` in both spellings, with a warning."""
    plain = vars(cls)["__init__"]

    @functools.wraps(plain)
    def construct(self: Any, *args: Any, **given: Any) -> None:
        for british in AMERICAN.keys() & given.keys():
            warnings.warn(
                f"{cls.__name__}: write {AMERICAN[british]} for {british}", DeprecationWarning, stacklevel=2
            )
        plain(self, *args, **american(given))

    setattr(cls, "__init__", construct)  # noqa: B010 (a dataclass makes its own; this one wraps it)
    return cls
