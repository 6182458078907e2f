"""What an edition said, as bytes that are kept for ever, and back.

The values are written field by field, by name, so that what was kept by an earlier version of the
software can still be read: a field that it did not know has its default or is empty.
"""

from __future__ import annotations

import json
import types
import zlib
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from publisher.newsletter.edition import Contents


def freeze(contents: Contents) -> bytes:
    """The contents as compressed JSON."""
    return zlib.compress(json.dumps(_plain(contents), ensure_ascii=False).encode())


def thaw(data: bytes) -> Contents:
    """The contents as they were frozen."""
    contents: Contents = _value(Contents, json.loads(zlib.decompress(data)))
    return contents


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, date):  # a datetime is one, too
        return value.isoformat()
    return str(value) if isinstance(value, str) else value


def _value(kind: Any, plain: Any) -> Any:
    """A value of the annotated `kind` from its plain form."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        (kind,) = (one for one in get_args(kind) if one is not type(None))
        return None if plain is None else _value(kind, plain)
    if origin is tuple:
        return tuple(_value(get_args(kind)[0], one) for one in plain)
    if origin is Literal:
        return plain
    if is_dataclass(kind):
        return kind(**_fields(kind, plain))  # type: ignore[operator]
    if issubclass(kind, date):
        return kind.fromisoformat(plain)
    return kind(plain) if issubclass(kind, str) else plain


def _fields(kind: Any, plain: dict[str, Any]) -> dict[str, Any]:
    hints = _hints(kind)
    return {
        one.name: _value(hints[one.name], plain[one.name])
        if one.name in plain
        else _default(one, hints[one.name])
        for one in fields(kind)
    }


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _default(field: Field[Any], kind: Any) -> Any:
    if field.default is not MISSING:
        return field.default
    if field.default_factory is not MISSING:
        return field.default_factory()
    if get_origin(kind) in (Union, types.UnionType):
        return None
    empty: dict[Any, Any] = {tuple: (), int: 0, bool: False}
    return empty.get(get_origin(kind) or kind, "")
