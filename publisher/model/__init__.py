"""What the newsroom stores: the tables, and the plain value that an article's content is.

Pure code takes these as values; only `publisher.store` opens sessions and writes queries.
"""

from publisher.model.access import (
    AccessToken,
    KeyedRequest,
    Scope,
    Webhook,
    WebhookEvent,
    WebhookMessage,
)
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
from publisher.model.reports import MailReport, ReportKind
from publisher.model.search import SearchProgress, SearchRow
from publisher.model.sitemap import SitemapPart
from publisher.model.users import (
    DeskSession,
    ImportReport,
    Manuscript,
    Role,
    SignInTries,
    Upload,
    User,
)
from publisher.model.websub import Hub, HubMode, HubRequest, HubSubscription, Ping, Topic

__all__ = [
    "AccessToken",
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
    "DeskSession",
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
    "ImportReport",
    "KeyUse",
    "KeyedRequest",
    "LedgerRow",
    "ListPause",
    "MailReport",
    "Manuscript",
    "Medium",
    "Notice",
    "NoticeKind",
    "Pace",
    "Ping",
    "ReportKind",
    "Revision",
    "Role",
    "Scope",
    "SearchProgress",
    "SearchRow",
    "SetAside",
    "SignInTries",
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
    "Upload",
    "User",
    "UtcDateTime",
    "Webhook",
    "WebhookEvent",
    "WebhookMessage",
    "Worker",
    "seal",
]
