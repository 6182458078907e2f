"""What a change of an article means to readers. Pure: both states and the moment are arguments."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime

from publisher.model import Article, ChangeKind


@dataclass(frozen=True, slots=True)
class PublicState:
    """What of an article is public, as far as a change of it must be told from no change."""

    path: str
    category: str
    slug: str
    seal: str
    correction: str | None

    @property
    def text(self) -> str:
        """As the log keeps it."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)


def public_state(article: Article) -> PublicState:
    """The state of an article that is public."""
    return PublicState(
        article.category.path,
        " › ".join(article.category.titles),
        article.slug or "",
        article.seal or "",
        article.correction,
    )


def read_state(text: str | None) -> PublicState | None:
    """The state that the log kept."""
    return PublicState(**json.loads(text)) if text else None


def kind_of_change(
    before: PublicState | None,
    after: PublicState | None,
    article: Article | None,
    now: datetime,
) -> ChangeKind | None:
    """What has happened between two states; None where readers see no difference."""
    if before == after:
        return None
    if after is None:
        return _kind_of_end(article, now)
    if before is None:
        return ChangeKind.PUBLISHED
    if after.correction and after.correction != before.correction:
        return ChangeKind.CORRECTED
    if (after.path, after.slug) != (before.path, before.slug):
        return ChangeKind.MOVED
    return ChangeKind.EDITED


def _kind_of_end(article: Article | None, now: datetime) -> ChangeKind:
    if article is not None and article.retracted is not None:
        return ChangeKind.RETRACTED
    if article is not None and article.expires is not None and article.expires <= now:
        return ChangeKind.EXPIRED
    return ChangeKind.REMOVED
