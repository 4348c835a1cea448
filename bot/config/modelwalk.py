"""From where pydantic says an error is to where that is in the file.

pydantic's `loc` mixes keys and positions with labels of union members (`decimal`, `cap`,
`dict[str,decimal]`). Walking the annotations along with it tells the two apart.
See https://docs.pydantic.dev/latest/errors/errors/.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import AliasChoices, AliasPath, BaseModel, RootModel

from bot.config.places import KeyPath

_KEY_ITSELF = "[key]"


class Trail(NamedTuple):
    """The way of one error through model and file.

    `path` leads to the value; `forks` are the unions passed, each with the member that was tried;
    `held_by` are the types of what holds the value and `types` those of the value itself, several
    where a label fits several; `is_key`: the error is about the last key, not its value.
    """

    path: KeyPath
    forks: tuple[tuple[KeyPath, str], ...]
    held_by: tuple[Any, ...]
    types: tuple[Any, ...]
    is_key: bool


def follow(loc: tuple[str | int, ...], model: type[BaseModel], value: Any) -> Trail:
    """The trail of an error's `loc`. `value` is what the file has at the place of the model."""
    trail = Trail((), (), (), tuple(members(model)), is_key=False)
    at_union = len(trail.types) > 1
    for step in loc:
        if step == _KEY_ITSELF:
            trail = trail._replace(is_key=True)
        elif at_union:
            trail, at_union = _chosen(trail, str(step), value), False
        else:
            inner = [child for held in trail.types for child in _children(held, step)]
            at_union = any(len(list(members(child))) > 1 for child in inner)
            value = _child_value(value, step)
            trail = trail._replace(
                path=(*trail.path, step),
                held_by=trail.types,
                types=tuple(member for child in inner for member in members(child)),
            )
    return trail


def members(annotation: Any) -> Iterator[Any]:
    """The types an annotation stands for: members of a union, without None and without metadata."""
    if get_origin(annotation) is Annotated:
        yield from members(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from members(member)
    elif _is_model(annotation) and issubclass(annotation, RootModel):
        yield from members(annotation.model_fields["root"].annotation)
    elif annotation is not types.NoneType and annotation is not None:
        yield annotation


def keys_of(candidates: tuple[Any, ...]) -> tuple[str, ...]:
    """The keys that models accept, as a file writes them, in the order of their fields."""
    models = [model for model in candidates if _is_model(model)]
    return tuple(dict.fromkeys(names[0] for model in models for names, _ in _fields(model)))


def words_of(candidates: tuple[Any, ...], key: str) -> tuple[str, ...]:
    """The words that models accept under a key: what tells the members of a union apart."""
    annotations = (child for model in candidates for child in _children(model, key))
    return tuple(dict.fromkeys(word for annotation in annotations for word in _words(annotation)))


def _chosen(trail: Trail, label: str, value: Any) -> Trail:
    named = tuple(member for member in trail.types if _answers_to(member, label, value))
    return trail._replace(forks=(*trail.forks, (trail.path, label)), types=named or trail.types)


def _answers_to(member: Any, label: str, value: Any) -> bool:
    """Whether a union member goes by a label: a discriminating word, a model's name or a type's."""
    if _is_model(member) and isinstance(value, Mapping):
        for names, annotation in _fields(member):
            said = next((value[name] for name in names if name in value), None)
            if said == label and label in _words(annotation):
                return True
    name = getattr(get_origin(member) or member, "__name__", "")
    return bool(name) and name.lower() in label.lower()


def _children(held: Any, step: str | int) -> Iterator[Any]:
    if _is_model(held):
        yield from (annotation for names, annotation in _fields(held) if step in names)
        return
    arguments = get_args(held)
    if not arguments or get_origin(held) is Literal:
        return
    if isinstance(step, int) and get_origin(held) is tuple and Ellipsis not in arguments:
        yield from arguments[step : step + 1]
    else:
        yield arguments[0] if isinstance(step, int) else arguments[-1]


def _child_value(value: Any, step: str | int) -> Any:
    if isinstance(value, Mapping):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return None


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _fields(model: type[BaseModel]) -> Iterator[tuple[list[str], Any]]:
    """The keys of every field, the one to write first, and its annotation."""
    for name, field in model.model_fields.items():
        names = list(_aliases(field.validation_alias or field.alias))
        by_name = model.model_config.get("populate_by_name") or model.model_config.get(
            "validate_by_name"
        )
        yield ([*names, name] if by_name else names) or [name], field.annotation


def _aliases(alias: str | AliasPath | AliasChoices | None) -> Iterator[str]:
    if isinstance(alias, str):
        yield alias
    elif isinstance(alias, AliasPath):
        yield from (step for step in alias.path[:1] if isinstance(step, str))
    elif alias is not None:
        for choice in alias.choices:
            yield from _aliases(choice)


def _words(annotation: Any) -> list[str]:
    found: list[str] = []
    for member in members(annotation):
        if get_origin(member) is Literal:
            found += [str(_plain(word)) for word in get_args(member)]
        elif isinstance(member, type) and issubclass(member, Enum):
            found += [str(word.value) for word in member]
    return found


def _plain(word: Any) -> Any:
    return word.value if isinstance(word, Enum) else word
