"""The form of an article: what it shows of one, and what it says when it is sent."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from publisher.errors import UsageError
from publisher.ingest.raw import RawArticle
from publisher.model import Article, Content, Medium, Source
from publisher.pipeline.writing import body_of
from publisher.web.desk.asked import Asked

MOST_MEDIA = 60
COUNTS = ("size", "width", "height")
_once = re.compile(r"[0-9a-f]{32}")
_chain = re.compile(r"\s*[›>]\s*")
TEXTS = (
    "title", "summary", "text", "category", "published", "expires", "language", "slug", "sources",
    "authors", "tags", "url", "translation_key",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fields:
    """What stands in the form. `form` is how the text is written: "markdown" or "html"; `once`
    names an article that is not stored yet, so that sending twice makes no second one."""

    texts: dict[str, str]
    form: str = "markdown"
    media: tuple[Medium, ...] = ()
    revision: int = 0
    once: str = ""
    aliases: tuple[str, ...] = ()
    title_hint: str = ""

    @property
    def media_rows(self) -> list[tuple[Medium, str]]:
        """Each medium, and how the form carries it."""
        return [(one, _packed(one)) for one in self.media]


def blank(asked: Asked) -> Fields:
    """The form of a new article."""
    site = asked.newsroom.config.site
    texts = dict.fromkeys(TEXTS, "") | {
        "language": site.language, "category": " › ".join(asked.newsroom.rules.category),
    }  # fmt: skip
    return Fields(texts, once=secrets.token_hex(16))


def filled(asked: Asked, article: Article, content: Content, manuscript: str | None) -> Fields:
    """The form of a stored article."""
    texts = {
        "title": "" if content.title_derived else content.title,
        "summary": content.summary or "",
        "text": content.body if manuscript is None else manuscript,
        "category": " › ".join(content.category),
        "published": _local(asked, content.published),
        "expires": _local(asked, content.expires),
        "language": content.language,
        "slug": article.slug or "",
        "sources": "\n".join(_source_line(one) for one in content.sources),
        "authors": "\n".join(content.authors),
        "tags": ", ".join(content.tags),
        "url": content.url or "",
        "translation_key": content.translation_key or "",
    }
    form = "html" if manuscript is None else "markdown"
    hint = content.title if content.title_derived else ""
    return Fields(texts, form, content.media, article.revision, title_hint=hint)


def sent(asked: Asked) -> Fields:
    """The form as it was sent. Raises UsageError where no browser could have sent it."""
    texts = {name: asked.text(name).replace("\r\n", "\n") for name in TEXTS}
    form = "html" if asked.text("form") == "html" else "markdown"
    once, revision = asked.text("once"), asked.text("revision")
    return Fields(
        texts, form, tuple(_media(asked)), int(revision) if revision.isdecimal() else 0,
        once if _once.fullmatch(once) else secrets.token_hex(16),
    )  # fmt: skip


def raw_of(asked: Asked, fields: Fields, article: Article | None) -> RawArticle:
    """The article that the form says, as any other source would: nothing in it is safe yet.

    A date that was not touched stays to the second. Raises UsageError.
    """
    text = fields.texts
    return RawArticle(
        origin="desk", line=0, external_id=f"desk:{fields.once}",
        body=body_of(text["text"], fields.form),
        title=text["title"] or None, summary=text["summary"] or None,
        published=_moment(asked, "published", text, article.published if article else None),
        expires=_moment(asked, "expires", text, article.expires if article else None),
        category=tuple(part for part in _chain.split(text["category"].strip()) if part),
        language=text["language"] or None, slug=text["slug"] or None,
        sources=tuple(_sources(text["sources"])), authors=_lines(text["authors"]),
        tags=tuple(part.strip() for part in text["tags"].split(",") if part.strip()),
        media=fields.media, url=text["url"] or None,
        translation_key=text["translation_key"] or None,
        aliases=tuple(article.aliases) if article else (),
    )  # fmt: skip


def with_medium(fields: Fields, medium: Medium) -> Fields:
    """The form with one more picture."""
    return replace(fields, media=(*fields.media, medium))


def _media(asked: Asked) -> list[Medium]:
    kept = []
    for number, value in enumerate(asked.form.getlist("medium")[:MOST_MEDIA]):
        if not asked.text(f"drop-{number}"):
            kept.append(replace(_unpacked(value), alt=asked.text(f"alt-{number}")))
    return kept


def _packed(medium: Medium) -> str:
    said = {name: getattr(medium, name) for name in Medium.__slots__ if name != "alt"}
    return json.dumps({name: one for name, one in said.items() if one}, ensure_ascii=False)


def _unpacked(value: Any) -> Medium:
    try:
        said = json.loads(str(value))
        size, width, height = (int(said[name]) if said.get(name) else None for name in COUNTS)
        return Medium(str(said.get("url", "")), str(said.get("type", "")), "", size, width, height)
    except (ValueError, TypeError, AttributeError):
        raise UsageError("this form was not sent by its page; load it again") from None


def _sources(text: str) -> list[Source]:
    found = []
    for one in _lines(text):
        name, _, url = one.partition("|")
        found.append(Source(name.strip(), url.strip() or None))
    return found


def _source_line(source: Source) -> str:
    return f"{source.name} | {source.url}" if source.url else source.name


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _local(asked: Asked, moment: datetime | None) -> str:
    """As a browser's date field has it, by the newsroom's clock."""
    zone = asked.newsroom.config.site.zone
    return f"{moment.astimezone(zone):%Y-%m-%dT%H:%M}" if moment else ""


def _moment(
    asked: Asked, name: str, texts: dict[str, str], stored: datetime | None
) -> datetime | None:
    text = texts[name].strip()
    if not text or (stored is not None and text == _local(asked, stored)):
        return stored if text else None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=asked.newsroom.config.site.zone)
    except ValueError:
        raise UsageError(f"{text!r} is no date and time; write it as 2018-02-15T09:30") from None
