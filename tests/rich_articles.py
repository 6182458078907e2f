"""Articles with everything that may be in one, at random, cleaned as the store holds them.

Texts mix what breaks feeds: markup, entities, both kinds of quote, Arabic, emoji, characters that
XML cannot carry, line breaks of all kinds. Any part may be missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from hypothesis import strategies as st

from publisher.config import Config
from publisher.ingest.clean import Rules, clean
from publisher.ingest.raw import RawArticle
from publisher.model import Article, Content, Feed, Medium, Source
from publisher.render.article import as_html
from publisher.render.environment import Templates
from publisher.render.view import view
from publisher.syndication.document import ArchiveLink, Entry, FeedDocument, Tombstone, document
from tests.factories import category

TEMPLATES = Templates(None)
PIECES = [
    "&", "<", ">", '"', "'", "\\", "]]>", "&amp;", "&lt;b&gt;", "&nope;", "&#x26;", "<b>", "</b>",
    "<y", "<!-- x -->", "a<b", "AT&T", "الجسر", "مفتوح", "שלום", "👩‍👩‍👧", "🇯🇴", "é", "e\u0301",
    "\u200f", "\u202e", "\u00a0", "\u0085", "\u2028", "\t", "\n", "\r\n", "\x00", "\x0b", "\ufffe",
    "\x7f", "{{ x }}", "@@UNSUBSCRIBE@@", "%s", "word", "Word", "12", ",", ".", ";", "+", "/",
]  # fmt: skip
# Of Latin-1 only what stands above: feedparser "mends" a text that could be UTF-8 read as Latin-1.
others = st.characters(exclude_characters=[chr(code) for code in range(0x80, 0x100)])
texts = st.lists(st.sampled_from(PIECES) | st.text(others, max_size=6), max_size=12).map(" ".join)
words = st.tuples(st.sampled_from(["Wire", "Town Hall", "وكالة", "A. Writer"]), texts).map(" ".join)
paths = st.text("abcABC012-_.~!$&'()*+,;=:@%é ش/?#\"<>[]\\", max_size=20)
addresses = st.builds(
    "{}/{}".format, st.sampled_from(["https://example.org", "http://bücher.example:81"]), paths
)
moments = st.datetimes(
    datetime(1000, 1, 1), datetime(9990, 1, 1), timezones=st.just(UTC)  # noqa: DTZ001
)  # fmt: skip
counts = st.none() | st.integers(0, 10**12)
bodies = st.lists(
    st.one_of(
        texts.map(lambda text: f"<p>{text}</p>"),
        st.sampled_from(
            [
                '<p dir="rtl" lang="ar">الجسر <em>مفتوح</em></p>',
                '<h2>When</h2><ul><li>a</li></ul><img src="a.png" srcset="a.png 1x, b.png 2x">',
                '<blockquote cite="/x"><p>“Yes” &amp; no</p></blockquote><script>evil()</script>',
                "<pre>\tone\n  two\r\n</pre><table><tr><td>1<td>2</table>",
                '<a href="javascript:x()">x</a><a href="?q=1&r=2">y</a><br><hr>',
            ]
        ),
    ),
    max_size=4,
).map("\n".join)
media = st.builds(
    Medium,
    url=addresses,
    type=st.sampled_from(["", "image/png", "IMAGE/JPEG", "audio/mpeg", "no type", "text/vtt"]),
    alt=texts | st.just(""),
    size=counts,
    width=counts,
    height=counts,
)
sources = st.builds(Source, name=words | st.just("Wire"), url=st.none() | addresses)
raw_articles = st.builds(
    RawArticle,
    origin=st.just("test"),
    line=st.just(1),
    external_id=st.just("x"),
    title=words | st.just("Untitled"),
    body=bodies,
    summary=st.none() | texts,
    published=moments,
    category=st.lists(words, min_size=1, max_size=3).map(tuple),
    language=st.sampled_from(["en", "ar", "he", "pt-BR", "zh-Hant-TW"]),
    slug=st.none() | words,
    sources=st.lists(sources, max_size=3).map(tuple),
    authors=st.lists(words, max_size=4).map(tuple),
    tags=st.lists(words, max_size=4).map(tuple),
    media=st.lists(media, max_size=3).map(tuple),
    url=st.none() | addresses,
    correction=st.none() | texts,
)
configs = st.builds(
    lambda site, feeds, websub: Config.model_validate(
        {"site": site, "feeds": feeds, "websub": websub}
    ),
    site=st.fixed_dictionaries(
        {"title": st.sampled_from(["Harbour Post", "Post & <Courier> “ميناء”"])},
        optional={
            "url": st.just("https://news.example"),
            "description": st.sampled_from(["News of the harbour", ""]),
            "language": st.sampled_from(["en", "ar"]),
            "publisher": st.just("Harbour Press"),
            "rights": st.just("© Harbour Post & others"),
            "license": st.just("https://creativecommons.org/licenses/by/4.0/"),
            "icon": st.just("https://news.example/icon.png?v=1&s=2"),
            "logo": st.just("https://news.example/logo.png"),
        },
    ),
    feeds=st.fixed_dictionaries({"content": st.sampled_from(["full", "summary"])}),
    websub=st.fixed_dictionaries(
        {
            "own": st.booleans(),
            "hubs": st.lists(st.just("https://hub.example/?a=1&b=2"), max_size=1),
        }
    ),
)


def cleaned(raw: RawArticle, config: Config) -> Content:
    """The article as the store holds it."""
    rules = Rules(config.site.zone, config.site.language, ("News",), config.site.url)
    return clean(raw, rules)


def entry(content: Content, number: int, config: Config) -> Entry:
    """A stored article as feeds show it."""
    article = Article(
        id=number,
        uid=f"tag:news.example,2018-02-15:{number}",
        slug=f"{content.slug or 'a'}-{number}",
        category=category(*content.category),
        revision=1,
    )
    article.fill(content)
    seen = view(article, site=config.site)
    full = config.feeds.is_full("")
    html, short = as_html(TEMPLATES, seen), as_html(TEMPLATES, seen, "summary")
    return Entry(seen, html, short, number, full)


@st.composite
def documents(draw: st.DrawFn, most: int = 3) -> FeedDocument:
    """A feed document of random articles, live or archive, with what has left it."""
    config = draw(configs)
    contents: Sequence[RawArticle] = draw(st.lists(raw_articles, max_size=most))
    made = [entry(cleaned(raw, config), n, config) for n, raw in enumerate(contents, 1)]
    stones = draw(st.lists(st.builds(Tombstone, st.uuids().map("urn:uuid:{}".format), moments)))
    before = draw(st.none() | st.just(ArchiveLink("https://news.example/1.xml", "0" * 64)))
    archive = draw(st.none() | st.just(2))
    feed = Feed(kind="everything", key="", title="")
    return document(feed, made, config, tombstones=stones, before=before, archive=archive)
