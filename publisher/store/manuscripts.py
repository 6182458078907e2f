"""The Markdown that articles were written in."""

from __future__ import annotations

import hashlib

from sqlalchemy.orm import Session

from publisher.model import Manuscript


def find(session: Session, article_id: int, body: str) -> str | None:
    """What an article's body was written in; None where another way has changed it since."""
    found = session.get(Manuscript, article_id)
    return found.text if found is not None and found.body_sha256 == _hash(body) else None


def keep(session: Session, article_id: int, body: str, text: str) -> None:
    """Keep what the body of an article was made of."""
    session.merge(Manuscript(article_id=article_id, body_sha256=_hash(body), text=text))


def _hash(body: str) -> str:
    return hashlib.sha256(body.encode(errors="surrogatepass")).hexdigest()
