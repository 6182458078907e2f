"""The site's settings: one frozen object read from `config.toml`.

Every key has a default that works. Any key of a plain section can be set from the environment
as PUBLISHER_SECTION_KEY (`PUBLISHER_STORE_URL`), which keeps secrets out of the file.
Paths in the file are taken from the folder that the file stands in.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from publisher.errors import ConfigError

ENVIRONMENT_PREFIX = "PUBLISHER_"


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("not a time zone of the tz database, such as Europe/Istanbul or UTC")
    return value


def _language(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", value):
        raise ValueError("not a language tag, such as en, ar or pt-BR")
    return value


def _http(value: str) -> str:
    if not re.fullmatch(r"https?://[^/\s]+(/[^\s?#]*)?", value):
        raise ValueError("not an address that begins with http:// or https://")
    return value.rstrip("/")


def _clock_time(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        raise ValueError("not a time of day, such as 07:00 or 18:30")
    return value


def _mail_transport(value: str) -> str:
    if not re.fullmatch(r"maildir:.+|smtps?://[^\s/]+/?", value):
        raise ValueError("not maildir:FOLDER, smtp://[user:password@]host[:port] or smtps://…")
    return value


def _mail_address(value: str) -> str:
    if not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", value):
        raise ValueError("not a mail address, such as news@example.org")
    return value


def _one_line(value: str) -> str:
    if re.search(r"[\r\n\x00]", value):
        raise ValueError("must be one line")
    return value


Zone = Annotated[str, AfterValidator(_zone)]
Language = Annotated[str, AfterValidator(_language)]
HttpUrl = Annotated[str, AfterValidator(_http)]
ClockTime = Annotated[time, BeforeValidator(_clock_time)]
MailTransport = Annotated[str, AfterValidator(_mail_transport)]
MailAddress = Annotated[str, AfterValidator(_mail_address)]
Line = Annotated[str, AfterValidator(_one_line)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
FeedKind = Literal["everything", "category", "language", "tag", "author", "source"]
FeedFormat = Literal["atom", "rss", "json"]


class Section(BaseModel):
    """One table of the file: unknown keys are errors, values cannot be changed later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Site(Section):
    """Who publishes, in which language and by which clock."""

    title: Line = "Our Newsroom"
    description: Line = "News as we publish it"
    url: HttpUrl = "http://127.0.0.1:8000"
    language: Language = "en"
    timezone: Zone = "UTC"
    publisher: Line = ""
    rights: Line = ""
    logo: str = ""

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


class Templates(Section):
    """The editor's templates; what is not there is taken from the packaged ones."""

    folder: Path = Path("email_templates")


class Web(Section):
    """The address the server listens on."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000


class Mail(Section):
    """How mail leaves, and whom it is from where a list does not say."""

    transport: MailTransport = "maildir:mailbox"
    sender: MailAddress = "news@localhost"
    sender_name: Line = ""
    timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 60.0


class Clock(Section):
    """How often the clock looks whether an edition is due."""

    tick_seconds: Annotated[float, Field(ge=0.05, le=3600)] = 5.0


class MailingList(Section):
    """One mailing list; empty values are taken from `[site]` and `[mail]`."""

    name: Slug = "daily"
    title: Line = "Daily digest"
    description: Line = ""
    categories: tuple[str, ...] = ()
    language: Language | None = None
    timezone: Zone | None = None
    send_at: ClockTime = time(18, 0)
    content: Literal["full", "summary", "headline"] = "full"
    sender: MailAddress | None = None
    reply_to: MailAddress | None = None
    first_days: Annotated[int, Field(ge=1, le=36500)] = 7


class Config(Section):
    """The whole file. `root` is the folder it stands in."""

    root: Path = Path()
    site: Site = Site()
    store: Store = Store()
    ingest: Ingest = Ingest()
    feeds: Feeds = Feeds()
    templates: Templates = Templates()
    web: Web = Web()
    mail: Mail = Mail()
    clock: Clock = Clock()
    lists: tuple[MailingList, ...] = (MailingList(),)

    def path(self, relative: Path | str) -> Path:
        """A path of the file, as seen from anywhere."""
        return self.root / relative

    @property
    def store_url(self) -> str:
        """The store's address, with a relative SQLite file placed in the site's folder."""
        prefix = "sqlite:///"
        name = self.store.url.removeprefix(prefix)
        if name == self.store.url or name.startswith("/") or name in ("", ":memory:"):
            return self.store.url
        return f"{prefix}{self.path(name).resolve()}"

    def list_named(self, name: str) -> MailingList | None:
        """The list of that name, or None."""
        return next((one for one in self.lists if one.name == name), None)

    def zone_of(self, one: MailingList) -> ZoneInfo:
        """The time zone by which the list counts its days."""
        return ZoneInfo(one.timezone or self.site.timezone)

    def language_of(self, one: MailingList) -> str:
        """The language the list is written in."""
        return one.language or self.site.language


def load(path: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """Read the file and the environment.

    Raises ConfigError with every problem at once: unknown keys, wrong values, unreadable file.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        reason = f"cannot be read: {error.strerror}; `publisher init` makes a new site"
        raise ConfigError(str(path), [reason]) from None
    except UnicodeDecodeError as error:
        raise ConfigError(str(path), [f"not UTF-8 at byte {error.start}"]) from None
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(str(path), [f"not TOML: {error}"]) from None
    problems = _unknown_environment(environ)
    return parse(values, environ, root=path.resolve().parent, name=str(path), problems=problems)


def parse(
    values: dict[str, Any],
    environ: Mapping[str, str],
    *,
    root: Path,
    name: str,
    problems: list[str] | None = None,
) -> Config:
    """Make the config of a parsed file; see `load`."""
    problems = list(problems or [])
    if "root" in values:
        problems.append("root: unknown key")
    merged = _with_environment(values, environ)
    try:
        config = Config.model_validate({**merged, "root": root})
    except ValidationError as error:
        problems += [_explain(dict(one)) for one in error.errors()]
        raise ConfigError(name, problems) from None
    names = [one.name for one in config.lists]
    problems += [
        f"lists: the name {twice!r} stands twice; each list needs its own"
        for twice in sorted({n for n in names if names.count(n) > 1})
    ]
    if problems:
        raise ConfigError(name, problems)
    return config


def plain_sections() -> dict[str, type[Section]]:
    """The sections that are one table each: name → class."""
    return {
        name: field.annotation
        for name, field in Config.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
    }


def _environment_keys() -> dict[str, tuple[str, str]]:
    return {
        f"{ENVIRONMENT_PREFIX}{section}_{key}".upper(): (section, key)
        for section, kind in plain_sections().items()
        for key in kind.model_fields
    }


def _unknown_environment(environ: Mapping[str, str]) -> list[str]:
    known = _environment_keys()
    return [
        f"{name} (environment): unknown; such a name is PUBLISHER_SECTION_KEY"
        for name in sorted(environ)
        if name.startswith(ENVIRONMENT_PREFIX) and name not in known
    ]


def _with_environment(values: dict[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    merged = {k: dict(v) if isinstance(v, dict) else v for k, v in values.items()}
    for name, (section, key) in _environment_keys().items():
        if name in environ and isinstance(merged.setdefault(section, {}), dict):
            annotation = plain_sections()[section].model_fields[key].annotation
            listed = str(annotation).startswith("tuple")
            value = environ[name]
            merged[section][key] = [v.strip() for v in value.split(",")] if listed else value
    return merged


def _explain(problem: dict[str, Any]) -> str:
    place = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in problem["loc"])[1:]
    if problem["type"] == "extra_forbidden":
        return f"{place}: unknown key; allowed here: {', '.join(_siblings(problem['loc']))}"
    reason = problem["msg"].removeprefix("Value error, ")
    shown = re.sub(r"://[^@/]*@", "://…@", repr(problem["input"]))  # never print a password
    return f"{place} = {shown}: {reason}"


def _siblings(location: tuple[str | int, ...]) -> list[str]:
    if len(location) == 1:
        return sorted(set(Config.model_fields) - {"root"})
    kind = MailingList if location[0] == "lists" else plain_sections()[str(location[0])]
    return list(kind.model_fields)
