"""What the newsroom stores: the tables, and the plain value that an article's content is.

Pure code takes these as values; only `publisher.store` opens sessions and writes queries.
"""

from publisher.model.addresses import FormerPath, FormerPathState, FormerSlug
from publisher.model.article import Article, Category, Revision, SetAside, StaleArticle
from publisher.model.base import Base, UtcDateTime
from publisher.model.cluster import FeedFile, Pace
from publisher.model.content import Content, Medium, Source, seal
from publisher.model.edition import (
    CorrectionMail,
    Edition,
    EditionArticle,
    EditionCorrection,
    EditionState,
    EditionVariant,
    FrozenEdition,
)
from publisher.model.feed import Archive, Change, ChangeKind, Feed, FeedArticle, FeedChange
from publisher.model.mail import (
    Delivery,
    DeliveryState,
    Fault,
    LedgerRow,
    Notice,
    NoticeKind,
    Worker,
)
from publisher.model.pause import ListPause
from publisher.model.people import (
    Cause,
    KeyUse,
    SigningKey,
    Subscriber,
    SubscriberState,
    Subscription,
    SubscriptionState,
    Suppression,
    Transition,
)
from publisher.model.reports import MailKey, MailReport, ReportKind
from publisher.model.search import SearchProgress, SearchRow
from publisher.model.sitemap import SitemapPart
from publisher.model.websub import Hub, HubMode, HubRequest, HubSubscription, Ping, Topic

__all__ = [
    "Archive",
    "Article",
    "Base",
    "Category",
    "Cause",
    "Change",
    "ChangeKind",
    "Content",
    "CorrectionMail",
    "Delivery",
    "DeliveryState",
    "Edition",
    "EditionArticle",
    "EditionCorrection",
    "EditionState",
    "EditionVariant",
    "Fault",
    "Feed",
    "FeedArticle",
    "FeedChange",
    "FeedFile",
    "FormerPath",
    "FormerPathState",
    "FormerSlug",
    "FrozenEdition",
    "Hub",
    "HubMode",
    "HubRequest",
    "HubSubscription",
    "KeyUse",
    "LedgerRow",
    "ListPause",
    "MailKey",
    "MailReport",
    "Medium",
    "Notice",
    "NoticeKind",
    "Pace",
    "Ping",
    "ReportKind",
    "Revision",
    "SearchProgress",
    "SearchRow",
    "SetAside",
    "SigningKey",
    "SitemapPart",
    "Source",
    "StaleArticle",
    "Subscriber",
    "SubscriberState",
    "Subscription",
    "SubscriptionState",
    "Suppression",
    "Topic",
    "Transition",
    "UtcDateTime",
    "Worker",
    "seal",
]
