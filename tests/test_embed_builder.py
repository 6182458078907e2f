"""A partner chooses, sees and copies: what the page says works as it is, and policies are exact."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import get_args
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from publisher.pipeline.newsroom import Newsroom
from publisher.web.embed_builder import PARAMETERS
from publisher.web.embed_options import NORMAL, Form, Options, OptionsError, read_options
from publisher.web.statics import PACKAGED
from tests.conftest import REPOSITORY
from tests.embedding import ways_to_embed
from tests.sites import URL, Document, browser, newsroom_at, store, story

CHOICE = (
    "feed=media-center/coalition-news&tag=Town+Hall&language=en&count=3&heading=4&detail=full"
    "&images=no&theme=dark&accent=%23A00"
)


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom_at(tmp_path, store_url) as made:
        store(
            made,
            story("One", slug="one", tags=("Town Hall",)),
            story("خبر", slug="two", language="ar", category=("أخبار",)),
        )
        yield made


@pytest.fixture
def client(newsroom: Newsroom) -> TestClient:
    return browser(newsroom)


def ways(client: TestClient, query: str = "") -> dict[str, tuple[str, str]]:
    """What stands to be copied: way → code and policy."""
    answer = client.get(f"/embed/?{query}")
    assert answer.status_code == 200
    return ways_to_embed(answer.text)


def test_the_form_offers_what_there_is(client: TestClient) -> None:
    document = Document(client.get("/embed/").text)
    offered = {one["value"] for one in document.all("option")}
    assert {"media-center", "media-center/coalition-news", "أخبار", "en", "ar"} <= offered
    named = {one["name"] for tag in ("input", "select") for one in document.all(tag)}
    assert set(PARAMETERS) <= named
    (form,) = [one for one in document.all("form") if "builder" in one["class"]]
    assert "method" not in form, "a GET form: choosing changes nothing"


def test_what_was_chosen_stays_chosen(client: TestClient) -> None:
    document = Document(client.get(f"/embed/?{CHOICE}").text)
    chosen = [one["value"] for one in document.all("option") if "selected" in one]
    assert chosen == ["media-center/coalition-news", "en", "full", "no", "4", "dark"]
    for name, value in (("tag", "Town Hall"), ("count", "3"), ("accent", "#A00")):
        assert document.all("input", name=name, value=value)
    assert document.all("meta", name="robots", content="noindex")


def test_the_preview_and_all_code_show_what_was_chosen(client: TestClient) -> None:
    (preview,) = Document(client.get(f"/embed/?{CHOICE}").text).all("iframe")
    component, frame, server, data, oembed = (code for code, _ in ways(client, CHOICE).values())
    (inner,) = Document(frame).all("iframe")
    assert inner["src"] == URL + preview["src"]
    asked = parse_qs(urlsplit(inner["src"]).query)
    assert asked == {
        "tag": ["town-hall"], "language": ["en"], "count": ["3"],
        "detail": ["full"], "images": ["no"], "theme": ["dark"], "accent": ["a00"],
    }  # fmt: skip
    (element,) = Document(component).all("news-feed")
    assert element == {
        "feed": "media-center/coalition-news", "tag": "town-hall", "language": "en", "count": "3",
        "heading": "4", "detail": "full", "images": "no",
    }  # fmt: skip
    assert f'<a href="{URL}/media-center/coalition-news/">' in component
    (include,) = Document(server).all("esi:include")
    for address in (preview["src"], include["src"], data, oembed):
        assert client.get(address).status_code == 200, address


def test_the_hashes_are_those_of_the_scripts(client: TestClient) -> None:
    document = Document("".join(code for code, _ in ways(client).values()))
    scripts = [*document.all("script"), *Document(client.get("/embed/").text).all("script")]
    assert len(scripts) == 4
    for script in scripts:
        answer = client.get(script["src"])
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["content-type"].startswith("text/javascript")
        digest = hashlib.sha384(answer.content).digest()
        assert script["integrity"] == f"sha384-{base64.b64encode(digest).decode()}"


def test_a_policy_names_no_more_than_is_needed(client: TestClient) -> None:
    pictures = f"img-src {URL} https:; media-src {URL} https:"
    assert {way: policy for way, (_, policy) in ways(client, "detail=summary").items()} == {
        "component": f"script-src {URL}; connect-src {URL}",
        "frame": f"frame-src {URL}; script-src {URL}",
        "server": "",
        "json": f"connect-src {URL}",
        "oembed": "",
    }
    full = ways(client, "detail=full")
    assert full["component"][1] == f"script-src {URL}; connect-src {URL}; {pictures}"
    assert full["server"][1] == pictures
    assert ways(client, "detail=full&images=no")["server"][1] == ""


@pytest.mark.parametrize("query", ["count=0", "accent=blue", "tag=nope", "feed=nope", "language=x"])
def test_a_choice_that_cannot_be_is_marked(client: TestClient, query: str) -> None:
    answer = client.get(f"/embed/?{query}")
    assert answer.status_code == 400
    document = Document(answer.text)
    assert len(document.all("p", role="alert")) == 1
    name = query.partition("=")[0]
    marked = [*document.all("input", **INVALID), *document.all("select", **INVALID)]
    assert [one["name"] for one in marked] == [name]
    assert not document.all("iframe")


INVALID = {"aria-invalid": "true"}


def test_the_page_is_found_and_keeps_to_itself(client: TestClient) -> None:
    assert client.get("/embed").headers["location"] == "/embed/"
    assert "/embed/" in Document(client.get("/").text).links
    policy = client.get("/embed/").headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "frame-src 'self'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy


def test_a_script_has_an_address_that_stays(client: TestClient) -> None:
    stable = client.get("/static/embed.js")
    assert stable.status_code == 200
    assert "immutable" not in stable.headers["cache-control"]
    assert stable.content == (PACKAGED / "embed.js").read_bytes()


def test_an_earlier_script_keeps_the_address_that_partners_have_written_down(
    newsroom: Newsroom,
) -> None:
    earlier = newsroom.config.path("email_templates") / "static" / "earlier"
    earlier.mkdir(parents=True)
    text = b"// as it was once"
    name = f"embed.{hashlib.sha256(text).hexdigest()[:12]}.js"
    (earlier / name).write_bytes(text)
    (earlier / "embed.000000000000.js").write_bytes(b"under a wrong name")
    client = browser(newsroom)
    kept = client.get(f"/static/{name}")
    assert kept.content == text
    assert "immutable" in kept.headers["cache-control"]
    assert client.get("/static/embed.000000000000.js").content != b"under a wrong name"


RELEASED = REPOSITORY / "tests" / "golden" / "released_scripts.txt"


def test_every_script_that_was_released_is_served_for_ever(client: TestClient) -> None:
    lines = RELEASED.read_text(encoding="utf-8").splitlines()
    names = [line for line in lines if not line.startswith("#")]
    assert len(names) >= 2
    for name in names:
        answer = client.get(f"/static/{name}")
        assert "immutable" in answer.headers["cache-control"], f"read {RELEASED}"
        assert hashlib.sha256(answer.content).hexdigest()[:12] == name.split(".")[1]


texts = st.text(max_size=30) | st.sampled_from(
    ["", "5", "50", "051", "-1", "1e3", "٥", "yes", "no", "full", "dark", "f00", "#14507a", "\x00"]
)


@given(query=st.dictionaries(st.sampled_from(PARAMETERS), texts))
@example(query={"count": "051"})
def test_options_are_read_or_named_and_an_address_says_them_again(query: dict[str, str]) -> None:
    try:
        options = read_options("town", query)
    except OptionsError as error:
        named = set(error.problems)
    else:
        named = set()
        says_itself_again(options)
    assert named <= set(query)


def says_itself_again(options: Options) -> None:
    assert 1 <= options.count <= 50
    for form in get_args(Form):
        address = urlsplit(options.address(form))
        assert address.path == f"/embed/{form}/town/"
        again = {name: values[0] for name, values in parse_qs(address.query).items()}
        assert read_options("town", again) == options.fitting(form)


def test_what_is_usual_needs_no_word() -> None:
    assert Options() == NORMAL
    assert NORMAL.query == ""
    assert read_options("", {field.name: "" for field in fields(Options)}) == NORMAL


@settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    form=st.sampled_from(
        ["fragment/", "frame/", "json/", "", "article/one", "frame/media-center/", "frame/media"]
    ),
    query=st.dictionaries(st.sampled_from([*PARAMETERS, "x"]), texts),
)
def test_whatever_is_chosen_is_answered(
    client: TestClient, form: str, query: dict[str, str]
) -> None:
    answer = client.get(f"/embed/{form}", params=query)
    assert answer.status_code in (200, 301, 400, 404), (form, query)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "Traceback" not in answer.text
