"""The description of the API: OpenAPI 3.1, made of the operations themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from publisher import __version__
from publisher.config import Site
from publisher.model import Scope
from publisher.web.api.operation import HEADERS, AnyOperation, Nothing
from publisher.web.api.problems import MEDIA_TYPE, Problem

# What any operation may answer, by what it takes.
ALWAYS = (401, 403, 413, 414, 429, 503)
WITH_PARAMETERS = (422,)
WITH_BODY = (400, 408, 415, 422)
ABOUT = (
    "What programs read and write: articles, categories, feeds, lists, editions, subscribers and "
    "deliveries. Errors are problem details (RFC 9457)."
)

_Model = type[BaseModel]


def document(site: Site, operations: Sequence[AnyOperation]) -> dict[str, Any]:
    """The whole description as plain values."""
    schemas = _Schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        path = one.path.replace(":path}", "}")
        paths.setdefault(path, {})[one.method.lower()] = _operation(one, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{site.title}: API", "version": __version__, "description": ABOUT},
        "servers": [{"url": f"{site.url}/api/v1"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(one.tag for one in operations)],
        "paths": paths,
        "components": {
            "schemas": schemas.all,
            "responses": {
                str(status): _problem(status, schemas) for status in _refusals(operations)
            },
            "headers": {
                "Retry-After": {"schema": {"type": "integer"}, "description": "In seconds."}
            },
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": f"An access token with the scope named: {', '.join(Scope)}.",
                }
            },
        },
    }


class _Schemas:
    """The schemas of all that is taken and given, each under a name of its own."""

    def __init__(self, operations: Iterable[AnyOperation]) -> None:
        wanted: dict[tuple[_Model, JsonSchemaMode], None] = {(Problem, "serialization"): None}
        for one in operations:
            if one.body is not Nothing:
                wanted[one.body, "validation"] = None
            for model in filter(None, one.gives.values()):
                wanted[model, "serialization"] = None
        self._refs, found = models_json_schema(
            list(wanted), ref_template="#/components/schemas/{model}"
        )
        self.all: dict[str, Any] = found["$defs"]

    def taken(self, model: _Model) -> dict[str, Any]:
        """Where the schema of a body stands."""
        return self._refs[model, "validation"]

    def given(self, model: _Model) -> dict[str, Any]:
        """Where the schema of an answer stands."""
        return self._refs[model, "serialization"]


def _operation(one: AnyOperation, schemas: _Schemas) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": one.name,
        "tags": [one.tag],
        "summary": one.summary,
        "description": f"{one.about} Needs the scope `{one.scope}`.".strip(),
        "security": [{"token": [str(one.scope)]}],
        "parameters": [*_parameters(one), *_headers(one)],
        "responses": _responses(one, schemas),
    }
    if one.body is not Nothing:
        content = {"application/json": {"schema": schemas.taken(one.body)}}
        found["requestBody"] = {"required": True, "content": content}
    return found


def _parameters(one: AnyOperation) -> Iterator[dict[str, Any]]:
    schema = one.params.model_json_schema(ref_template="#/components/schemas/{model}")
    for name, told in schema.get("properties", {}).items():
        in_path = name in one.in_path
        told = {key: value for key, value in told.items() if key != "title"}
        yield {
            "name": name,
            "in": "path" if in_path else "query",
            "required": in_path or name in schema.get("required", ()),
            "description": told.pop("description", ""),
            "schema": _without_null(told),
        }


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter is left out, not null."""
    kinds = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    if len(kinds) != 1:
        return schema
    rest = {k: v for k, v in schema.items() if k != "anyOf" and (k, v) != ("default", None)}
    return {**kinds[0], **rest}


def _headers(one: AnyOperation) -> Iterator[dict[str, Any]]:
    for name in one.headers:
        schema = {"type": "string", "pattern": HEADERS[name].pattern}
        about = HEADERS[name].about
        yield {
            "name": name, "in": "header", "required": False, "description": about, "schema": schema,
        }  # fmt: skip


def _responses(one: AnyOperation, schemas: _Schemas) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for status, model in one.gives.items():
        told: dict[str, Any] = {"description": HTTPStatus(status).phrase}
        if model is not None:
            told["content"] = {"application/json": {"schema": schemas.given(model)}}
        found[str(status)] = told
    for status in _refused(one):
        found[str(status)] = {"$ref": f"#/components/responses/{status}"}
    return found


def _refused(one: AnyOperation) -> list[int]:
    statuses = {*ALWAYS, *one.refuses}
    if one.params is not Nothing:
        statuses.update(WITH_PARAMETERS)
    if one.body is not Nothing:
        statuses.update(WITH_BODY)
    if one.headers:
        statuses.add(400)
    return sorted(statuses)


def _refusals(operations: Iterable[AnyOperation]) -> list[int]:
    return sorted({status for one in operations for status in _refused(one)})


def _problem(status: int, schemas: _Schemas) -> dict[str, Any]:
    told: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA_TYPE: {"schema": schemas.given(Problem)}},
    }
    if status in (429, 503):
        told["headers"] = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
    return told
