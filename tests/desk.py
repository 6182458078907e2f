"""A newsroom whose clock the test sets, and whose mail the test reads."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from publisher.bootstrap import opened
from publisher.config import Config, MailingList
from publisher.delivery.smtp.replies import Reply
from publisher.delivery.transport import Answer, Fate, Item, Letter, Outlet, UnreachableError
from publisher.model import Article, Content, Delivery, Edition, Subscriber, Subscription
from publisher.pipeline import corrections, editions, sending
from publisher.pipeline.newsroom import Newsroom
from publisher.pipeline.sequencer import sequence
from publisher.store import articles, deliveries
from publisher.store import editions as stored
from publisher.store.subscribers import Wish
from tests.factories import join

NOON = datetime(2024, 5, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass
class Box:
    """A way out for mail that keeps what leaves; `before` is called ahead of each letter."""

    letters: list[Letter] = field(default_factory=list)
    is_closed: bool = False
    before: Any = None

    @contextmanager
    def open(self, write: Callable[[Any], Letter]) -> Iterator[Outlet]:
        """See `Transport.open`."""
        yield _Outlet(self, write)

    def to(self, email: str) -> list[EmailMessage]:
        """The mails to one reader, in order."""
        found = (one for one in self.letters if one.recipient == email)
        return [message_from_bytes(one.data, policy=policy.default) for one in found]

    def texts(self, email: str) -> list[str]:
        """The text parts of the mails to one reader."""
        parts = (mail.get_body(("plain",)) for mail in self.to(email))
        return [str(p.get_content()).replace("\r\n", "\n") for p in parts if p is not None]


class _Outlet:
    """Keeps one letter after the other, each when it is asked what has become of them."""

    def __init__(self, box: Box, write: Callable[[Any], Letter]) -> None:
        self._box, self._write = box, write
        self._waiting: list[Item] = []
        self._is_recalled = False
        self.trouble: Exception | None = None

    def hand(self, items: Sequence[tuple[Item, float]]) -> None:
        self._waiting += [item for item, _ in items]

    def collect(self, least: int, seconds: float) -> list[Answer]:
        if self._waiting and self._box.before and not self._is_recalled:
            self._box.before(len(self._box.letters))
        if self._box.is_closed:
            self.fail(UnreachableError("the box is closed"))
        if self.trouble or self._is_recalled:
            kept, self._waiting = self._waiting, []
            return [Answer(item, Fate.KEPT, said=str(self.trouble or "")) for item in kept]
        return [self._keep(self._waiting.pop(0))] if self._waiting else []

    def recall(self) -> None:
        self._is_recalled = True

    def fail(self, error: Exception) -> None:
        self.trouble = self.trouble or error

    def _keep(self, item: Item) -> Answer:
        try:
            self._box.letters.append(self._write(item))
        except ValueError as error:
            return Answer(item, Fate.UNFIT, said=str(error))
        except Exception as error:  # it is raised where the sender is
            self.fail(error)
            return Answer(item, Fate.KEPT, said=str(error))
        return Answer(item, Fate.TAKEN, Reply(250, b"kept"), "CONTENT")


@dataclass
class Desk:
    """A newsroom at `now`."""

    newsroom: Newsroom
    box: Box
    now: datetime = NOON

    def the_list(self, name: str = "daily") -> MailingList:
        """A list of the config."""
        return editions.the_list(self.newsroom, name)

    def publish(self, title: str, *category: str, at: datetime | None = None, **more: Any) -> int:
        """Store an article; its id."""
        values: dict[str, Any] = {
            "title": title,
            "body": f"<p>{title} in full.</p>",
            "published": at or self.now,
            "category": category or ("Town",),
            "language": "en",
        }
        content = Content(**values | more)
        site = self.newsroom.config.site
        with self.newsroom.store.write() as session:
            writer = articles.Writer(session, site.url, site.zone, self.now)
            article = writer.add(content, title)
            session.flush()
            return article.id

    def read_by(self, email: str, *categories: str, name: str = "daily", **more: Any) -> int:
        """Put an active reader on a list; the subscriber's id."""
        form = more.pop("format", "html")
        wish = Wish(email, more.pop("name_of", ""), categories=categories, **more)
        with self.newsroom.store.write() as session:
            join(session, name, [wish])
            session.flush()
            person = session.query(Subscriber).filter_by(email=email).one()
            mine = session.query(Subscription).filter_by(subscriber_id=person.id, list_name=name)
            mine.one().format = form
            return person.id

    def tick(self, later: timedelta = timedelta()) -> None:
        """What the clock does, `later` than before."""
        self.now += later
        corrections.tell(self.newsroom, self.now)
        for one in self.newsroom.config.lists:
            editions.advance(self.newsroom, one, self.now)
            for edition in sending.unfinished(self.newsroom, one, self.now):
                self.deliver(edition, one)

    def deliver(self, edition: Edition, one: MailingList | None = None, **more: Any) -> None:
        """Send what can be sent of an edition."""
        one = one or self.the_list(edition.list_name)
        for _ in sending.deliver(self.newsroom, one, edition, lambda: self.now, **more):
            pass

    def cut(self, day: date | None = None, name: str = "daily") -> Edition:
        """Cut the edition of a date now."""
        return editions.cut(self.newsroom, self.the_list(name), day or self.now.date(), self.now)

    def sequence(self) -> None:
        """Let changes of articles be noticed."""
        while sequence(self.newsroom, self.now):
            pass

    def correct(self, article_id: int, note: str, **more: Any) -> None:
        """Correct an article."""
        corrections.correct(self.newsroom, article_id, note, self.now, **more)
        self.sequence()

    def retract(self, article_id: int, note: str = "It was wrong.", **more: Any) -> None:
        """Retract an article."""
        corrections.retract(self.newsroom, article_id, note, self.now, **more)
        self.sequence()

    def edition(self, day: date | None = None, name: str = "daily") -> Edition | None:
        """The edition of a date."""
        with self.newsroom.store.read() as session:
            return stored.find(session, name, day or self.now.date())

    def editions(self, name: str = "daily") -> list[Edition]:
        """All editions of a list."""
        with self.newsroom.store.read() as session:
            query = session.query(Edition).filter_by(list_name=name)
            return query.order_by(Edition.local_date).all()

    def states(self, edition: Edition | None) -> dict[str, int]:
        """How many deliveries of the edition are in each state."""
        assert edition is not None
        with self.newsroom.store.read() as session:
            return deliveries.count_by_state(session, edition.id)

    def dues(self) -> dict[str, datetime]:
        """When each reader's copy of the latest edition may leave."""
        with self.newsroom.store.read() as session:
            rows = session.query(Subscriber.email, Delivery.due).join(
                Delivery, Delivery.subscriber_id == Subscriber.id
            )
            return {row[0]: row[1] for row in rows.order_by(Delivery.id)}

    def article(self, article_id: int) -> Article:
        """An article as it is stored."""
        with self.newsroom.store.read() as session:
            return articles.by_ids(session, [article_id])[article_id]


def news(text: str) -> str:
    """A text part without its contents list, corrections and footer."""
    return re.split(r"\n(?:Corrections\n=|-{72})", text)[0]


def count(texts: list[str], *titles: str) -> Counter[str]:
    """How often each title stands over an article in these text parts."""
    lines = Counter(line for text in texts for line in news(text).splitlines())
    return Counter({title: lines[title] for title in titles})


def days(desk: Desk, name: str = "daily") -> list[tuple[int, int, str]]:
    """First day, last day and state of each edition (of one month)."""
    return [
        ((one.first_date or one.local_date).day, one.local_date.day, str(one.state))
        for one in desk.editions(name)
    ]


@contextmanager
def desk_of(store_url: str, folder: Path, **values: Any) -> Iterator[Desk]:
    """A desk with one list; `values` are those of the list, or `lists` themselves, and `api`."""
    more = {name: values.pop(name) for name in ("api",) if name in values}
    lists = values.pop("lists", [values])
    config = Config.model_validate(
        {
            "root": folder,
            "site": {"title": "Harbour Post", "url": "https://news.example"},
            "store": {"url": store_url},
            "lists": lists,
            **more,
        }
    )
    with opened(config) as newsroom:
        box = Box()
        yield Desk(replace(newsroom, transport=box), box)
