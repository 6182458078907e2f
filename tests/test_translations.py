"""Every text around the articles is there in each language that the software speaks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from publisher.pipeline.feed_pages import HEADINGS
from publisher.render.translations import FOLDER, Words, words
from publisher.web.desk.asked import SAID
from publisher.web.desk.look import ROOMS, WORDS
from publisher.web.desk.shapes import SHAPES
from publisher.web.errors import TEXTS
from publisher.web.subscription import STEPS
from tests.conftest import REPOSITORY

LANGUAGES = ("ar", "de", "es", "fr", "tr")
Message = str | tuple[str, str]
PAGE_HEADINGS = (
    "News by mail", "Look into your mailbox", "Your choices", "This link does not work",
    "What we know about you",
)  # fmt: skip


def in_templates() -> Iterator[Message]:
    """What templates say: `_("…")` and `ngettext("…", "…", n)`."""
    folders = (REPOSITORY / "email_templates", REPOSITORY / "publisher" / "web" / "templates")
    for file in (file for folder in folders for file in folder.rglob("*.*")):
        if file.suffix not in (".html", ".txt"):
            continue
        for call in Environment().parse(file.read_text()).find_all(nodes.Call):
            name = call.node.name if isinstance(call.node, nodes.Name) else ""
            texts = [one.value for one in call.args if isinstance(one, nodes.Const)]
            if name == "_" and texts:
                yield texts[0]
            elif name == "ngettext":
                yield texts[0], texts[1]


def in_code() -> Iterator[Message]:
    """What the code says: `say("…")`, `words(…).text("…")`, `….number("…", "…", n)`."""
    for file in (REPOSITORY / "publisher").rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text())):
            if isinstance(call, ast.Call):
                yield from said(call)


def said(call: ast.Call) -> Iterator[Message]:
    called = ast.unparse(call.func)
    texts = [one.value for one in call.args if isinstance(one, ast.Constant)]
    found = [text for text in texts if isinstance(text, str)]
    is_text = called in ("say", "_") or re.fullmatch(r"(\w+\.)*words(\(.*\))?\.text", called)
    if is_text and found:
        yield found[0]
    elif called in ("Shown", "self._refused", "_account", "self._made"):
        given = [*found, *(one.value.value for one in call.keywords if one.arg == "wrong"
                           and isinstance(one.value, ast.Constant))]  # fmt: skip
        yield from (str(text) for text in given if text and not str(text).endswith(".html"))
    elif called.rpartition(".")[2] == "number" and len(found) >= 2:
        yield found[0], found[1]


def in_tables() -> Iterator[Message]:
    yield from (text for pair in TEXTS.values() for text in pair)
    yield from HEADINGS.values()
    for step in STEPS.values():
        yield from (step.heading, step.question, step.button, step.done)
    yield from PAGE_HEADINGS
    yield from SAID.values()
    yield from SHAPES.values()
    yield from (room[0] for room in ROOMS)
    yield from map(str, WORDS)


MESSAGES = {*in_templates(), *in_code(), *in_tables()}


def test_the_texts_are_found() -> None:
    assert {"Correction", "Home", "Search", "Unsubscribe", "By tag"} <= MESSAGES
    assert ("%(n)s article", "%(n)s articles") in MESSAGES
    assert ("and one more", "and %(n)s more") in MESSAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_missing(language: str) -> None:
    catalog = words(language)
    assert {one for one in MESSAGES if not has(catalog, one)} == set()


def has(catalog: Words, message: Message) -> bool:
    if isinstance(message, str):
        return message in catalog._texts
    return message[0] in catalog._plurals and all(
        catalog.number(*message, count) for count in (1, 2, 5, 11, 100)
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_keeps_the_places_for_values(language: str) -> None:
    catalog = words(language)
    for english, text in catalog._texts.items():
        assert places(text) == places(english), english


def places(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)s", text))


def test_there_is_no_catalog_but_these() -> None:
    assert sorted(Path(file).stem for file in FOLDER.glob("*.po")) == sorted(LANGUAGES)


def test_a_value_takes_its_place() -> None:
    assert words("de").text("Items filtered by date: %(date)s", date="x") == "Artikel nach Datum: x"
    assert words("en").text("Items filtered by date: %(date)s", date="x") == (
        "Items filtered by date: x"
    )
    assert words("tr").number("%(n)s article", "%(n)s articles", 3) == "3 haber"
    assert words("fr").number("%(n)s article", "%(n)s articles", 0) == "0 article"
