"""The one cleaning step: whatever a source says becomes safe, complete and absolute."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import lru_cache
from html import escape, unescape
from urllib.parse import quote, urljoin, urlsplit, urlunsplit
from zoneinfo import ZoneInfo

import nh3

from publisher.errors import RejectedError
from publisher.ingest.raw import RawArticle
from publisher.ingest.titles import derived_title
from publisher.model import Content, Medium, Source
from publisher.names import slug_of

MAX_TITLE = 500
SCHEMES = {"http", "https", "mailto", "tel"}
URL_ATTRIBUTES = frozenset({"href", "src", "poster", "cite"})
# XML 1.0, production 2: what no feed can carry. Lone surrogates are no characters at all.
_illegal = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Control characters that once were Windows-1252: browsers and feedparser read them so as well.
_meant = {chr(code): bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}
_tag = re.compile(r"<(?:/?[a-zA-Z][^>]*|!--.*?--)>", re.DOTALL)
# Most addresses are complete already; joining them would cost as much as all the rest of cleaning.
_part = r"(?:[\w/?:@!$&'()*+,;=.~-]|%[0-9A-Fa-f]{2})*"
_complete = re.compile(rf"https?://[\w.-]+(?::\d{{1,5}})?(?:[/?]{_part})?(?:#{_part})?", re.ASCII)
_host = re.compile(r"[\w.:@!$&'()*+,;=~%\[\]-]*", re.ASCII)
_line_break = re.compile(r"[\t\r\n]")
_bare_percent = re.compile(r"%(?![0-9A-Fa-f]{2})")
_kind = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")
_language = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")

_TEXT = {"lang", "dir", "title"}
ATTRIBUTES: dict[str, set[str]] = {
    "*": {"lang", "dir"},
    "a": {"href", "hreflang", *_TEXT},
    "abbr": {"title"},
    "img": {"src", "srcset", "sizes", "alt", "width", "height", *_TEXT},
    "video": {"src", "poster", "controls", "width", "height"},
    "audio": {"src", "controls"},
    "source": {"src", "srcset", "type", "media"},
    "track": {"src", "kind", "srclang", "label"},
    "blockquote": {"cite"},
    "q": {"cite"},
    "ol": {"start", "reversed", "type"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "time": {"datetime"},
}
TAGS = set(
    "a abbr audio b bdi bdo blockquote br caption cite code col colgroup dd del details dfn div dl "
    "dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p picture pre q rp rt "
    "ruby s samp small source span strong sub summary sup table tbody td tfoot th thead time tr "
    "track u ul var video wbr".split()
)


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds where a source says nothing: the newsroom's zone, language, category and base."""

    zone: ZoneInfo
    language: str
    category: tuple[str, ...]
    links_from: str


def clean(raw: RawArticle, rules: Rules) -> Content:
    """The article as it may be stored. Raises RejectedError where it cannot be mended."""
    base = _absolute(raw.base_url or raw.url or "", rules.links_from) or rules.links_from
    url = _absolute(raw.url, rules.links_from)
    body = _html(raw.body, base)
    title, derived = _plain(raw.title or "")[:MAX_TITLE], raw.title_derived
    if not title:
        title, derived = derived_title(body), True
    summary = _plain(raw.summary or "") or None
    if not title:
        if not summary:
            raise RejectedError(raw.origin, raw.line, "it has neither a title nor a text")
        title = derived_title(escape(summary))
    published = _moment(raw, raw.published, rules, "date")
    if published is None:
        raise RejectedError(raw.origin, raw.line, "it has no date; give it one")
    return Content(
        title=title,
        title_derived=derived,
        summary=summary,
        body=body,
        published=published,
        category=_texts(raw.category) or _texts(rules.category) or ("News",),
        language=_language_tag(raw.language) or rules.language,
        slug=slug_of(_plain(raw.slug or "")) or slug_of(title) or None,
        sources=tuple(_sources(raw.sources, base)),
        authors=_texts(raw.authors),
        tags=_texts(raw.tags),
        media=tuple(_media(raw.media, base)),
        aliases=_texts(raw.aliases),
        expires=_expiry(raw, rules),
        url=url,
        correction=_plain(raw.correction or "") or None,
        translation_key=_plain(raw.translation_key or "")[:MAX_TITLE] or None,
    )


def reclean(content: Content, rules: Rules) -> Content:
    """The same for content that another program wrote. Raises RejectedError."""
    raw = RawArticle(
        origin="store",
        line=0,
        external_id="",
        body=content.body,
        title=content.title,
        title_derived=content.title_derived,
        summary=content.summary,
        published=content.published,
        category=content.category,
        language=content.language,
        slug=content.slug,
        sources=content.sources,
        authors=content.authors,
        tags=content.tags,
        media=content.media,
        aliases=content.aliases,
        expires=content.expires,
        url=content.url,
        correction=content.correction,
        translation_key=content.translation_key,
    )
    return replace(clean(raw, rules), category=content.category)


def legal(text: str) -> str:
    """`text` without the characters that XML cannot carry, or should not."""
    if not _illegal.search(text):
        return text
    return _illegal.sub(lambda match: _meant.get(match[0], ""), text)


def _html(html: str, base: str) -> str:
    text = legal(html)
    if "<" not in text:
        text = escape(unescape(text), quote=False)
    return legal(_cleaner(base).clean(text)).strip()


@lru_cache(maxsize=64)
def _cleaner(base: str) -> nh3.Cleaner:
    def attribute(_tag: str, name: str, value: str) -> str | None:
        if name == "srcset":
            return _srcset(value, base)
        if name in URL_ATTRIBUTES:
            return _absolute(value, base)
        if name == "dir":
            return value if value in ("ltr", "rtl", "auto") else None
        return value

    return nh3.Cleaner(
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=attribute,
        url_schemes=SCHEMES,
        link_rel=None,
        strip_comments=True,
        clean_content_tags={"script", "style", "template", "noscript", "title", "iframe", "object"},
    )


def _srcset(value: str, base: str) -> str | None:
    kept = []
    for part in re.split(r",\s+", value.strip()):
        address, _, size = part.strip().partition(" ")
        absolute = _absolute(address, base)
        if absolute:
            kept.append(f"{absolute} {size}".strip())
    return ", ".join(kept) or None


def _absolute(address: str | None, base: str) -> str | None:
    """An address that works anywhere, or None where it cannot be made one."""
    plain = _line_break.sub("", legal(address or "")).strip()
    if not plain:
        return None
    if _complete.fullmatch(plain):
        return plain
    try:
        parts = urlsplit(urljoin(base, plain))
        host = parts.netloc.encode("idna").decode()
    except ValueError:
        return None
    if parts.scheme not in SCHEMES or not _host.fullmatch(host):
        return None
    if parts.scheme in ("http", "https") and not host:
        return None
    path, query, fragment = map(_quoted, (parts.path, parts.query, parts.fragment))
    return urlunsplit((parts.scheme, host, path, query, fragment))


def _quoted(part: str) -> str:
    """Part of an address with those characters alone that an address may have (RFC 3986)."""
    return quote(_bare_percent.sub("%25", part), safe="%/?:@!$&'()*+,;=~")


def _plain(text: str) -> str:
    """A text field: one line, without tags, with its entities decoded."""
    text, before = legal(text), ""
    while text != before and ("<" in text or "&" in text):
        # Again, since what is decoded may be a tag: cleaning what is clean must change nothing.
        text, before = legal(unescape(_tag.sub(" ", text))), text
    return " ".join(text.split())


def _texts(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for value in values if (text := _plain(value))))


def _sources(sources: Iterable[Source], base: str) -> Iterable[Source]:
    for source in sources:
        name, url = _plain(source.name), _absolute(source.url, base)
        if name or url:
            yield Source(name or urlsplit(url or "").netloc, url)


def _media(media: Iterable[Medium], base: str) -> Iterable[Medium]:
    for medium in media:
        url = _absolute(medium.url, base)
        if url:
            kind = _media_type(medium.type) or mimetypes.guess_type(urlsplit(url).path)[0] or ""
            yield replace(medium, url=url, type=kind, alt=_plain(medium.alt))


def _media_type(value: str) -> str:
    """A media type (RFC 6838, 4.2) in small letters, with its parameters; empty for none."""
    name, semicolon, parameters = _plain(value).partition(";")
    kind = name.strip().lower()
    return f"{kind}{semicolon}{parameters}" if _kind.fullmatch(kind) else ""


def _language_tag(tag: str | None) -> str | None:
    plain = (tag or "").strip().replace("_", "-")
    return plain if _language.fullmatch(plain) else None


def _expiry(raw: RawArticle, rules: Rules) -> datetime | None:
    if raw.expires is not None and raw.expires.year in (1, 9999):  # how systems write "never"
        return None
    return _moment(raw, raw.expires, rules, "expiry date")


def _moment(
    raw: RawArticle, value: date | datetime | None, rules: Rules, name: str
) -> datetime | None:
    if value is None:
        return None
    moment = value if isinstance(value, datetime) else datetime.combine(value, time.min)
    try:
        aware = moment if moment.tzinfo else moment.replace(tzinfo=rules.zone)
        utc = aware.astimezone(UTC).replace(microsecond=0)
    except OverflowError:
        utc = datetime.min.replace(tzinfo=UTC)
    if not 1 < utc.year < 9999:  # in some zone of the world such a time cannot be said
        raise RejectedError(raw.origin, raw.line, f"the {name} {value} is out of range")
    return utc
