"""The tables of the file, one class for each."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

from publisher.config.values import (
    WEEKDAYS,
    Address,
    AddressOrNone,
    BounceAddress,
    Broker,
    ClockTime,
    Colour,
    DkimKey,
    Domain,
    FeedFolder,
    FeedFormat,
    FeedKind,
    HostName,
    HttpUrl,
    Language,
    Line,
    MailAddress,
    Mailbox,
    MailServer,
    MailTransport,
    Name,
    Network,
    SiteLink,
    Slug,
    Weekday,
    Zone,
)


class Section(BaseModel):
    """One table of the file: unknown keys are errors, values cannot be changed later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Site(Section):
    """Who publishes, in which language and by which clock."""

    title: Name = "Our Newsroom"
    description: Line = "News as we publish it"
    url: HttpUrl = "http://127.0.0.1:8000"
    language: Language = "en"
    timezone: Zone = "UTC"
    publisher: Line = ""
    rights: Line = ""
    license: AddressOrNone = ""
    icon: AddressOrNone = ""
    logo: AddressOrNone = ""
    colour: Colour = "#14507a"
    navigation: tuple[str, ...] = ()
    imprint: SiteLink = ""
    privacy: SiteLink = ""

    @property
    def zone(self) -> ZoneInfo:
        """The newsroom's time zone; the day of an article is its date there."""
        return ZoneInfo(self.timezone)


class Store(Section):
    """Where articles, subscribers and editions are kept."""

    url: str = "sqlite:///newsroom.db"


class Ingest(Section):
    """What an import takes in."""

    category: Line = "News"
    links_from: str = ""
    max_bytes: Annotated[int, Field(ge=1_000, le=1_000_000_000)] = 20_000_000
    fetch_seconds: Annotated[float, Field(gt=0, le=600)] = 20.0
    private_addresses: bool = False


class Feeds(Section):
    """Which feeds are published, and what is in them."""

    folder: Path = Path("feeds")
    kinds: tuple[FeedKind, ...] = ("everything", "category", "language")
    formats: tuple[FeedFormat, ...] = ("atom", "rss", "json")
    days: Annotated[int, Field(ge=0, le=366)] = 14
    at_least: Annotated[int, Field(ge=1, le=500)] = 20
    max_bytes: Annotated[int, Field(ge=20_000, le=10_000_000)] = 512_000
    content: Literal["full", "summary"] = "full"
    content_exceptions: tuple[FeedFolder, ...] = ()
    deltas: bool = False

    def is_full(self, folder: str) -> bool:
        """Whether the feed of that folder carries full texts, not only summaries."""
        return (self.content == "full") != (folder.strip("/") in self.content_exceptions)


class Templates(Section):
    """The editor's templates; what is not there is taken from the packaged ones."""

    folder: Path = Path("email_templates")


class Web(Section):
    """The address the server listens on, and what it puts up with."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    trusted_proxies: tuple[Network, ...] = ()
    max_body_bytes: Annotated[int, Field(ge=1_000, le=100_000_000)] = 100_000
    request_seconds: Annotated[float, Field(ge=1, le=600)] = 15.0
    connections: Annotated[int, Field(ge=10, le=100_000)] = 800
    metrics_from: tuple[Network, ...] = ("127.0.0.0/8", "::1/128")


class Api(Section):
    """What programs with an access token may ask for, and how webhooks are told."""

    max_body_bytes: Annotated[int, Field(ge=10_000, le=100_000_000)] = 2_000_000
    requests_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 600
    idempotency_hours: Annotated[int, Field(ge=1, le=8_760)] = 48
    webhook_timeout_seconds: Annotated[float, Field(gt=0, le=120)] = 10.0
    webhook_retry_hours: Annotated[float, Field(gt=0, le=720)] = 72.0
    webhook_private_addresses: bool = False


class Desk(Section):
    """The newsroom's own pages, where its people sign in."""

    session_hours: Annotated[float, Field(gt=0, le=336)] = 12.0
    max_upload_bytes: Annotated[int, Field(ge=100_000, le=100_000_000)] = 20_000_000


class WebSub(Section):
    """Who is told at once when a feed has changed: hubs elsewhere, and callbacks by our own hub."""

    hubs: tuple[Address, ...] = ()
    own: bool = False
    topics_per_request: Annotated[int, Field(ge=1, le=1000)] = 50
    lease_seconds: Annotated[int, Field(ge=1, le=31_536_000)] = 864_000
    min_lease_seconds: Annotated[int, Field(ge=1, le=31_536_000)] = 300
    max_lease_seconds: Annotated[int, Field(ge=1, le=31_536_000)] = 2_592_000
    timeout_seconds: Annotated[float, Field(gt=0, le=120)] = 10.0
    retry_hours: Annotated[float, Field(gt=0, le=720)] = 24.0
    max_subscriptions: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    max_per_host: Annotated[int, Field(ge=1, le=1_000_000)] = 100
    requests_per_minute: Annotated[int, Field(ge=1, le=100_000)] = 30
    at_once: Annotated[int, Field(ge=1, le=500)] = 100
    at_once_per_host: Annotated[int, Field(ge=1, le=500)] = 4
    private_addresses: bool = False

    @model_validator(mode="after")
    def _leases_are_in_order(self) -> WebSub:
        leases = [self.min_lease_seconds, self.lease_seconds, self.max_lease_seconds]
        if leases != sorted(leases):
            raise ValueError(
                "min_lease_seconds, lease_seconds and max_lease_seconds are "
                f"{', '.join(map(str, leases))}; none may be less than the one before"
            )
        return self


class Log(Section):
    """How the long-running commands say what they do."""

    format: Literal["auto", "json", "text"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Mail(Section):
    """How mail leaves, and whom it is from where a list does not say."""

    transport: MailTransport = "maildir:mailbox"
    sender: MailAddress = "news@localhost"
    sender_name: Line = ""
    timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 60.0
    ca_file: str = ""
    hello: HostName = ""
    bounce_address: BounceAddress = ""
    bounce_delimiter: Annotated[str, Field(pattern=r"^[+=._-]$")] = "+"


class Dkim(Section):
    """How mail is signed as the domain's own."""

    keys: tuple[DkimKey, ...] = ()
    domain: Annotated[str, Field(pattern=r"^([A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*)?$")] = ""


class Bounces(Section):
    """Where mail that comes back is read, and what becomes of whom."""

    mailbox: Mailbox = ""
    check_seconds: Annotated[float, Field(ge=0.05, le=86_400)] = 60.0
    processed: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _-]*$")] = "Processed"
    unrelated: Path = Path("unrelated-mail")
    soft_editions: Annotated[int, Field(ge=1, le=100)] = 3
    soft_days: Annotated[int, Field(ge=0, le=366)] = 7


class Subscribers(Section):
    """How people join and leave."""

    confirm_days: Annotated[int, Field(ge=1, le=365)] = 7
    ask_again_hours: Annotated[int, Field(ge=1, le=720)] = 12


class Delivery(Section):
    """How fast mail leaves, and what becomes of what did not arrive."""

    in_doubt: Annotated[int, Field(ge=1, le=10_000)] = 100
    after_crash: Literal["hold", "resend"] = "hold"
    connections: Annotated[int, Field(ge=1, le=200)] = 8
    messages_per_connection: Annotated[int, Field(ge=0)] = 500
    messages_per_second: Annotated[float, Field(ge=0)] = 0.0
    per_domain_per_second: Annotated[float, Field(ge=0)] = 0.0
    give_up_hours: Annotated[float, Field(ge=0, le=240)] = 24.0


class Relay(Section):
    """One of several mail servers; empty values are taken from `[delivery]`."""

    url: MailServer
    weight: Annotated[float, Field(gt=0, le=1000)] = 1.0
    connections: Annotated[int, Field(ge=1, le=200)] | None = None
    messages_per_connection: Annotated[int, Field(ge=0)] | None = None
    messages_per_second: Annotated[float, Field(ge=0)] = 0.0


class Throttle(Section):
    """How fast mail may go to some domains, which share one limit."""

    domains: Annotated[tuple[Domain, ...], Field(min_length=1)]
    messages_per_second: Annotated[float, Field(gt=0)]


class Clock(Section):
    """How often the clock looks whether an edition is due."""

    tick_seconds: Annotated[float, Field(ge=0.05, le=3600)] = 5.0


class Cluster(Section):
    """How the work is shared by many machines."""

    broker: Broker = ""
    tasks_at_once: Annotated[int, Field(ge=1, le=64)] = 4
    feeds: Literal["folder", "store"] = "folder"


class MailingList(Section):
    """One mailing list; empty values are taken from `[site]` and `[mail]`."""

    name: Slug = "daily"
    title: Line = "Daily digest"
    description: Line = ""
    categories: tuple[str, ...] = ()
    language: Language | None = None
    timezone: Zone | None = None
    send_at: ClockTime = time(18, 0)
    days: Annotated[tuple[Weekday, ...], Field(min_length=1)] = WEEKDAYS
    hold_minutes: Annotated[int, Field(ge=0, le=1440)] = 0
    subscriber_zones: bool = False
    catch_up: Literal["merge", "each"] = "merge"
    empty: Literal["nothing", "corrections"] = "nothing"
    content: Literal["full", "summary", "headline"] = "full"
    sender: MailAddress | None = None
    reply_to: MailAddress | None = None
    first_days: Annotated[int, Field(ge=1, le=36500)] = 7

    @property
    def weekdays(self) -> frozenset[int]:
        """The days on which an edition is sent, as `date.weekday()` counts them."""
        return frozenset(WEEKDAYS.index(day) for day in self.days)
