"""What went wrong, for programs and people: problem details (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, Field, ValidationError
from pydantic_core import ErrorDetails
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"
# A request may be wrong in a thousand places; so many are told.
MOST_FAULTS = 20


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    detail: str = Field(description="What is wrong.")
    pointer: str | None = Field(None, description="Where in the body (a JSON Pointer, RFC 6901).")
    parameter: str | None = Field(None, description="Which parameter of the path or the query.")
    header: str | None = Field(None, description="Which header.")


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    type: str = Field(description="`about:blank`, or what tells this from others of its status.")
    title: str
    status: int
    detail: str = Field(description="What is wrong and what to do, for people.")
    errors: list[Fault] = Field([], description="Each field that is wrong.")


# The problems that have a name of their own; all others are known by their status alone.
KINDS = {
    "edited-meanwhile": (412, "Somebody else has changed it meanwhile"),
    "exists": (409, "It exists already"),
    "retracted": (409, "The article is retracted"),
    "unreadable": (409, "What is stored cannot be understood"),
    "key-reused": (422, "The Idempotency-Key was used for another request"),
    "scope": (403, "The token is not good for this"),
}


@dataclass(eq=False)  # not frozen: Python itself writes tracebacks into exceptions
class ProblemError(Exception):
    """Ends a request with a problem."""

    status: int
    detail: str
    kind: str = ""
    faults: tuple[Fault, ...] = ()
    headers: Mapping[str, str] | None = None


def named(kind: str, detail: str, headers: Mapping[str, str] | None = None) -> ProblemError:
    """The problem of that name."""
    return ProblemError(KINDS[kind][0], detail, kind, headers=headers)


def wrong(detail: str, *, pointer: str | None = None, parameter: str | None = None) -> ProblemError:
    """One field of the request that cannot be used, for a reason that its shape does not tell."""
    fault = Fault(detail=detail, pointer=pointer, parameter=parameter)
    return ProblemError(422, detail, faults=(fault,))


def answer(problem: ProblemError, root: str) -> Response:
    """The answer that tells of it; `root` is the address of the API."""
    title = KINDS[problem.kind][1] if problem.kind else HTTPStatus(problem.status).phrase
    told: dict[str, Any] = {
        "type": f"{root}/#{problem.kind}" if problem.kind else "about:blank",
        "title": title,
        "status": problem.status,
        "detail": problem.detail,
        "errors": [fault.model_dump(exclude_none=True) for fault in problem.faults],
    }
    headers = {"content-type": MEDIA_TYPE, "cache-control": "no-store", **(problem.headers or {})}
    return Response(json.dumps(told, ensure_ascii=False), problem.status, headers)


def of_body(error: ValidationError) -> ProblemError:
    """What is wrong with a body; 400 where it is no JSON at all."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        return ProblemError(400, found[0]["msg"].replace("Invalid JSON", "This is no JSON", 1))
    return _invalid(
        Fault(detail=_said(one), pointer=_pointer(one["loc"])) for one in found[:MOST_FAULTS]
    )


def of_parameters(error: ValidationError) -> ProblemError:
    """What is wrong with the parameters of the path and the query."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return _invalid(
        Fault(detail=_said(one), parameter=str(one["loc"][0]) if one["loc"] else None)
        for one in found[:MOST_FAULTS]
    )


def _invalid(faults: Iterable[Fault]) -> ProblemError:
    told = tuple(faults)
    places = ", ".join(filter(None, (one.pointer or one.parameter for one in told)))
    detail = f"The request cannot be used: {places}" if places else told[0].detail
    return ProblemError(422, detail, faults=told)


def _said(error: ErrorDetails) -> str:
    if error["type"] == "extra_forbidden":
        return "There is no such field here."
    return error["msg"].removeprefix("Value error, ")


def _pointer(location: Iterable[int | str]) -> str:
    parts = (str(one).replace("~", "~0").replace("/", "~1") for one in location)
    return "#" + "".join(f"/{part}" for part in parts)
