"""What the sitemap's parts hold, so that nothing has to be counted when a crawler asks."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from publisher.model.base import Base


class SitemapPart(Base):
    """A part of the sitemap: the articles whose first change lies in its stretch of the log.

    An article never goes to another part, whatever happens to it. `articles` is how many of them
    are public; `position` and `changed` are the place in the log, and the time, of the last change
    of any of them.
    """

    __tablename__ = "sitemap_part"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    articles: Mapped[int]
    position: Mapped[int]
    changed: Mapped[datetime]
