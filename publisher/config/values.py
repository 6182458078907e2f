"""The kinds of value that settings have, each with its own word for what is wrong."""

from __future__ import annotations

import re
from datetime import time
from ipaddress import ip_network
from typing import Annotated, Literal, get_args
from urllib.parse import unquote
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field

from publisher.config.servers import parse_server

# Of 64 that an address can have before its @, a mail's own token takes up to 46.
LONGEST_BOUNCES = 18


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("not a time zone of the tz database, such as Europe/Istanbul or UTC")
    return value


def _broker(value: str) -> str:
    if value and not re.fullmatch(r"(amqps?|rediss?)://\S+", value):
        raise ValueError("write amqp://user:password@host/, or redis://host:6379/0, or nothing")
    return value


def _language(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", value):
        raise ValueError("not a language tag, such as en, ar or pt-BR")
    return value


def _http(value: str) -> str:
    if not re.fullmatch(r"https?://[^/\s]+(/[^\s?#]*)?", value):
        raise ValueError("not an address that begins with http:// or https://")
    return value.rstrip("/")


def _link(value: str) -> str:
    if value and not re.fullmatch(r"(https?://[^/\s]+)?/\S*|https?://[^/\s]+", value):
        raise ValueError("not an address: write https://… or, within the site, /articles/imprint")
    if value.startswith("//"):
        raise ValueError("write the whole address, with https:")
    return value


def _colour(value: str) -> str:
    if not re.fullmatch(r"#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})", value):
        raise ValueError("not a colour such as #14507a")
    return value.lower()


def _network(value: str) -> str:
    try:
        ip_network(value, strict=False)
    except ValueError:
        raise ValueError("not an address or network, such as 127.0.0.1 or 10.0.0.0/8") from None
    return value


def _address(value: str) -> str:
    if not re.fullmatch(r"https?://[^/\s]+(/\S*)?", value):
        raise ValueError("not an address that begins with http:// or https://")
    return value


def _address_or_none(value: str) -> str:
    return value and _address(value)


def _feed_folder(value: str) -> str:
    """`/media-center/news/` and `media-center/news` are the same; `/` is the feed of everything."""
    folder = unquote(value).strip()
    if not folder or re.search(r"//|\s|^https?:", folder):
        raise ValueError("not a feed's folder, such as media-center/news, language/ar or /")
    return folder.strip("/")


def _clock_time(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        raise ValueError("not a time of day, such as 07:00 or 18:30")
    return value


def _mail_transport(value: str) -> str:
    if not re.fullmatch(r"maildir:.+|smtps?://\S+", value):
        raise ValueError("not maildir:FOLDER, smtp://[user:password@]host[:port] or smtps://…")
    return value if value.startswith("maildir:") else _mail_server(value)


def _mail_server(value: str) -> str:
    parse_server(value)
    return value


def _host_name(value: str) -> str:
    if not re.fullmatch(r"([A-Za-z0-9.-]+|\[[0-9A-Za-z.:]+\])?", value):
        raise ValueError("not a host name, such as mail.example.org")
    return value


def _domain(value: str) -> str:
    if not re.fullmatch(r"[^@\s<>.][^@\s<>]*", value):
        raise ValueError("not a domain, such as example.org")
    return value.lower()


def _mail_address(value: str) -> str:
    if not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", value):
        raise ValueError("not a mail address, such as news@example.org")
    return value


def _bounce_address(value: str) -> str:
    if value and len(_mail_address(value).rpartition("@")[0]) > LONGEST_BOUNCES:
        raise ValueError(
            f"the part before the @ is too long; at most {LONGEST_BOUNCES} characters leave room "
            "for what each mail's own address adds"
        )
    return value


def _dkim_key(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9.-]+:.+", value):
        raise ValueError("not selector:path, such as 2026a:dkim/2026a.pem")
    return value


def mailbox(value: str) -> str:
    """The address of a mailbox, or nothing. Raises ValueError."""
    host = r"([^\s/@:]+|\[[0-9a-f:.]+\])(:[1-9]\d{0,3}|:[1-5]\d{4})?"
    if value and not re.fullmatch(rf"maildir:.+|imaps?://[^\s/@:]+:[^\s/@:]+@{host}(/\S*)?", value):
        raise ValueError(
            "not maildir:FOLDER, imaps://user:password@host[:port][/FOLDER] or imap://…; "
            "in user and password @ is written %40, : is %3A and / is %2F"
        )
    return value


def _one_line(value: str) -> str:
    if re.search(r"[\r\n\x00]", value):
        raise ValueError("must be one line")
    return value


def _some_text(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value


Zone = Annotated[str, AfterValidator(_zone)]
Language = Annotated[str, AfterValidator(_language)]
HttpUrl = Annotated[str, AfterValidator(_http)]  # a place that other addresses begin with
Address = Annotated[str, AfterValidator(_address)]  # kept as it is
AddressOrNone = Annotated[str, AfterValidator(_address_or_none)]
FeedFolder = Annotated[str, AfterValidator(_feed_folder)]
SiteLink = Annotated[str, AfterValidator(_link)]
Colour = Annotated[str, AfterValidator(_colour)]
Network = Annotated[str, AfterValidator(_network)]
ClockTime = Annotated[time, BeforeValidator(_clock_time)]
MailTransport = Annotated[str, AfterValidator(_mail_transport)]
Broker = Annotated[str, AfterValidator(_broker)]
MailServer = Annotated[str, AfterValidator(_mail_server)]
MailAddress = Annotated[str, AfterValidator(_mail_address)]
BounceAddress = Annotated[str, AfterValidator(_bounce_address)]
DkimKey = Annotated[str, AfterValidator(_dkim_key)]
Mailbox = Annotated[str, AfterValidator(mailbox)]
HostName = Annotated[str, AfterValidator(_host_name)]
Domain = Annotated[str, AfterValidator(_domain)]
Line = Annotated[str, AfterValidator(_one_line)]
Name = Annotated[str, AfterValidator(_one_line), AfterValidator(_some_text)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
FeedKind = Literal["everything", "category", "language", "tag", "author", "source"]
FeedFormat = Literal["atom", "rss", "json"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)  # in the order of date.weekday()
