"""What one method of one address of the API takes and gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from publisher.model import AccessToken, Scope
from publisher.pipeline.newsroom import Newsroom
from publisher.web.api.problems import ProblemError, named

# Without control characters, which no database should be asked for.
Plain = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]


class Shape(BaseModel):
    """Something that is sent to the API: what it does not know is an error, not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Nothing(Shape):
    """No parameters, or no body."""


Params = TypeVar("Params", bound=Shape)
Body = TypeVar("Body", bound=Shape)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, whose token and shape are checked. Names of `headers` are in small letters;
    `sent` is the body as it came."""

    newsroom: Newsroom
    token: AccessToken
    now: datetime
    headers: Mapping[str, str]
    sent: bytes = b""

    def need(self, scope: Scope) -> None:
        """Raises ProblemError where the token is not good for this, too."""
        if not self.token.may(scope):
            raise lacks(scope)


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes back."""

    body: BaseModel | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Operation(Generic[Params, Body]):
    """One method of one address.

    `path` is seen from the root of the API; names in braces are fields of `params`, whose other
    fields are those of the query. `gives` are the answers by status; `headers` those that it minds
    (HEADERS); `refuses` the statuses of problems beyond those that any operation may have.
    """

    name: str
    tag: str
    summary: str
    method: str
    path: str
    scope: Scope
    work: Callable[[Asked, Params, Body], Answer]
    gives: Mapping[int, type[BaseModel] | None]
    params: type[Params]
    body: type[Body]
    about: str = ""
    headers: tuple[str, ...] = ()
    refuses: tuple[int, ...] = ()

    @property
    def in_path(self) -> tuple[str, ...]:
        """The parameters of the path."""
        parts = self.path.split("{")[1:]
        return tuple(part.partition("}")[0].partition(":")[0] for part in parts)


AnyOperation = Operation[Any, Any]


def lacks(scope: Scope) -> ProblemError:
    """A token that is good, but not for this (RFC 6750, section 3.1)."""
    told = {"www-authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'}
    return named("scope", f"This needs a token with the scope {scope}.", told)


@dataclass(frozen=True, slots=True)
class HeaderField:
    """A header that some operations mind; `pattern` is what it may hold."""

    about: str
    pattern: str


# Visible characters of ASCII, with spaces between them.
HEADERS = {
    "Idempotency-Key": HeaderField(
        "Any text that stands for this one request: the same key again makes nothing twice.",
        r"^[!-~]([ -~]{0,253}[!-~])?$",
    ),
    "If-Match": HeaderField(
        "The ETag that you have read. If the article has changed since, nothing is written (412).",
        r'^(\*|(W/)?"[!#-~]*"(, *(W/)?"[!#-~]*")*)$',
    ),
    "If-None-Match": HeaderField(
        "`*` writes only what is not there yet (412); with GET an ETag, for 304 where it is known.",
        r'^(\*|(W/)?"[!#-~]*"(, *(W/)?"[!#-~]*")*)$',
    ),
}
