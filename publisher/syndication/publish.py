"""Writes feed documents into the folder that readers are served from."""

from __future__ import annotations

import contextlib
import errno
import gzip
import os
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import brotli

from publisher.errors import PublishError
from publisher.syndication.document import FILES, FeedDocument
from publisher.syndication.json_feed import json_document
from publisher.syndication.xml_feeds import xml_documents


def formats(document: FeedDocument) -> dict[str, bytes]:
    """The bytes of a document in each of its formats, by file name."""
    written = xml_documents(document)
    if "json" in document.addresses:
        written["json"] = json_document(document)
    return {FILES[form]: data for form, data in written.items()}


# Content coding → ending of the file that holds a document in it, best first.
CODINGS = {"br": ".br", "gzip": ".gz"}
BROTLI_QUALITY = 5
GZIP_LEVEL = 6
GZIP_MAGIC = b"\x1f\x8b"
ANY_FORM = zlib.MAX_WBITS | 32  # zlib looks for itself whether a stream is gzip's or its own


def publish(path: Path, data: bytes, packed: bytes | None = None) -> bool:
    """Put a document and its compressed forms in their places; whether the document changed.

    `packed` is its gzip form, where somebody has made it already. The document comes first: a
    reader may get it uncompressed for a moment, but never an old one. When this returns, power may
    fail. Raises PublishError.
    """
    changed = write_if_changed(path, data)
    forms = {coding: path.with_name(path.name + ending) for coding, ending in CODINGS.items()}
    if changed or not all(_is_newer(form, path) for form in forms.values()):
        for coding, form in forms.items():
            made = packed if coding == "gzip" else None
            write_if_changed(form, made or compressed(data, coding), touch=True)
        with _explained(path):
            _flush(path.parent)
    return changed


def compressed(data: bytes, coding: str) -> bytes:
    """The data in a content coding; the same data is the same bytes."""
    if coding == "br":
        packed: bytes = brotli.compress(data, quality=BROTLI_QUALITY)
        return packed
    return gzip.compress(data, GZIP_LEVEL, mtime=0)  # no time of the day in it


def unpacked(kept: bytes) -> tuple[bytes, bytes | None]:
    """A document that the store kept compressed, and its gzip form; None if it has another."""
    is_gzip = kept.startswith(GZIP_MAGIC)
    return zlib.decompress(kept, wbits=ANY_FORM), kept if is_gzip else None


def withdraw(root: Path, path: str, names: Iterable[str], *, archives: bool = False) -> None:
    """Remove documents of a feed with their compressed forms, and folders in which nothing is left.

    Only files that we make are touched. What is not there is no error. Raises PublishError.
    """
    folder = root / path
    files = [folder / name for name in names]
    if archives:
        files += folder.glob("archive/[0-9]*.xml")
    try:
        for file in files:
            for ending in ("", *CODINGS.values()):
                file.with_name(file.name + ending).unlink(missing_ok=True)
    except OSError as error:
        raise PublishError(f"{file} was not removed: {_advice(error)}") from error
    above = [one for one in folder.parents if one.is_relative_to(root)]
    for left in (folder / "archive", folder, *above):
        if left != root:
            with contextlib.suppress(OSError):  # it is not empty, or was never there
                left.rmdir()


def place(path: Path, data: bytes, packed: Mapping[str, bytes], modified_ns: int) -> None:
    """Put a document and these forms (content coding → bytes) in their places, all with the same
    time, which was settled elsewhere. Raises PublishError."""
    with _explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, data, modified_ns)
        for coding, form in packed.items():
            _replace(path.with_name(path.name + CODINGS[coding]), form, modified_ns)
        _flush(path.parent)


def _is_newer(form: Path, document: Path) -> bool:
    return form.exists() and form.stat().st_mtime_ns >= document.stat().st_mtime_ns


def write_if_changed(path: Path, data: bytes, *, touch: bool = False) -> bool:
    """Put `data` at `path` in one step, so that no reader sees half a file; whether it changed.

    `touch` makes a file that stays as it is look new. Raises PublishError; the old file then
    still stands as it was.
    """
    with _explained(path):
        if path.is_file() and path.read_bytes() == data:
            if touch:
                path.touch()
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, data)
    return True


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PublishError(f"{path} was not written: {_advice(error)}") from error


def _replace(path: Path, data: bytes, modified_ns: int | None = None) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        if modified_ns is not None:
            os.utime(temporary, ns=(modified_ns, modified_ns))
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _flush(folder: Path) -> None:
    """Make the names of the files in a folder last, as fsync makes their contents."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _advice(error: OSError) -> str:
    reason = error.strerror or str(error)
    if error.errno == errno.ENOSPC:
        return f"{reason}; make room, the feed is written again by itself"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{reason}; make the folder writable for the user that runs publisher"
    return reason
