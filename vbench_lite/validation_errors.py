"""What in a document does not fit its contract, in one line that a person can act on.

pydantic knows every fault, but names it for programmers: "Extra inputs are not permitted",
`prompts.function-after[...].dataset`. Here the place is a path of keys, an unknown key comes with the
nearest one there is, and a wrong value is shown.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from vbench_lite.errors import SpecError

Model = TypeVar("Model", bound=BaseModel)

SHOWN = 40  # characters of a wrong value
NEEDED = {  # what a type of pydantic's is called by people
    "int_parsing": "a whole number is needed",
    "int_type": "a whole number is needed",
    "int_from_float": "a whole number is needed",
    "float_parsing": "a number is needed",
    "float_type": "a number is needed",
    "bool_parsing": "true or false is needed",
    "bool_type": "true or false is needed",
    "string_type": "a text is needed",
    "list_type": "a list is needed",
    "tuple_type": "a list is needed",
    "dict_type": "keys with values are needed (key: value)",
    "model_type": "keys with values are needed (key: value)",
    "model_attributes_type": "keys with values are needed (key: value)",
}


def validated(model: type[Model], data: Any, where: str) -> Model:
    """What a model makes of parsed YAML; `where` names it in errors.

    Raises:
        SpecError: it does not fit; the message says what and where.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise SpecError(f"{where}: {validation_error(error, model)}") from None


def validation_error(error: ValidationError, model: type[BaseModel], top: str = "top level") -> str:
    """The first fault that a model found, as "place: what is wrong"; `top` names the whole document."""
    return validation_faults(error, model, top)[0]


def validation_faults(error: ValidationError, model: type[BaseModel], top: str = "top level") -> list[str]:
    """Every fault that a model found, each once."""
    every = error.errors()
    # A list whose members are at fault is left empty and counts as too short: that is no fault of its own.
    own = [one for one in every if one["type"] != "too_short" or not any(_within(o, one) for o in every)]
    return list(dict.fromkeys(_line(fault, model, top) for fault in own))


def _within(inner: ErrorDetails, outer: ErrorDetails) -> bool:
    start = outer["loc"]
    return len(inner["loc"]) > len(start) and inner["loc"][: len(start)] == start


def _line(fault: ErrorDetails, model: type[BaseModel], top: str) -> str:
    keys, models = _way(fault["loc"], model)
    kind, value = fault["type"], fault["input"]
    place = ".".join(keys) or top
    if kind == "extra_forbidden":
        return f"{place}: there is no such key; {_known(keys[-1], models)}"
    if kind == "missing":
        return f"{place}: is missing"
    if kind in NEEDED:
        return f"{place}: {NEEDED[kind]}, not {_shown(value)}"
    text = fault["msg"].removeprefix("Value error, ")
    if text.startswith("Input should"):
        return f"{place}: {text.removeprefix('Input ')}, not {_shown(value)}"
    return f"{place}: {text}"


def _way(loc: Sequence[int | str], model: type[BaseModel]) -> tuple[list[str], list[type[BaseModel]]]:
    """The keys on the way to a fault, and the models that could hold the last of them.

    What pydantic calls the members of a union (the name of a class, or of a validator around it) is no key.
    """
    keys: list[str] = []
    here, inner = [model], [model]
    for part in loc:
        named = [one for one in inner if isinstance(part, str) and part in one.model_fields]
        member = isinstance(part, str) and ("[" in part or part in {one.__name__ for one in inner})
        if member and not named:
            inner = [one for one in inner if one.__name__ in str(part)] or inner
            continue
        keys.append(str(part))
        here = inner
        if named:
            inner = [found for one in named for found in _models(one.model_fields[str(part)].annotation)]
    return keys, here


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Every model in a type, as in `list[Model] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def _known(key: str, models: Sequence[type[BaseModel]]) -> str:
    known = list(dict.fromkeys(name for one in models for name in one.model_fields))
    near = difflib.get_close_matches(key, known, n=1)
    if near:
        return f"did you mean {near[0]}?"
    return f"there are: {', '.join(known)}" if known else "there are none here"


def _shown(value: Any) -> str:
    if isinstance(value, BaseModel | dict):
        return "keys with values"
    if isinstance(value, list | tuple):
        return "a list"
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
