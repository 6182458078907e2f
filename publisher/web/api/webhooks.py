"""Webhooks: who is told of what happens."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from publisher.errors import UsageError
from publisher.model import Scope, Webhook
from publisher.pipeline import webhooks
from publisher.pipeline.webhooks import EVENTS
from publisher.store import webhooks as stored
from publisher.web.api.article_shapes import Told
from publisher.web.api.cursors import LARGEST_ID, Listing
from publisher.web.api.operation import Answer, AnyOperation, Asked, Nothing, Operation, Shape
from publisher.web.api.problems import ProblemError, wrong

TAG = "Webhooks"


def _known(event: str) -> str:
    if event not in EVENTS:
        raise ValueError(f"there is no such event; there are {', '.join(EVENTS)}")
    return event


Event = Annotated[str, AfterValidator(_known), Field(json_schema_extra={"enum": list(EVENTS)})]


class NewWebhook(Shape):
    """An address, and what it is to be told of."""

    url: Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^https?://")]
    events: Annotated[list[Event], Field(min_length=1, max_length=len(EVENTS))]


class WebhookOut(BaseModel):
    """A webhook. `failing_since` and `answer` say what is wrong there, if something is."""

    id: int
    url: str
    events: list[str]
    created: Told
    failing_since: Told | None
    answer: str
    waiting: int = Field(description="How many messages it is still to be sent.")


class WebhookMade(WebhookOut):
    """A new webhook."""

    secret: str = Field(description="Signs what it is sent. It is not shown again.")


class OneWebhook(Shape):
    """Which webhook."""

    id: Annotated[int, Field(ge=1, le=LARGEST_ID)]


def create(asked: Asked, _params: Nothing, body: NewWebhook) -> Answer:
    """A new webhook; who asks must be allowed to read what it is told."""
    for event in body.events:
        asked.need(EVENTS[event])
    try:
        made = webhooks.add(asked.newsroom, body.url, body.events, asked.now)
    except UsageError as error:
        raise wrong(str(error), pointer="#/url") from None
    told = _out(made, sorted(set(body.events)), 0)
    return Answer(WebhookMade(**told.model_dump(), secret=made.secret), 201)


def read_many(asked: Asked, _params: Nothing, _body: Nothing) -> Answer:
    """All webhooks: there are few."""
    with asked.newsroom.store.read() as session:
        waiting = stored.waiting(session)
        items = [_out(one, events, waiting.get(one.id, 0)) for one, events in stored.every(session)]
    return Answer(Listing(items=items, next=None))


def remove(asked: Asked, params: OneWebhook, _body: Nothing) -> Answer:
    """A webhook is told nothing more."""
    with asked.newsroom.store.write() as session:
        if not stored.remove(session, params.id):
            raise ProblemError(404, "There is no such webhook.")
    return Answer(status=204)


def _out(one: Webhook, events: list[str], waiting: int) -> WebhookOut:
    return WebhookOut(
        id=one.id, url=one.url, events=events, created=one.created,
        failing_since=one.failing_since, answer=one.answer, waiting=waiting,
    )  # fmt: skip


OPERATIONS: tuple[AnyOperation, ...] = (
    Operation(
        name="listWebhooks", tag=TAG, summary="List webhooks",
        method="GET", path="/webhooks", scope=Scope.WEBHOOKS, work=read_many,
        params=Nothing, body=Nothing, gives={200: Listing[WebhookOut]},
    ),
    Operation(
        name="createWebhook", tag=TAG, summary="Have an address told of what happens",
        about="Signed by the conventions of Standard Webhooks. Needs also the scope that reads "
        "what the events are about.",
        method="POST", path="/webhooks", scope=Scope.WEBHOOKS, work=create,
        params=Nothing, body=NewWebhook, gives={201: WebhookMade},
    ),
    Operation(
        name="deleteWebhook", tag=TAG, summary="Remove a webhook",
        method="DELETE", path="/webhooks/{id}", scope=Scope.WEBHOOKS, work=remove,
        params=OneWebhook, body=Nothing, gives={204: None}, refuses=(404,),
    ),
)  # fmt: skip
