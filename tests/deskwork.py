"""Somebody at the desk: signs in, looks at pages, sends their forms."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from typing import Any

import httpx2 as httpx
from starlette.testclient import TestClient

from publisher import passwords
from publisher.model import Role, User
from publisher.pipeline.newsroom import Newsroom
from publisher.store import users
from tests.sites import Document, browser

PASSWORD = "the harbour lamp is lit"
SAME_SITE = {"sec-fetch-site": "same-origin"}


@cache
def kept_password() -> str:
    """What is kept of it; made once, since that takes a while on purpose."""
    return passwords.hashed(PASSWORD)


def user(newsroom: Newsroom, name: str, role: Role) -> None:
    """Somebody who may sign in with PASSWORD."""
    with newsroom.store.write() as session:
        made = User(name=name, role=role, password_hash=kept_password(), created=datetime.now(UTC))
        users.add(session, made)


class Worker:
    """A browser at the desk."""

    def __init__(self, newsroom: Newsroom, name: str = "", role: Role = Role.EDITOR) -> None:
        self.newsroom = newsroom
        self.client: TestClient = browser(newsroom)
        if name:
            user(newsroom, name, role)
            answer = self.sign_in(name)
            assert answer.status_code == 303, answer.text

    def sign_in(self, name: str, password: str = PASSWORD, **more: str) -> httpx.Response:
        """Fill in the form of the sign-in page."""
        fields = {"name": name, "password": password, **more}
        return self.client.post("/desk/sign-in", data=fields, headers=SAME_SITE)

    def page(self, path: str, status: int = 200) -> Document:
        """The page of a path."""
        answer = self.client.get(path)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:2000])
        return Document(answer.text)

    @property
    def token(self) -> str:
        """What every form of this session carries."""
        found = re.search(r'name="token" value="(\w+)"', self.client.get("/desk/account").text)
        assert found is not None
        return found[1]

    def send(self, path: str, status: int = 303, **fields: Any) -> httpx.Response:
        """Send a form; files are those of `files`."""
        files = fields.pop("files", None)
        data = {"token": self.token, **fields}
        answer = self.client.post(path, data=data, files=files, headers=SAME_SITE)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:3000])
        return answer
