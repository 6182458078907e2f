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
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from publisher.config.sections import (
    Api,
    Bounces,
    Clock,
    Cluster,
    Delivery,
    Desk,
    Dkim,
    Feeds,
    Ingest,
    Log,
    Mail,
    MailingList,
    Relay,
    Section,
    Site,
    Store,
    Subscribers,
    Templates,
    Throttle,
    Web,
    WebSub,
)
from publisher.errors import ConfigError

__all__ = [
    "Api",
    "Bounces",
    "Clock",
    "Cluster",
    "Config",
    "Delivery",
    "Desk",
    "Dkim",
    "Feeds",
    "Ingest",
    "Log",
    "Mail",
    "MailingList",
    "Relay",
    "Section",
    "Site",
    "Store",
    "Subscribers",
    "Templates",
    "Throttle",
    "Web",
    "WebSub",
    "load",
    "parse",
    "plain_sections",
    "table_lists",
]

ENVIRONMENT_PREFIX = "PUBLISHER_"


class Config(Section):
    """The whole file. `root` is the folder it stands in."""

    root: Path = Path()
    site: Site = Site()
    store: Store = Store()
    ingest: Ingest = Ingest()
    feeds: Feeds = Feeds()
    websub: WebSub = WebSub()
    templates: Templates = Templates()
    web: Web = Web()
    api: Api = Api()
    desk: Desk = Desk()
    mail: Mail = Mail()
    dkim: Dkim = Dkim()
    bounces: Bounces = Bounces()
    subscribers: Subscribers = Subscribers()
    delivery: Delivery = Delivery()
    relays: tuple[Relay, ...] = ()
    throttle: tuple[Throttle, ...] = ()
    clock: Clock = Clock()
    cluster: Cluster = Cluster()
    log: Log = Log()
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

    @property
    def hubs(self) -> tuple[str, ...]:
        """The addresses of the hubs that feeds name, our own first."""
        own = (f"{self.site.url}/hub",) if self.websub.own else ()
        return (*own, *self.websub.hubs)

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
    many = config.cluster.broker or config.cluster.feeds == "store"
    if many and config.store.url.startswith("sqlite"):
        problems.append("cluster: many machines need PostgreSQL; set store.url, or leave it out")
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


def table_lists() -> dict[str, type[Section]]:
    """The sections that may stand several times, as `[[name]]`: name → class."""
    return {"relays": Relay, "throttle": Throttle, "lists": MailingList}


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
    kind = {**plain_sections(), **table_lists()}[str(location[0])]
    return list(kind.model_fields)
