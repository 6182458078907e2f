"""Writes feed documents into the folder that readers are served from."""

from __future__ import annotations

import contextlib
import errno
import gzip
import os
import tempfile
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


def publish(path: Path, data: bytes) -> bool:
    """Put a document and its compressed forms in their places; whether the document changed.

    The document comes first: a reader may get it uncompressed for a moment, but never an old one.
    Raises PublishError.
    """
    changed = write_if_changed(path, data)
    forms = {coding: path.with_name(path.name + ending) for coding, ending in CODINGS.items()}
    if changed or not all(_is_newer(form, path) for form in forms.values()):
        write_if_changed(forms["br"], brotli.compress(data, quality=BROTLI_QUALITY), touch=True)
        # No time of the day in it: the same document is the same bytes.
        write_if_changed(forms["gzip"], gzip.compress(data, GZIP_LEVEL, mtime=0), touch=True)
    return changed


def _is_newer(form: Path, document: Path) -> bool:
    return form.exists() and form.stat().st_mtime_ns >= document.stat().st_mtime_ns


def write_if_changed(path: Path, data: bytes, *, touch: bool = False) -> bool:
    """Put `data` at `path` in one step, so that no reader sees half a file; whether it changed.

    `touch` makes a file that stays as it is look new. Raises PublishError; the old file then
    still stands as it was.
    """
    try:
        if path.is_file() and path.read_bytes() == data:
            if touch:
                path.touch()
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, data)
    except OSError as error:
        raise PublishError(f"{path} was not written: {_advice(error)}") from error
    return True


def _replace(path: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _advice(error: OSError) -> str:
    reason = error.strerror or str(error)
    if error.errno == errno.ENOSPC:
        return f"{reason}; make room, the feed is written again by itself"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{reason}; make the folder writable for the user that runs publisher"
    return reason
