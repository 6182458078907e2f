"""A backup becomes a site again, in a folder of its own; nothing that exists is touched."""

from __future__ import annotations

import hashlib
import json
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO

from publisher.errors import UsageError
from publisher.pipeline.backup import (
    CONTENTS,
    ELSEWHERE,
    SITE,
    BackupError,
    Contents,
    Packed,
    checked_version,
)
from publisher.store.copy import check_sqlite
from publisher.store.migrate import HEAD

LARGEST_CONTENTS = 200_000_000
BLOCK = 1 << 20
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back. `database` is the database's file, or its dump, or None.

    `elsewhere` are files that were outside of the site's folder: where they are now, and were.
    """

    contents: Contents
    config: Path
    database: Path | None
    elsewhere: tuple[tuple[Path, str], ...]


def unpack(backup: Path, folder: Path, progress: Progress = lambda _done, _all: None) -> Restored:
    """Put a backup into a folder that is empty or not there yet, after all of it was checked.

    Raises UsageError where the folder holds something or the backup is of a newer version, and
    BackupError where the backup is damaged; the folder is then as it was.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            f"{folder} is not empty, and nothing is overwritten; name a new folder for the restore"
        )
    contents = read_contents(backup)
    checked_version(contents, HEAD)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".restore-") as name:
            made = Path(name)
            _extract(backup, contents, made, progress)
            restored = _arranged(contents, made, folder)
            for part in sorted(
                (made / SITE).iterdir(), key=lambda one: one.name == contents.config
            ):
                part.rename(folder / part.name)  # the config last: it makes the folder a site
    except OSError as error:
        raise BackupError(f"{folder}: the backup was not put back: {error}") from error
    return restored


def read_contents(backup: Path) -> Contents:
    """What a backup says that it holds. Raises BackupError."""
    data = b""
    for member, file in _members(backup):
        if member.name == CONTENTS and member.size <= LARGEST_CONTENTS:
            data = file.read()
    if not data:
        raise BackupError(f"{backup} is no whole backup: it ends before its list of contents")
    try:
        found = json.loads(data)
        files = tuple(Packed(**one) for one in found.pop("files"))
        contents = Contents(**found, files=files)
        if contents.moment.tzinfo is None or PurePosixPath(contents.config).name != contents.config:
            raise ValueError("its list of contents is not ours")
        return contents
    except (ValueError, TypeError, KeyError) as error:
        raise BackupError(f"{backup} is no backup of a publisher: {error}") from None


def _members(backup: Path) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    try:
        with tarfile.open(backup, mode="r|gz") as archive:
            for member in archive:
                file = archive.extractfile(member) if member.isfile() else None
                if file is not None:
                    yield member, file
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise BackupError(f"{backup} cannot be read: {error}") from error


def _extract(backup: Path, contents: Contents, folder: Path, progress: Progress) -> None:
    """Write the files that the list names, each compared with what the list says of it."""
    wanted = {one.name: one for one in contents.files}
    done = 0
    for member, file in _members(backup):
        packed = wanted.pop(member.name, None)
        if packed is None:
            continue
        target = folder / _safe(backup, packed.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        with target.open("xb") as out:
            while data := file.read(BLOCK):
                digest.update(data)
                out.write(data)
                done += len(data)
                progress(done, contents.size)
        _set_mode(target, packed.name)
        if digest.hexdigest() != packed.sha256:
            raise BackupError(f"{backup} is damaged: {packed.name} is not what was packed")
    if wanted:
        raise BackupError(f"{backup} is damaged: {next(iter(wanted))} is missing")


def _safe(backup: Path, name: str) -> PurePosixPath:
    """A name that stays below the folder. Raises BackupError."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or path.parts[:1] not in _TOPS or "\\" in name:
        raise BackupError(f"{backup} is no backup of a publisher: it holds {name!r}")
    return path


_TOPS = ((SITE,), (ELSEWHERE,))


def _set_mode(target: Path, name: str) -> None:
    """Keys and the database stay their owner's; what a web server shows can be read by it."""
    is_shown = PurePosixPath(name).parts[:2] in ((SITE, "media"), (SITE, "email_templates"))
    target.chmod(0o644 if is_shown else 0o600)


def _arranged(contents: Contents, made: Path, folder: Path) -> Restored:
    """Check the database, and put what was elsewhere into the site's folder."""
    site = made / SITE
    site.mkdir(exist_ok=True)
    if contents.database == "sqlite":
        check_sqlite(made / _safe(folder, contents.database_file))
    outside = [one.name for one in contents.files if one.name.startswith(f"{ELSEWHERE}/")]
    if outside:
        (made / ELSEWHERE).rename(site / ELSEWHERE)
    return Restored(
        contents,
        folder / contents.config,
        _place(folder, contents.database_file) if contents.database else None,
        tuple((_place(folder, name), name.removeprefix(ELSEWHERE)) for name in outside),
    )


def _place(folder: Path, name: str) -> Path:
    """Where a file of a backup is afterwards."""
    return folder / name.removeprefix(f"{SITE}/")


def due_to_wait(contents: Contents, now: datetime) -> str:
    """Why a restored list waits, in words for its status."""
    made, restored = (one.strftime("%Y-%m-%d %H:%M UTC") for one in (contents.moment, now))
    return (
        f"restored at {restored} from a backup of {made}: what was sent in between is not written "
        "down here, and would be sent again"
    )
