"""The reference page of the API: what its description says, for people. Without a script, since the
description is printed when the page is made. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a value is, in words; `shape` is the name of the shape that it has, if it has one."""

    text: str
    shape: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A field or a parameter."""

    name: str
    kinds: tuple[Kind, ...]
    required: bool
    about: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """An answer by its status."""

    status: str
    about: str
    shape: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation."""

    name: str
    method: str
    path: str
    summary: str
    about: str
    parameters: tuple[Row, ...]
    body: str
    answers: tuple[Given, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a body holds."""

    name: str
    about: str
    rows: tuple[Row, ...]


def entries(document: Mapping[str, Any]) -> dict[str, list[Entry]]:
    """The operations under their tags, in the order of the description."""
    found: dict[str, list[Entry]] = {tag["name"]: [] for tag in document["tags"]}
    refusals = document["components"]["responses"]
    for path, methods in document["paths"].items():
        for method, one in methods.items():
            found[one["tags"][0]].append(_entry(method.upper(), path, one, refusals))
    return found


def shapes(document: Mapping[str, Any]) -> list[Shape]:
    """All that bodies hold, by name."""
    schemas = document["components"]["schemas"]
    return [
        Shape(name, schema.get("description", ""), tuple(_rows(schema)))
        for name, schema in sorted(schemas.items())
        if "properties" in schema
    ]


def _entry(method: str, path: str, one: _Schema, refusals: _Schema) -> Entry:
    body = one.get("requestBody", {}).get("content", {})
    return Entry(
        name=one["operationId"], method=method, path=path, summary=one["summary"],
        about=one["description"],
        parameters=tuple(_parameter(parameter) for parameter in one["parameters"]),
        body=_shape_in(body),
        answers=tuple(_given(status, told, refusals) for status, told in one["responses"].items()),
    )  # fmt: skip


def _parameter(one: _Schema) -> Row:
    kinds = tuple(_kinds(one["schema"]))
    return Row(one["name"], kinds, one["required"], one["description"], one["in"])


def _given(status: str, told: _Schema, refusals: _Schema) -> Given:
    told = refusals[status] if "$ref" in told else told
    return Given(status, told["description"], _shape_in(told.get("content", {})))


def _shape_in(content: _Schema) -> str:
    return next((_name(one["schema"]) for one in content.values()), "")


def _rows(schema: _Schema) -> Iterator[Row]:
    required = schema.get("required", ())
    for name, one in schema["properties"].items():
        yield Row(name, tuple(_kinds(one)), name in required, one.get("description", ""))


def _kinds(schema: _Schema) -> Iterator[Kind]:
    """What a value may be: one kind, or several."""
    if "anyOf" in schema:
        for one in schema["anyOf"]:
            yield from _kinds(one)
    elif "$ref" in schema:
        yield Kind(_name(schema), _name(schema))
    elif schema.get("type") == "array":
        for kind in _kinds(schema.get("items", {})):
            yield Kind(f"list of {kind.text}", kind.shape)
    else:
        yield Kind(_word(schema))


def _word(schema: _Schema) -> str:
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    word = str(schema.get("type", "any"))
    limits = [schema.get("format", "")]
    limits += [f"up to {schema[key]:,}" for key in ("maxLength", "maximum") if key in schema]
    told = ", ".join(filter(None, limits))
    return f"{word} ({told})" if told else word


def _name(schema: _Schema) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]
