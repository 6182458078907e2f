"""The rules for feed documents find what is wrong. (That our own documents keep them is asked of
every document that any test builds: see conftest.)
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from publisher.config import Config
from publisher.model import Content, Feed, Medium, Source
from publisher.syndication.document import ArchiveLink, Tombstone, document
from publisher.syndication.publish import formats
from tests.factories import WHEN
from tests.feed_rules import problems
from tests.rich_articles import entry

CONFIG = Config.model_validate(
    {
        "site": {
            "title": "Harbour & Post",
            "url": "https://news.example",
            "rights": "CC BY",
            "license": "https://license.example/by/",
            "icon": "https://news.example/icon.png",
            "logo": "https://news.example/logo.png",
        },
        "websub": {"hubs": ["https://hub.example/"]},
    }
)
CONTENT = Content(
    title="Ferry & <bridge>",
    body='<p>It <a href="https://a.example/">sails</a>.</p>',
    summary="It sails & sails.",
    published=WHEN,
    category=("Town", "Harbour"),
    language="en",
    sources=(Source("Wire", "https://wire.example/"),),
    authors=("A. Writer",),
    tags=("ferries",),
    media=(
        Medium("https://a.example/1.png", "image/png", "A ferry", 9, 3, 4),
        Medium("https://a.example/2.mp3", "audio/mpeg", "A horn"),
    ),
)
ENTRIES = [entry(CONTENT, number, CONFIG) for number in (1, 2)]
GONE = [Tombstone("urn:x:gone", WHEN + timedelta(days=1))]
BEFORE = ArchiveLink("https://news.example/feeds/archive/1.xml", "0" * 64)
FEED = Feed(kind="everything", key="", title="")
LIVE = formats(document(FEED, ENTRIES, CONFIG, tombstones=GONE, before=BEFORE))
ARCHIVE = formats(document(FEED, ENTRIES, CONFIG, before=BEFORE, archive=2))["atom.xml"]


def test_what_is_right_is_passed() -> None:
    assert [problems(name, data) for name, data in LIVE.items()] == [[], [], []]
    assert problems("archive/2.xml", ARCHIVE) == []


def said(name: str, data: bytes, old: str, new: str) -> str:
    """What is said of a document in which something was replaced."""
    assert old.encode() in data
    return "\n".join(problems(name, data.replace(old.encode(), new.encode())))


ENTRY_ID = "<id>tag:news.example,2018-02-15:"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("</feed>", "", "not well-formed"),
        ("<updated>2018", "<updated>Feb 2018", "Element updated failed"),
        ("+00:00</updated>", "</updated>", "Element updated failed"),
        (ENTRY_ID, "<id>", "Element id failed"),
        ('type="text"', 'type="markdown"', "Invalid attribute type"),
        ('href="https://wire.example/"', 'href="/wire"', "Invalid attribute href"),
        ('type="image/png"', 'type="png"', "Invalid attribute type"),
        ('length="9"', 'length="big"', "Invalid attribute length"),
        ('xml:lang="en"', 'xml:lang="english please"', "Invalid attribute lang"),
        ('term="ferries"', "", "failed to validate"),
        ("<generator>", "<author/><generator>", "Expecting an element name"),
        ("<icon>", "<icon>https://a.example/</icon><icon>", "Extra element icon"),
        ("<name>A. Writer</name>", "<name></name>", "Element name failed"),
        ("<published>", "<pubDate>", "not well-formed"),
        ('medium="image"', 'medium="picture"', "Invalid attribute medium"),
        ('width="3"', 'width="wide"', "Invalid attribute width"),
        ("at:deleted-entry ref=", "at:deleted-entry of=", "deleted-entry"),
        ("<at:deleted-entry", "<at:removed/><at:deleted-entry", "removed"),
        ('ref="urn:x:gone"', 'ref="tag:news.example,2018-02-15:1"', "both there and deleted"),
        ('rel="self"', 'rel="related"', "link to itself"),
        (f"{ENTRY_ID}2", f"{ENTRY_ID}1", "stands 2 times"),
        ("00:00.000002+00:00", "00:00.000001+00:00", "cannot order them"),
        ('rel="via"', 'rel="alternate" type="text/html"', "2 alternate links"),
        ("<published>2018", "<published>2019", "updated before it was published"),
        ('href="https://a.example/"&gt;sails', 'href="a.html"&gt;sails', "a relative address"),
    ],
)
def test_what_is_wrong_with_an_atom_document_is_found(old: str, new: str, words: str) -> None:
    assert words in said("atom.xml", LIVE["atom.xml"], old, new)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('rel="current"', 'rel="related"', "should link to the current one"),
        ("<fh:archive/>", "<fh:archive/><fh:complete/>", "not both"),
        ("<fh:archive/>", "<fh:archive>yes</fh:archive>", "archive"),
        ('rel="license"', 'rel="hub"', "needs no hub"),
        ('rel="current"', 'rel="prev-archive"', "more than one link prev-archive"),
    ],
)
def test_what_is_wrong_with_an_archive_document_is_found(old: str, new: str, words: str) -> None:
    assert words in said("archive/2.xml", ARCHIVE, old, new)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("</rss>", "", "not well-formed"),
        ('version="2.0"', 'version="0.9"', "not <rss version='2.0'>"),
        ("<description>News as we publish it</description>", "", "no description"),
        ("<link>https://news.example/</link>", "<link>/</link>", "link is not absolute"),
        ('rel="self"', 'rel="related"', "name itself"),
        ("<pubDate>Thu, 15", "<pubDate>Fri, 15", "no date of RFC 822"),
        ("<pubDate>Thu, 15 Feb 2018", "<pubDate>2018-02-15", "no date of RFC 822"),
        ("<language>en<", "<language>English text<", "no language"),
        ("<guid", "<author>A. Writer</author><guid", "author wants an address"),
        ("<guid", "<x/><guid", "no element x"),
        ("<guid", "<link>https://b.example/</link><guid", "link stands 2 times"),
        ('isPermaLink="false"', "", "no permanent link"),
        ("2018-02-15:2</guid>", "2018-02-15:1</guid>", "stands 2 times"),
        ('length="9" ', "", "needs url, length and type"),
        ('enclosure url="https', 'enclosure url="ftp', "url or length is wrong"),
        ('type="image/png"', 'type="png"', "no media type"),
        ('medium="audio"', 'medium="sound"', "no medium 'sound'"),
        ('width="3"', 'width="3px"', "no number"),
        ('rel="license" href="https://', 'rel="license" href="//', "link is not absolute"),
        ("<atom:updated>2018-02-15T", "<atom:updated>2018-02-15 ", "no date of RFC 3339"),
        ('href="https://a.example/"&gt;', 'href="a.html"&gt;', "relative address"),
        ("&#x26;", "&amp;", "&#x26;"),
        ("<url>https://news.example/logo.png", "<url>logo.png", "image's url"),
        ("<description>It sails &amp;amp; sails.</description>", "", "should be a description"),
    ],
)
def test_what_is_wrong_with_an_rss_document_is_found(old: str, new: str, words: str) -> None:
    assert words in said("rss.xml", LIVE["rss.xml"], old, new)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("}", "", "not JSON"),
        ('"size_in_bytes":9', '"size_in_bytes":NaN', "not JSON"),
        ("version/1.1", "version/2", "version is wrong"),
        ('"feed_url"', '"feedUrl"', "feed_url is missing"),
        ('"language":"en"', '"language":"english please"', "language is wrong"),
        ('"language":"en"', '"language":null', "language is empty"),
        ('"authors":[{"name":"A. Writer"}]', '"authors":[{}]', "says nothing"),
        ('"authors":[{"name":"A. Writer"}]', '"authors":[{"name":7}]', "name is wrong"),
        ('"authors":[{"name":"A. Writer"}]', '"authors":"A. Writer"', "authors is wrong"),
        ('"type":"WebSub",', "", "type is missing"),
        ('"id":"tag:', '"id":7,"x":"tag:', "id is wrong"),
        ("2018-02-15:2", "2018-02-15:1", "stands 2 times"),
        ('"content_html"', '"content"', "neither content_html nor content_text"),
        ('"date_published":"2018-02-15T', '"date_published":"2018-02-15 ', "date_published"),
        ('"date_published":"2018', '"date_published":"2019', "modified before"),
        ('"tags":[', '"tags":[7,', "tags is wrong"),
        ('"mime_type":"image/png",', "", "mime_type is missing"),
        ('"size_in_bytes":9', '"size_in_bytes":"9"', "size_in_bytes is wrong"),
        ('"title":"A horn"', '"title":"A ferry"', "the same thing"),
        ('"_publisher":{"about"', '"_1publisher":{"about"', "no extension"),
        ('"icon":"https://news.example/', '"icon":"/', "icon is wrong"),
        ('href=\\"https://a.example/\\"', 'href=\\"a.html\\"', "relative address"),
    ],
)
def test_what_is_wrong_with_a_json_feed_is_found(old: str, new: str, words: str) -> None:
    assert words in said("feed.json", LIVE["feed.json"], old, new)
