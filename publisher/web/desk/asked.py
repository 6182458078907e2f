"""What a room of the desk is asked, and what it can answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import Response

from publisher.config import MailingList
from publisher.ingest.clean import legal
from publisher.model import Role
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.users import SignedIn
from publisher.render.pages import origin_and_root
from publisher.web.press import Press

# What was done, by the key that stands in the address after it: a link can bring up no other text.
SAID = {
    "stored": "The article is stored.",
    "same": "Nothing has changed.",
    "corrected": "The correction is published.",
    "retracted": "The article is withdrawn.",
    "proof": "The test mail is on its way.",
    "stopped": "The edition is stopped: nothing leaves until you let it go on.",
    "resumed": "The edition goes on at its time.",
    "rebuilt": "The edition is built anew.",
    "cut": "The edition leaves now.",
    "skipped": "The edition counts as sent.",
    "goes-on": "The list goes on.",
    "retried": "The letters are tried again.",
    "off": "The reader is taken off the list.",
    "restored": "The reader gets mail again.",
    "imported": "The file is taken in.",
    "password": "The password is changed.",
    "revoked": "The program is believed no more.",
    "ended": "All other sessions have ended.",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of somebody who is signed in."""

    newsroom: Newsroom
    press: Press
    who: SignedIn
    now: datetime
    path: Mapping[str, Any]
    query: Mapping[str, str]
    form: FormData = field(default_factory=FormData)
    shared: Mapping[str, Any] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A field of the form, as text that a store can keep; empty if it is not there."""
        value = self.form.get(name)
        return legal(value) if isinstance(value, str) else ""

    def asks(self, name: str) -> str:
        """A parameter of the address."""
        return legal(self.query.get(name, ""))

    def file(self, name: str) -> UploadFile | None:
        """A file of the form; None where none was chosen."""
        value = self.form.get(name)
        return value if isinstance(value, UploadFile) and value.filename else None

    @property
    def the_list(self) -> MailingList:
        """The list that the address names. Raises HTTPException (404)."""
        return list_of(self.newsroom, self.path)

    @property
    def day(self) -> date:
        """The date that the address names. Raises HTTPException (404)."""
        return day_of(self.path)

    @property
    def root(self) -> str:
        """The path that every address of the desk begins with."""
        return f"{origin_and_root(self.newsroom.config.site)[1]}/desk"


def list_of(newsroom: Newsroom, path: Mapping[str, Any]) -> MailingList:
    """The list that an address names. Raises HTTPException (404)."""
    found = newsroom.config.list_named(path["list"])
    if found is None:
        raise HTTPException(404)
    return found


def day_of(path: Mapping[str, Any]) -> date:
    """The date that an address names. Raises HTTPException (404)."""
    try:
        return date.fromisoformat(path["day"])
    except ValueError:
        raise HTTPException(404) from None


@dataclass(frozen=True, slots=True)
class Shown:
    """A page of the desk; `said` is what has just been done, `wrong` what could not be."""

    template: str
    heading: str
    context: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Led:
    """The way on after something was done; `said` is a key of SAID."""

    address: str
    said: str = ""

    @property
    def location(self) -> str:
        """Where it leads, with what is said there."""
        said = f"?{urlencode({'said': self.said})}" if self.said else ""
        return f"{self.address}{said}"


Answer = Shown | Led | Response
Work = Callable[[Asked], Answer]


@dataclass(frozen=True, slots=True)
class Door:
    """An address of the desk: what answers there, and who may come in."""

    path: str
    get: Work | None = None
    post: Work | None = None
    role: Role = Role.EDITOR
