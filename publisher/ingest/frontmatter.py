"""Front matter: the YAML (---) or TOML (+++) block at the top of a Markdown file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import yaml

from publisher.errors import RejectedError

MAX_CHARACTERS = 100_000
_fences = {"---": "---", "+++": "+++"}
_loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_toml_line = re.compile(r"at line (\d+)")
_DAY_FORMATS = ("%d %B %Y", "%d %b %Y", "%B %d, %Y", "%Y/%m/%d")


@dataclass(frozen=True)
class FrontMatter:
    """What stands at the top of a file, and where: `lines` maps a key to its line."""

    origin: str
    values: dict[str, Any]
    lines: dict[str, int]
    body: str
    body_line: int

    def reject(self, key: str, reason: str) -> RejectedError:
        """An error at the line of a key."""
        return RejectedError(self.origin, self.lines.get(key, 1), reason)

    def first(self, *keys: str) -> tuple[str, Any]:
        """The first of these keys that has a value, with it; the first key and None otherwise."""
        found = ((key, self.values[key]) for key in keys if self.values.get(key) not in (None, ""))
        return next(found, (keys[0], None))

    def text(self, *keys: str) -> str | None:
        """A text. Raises RejectedError where something else stands there."""
        key, value = self.first(*keys)
        if value is None:
            return None
        if isinstance(value, str | int | float | date):
            return str(value)
        raise self.reject(key, f"{key} must be a text")

    def texts(self, *keys: str) -> tuple[str, ...]:
        """A text or a list of texts. Raises RejectedError where something else stands there."""
        key, value = self.first(*keys)
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(one, str | int | float | date | None) for one in values):
            raise self.reject(key, f"{key} must be a text or a list of texts")
        return tuple(str(one) for one in values if one is not None)

    def moment(self, *keys: str) -> date | datetime | None:
        """A date or a time. Raises RejectedError where it is none."""
        key, value = self.first(*keys)
        if value is None or isinstance(value, date):
            return value
        try:
            return parse_moment(str(value))
        except ValueError:
            raise self.reject(
                key, f"{key}: {str(value)[:60]!r} is no date; write it as 2024-03-05 09:00"
            ) from None


def parse_moment(text: str) -> date | datetime:
    """A date or a time as people and programs write it. Raises ValueError."""
    plain = " ".join(text.split())
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", plain):
        return date.fromisoformat(plain)
    iso = re.sub(r"\s+(?=[+-]\d{2}:?\d{2}$|Z$)", "", plain)
    iso = re.sub(r"[ T](\d:)", r" 0\1", iso)  # 8:00 is meant as 08:00
    try:
        return datetime.fromisoformat(iso)
    except ValueError:
        pass
    for form in _DAY_FORMATS:
        try:
            return datetime.strptime(plain, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    try:
        return parsedate_to_datetime(plain)
    except (TypeError, IndexError) as error:
        raise ValueError(str(error)) from None


def split(text: str, origin: str) -> FrontMatter:
    """Take a file's front matter off its body. Raises RejectedError with the line that is wrong."""
    lines = text.removeprefix("\ufeff").splitlines()
    blank = next((n for n, line in enumerate(lines) if line.strip()), 0)
    lines = lines[blank:]
    fence = lines[0].rstrip() if lines else ""
    if fence not in _fences:
        return FrontMatter(origin, {}, {}, "\n".join(lines), 1)
    end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == fence), None)
    if end is None:
        raise RejectedError(origin, 1, f"the front matter that begins with {fence} does not end")
    inside = lines[1:end]
    block = "\n".join(inside)
    if len(block) > MAX_CHARACTERS:
        raise RejectedError(
            origin, 1, f"the front matter is longer than {MAX_CHARACTERS:,} characters"
        )
    places = {match[1]: n for n, line in enumerate(inside, blank + 2) if (match := _key(line))}
    values = _toml(block, origin, blank) if fence == "+++" else _yaml(block, origin, places, blank)
    return FrontMatter(origin, values, places, "\n".join(lines[end + 1 :]), blank + end + 2)


def _key(line: str) -> re.Match[str] | None:
    return re.match(r"""["']?([\w-]+)["']?\s*[:=]""", line)


def _yaml(block: str, origin: str, places: dict[str, int], above: int) -> dict[str, Any]:
    try:
        values = yaml.load(block, _loader)  # noqa: S506 - it is a safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = above + mark.line + 2 if mark else above + 1
        raise RejectedError(
            origin, line, f"the front matter is not YAML: {error.problem}"
        ) from None
    except yaml.YAMLError as error:
        raise RejectedError(origin, 1, f"the front matter is not YAML: {error}") from None
    except (ValueError, OverflowError, RecursionError) as error:  # such as the 45th of a month
        line = places.get(_dated_key(block.splitlines(), places), 1)
        raise RejectedError(origin, line, f"the front matter is wrong: {error}") from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise RejectedError(origin, 2, "the front matter must be lines such as “title: …”")
    return {str(key): value for key, value in values.items()}


def _dated_key(lines: Iterable[str], places: dict[str, int]) -> str:
    keys = [match[1] for line in lines if (match := _key(line)) and re.search(r"\d{4}-", line)]
    return next((key for key in keys if key in places), "")


def _toml(block: str, origin: str, above: int) -> dict[str, Any]:
    try:
        return tomllib.loads(block)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = _toml_line.search(str(error))
        line = above + 1 + (int(found[1]) if found else len(block.splitlines()))
        raise RejectedError(origin, line, f"the front matter is not TOML: {error}") from None
