"""How what the port says of arguments and answers becomes bytes and comes back: by the port's own annotations."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
from pydantic import BaseModel


def _written(value: Any) -> Any:
    """What msgspec does not know: models of files go as the files would say it."""
    if isinstance(value, BaseModel):
        return value.model_dump_json(by_alias=True, exclude_defaults=True)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be carried to another process")


def _read(kind: Any, value: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind.model_validate_json(value)
    raise TypeError(f"{kind} cannot be carried to another process")


_encode = msgspec.msgpack.Encoder(enc_hook=_written).encode


class Shape:
    """Of one annotation. Where several structs without a tag are possible, the number of the one goes with it."""

    def __init__(self, hint: Any) -> None:
        self._hint = hint
        self._untagged = _untagged(hint)

    def check(self) -> None:
        """Raises TypeError for an annotation that cannot be carried."""
        for each in self._untagged or [self._hint]:
            msgspec.msgpack.Decoder(each, dec_hook=_read)

    def encode(self, value: Any) -> bytes:
        if not self._untagged:
            return _encode(value)
        number = next(number for number, each in enumerate(self._untagged) if isinstance(value, each))
        return _encode((number, value))

    def decode(self, body: bytes) -> Any:
        """Raises msgspec.ValidationError."""
        if not self._untagged:
            return self._decoder.decode(body)
        number, rest = self._numbered.decode(body)
        return msgspec.msgpack.decode(rest, type=self._untagged[number], dec_hook=_read)

    @cached_property
    def _decoder(self) -> msgspec.msgpack.Decoder[Any]:
        return msgspec.msgpack.Decoder(self._hint, dec_hook=_read)

    @cached_property
    def _numbered(self) -> msgspec.msgpack.Decoder[tuple[int, msgspec.Raw]]:
        return msgspec.msgpack.Decoder(tuple[int, msgspec.Raw])


class Call:
    """One method of a port. Raises TypeError, at the first use, for annotations that cannot be carried."""

    def __init__(self, method: Callable[..., Any]) -> None:
        hints = get_type_hints(method)
        self._signature = inspect.signature(method)
        names = [name for name in self._signature.parameters if name != "self"]
        self.arguments = Shape(tuple[tuple(hints[name] for name in names)] if names else tuple[()])  # type: ignore[misc]
        self.answer = Shape(hints["return"])

    def bound(self, arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """All arguments in their order, those left out by their defaults."""
        bound = self._signature.bind(None, *arguments, **named)
        bound.apply_defaults()
        return tuple(bound.arguments.values())[1:]


def _untagged(hint: Any) -> list[Any]:
    if get_origin(hint) not in (Union, types.UnionType):
        return []
    members = [each for each in get_args(hint) if each is not type(None)]
    structs = [each for each in members if isinstance(each, type) and issubclass(each, msgspec.Struct)]
    if len(structs) < 2 or all(each.__struct_config__.tag is not None for each in structs):
        return []
    if len(structs) < len(members) or type(None) in get_args(hint):
        raise TypeError(f"{hint} cannot be carried to another process: structs without a tag among other things")
    return structs
