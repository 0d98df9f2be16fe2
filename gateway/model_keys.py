"""Which keys a model allows at a place: pydantic says that a key is too many, but not which it would have taken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel


def allowed_keys(model: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    """The keys that the models at `location` (as pydantic gives it) take, in the order of their fields."""
    types: list[Any] = [model]
    for step in location:
        types = [below for candidate in types for below in _step(candidate, step)] or _branch(types, step)
    keys: dict[str, None] = {}
    for candidate in _members(types):
        if _is_model(candidate):
            keys.update(dict.fromkeys(info.alias or name for name, info in candidate.model_fields.items()))
    return list(keys)


def _is_model(candidate: Any) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, BaseModel)


def _branch(types: list[Any], step: str | int) -> list[Any]:
    """A step that leads nowhere names the branch of a union: its model, where one has that name."""
    return [model for model in _members(types) if _is_model(model) and model.__name__ == step] or types


def _members(types: list[Any]) -> Iterator[Any]:
    """The types without `Annotated`, aliases (`type X = …`) and unions around them."""
    for candidate in types:
        if hasattr(candidate, "__value__"):
            yield from _members([candidate.__value__])
        elif get_origin(candidate) is Annotated:
            yield from _members([get_args(candidate)[0]])
        elif get_origin(candidate) in _CONTAINERS or _is_model(candidate):
            yield candidate
        else:
            yield from _members([argument for argument in get_args(candidate) if argument is not candidate])


_CONTAINERS = (list, tuple, dict, set, frozenset)


def _step(candidate: Any, step: str | int) -> Iterator[Any]:
    for member in _members([candidate]):
        if _is_model(member):
            for name, info in member.model_fields.items():
                if step == (info.alias or name):
                    yield info.annotation
        elif isinstance(step, int) or get_origin(member) is dict:
            yield from get_args(member)[-1:] if get_origin(member) is dict else get_args(member)[:1]
