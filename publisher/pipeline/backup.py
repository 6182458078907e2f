"""A whole site in one file: a tar archive, compressed, with a list of what is in it at the end.

In it: the database as it was at one moment, the config, the templates, the media, and the keys that
sign mail. Not in it: `feeds/`, which the store makes anew, and mailboxes, which belong to others.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from publisher import __version__
from publisher.config import Config
from publisher.config.servers import parse_server
from publisher.errors import PublisherError, UsageError
from publisher.pipeline.pg_tools import dump_postgres
from publisher.store.copy import check_sqlite, copy_sqlite, sqlite_file

# Where backups are made if nobody says otherwise, and how they are named there.
FOLDER = "backups"
PATTERN = "publisher-????????T??????Z.tar.gz"
NAME = "publisher-%Y%m%dT%H%M%SZ.tar.gz"
CONTENTS = "CONTENTS.json"
SITE, ELSEWHERE = "site", "elsewhere"
DUMP = f"{SITE}/newsroom.pgdump"
FORMAT = 1
Progress = Callable[[str, int, int], None]


class BackupError(PublisherError):
    """A backup cannot be made, read or put back."""


@dataclass(frozen=True, slots=True)
class Packed:
    """One file of a backup."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Contents:
    """What a backup holds. `made` is the moment that the database in it is from.

    `database` is sqlite, postgresql, or nothing where it is not in it, `database_file` its name
    here, and `tables` the version of its tables; `config` is the name of the config.
    """

    format: int
    publisher: str
    made: str
    database: str
    database_file: str
    tables: str
    config: str
    files: tuple[Packed, ...]

    @property
    def moment(self) -> datetime:
        """`made`, as a time."""
        return datetime.fromisoformat(self.made)

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(one.size for one in self.files)


def back_up(
    config: Config,
    config_file: Path,
    target: Path,
    now: datetime,
    progress: Progress = lambda _what, _done, _all: None,
    *,
    with_database: bool = True,
) -> Contents:
    """Write the backup of a site, whatever is at work there; the file is there whole or not at all.

    Nobody but its owner can read it, since it holds addresses and keys. Raises StoreError,
    UsageError and BackupError.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as folder:
            database = _database(config, Path(folder), progress) if with_database else None
            partial.touch(mode=0o600)
            with partial.open("wb") as raw:
                contents = _pack(raw, config, config_file, database, now, progress)
                raw.flush()
                os.fsync(raw.fileno())
        partial.replace(target)
    except OSError as error:
        raise BackupError(f"{target} was not written: {error}") from error
    finally:
        partial.unlink(missing_ok=True)
    return contents


def files_of(config: Config, config_file: Path) -> Iterator[tuple[Path, str]]:
    """The files of a site beside its database, each with its name in a backup."""
    yield config_file, f"{SITE}/{config_file.name}"
    folders = (config.path(config.templates.folder), config.path("media"))
    keys = [config.path(one.partition(":")[2]) for one in config.dkim.keys]
    for folder in folders:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                yield file, _name(file, config.root)
    for file in [*keys, *_trust(config)]:
        yield file, _name(file, config.root)


def _trust(config: Config) -> Iterator[Path]:
    """Files with which mail servers and we trust each other."""
    if config.mail.ca_file:
        yield config.path(config.mail.ca_file)
    urls = [config.mail.transport, *(relay.url for relay in config.relays)]
    servers = [parse_server(url) for url in urls if not url.startswith("maildir:")]
    for name in sorted({one.password_file for one in servers if one.password_file}):
        yield config.path(name)


def _name(file: Path, root: Path) -> str:
    place = Path(os.path.normpath(file))
    if place.is_relative_to(root):
        return f"{SITE}/{place.relative_to(root).as_posix()}"
    return f"{ELSEWHERE}/{PurePosixPath(*place.absolute().parts[1:])}"


def _database(config: Config, folder: Path, progress: Progress) -> tuple[str, Path, str]:
    """Kind, file and version of the tables of a copy of the database."""
    file = sqlite_file(config.store_url)
    if file is not None:
        copied = folder / "newsroom.db"
        copy_sqlite(file, copied, lambda done, total: progress("Copying", done, total))
        return "sqlite", copied, check_sqlite(copied)
    dump = folder / "newsroom.pgdump"
    return "postgresql", dump, dump_postgres(config.store_url, dump)


def _pack(
    raw: IO[bytes],
    config: Config,
    config_file: Path,
    database: tuple[str, Path, str] | None,
    now: datetime,
    progress: Progress,
) -> Contents:
    kind, copied, tables = database or ("", None, "")
    chosen = list(files_of(config, config_file))
    place = DUMP
    if copied is not None:
        if (file := sqlite_file(config.store_url)) is not None:
            place = _name(file, config.root)
        chosen.append((copied, place))
    total = sum(file.stat().st_size for file, _ in chosen)
    packed: list[Packed] = []
    with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=6) as archive:
        for file, name in chosen:
            done = sum(one.size for one in packed)
            note = lambda more, done=done: progress("Packing", done + more, total)  # noqa: E731
            packed.append(_add(archive, file, name, note))
        contents = Contents(
            format=FORMAT,
            publisher=__version__,
            made=now.isoformat(timespec="seconds"),
            database=kind,
            database_file=place if kind else "",
            tables=tables,
            config=config_file.name,
            files=tuple(packed),
        )
        data = json.dumps(asdict(contents), ensure_ascii=False, indent=1).encode()
        archive.addfile(_head(CONTENTS, len(data), now.timestamp()), io.BytesIO(data))
    return contents


def _add(archive: tarfile.TarFile, file: Path, name: str, note: Callable[[int], Any]) -> Packed:
    with file.open("rb") as data:
        state = os.fstat(data.fileno())
        counted = _Counted(data, note)
        archive.addfile(_head(name, state.st_size, state.st_mtime), counted)
    return Packed(name, state.st_size, counted.digest.hexdigest())


def _head(name: str, size: int, modified: float) -> tarfile.TarInfo:
    head = tarfile.TarInfo(name)
    head.size, head.mtime, head.mode = size, int(modified), 0o600
    return head


class _Counted(io.RawIOBase):
    """A file that is hashed and counted as it is read."""

    def __init__(self, file: IO[bytes], note: Callable[[int], Any]) -> None:
        self._file, self._note, self._done = file, note, 0
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        self._done += len(data)
        self._note(self._done)
        return data


def old_backups(folder: Path, keep: int) -> list[Path]:
    """The backups of a folder that are older than the newest `keep`, by their names."""
    with contextlib.suppress(OSError):
        return sorted(folder.glob(PATTERN))[:-keep]
    return []


def newest_backup(config: Config) -> datetime | None:
    """When the newest backup in the site's own folder was made, by its name."""
    names = [file.name for file in config.path(FOLDER).glob(PATTERN)]
    with contextlib.suppress(ValueError):  # none at all, or one named nearly like ours
        return datetime.strptime(max(names, default=""), NAME).replace(tzinfo=UTC)
    return None


def checked_version(contents: Contents, newest: str) -> None:
    """Raises UsageError where the backup was made by a newer publisher than this one."""
    if contents.format > FORMAT or contents.tables > newest:
        raise UsageError(
            f"the backup was made by publisher {contents.publisher}, which is newer than this one "
            f"({__version__}); install that version first"
        )
