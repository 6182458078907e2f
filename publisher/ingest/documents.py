"""What the arguments of an import name: files, folders and addresses, each in some format."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from publisher.config import Ingest
from publisher.errors import FetchError, RejectedError
from publisher.ingest import feed, jsonfile, listing, markdown
from publisher.ingest.fetch import fetch
from publisher.ingest.markdown import Skipped
from publisher.ingest.raw import RawArticle

FORMATS = ("listing", "markdown", "json", "jsonl", "feed")
BY_ENDING = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".xml": "feed",
    ".rss": "feed",
    ".atom": "feed",
}
Piece = RawArticle | RejectedError | Skipped


@dataclass(frozen=True, slots=True)
class Document:
    """One file or address. `size` is in bytes, 0 where it is not known; `key` names it for ever;
    an empty `form` is found out from the content."""

    origin: str
    size: int
    form: str
    key: str


def discover(
    paths: tuple[str, ...], form: str | None, root: Path
) -> Iterator[Document | RejectedError | Skipped]:
    """The documents that are named, folders with all below them; in a fixed order."""
    for path in paths:
        if path.startswith(("http://", "https://")):
            yield Document(path, 0, form or "feed", path)
        elif Path(path).is_dir():
            yield from _folder(Path(path), form, root)
        elif Path(path).is_file():
            yield _file(Path(path), form, root)
        else:
            yield RejectedError(path, 0, "there is no such file or folder")


def _folder(folder: Path, form: str | None, root: Path) -> Iterator[Document | Skipped]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place, name)
            if name.startswith("."):
                continue
            if form or path.suffix.lower() in BY_ENDING:
                yield _file(path, form, root)
            else:
                yield Skipped(str(path), "not a kind of file that holds articles")


def _file(path: Path, form: str | None, root: Path) -> Document:
    # A file is known by its place as seen from the site, however the import named it.
    key = Path(os.path.relpath(path.resolve(), root.resolve())).as_posix()
    form = form or BY_ENDING.get(path.suffix.lower(), "")
    return Document(str(path), path.stat().st_size if path.exists() else 0, form, key)


def read_document(document: Document, limits: Ingest) -> Iterator[Piece]:
    """Every article of a document, and what of it cannot be used."""
    try:
        if document.form == "jsonl":
            yield from jsonfile.read_lines(_lines(document, limits), document.origin)
            return
        data = _bytes(document, limits)
        if not data.strip():
            raise RejectedError(document.origin, 0, "it is empty")
        form = document.form or _sniffed(data)
        if form == "feed" or (form == "json" and feed.is_json_feed(data)):
            yield from feed.read(data, document.origin)
        else:
            yield from _readers[form](_text(data, document.origin), document)
    except RejectedError as reject:
        yield reject


_readers: dict[str, Callable[[str, Document], Iterator[Piece]]] = {
    "listing": lambda text, document: listing.read(text, document.origin),
    "markdown": lambda text, document: markdown.read(text, document.origin, document.key),
    "json": lambda text, document: jsonfile.read(text, document.origin),
    "jsonl": lambda text, document: jsonfile.read_lines(text.splitlines(), document.origin),
}


def _bytes(document: Document, limits: Ingest) -> bytes:
    if document.origin.startswith(("http://", "https://")):
        try:
            return fetch(document.origin, limits)
        except FetchError as error:
            raise RejectedError(document.origin, 0, str(error)) from error
    if document.size > limits.max_bytes:
        raise RejectedError(
            document.origin, 0,
            f"it has {document.size:,} bytes, more than the {limits.max_bytes:,} that "
            "ingest.max_bytes allows",
        )  # fmt: skip
    try:
        return Path(document.origin).read_bytes()
    except OSError as error:
        raise RejectedError(document.origin, 0, f"it cannot be read: {error.strerror}") from error


def _text(data: bytes, origin: str, first_line: int = 1) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + first_line
        raise RejectedError(
            origin, line, f"byte {data[error.start]:#04x} is not UTF-8; save the file as UTF-8"
        ) from None


def _lines(document: Document, limits: Ingest) -> Iterator[str]:
    """The lines of a file of any length, one at a time; a line has the limit of a file."""
    try:
        with Path(document.origin).open("rb") as file:
            number = 0
            while line := file.readline(limits.max_bytes + 1):
                number += 1
                if len(line) > limits.max_bytes:
                    raise RejectedError(
                        document.origin, number, "the line is longer than ingest.max_bytes allows"
                    )
                yield _text(line, document.origin, number)
    except OSError as error:
        raise RejectedError(document.origin, 0, f"it cannot be read: {error.strerror}") from error


def _sniffed(data: bytes) -> str:
    head = data[:2000].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith((b"---", b"+++")):
        return "markdown"
    if head.startswith(b"<"):
        return "feed"
    if head.startswith((b"{", b"[")):
        return "json"
    return "listing" if listing.is_listing(data.decode("utf-8", "replace")) else "markdown"
