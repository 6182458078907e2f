"""OPML 2.0 (opml.org/spec2.opml): every feed of the site, for readers that take a list."""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree


def opml_document(title: str, feeds: Sequence[tuple[str, str, str]]) -> bytes:
    """The bytes of an OPML list of feeds, each a title, an Atom or RSS address and a page."""
    root = etree.Element("opml", {"version": "2.0"})
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = title
    body = etree.SubElement(root, "body")
    for name, address, page in feeds:
        # OPML calls both kinds of XML feed "rss".
        values = {"type": "rss", "text": name, "title": name, "xmlUrl": address, "htmlUrl": page}
        etree.SubElement(body, "outline", values)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
