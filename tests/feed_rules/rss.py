"""RSS 2.0 by its specification and by the RSS Advisory Board's Best Practices Profile."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from lxml import etree

from tests.feed_rules.values import (
    is_absolute,
    is_language,
    is_media_type,
    is_rfc822,
    is_rfc3339,
    relative_links,
)

ATOM = "{http://www.w3.org/2005/Atom}"
DC = "{http://purl.org/dc/elements/1.1/}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
MEDIA = "{http://search.yahoo.com/mrss/}"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
CHANNEL = set(
    "title link description category cloud copyright docs generator image language lastBuildDate "
    "managingEditor pubDate rating skipDays skipHours textInput ttl webMaster item".split()
)
ITEM = set("title link description author category comments enclosure guid pubDate source".split())
MANY = {"category", "item"}  # all else stands at most once
MEDIUMS = ("image", "audio", "video", "document", "executable", None)


def problems(data: bytes) -> list[str]:
    """Everything that is wrong with an RSS document."""
    try:
        root = etree.fromstring(data)
    except etree.XMLSyntaxError as error:
        return [f"not well-formed: {error}"]
    channels = root.findall("channel")
    if root.tag != "rss" or root.get("version") != "2.0" or len(channels) != 1:
        return ["it is not <rss version='2.0'> with one channel"]
    items = channels[0].findall("item")
    found = [*_channel(channels[0])]
    guids = Counter(item.findtext("guid") for item in items)
    found += [f"the guid {guid} stands {n} times" for guid, n in guids.items() if n > 1]
    for item in items:
        name = item.findtext("guid") or item.findtext("title") or "an item"
        found += [f"{name}: {said}" for said in _item(item)]
    if re.search(rb"<title>[^<]*&(amp|lt);", data):
        found.append("profile, title: & and < are written as &#x26; and &#x3C;")
    return found


def _channel(channel: etree._Element) -> Iterator[str]:
    yield from _known(channel, CHANNEL)
    for name in ("title", "link", "description"):
        if not channel.findtext(name):
            yield f"the channel has no {name}"
    if not is_absolute(channel.findtext("link")):
        yield "the channel's link is not absolute"
    selves = [one for one in channel.findall(f"{ATOM}link") if one.get("rel") == "self"]
    if len(selves) != 1:
        yield "profile, atom:link: the channel should name itself, once"
    yield from _atom_links(channel)
    for name in ("pubDate", "lastBuildDate"):
        if (date := channel.findtext(name)) is not None and not is_rfc822(date):
            yield f"{name} {date!r} is no date of RFC 822"
    if (language := channel.findtext("language")) is not None and not is_language(language):
        yield f"{language!r} is no language"
    if (image := channel.find("image")) is not None:
        yield from _image(image, channel)


def _image(image: etree._Element, channel: etree._Element) -> Iterator[str]:
    if not is_absolute(image.findtext("url")):
        yield "the image's url is not absolute"
    for name in ("title", "link"):
        if image.findtext(name) != channel.findtext(name):
            yield f"profile, image: its {name} should be the channel's"


def _item(item: etree._Element) -> Iterator[str]:
    yield from _known(item, ITEM)
    if not (item.findtext("title") or item.findtext("description")):
        yield "it has neither a title nor a description"
    if not is_absolute(item.findtext("link")):
        yield "its link is not absolute"
    yield from _identity(item)
    yield from _dates(item)
    yield from _atom_links(item)
    yield from _media(item)
    if item.find("author") is not None and "@" not in (item.findtext("author") or ""):
        yield "author wants an address; a name is dc:creator"
    for language in (item.get(XML_LANG), item.findtext(f"{DC}language")):
        if language is not None and not is_language(language):
            yield f"{language!r} is no language"
    if item.findtext(CONTENT) is not None and not item.findtext("description"):
        yield "profile, content:encoded: there should be a description as well"
    for html in (item.findtext("description"), item.findtext(CONTENT)):
        for address in relative_links(html or ""):
            yield f"it holds a relative address: {address!r}"


def _identity(item: etree._Element) -> Iterator[str]:
    guid = item.find("guid")
    if guid is None or not guid.text:
        yield "it has no guid"
    elif guid.get("isPermaLink", "true") not in ("true", "false"):
        yield "isPermaLink is neither true nor false"
    elif guid.get("isPermaLink", "true") == "true" and not re.match("https?:", guid.text):
        yield "its guid is no permanent link, and does not say so"
    for category in item.findall("category"):
        if not category.text:
            yield "it has an empty category"


def _dates(item: etree._Element) -> Iterator[str]:
    if not is_rfc822(item.findtext("pubDate") or ""):
        yield f"pubDate {item.findtext('pubDate')!r} is no date of RFC 822"
    updated = item.findtext(f"{ATOM}updated")
    if updated is not None and not is_rfc3339(updated):
        yield f"atom:updated {updated!r} is no date of RFC 3339"


def _media(item: etree._Element) -> Iterator[str]:
    for one in item.findall("enclosure"):
        if set(one.attrib) != {"url", "length", "type"}:
            yield f"an enclosure needs url, length and type, and has {sorted(one.attrib)}"
        elif not (re.match("https?://.", one.get("url", "")) and one.get("length", "").isdigit()):
            yield "an enclosure's url or length is wrong"
        elif not is_media_type(one.get("type")):
            yield f"an enclosure's type is no media type: {one.get('type')!r}"
    for one in item.iter(f"{MEDIA}content", f"{MEDIA}thumbnail"):
        if not is_absolute(one.get("url")):
            yield f"a medium's url is not absolute: {one.get('url')!r}"
        if one.get("medium") not in MEDIUMS:
            yield f"Media RSS knows no medium {one.get('medium')!r}"
        if one.get("type") is not None and not is_media_type(one.get("type")):
            yield f"a medium's type is no media type: {one.get('type')!r}"
        counts = [one.get(name) for name in ("fileSize", "width", "height")]
        if not all(value.isdigit() for value in counts if value is not None):
            yield f"a medium's size is no number: {counts}"


def _atom_links(parent: etree._Element) -> Iterator[str]:
    for link in parent.findall(f"{ATOM}link"):
        if not is_absolute(link.get("href")):
            yield f"a link is not absolute: {link.get('href')!r}"


def _known(parent: etree._Element, names: set[str]) -> Iterator[str]:
    own = Counter(str(child.tag) for child in parent if "{" not in str(child.tag))
    for name, number in own.items():
        if name not in names:
            yield f"RSS has no element {name} here"
        elif number > 1 and name not in MANY:
            yield f"{name} stands {number} times"
