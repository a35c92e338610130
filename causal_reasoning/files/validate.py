"""Check plain data against a pydantic model and say where it is wrong, in the file's own lines."""

from __future__ import annotations

from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError
from pydantic_core import ErrorDetails

from causal_reasoning.errors import Fault, InputError, did_you_mean
from causal_reasoning.files.yaml import Document, Path_

M = TypeVar("M", bound=BaseModel)

_KINDS: dict[type, str] = {
    dict: "a mapping",
    list: "a list",
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    type(None): "nothing",
}
_EXPECTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
_BOUNDS = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}
_PARTS = {
    "too_short": "entries",
    "too_long": "entries",
    "string_too_short": "characters",
    "string_too_long": "characters",
}
# Error types whose message is a full sentence of our own.
_OWN_MESSAGES = ("adapter", "binding", "data", "policy")


def validate(model: type[M], document: Document) -> M:
    """Build a pydantic model from a document.

    Parameters
    ----------
    model : type
        A pydantic model with ``extra="forbid"``.
    document : Document
        What `read_yaml` returned.

    Returns
    -------
    BaseModel
        An instance of ``model``.

    Raises
    ------
    InputError
        One fault for each thing that is wrong, in the order of the lines.
    """
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        faults = _merge_unions(model, document, error.errors())
        raise InputError(sorted(set(faults), key=lambda f: (f.line or 0, f.column or 0, f.message))) from None


def _merge_unions(model: type[BaseModel], document: Document, details: list[ErrorDetails]) -> Iterator[Fault]:
    """One fault a place: the branches of a union each complain, the most telling complaint is kept."""
    places: dict[Path_, list[ErrorDetails]] = {}
    for detail in details:
        places.setdefault(_path_in_data(model, document.data, detail["loc"]), []).append(detail)
    deepest = [path for path in places if not _has_deeper(path, places, document)]
    for path in deepest:
        group = places[path]
        group.sort(key=lambda d: d["type"] not in ("value_error", "literal_error", "enum", "extra_forbidden"))
        value = _value(document.data, path)
        if group[0]["type"] == "literal_error" and any(map(_expected, group)) and not _near(value, group[0]):
            wanted = " or ".join(dict.fromkeys(_expected(d) or _choices(d) for d in group))
            yield document.fault(path, f"{_subject(path)} must be {wanted}, this is {_kind(value)}")
        elif len({_expected(d) for d in group}) > 1 and all(_expected(d) for d in group):
            wanted = " or ".join(dict.fromkeys(_expected(d) for d in group))
            yield document.fault(path, f"{_subject(path)} must be {wanted}, this is {_kind(value)}")
        else:
            yield _fault(model, document, path, group[0])


def _has_deeper(path: Path_, places: dict[Path_, list[ErrorDetails]], document: Document) -> bool:
    """Whether another branch of a union got further into the same value than this one."""
    if all(d["type"] in ("missing", "extra_forbidden", "value_error") for d in places[path]):
        return False
    return any(other != path and other[: len(path)] == path for other in places)


def _fault(model: type[BaseModel], document: Document, path: Path_, detail: ErrorDetails) -> Fault:
    kind = detail["type"]
    last = path[-1] if path else ""
    if kind == "extra_forbidden":
        known = _fields_at(model, path[:-1], document.data)
        if last in known:
            others = ", ".join(f"'{key}'" for key in _value(document.data, path[:-1]) if key != last)
            return document.fault(path, f"the key '{last}' cannot stand beside {others}; keep one", key=True)
        return document.fault(path, f"unknown key '{last}'; {did_you_mean(str(last), known)}", key=True)
    if kind == "missing":
        missing = detail["loc"][-1]
        return document.fault(path, f"the key '{missing}' is missing{_inside(path)}", key=bool(path))
    if kind in ("literal_error", "enum"):
        written = _value(document.data, path)
        what = last if isinstance(last, str) else "value"
        return document.fault(path, f"unknown {what} {_shown(written)}; {did_you_mean(str(written), _words(detail))}")
    if kind == "value_error":
        return document.fault(path, str(detail.get("ctx", {}).get("error", detail["msg"])))
    expected = _expected(detail)
    if expected:
        found = _kind(_value(document.data, path))
        return document.fault(path, f"{_subject(path)} must be {expected}, this is {found}")
    limit = _limit(detail)
    if limit:
        value = _value(document.data, path)
        this = f", this is {_shown(value)}" if isinstance(value, int | float) else ""
        return document.fault(path, f"{_subject(path)} must {limit}{this}")
    if kind in _OWN_MESSAGES:
        return document.fault(path, detail["msg"])
    return document.fault(path, f"{_shown(_value(document.data, path))} is not allowed: {detail['msg'].lower()}")


def _subject(path: Path_) -> str:
    if not path:
        return "the file"
    if isinstance(path[-1], int):
        return f"item {path[-1] + 1}" + (f" of '{path[-2]}'" if len(path) > 1 else "")
    return f"'{path[-1]}'"


def _inside(path: Path_) -> str:
    return f" in '{path[-1]}'" if path else ""


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _choices(detail: ErrorDetails) -> str:
    """The values of a literal as pydantic lists them: ``'a', 'b' or 'c'``."""
    return str(detail.get("ctx", {}).get("expected", ""))


def _words(detail: ErrorDetails) -> list[str]:
    return [word.strip().strip("'") for word in _choices(detail).replace(" or ", ", ").split(",")]


def _near(value: Any, detail: ErrorDetails) -> bool:
    """Whether a value is nearly one of the values of a literal."""
    return isinstance(value, str) and did_you_mean(value, _words(detail)).startswith("did you mean")


def _limit(detail: ErrorDetails) -> str:
    """What a value of the right kind must obey."""
    context: dict[str, Any] = detail.get("ctx", {})
    kind = detail["type"]
    if kind in _BOUNDS:
        words, key = _BOUNDS[kind]
        return f"be {words} {context[key]:g}"
    if kind == "finite_number":
        return "be a finite number"
    if kind in ("too_short", "string_too_short"):
        least = context["min_length"]
        return "not be empty" if least == 1 else f"have at least {least} {_PARTS[kind]}"
    if kind in ("too_long", "string_too_long"):
        return f"have at most {context['max_length']} {_PARTS[kind]}"
    return ""


def _expected(detail: ErrorDetails) -> str:
    return _EXPECTED.get(detail["type"], "")


def _kind(value: Any) -> str:
    name = _KINDS.get(type(value), type(value).__name__)
    return f"{name} ({_shown(value)})" if isinstance(value, str | int | float) else name


def _value(data: Any, path: Path_) -> Any:
    here: Any = data
    for step in path:
        here = here[step]
    return here


def _path_in_data(model: type[BaseModel], data: Any, loc: tuple[str | int, ...]) -> Path_:
    """Keep those steps of a pydantic location that exist in the data (it also names union branches)."""
    path: list[str | int] = []
    here: Any = data
    annotations: list[Any] = [model]
    for step in loc:
        tagged = [branch for annotation in annotations for branch in _tagged(annotation, step)]
        if tagged:
            annotations = tagged
        elif (isinstance(here, dict) and step in here) or (
            isinstance(here, list) and isinstance(step, int) and step < len(here)
        ):
            path.append(step)
            here = _value(here, (step,))
            annotations = [following for annotation in annotations for following in _step(annotation, step)]
    return tuple(path)


def _tagged(annotation: Any, step: str | int) -> list[Any]:
    """The branch of a union that has this tag: a step of a location that is no key, even where a key is called so."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        if any(isinstance(mark, Tag) and mark.tag == step for mark in arguments[1:]):
            return [arguments[0]]
        return _tagged(arguments[0], step)
    if origin in (Union, UnionType):
        return [branch for argument in arguments for branch in _tagged(argument, step)]
    return []


def _fields_at(model: type[BaseModel], path: Path_, data: Any) -> list[str]:
    """Names of the fields allowed at a path, over all branches of unions; of one branch where a 'kind' names it."""
    models: list[Any] = [model]
    for step in path:
        following: list[Any] = []
        for candidate in models:
            following.extend(_step(candidate, step))
        models = following
    names: list[str] = []
    branches = [branch for candidate in models for branch in _branches(candidate)]
    models_there = [branch for branch in branches if isinstance(branch, type) and issubclass(branch, BaseModel)]
    value = _value(data, path)
    named = [branch for branch in models_there if _is_kind(branch, value)]
    for branch in named or models_there:
        names.extend(info.alias or name for name, info in branch.model_fields.items())
    return names


def _is_kind(branch: type[BaseModel], value: Any) -> bool:
    """Whether a mapping says by its 'kind', or by leaving out the usual one, that it is this branch of a union."""
    field = branch.model_fields.get("kind")
    if field is None or not isinstance(value, dict):
        return False
    return value.get("kind", field.default) in get_args(field.annotation)


def _branches(annotation: Any) -> list[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _branches(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return [leaf for branch in get_args(annotation) for leaf in _branches(branch)]
    return [annotation]


def _step(annotation: Any, step: str | int) -> list[Any]:
    found: list[Any] = []
    for branch in _branches(annotation):
        if isinstance(branch, type) and issubclass(branch, BaseModel):
            for name, info in branch.model_fields.items():
                if step in (name, info.alias):
                    found.append(info.annotation)
        else:
            arguments = [a for a in get_args(branch) if a is not Ellipsis]
            if arguments:
                found.append(arguments[-1])
    return found
