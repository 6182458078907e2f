"""Reads our own Atom documents back, as any reader that follows archives does."""

from __future__ import annotations

from dataclasses import dataclass, field

from lxml import etree

from publisher.syndication.xml_elements import ATOM, CHAIN, TOMBSTONES


@dataclass(frozen=True, slots=True)
class ReadEntry:
    """What tells one state of an article from another: its title and its times."""

    title: str
    published: str
    updated: str


@dataclass(frozen=True)
class ReadDocument:
    """One document: its entries and tombstones by entry id, and the SHA-256 it names."""

    entries: dict[str, ReadEntry] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    previous_sha256: str | None = None


def read_back(data: bytes) -> ReadDocument:
    """Parse a document. Raises ValueError where it is not well-formed XML."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(str(error)) from None

    def text(element: etree._Element, name: str) -> str:
        return element.findtext(f"{{{ATOM}}}{name}") or ""

    entries = {
        text(one, "id"): ReadEntry(text(one, "title"), text(one, "published"), text(one, "updated"))
        for one in root.findall(f"{{{ATOM}}}entry")
    }
    gone = tuple(str(one.get("ref")) for one in root.findall(f"{{{TOMBSTONES}}}deleted-entry"))
    chain = root.find(f"{{{CHAIN}}}previous")
    return ReadDocument(entries, gone, None if chain is None else chain.get("sha256"))


def state_after(documents: list[ReadDocument]) -> dict[str, ReadEntry]:
    """What a reader holds that has read these documents, oldest first."""
    state: dict[str, ReadEntry] = {}
    for document in documents:
        for uid in document.gone:
            state.pop(uid, None)
        state |= document.entries
    return state
