"""Editions, and what became of each delivery."""

from __future__ import annotations

import datetime as dates
from typing import Annotated

from pydantic import BaseModel, Field

from publisher.config import Config
from publisher.model import Delivery, DeliveryState, Edition, EditionState, Scope, SubscriberState
from publisher.store import deliveries, edition_texts
from publisher.store import editions as stored
from publisher.store import listing as lists
from publisher.store.engine import Session
from publisher.web.api.article_shapes import Told, key_for
from publisher.web.api.cursors import Listing, Page, listing, moment_of, number_of, text_of
from publisher.web.api.operation import Answer, AnyOperation, Asked, Nothing, Operation
from publisher.web.api.problems import ProblemError, wrong
from publisher.web.api.sections import OneList, list_of

TAG = "Editions"


class EditionOut(BaseModel):
    """One digest of one list for one local date of the list."""

    list: str
    date: dates.date
    first_date: dates.date | None = Field(description="The first day that it stands for.")
    state: EditionState
    subject: str
    cut_at: Told
    page: str | None = Field(description="Where it stands on the web, once it was cut.")
    trouble: str | None = Field(description="Why it waits, if it does.")


class HeadlineOut(BaseModel):
    """An article of an edition."""

    id: int
    key: str
    title: str
    published: Told


Headlines = list[HeadlineOut]  # where a field is called list


class WholeEdition(EditionOut):
    """An edition with its articles, and how many of its deliveries are in which state."""

    articles: Headlines
    deliveries: dict[DeliveryState, int]


class DeliveryOut(BaseModel):
    """An edition to one reader. `email` is null for somebody who was erased."""

    subscriber_id: int
    email: str | None
    state: DeliveryState
    changed: Told
    due: Told = Field(description="When it leaves, or is tried again.")
    attempts: int
    reply: str = Field(description="What the mail server said last.")
    fault: str = Field(description="Whose fault a refusal is; empty if nobody's.")


class OnePageOf(OneList, Page):
    """Which list, and which part of it."""


class OneEdition(OneList):
    """Which edition."""

    date: Annotated[dates.date, Field(description="Its local date, such as 2018-02-15.")]


class SomeDeliveries(OneEdition, Page):
    """Which deliveries of which edition."""

    state: Annotated[DeliveryState | None, Field(description="Only those in this state.")] = None


def read_many(asked: Asked, params: OnePageOf, _body: Nothing) -> Answer:
    """Editions of a list, newest first."""
    config = asked.newsroom.config
    one, behind = list_of(config, params.list), _date_of(params)
    with asked.newsroom.store.read() as session:
        rows = lists.editions(session, one.name, behind, params.limit + 1)
        page = listing(
            rows, params, lambda row: EditionOut(**_said(config, *row)),
            lambda row: (row[0].local_date.isoformat(),),
        )  # fmt: skip
    return Answer(page)


def read(asked: Asked, params: OneEdition, _body: Nothing) -> Answer:
    """One edition."""
    config = asked.newsroom.config
    with asked.newsroom.store.read() as session:
        edition = _edition(session, config, params)
        frozen = edition_texts.frozen(session, edition.id)
        told = WholeEdition(
            **_said(config, edition, frozen.subject if frozen else ""),
            articles=[
                HeadlineOut(
                    id=one.id, key=key_for(one.id, one.external_id), title=one.title,
                    published=one.published,
                )
                for one in lists.headlines(session, edition.id)
            ],
            deliveries=deliveries.count_by_state(session, edition.id),
        )  # fmt: skip
    return Answer(told)


def read_deliveries(asked: Asked, params: SomeDeliveries, _body: Nothing) -> Answer:
    """Deliveries of an edition."""
    limit, state = params.limit + 1, params.state
    with asked.newsroom.store.read() as session:
        edition = _edition(session, asked.newsroom.config, params)
        if state is None:
            rows = lists.deliveries(session, edition.id, number_of(params), limit)
            page = listing(rows, params, _delivery, lambda row: (row[0].subscriber_id,))
        else:
            rows = lists.deliveries_in(session, edition.id, state, moment_of(params), limit)
            page = listing(rows, params, _delivery, lambda row: (row[0].due, row[0].id))
    return Answer(page)


def _edition(session: Session, config: Config, params: OneEdition) -> Edition:
    one = list_of(config, params.list)
    found = stored.find(session, one.name, params.date)
    if found is None:
        raise ProblemError(404, "There is no such edition.")
    return found


def _said(config: Config, one: Edition, subject: str) -> dict[str, object]:
    page = f"{config.site.url}/editions/{one.list_name}/{one.local_date}/"
    return {
        "list": one.list_name, "date": one.local_date, "first_date": one.first_date,
        "state": one.state, "subject": subject, "cut_at": one.cut_at,
        "page": page if one.frozen_at else None, "trouble": one.trouble or None,
    }  # fmt: skip


def _delivery(row: tuple[Delivery, str]) -> DeliveryOut:
    one, email = row
    return DeliveryOut(
        subscriber_id=one.subscriber_id, email=known_address(email), state=DeliveryState(one.state),
        changed=one.changed, due=one.due, attempts=one.attempts, reply=one.reply, fault=one.fault,
    )  # fmt: skip


def known_address(email: str, state: str = "") -> str | None:
    """An address; None in place of what is left of one that was erased."""
    return email if "@" in email and state != SubscriberState.ERASED else None


def _date_of(page: Page) -> dates.date | None:
    text = text_of(page)
    try:
        return dates.date.fromisoformat(text) if text else None
    except ValueError:
        raise wrong("This is no cursor of ours; begin without one.", parameter="cursor") from None


OPERATIONS: tuple[AnyOperation, ...] = (
    Operation(
        name="listEditions", tag=TAG, summary="List the editions of a list, newest first",
        method="GET", path="/lists/{list}/editions", scope=Scope.READ_EDITIONS, work=read_many,
        params=OnePageOf, body=Nothing, gives={200: Listing[EditionOut]}, refuses=(404,),
    ),
    Operation(
        name="getEdition", tag=TAG, summary="Read an edition",
        method="GET", path="/lists/{list}/editions/{date}", scope=Scope.READ_EDITIONS, work=read,
        params=OneEdition, body=Nothing, gives={200: WholeEdition}, refuses=(404,),
    ),
    Operation(
        name="listDeliveries", tag="Deliveries", summary="List the deliveries of an edition",
        method="GET", path="/lists/{list}/editions/{date}/deliveries",
        scope=Scope.READ_DELIVERIES, work=read_deliveries, params=SomeDeliveries, body=Nothing,
        gives={200: Listing[DeliveryOut]}, refuses=(404,),
    ),
)  # fmt: skip
