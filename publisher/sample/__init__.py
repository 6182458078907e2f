"""A sample newsroom: the invented harbour town of Saltmere, for `publisher demo`."""

from __future__ import annotations

import re
import shutil
from datetime import date, datetime, time, timedelta
from pathlib import Path

from publisher.packaged import place_of

HERE = Path(__file__).parent
TIMEZONE = "Europe/Istanbul"
NOON = time(12)
SETTINGS = {
    'title = "Our Newsroom"': 'title = "Saltmere Courier"',
    'description = "News as we publish it"': 'description = "What happens between the two piers"',
    'url = "http://127.0.0.1:8000"': 'url = "http://127.0.0.1:@port@"',
    'timezone = "UTC"': f'timezone = "{TIMEZONE}"',
    "# port = 8000": "port = @port@",
    'title = "Daily digest"': 'title = "The Courier by mail"',
}
_token = re.compile(r"@today(?:-(?P<days>\d+))?(?: (?P<hour>\d\d):(?P<minute>\d\d))?")


def unpack(folder: Path, now: datetime) -> None:
    """Put the sample newsroom into a folder, dated as if it had worked until `now`.

    `@port@` is left in its config for the caller. Raises OSError.
    """
    for name in ("articles", "corrected"):
        (folder / name).mkdir(parents=True)
        for file in sorted((HERE / name).glob("*.md")):
            text = dated(file.read_text(encoding="utf-8"), now)
            (folder / name / file.name).write_text(text, encoding="utf-8")
    shutil.copytree(HERE / "media", folder / "media")
    shutil.copy(HERE / "subscribers.csv", folder)
    config = place_of("config.toml").read_text(encoding="utf-8")
    for default, sample in SETTINGS.items():
        config = config.replace(default, sample, 1)
    (folder / "config.toml").write_text(config, encoding="utf-8")


def dated(text: str, now: datetime) -> str:
    """`@today-1 16:00` and its like as dates; a time of today that is still to come is moved
    into the part of the day that has passed, in order."""

    def moment(match: re.Match[str]) -> str:
        day = now.date() - timedelta(days=int(match["days"] or 0))
        if match["hour"] is None:
            return day.isoformat()
        at = time(int(match["hour"]), int(match["minute"]))
        return _moment(day, at, now).isoformat(sep=" ", timespec="seconds")

    return _token.sub(moment, text)


def _moment(day: date, at: time, now: datetime) -> datetime:
    if day < now.date() or now.time() >= NOON:  # the sample's day ends before noon
        return datetime.combine(day, at)
    midnight = datetime.combine(day, time.min)
    passed = now.replace(tzinfo=None) - midnight
    share = (at.hour * 60 + at.minute) / (NOON.hour * 60)
    return (midnight + passed * share).replace(microsecond=0)
