"""The machine: its zones, its disk, and whether the settings fit together."""

from __future__ import annotations

import os
import shutil
import tempfile
import zoneinfo
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

from publisher.config import Config
from publisher.pipeline.backup import FOLDER, newest_backup
from publisher.pipeline.doctor.finding import Finding, fine, note, wrong

# What a disk should have left: a backup, and an evening's edition.
LEAST_FREE = 500_000_000
OLD_ZONES_YEARS = 2
OLD_BACKUP = timedelta(days=2)


def config(config: Config) -> Iterator[Finding]:
    """The config was read; what is valid and yet does not work for others."""
    host = urlsplit(config.site.url).hostname or ""
    if host in ("localhost", "127.0.0.1", "::1"):
        yield note("config", f"site.url is {config.site.url}", "set it before others are to read")
    elif not config.site.url.startswith("https://"):
        yield note("config", "site.url is not https", "get a certificate; unsubscribing by one "
                   "click is for https alone")  # fmt: skip
    else:
        yield fine("config", f"{config.root}: {config.site.url}")


def zones() -> Iterator[Finding]:
    """Where the zones come from, and how old they are."""
    package = metadata.version("tzdata")
    system = next((one for one in zoneinfo.TZPATH if Path(one, "UTC").exists()), "")
    file = Path(system, "tzdata.zi") if system else Path()
    release = ""
    if system and file.exists():
        with file.open(encoding="ascii") as opened:
            release = opened.readline().removeprefix("# version ").strip()
    version = release or (package if not system else "")
    where = f"the system's ({system})" if system else "the package's"
    year = version[:4]
    if year.isdigit() and date.today().year - int(year) >= OLD_ZONES_YEARS:  # noqa: DTZ011
        yield note("zones", f"time zones are {where}, of {version}", "bring tzdata up to date: "
                   "countries change their clocks")  # fmt: skip
    else:
        yield fine("zones", f"time zones are {where}, {version or 'of no known version'}")


def disk(config: Config) -> Iterator[Finding]:
    """Room, and folders that can be written to."""
    folders = {"feeds": config.path(config.feeds.folder), "site": config.root}
    for name, folder in folders.items():
        if not folder.exists():
            yield note(name, f"the folder {folder} is not there yet", "it is made when needed")
        elif not _can_write(folder):
            yield wrong(name, f"{folder} cannot be written to", "give it to the user that runs us")
    free = shutil.disk_usage(config.root).free
    if free < LEAST_FREE:
        yield wrong("disk", f"{free / 1e6:,.0f} MB are free", "make room: a full disk stops feeds")
    else:
        yield fine("disk", f"{free / 1e9:,.1f} GB are free, folders can be written to")


def backup(config: Config, now: datetime) -> Iterator[Finding]:
    """How old the newest backup is that was made into the site's folder."""
    newest = newest_backup(config)
    if newest is None:
        yield note("backup", f"there is none in {config.path(FOLDER)}", "`publisher backup`, every "
                   "night by publisher-backup.timer; right, if it is elsewhere")  # fmt: skip
    elif now - newest > OLD_BACKUP:
        yield note("backup", f"the newest in {config.path(FOLDER)} is of {newest:%Y-%m-%d}", "see "
                   "why publisher-backup.timer has made no newer one")  # fmt: skip
    else:
        yield fine("backup", f"the newest is of {newest:%Y-%m-%d %H:%M} UTC")


def _can_write(folder: Path) -> bool:
    if not os.access(folder, os.W_OK | os.X_OK):
        return False
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
