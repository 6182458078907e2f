"""What a partner can choose about an embed, as addresses have it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Literal, TypeVar, get_args
from urllib.parse import quote, urlencode

from publisher.ingest.clean import legal
from publisher.names import slug_of
from publisher.render.article import Detail

Form = Literal["fragment", "frame", "json"]
Theme = Literal["auto", "light", "dark"]
Choice = TypeVar("Choice", bound=str)
MOST_ARTICLES = 50
HEADINGS = (2, 3, 4, 5)
_number = re.compile(r"[0-9]{1,3}")
_colour = re.compile(r"(?:[0-9a-f]{3}){1,2}")


class OptionsError(Exception):
    """Some options cannot be used: name → what is possible."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{name}: {problem}" for name, problem in problems.items()))


@dataclass(frozen=True, slots=True)
class Options:
    """What an embed shows and how.

    `category` is a path ("" is the whole site), `tag` a slug, `language` a tag; what is named must
    all fit. `heading` is the level of titles in a fragment and in the web component; a frame is a
    page of its own, and has its own. `theme` and `accent` (a colour as six or three digits) are
    for frames; elsewhere the partner's style sheet says them.
    """

    category: str = ""
    tag: str = ""
    language: str = ""
    count: int = 5
    heading: int = 3
    images: bool = True
    detail: Detail = "summary"
    theme: Theme = "auto"
    accent: str = ""

    @property
    def query(self) -> str:
        """The options that are not what they are without being named, as a query string."""
        chosen = {
            field.name: _written(getattr(self, field.name))
            for field in fields(self)
            if field.name != "category" and getattr(self, field.name) != field.default
        }
        return urlencode(chosen)

    def fitting(self, form: Form) -> Options:
        """The same without what means nothing in that form, so that equal embeds are one."""
        if form == "frame":
            return replace(self, heading=NORMAL.heading)
        heading = self.heading if form == "fragment" else NORMAL.heading
        return replace(self, heading=heading, theme=NORMAL.theme, accent=NORMAL.accent)

    def address(self, form: Form) -> str:
        """Where the embed is, below the root of the site."""
        folder = f"{quote(self.category)}/" if self.category else ""
        query = self.fitting(form).query
        return f"/embed/{form}/{folder}" + (f"?{query}" if query else "")


NORMAL = Options()


def read_options(category: str, query: Mapping[str, str]) -> Options:
    """The options of an address; parameters that mean nothing here are left out.

    Raises OptionsError.
    """
    given = _Given(query)
    options = Options(
        category=category,
        tag=given.tag("tag"),
        language=given.text("language").lower(),
        count=given.number("count", NORMAL.count, (1, MOST_ARTICLES)),
        heading=given.number("heading", NORMAL.heading, (HEADINGS[0], HEADINGS[-1])),
        images=given.choice("images", "yes", ("yes", "no")) == "yes",
        detail=given.choice("detail", NORMAL.detail, get_args(Detail)),
        theme=given.choice("theme", NORMAL.theme, get_args(Theme)),
        accent=given.colour("accent"),
    )
    if given.problems:
        raise OptionsError(given.problems)
    return options


class _Given:
    """What an address says, and what of it cannot be used."""

    def __init__(self, query: Mapping[str, str]) -> None:
        self._query = query
        self.problems: dict[str, str] = {}

    def text(self, name: str) -> str:
        return legal(self._query.get(name, "")).strip()

    def number(self, name: str, normal: int, bounds: tuple[int, int]) -> int:
        text, (lowest, highest) = self.text(name), bounds
        if not text:
            return normal
        if _number.fullmatch(text) and lowest <= int(text) <= highest:
            return int(text)
        self.problems[name] = f"a number from {lowest} to {highest}"
        return normal

    def choice(self, name: str, normal: Choice, possible: tuple[Choice, ...]) -> Choice:
        text = self.text(name)
        found = [one for one in possible if one == text]
        if text and not found:
            self.problems[name] = f"one of {', '.join(map(str, possible))}"
        return found[0] if found else normal

    def colour(self, name: str) -> str:
        text = self.text(name).lower().removeprefix("#")
        if text and not is_colour(text):
            self.problems[name] = "a colour such as 14507a"
        return text

    def tag(self, name: str) -> str:
        """Tags are compared by their slugs, so `Town Hall` and `town-hall` are one."""
        text = self.text(name)
        slug = slug_of(text)
        if text and not slug:
            self.problems[name] = "a word"
        return slug


def is_colour(text: str) -> bool:
    """Whether it is a colour as addresses have it: `14507a` or `157`."""
    return _colour.fullmatch(text) is not None


def _written(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
