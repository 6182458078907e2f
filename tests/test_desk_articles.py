"""An editor writes at the desk: everything goes through the same cleaning as any import."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from publisher.errors import UsageError
from publisher.model import Article
from publisher.pipeline import writing
from publisher.pipeline.newsroom import Newsroom
from publisher.store import articles
from tests.deskwork import Worker
from tests.sites import Document, newsroom_at, sql, store, story, update

NOW = datetime.now(UTC)
FIELDS: dict[str, Any] = {
    "title": "The lamp is lit", "summary": "A short one", "text": "It *burns*.\n\n- one\n- two",
    "form": "markdown", "category": "Town › Harbour", "published": "", "expires": "",
    "language": "en", "slug": "", "sources": "Harbour Office | https://harbour.example/\nAgencies",
    "authors": "Ada Lind", "tags": "lamp, pier", "url": "", "translation_key": "",
    "once": "0" * 32, "revision": "0",
}  # fmt: skip


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom_at(tmp_path, store_url) as made:
        yield made


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom_at(tmp_path) as made:
        yield made


def the_article(newsroom: Newsroom, number: int = 1) -> Article:
    with newsroom.store.read() as session:
        return articles.by_ids(session, [number])[number]


def edited(worker: Worker, number: int = 1) -> dict[str, Any]:
    """What the form of an article says, as a browser would send it."""
    html = worker.client.get(f"/desk/articles/{number}/edit").text
    page = Document(html)
    fields = {
        one["name"]: one.get("value", "")
        for one in page.all("input")
        if one.get("name") and one.get("type") not in ("radio", "checkbox", "file")
    }
    for name, text in re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>(.*?)</textarea>', html, re.S):
        fields[name] = unescape(text).removeprefix("\n")
    checked = page.all("input", type="radio", checked="")
    return fields | {"form": checked[0]["value"]}


def picture(form: str = "PNG", size: tuple[int, int] = (40, 30), **more: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "navy").save(out, form, **more)
    return out.getvalue()


def test_what_an_editor_writes_is_published(newsroom: Newsroom) -> None:
    worker = Worker(newsroom, "ed")
    answer = worker.send("/desk/articles/new", **FIELDS)
    assert answer.headers["location"] == "/desk/articles/1?said=stored"
    update(newsroom, datetime.now(UTC) + timedelta(seconds=1))
    page = worker.page("/articles/the-lamp-is-lit")
    assert "It burns." in page.text
    made = the_article(newsroom)
    assert "<em>burns</em>" in made.body
    assert "<li>one</li>" in made.body
    assert made.category.path == "town/harbour"
    assert made.sources[0] == {"name": "Harbour Office", "url": "https://harbour.example/"}
    assert made.authors == ["Ada Lind"]
    assert made.tags == ["lamp", "pier"]
    assert made.external_id == f"desk:{'0' * 32}"


def test_sending_the_form_twice_makes_one_article(newsroom: Newsroom) -> None:
    worker = Worker(newsroom, "ed")
    for said in ("stored", "same"):
        answer = worker.send("/desk/articles/new", **FIELDS, published_again="")
        assert answer.headers["location"] == f"/desk/articles/1?said={said}"


def test_an_article_can_be_edited_in_the_words_it_was_written_in(newsroom: Newsroom) -> None:
    worker = Worker(newsroom, "ed")
    worker.send("/desk/articles/new", **FIELDS)
    fields = edited(worker)
    assert fields["form"] == "markdown"
    assert fields["text"] == FIELDS["text"]
    same = worker.send("/desk/articles/1/edit", **fields)
    assert same.headers["location"].endswith("said=same")
    worker.send("/desk/articles/1/edit", **fields | {"text": "It **shines**."})
    made = the_article(newsroom)
    assert "<strong>shines</strong>" in made.body
    assert made.revision == 2


def test_an_imported_article_is_edited_as_html_and_stays_as_it_is(newsroom: Newsroom) -> None:
    at = datetime(2018, 2, 15, 9, 0, 42, tzinfo=UTC)
    body = "<p>One.</p>\n\n<blockquote>\n\n*no markdown*\n\n</blockquote>"
    store(newsroom, story("Old", body=body, published=at, aliases=("old-one",)))
    worker = Worker(newsroom, "ed")
    fields = edited(worker)
    assert fields["form"] == "html"
    answer = worker.send("/desk/articles/1/edit", **fields)
    assert answer.headers["location"].endswith("said=same")
    worker.send("/desk/articles/1/edit", **fields | {"title": "New"})
    made = the_article(newsroom)
    assert (made.title, made.published, made.aliases) == ("New", at, ["old-one"])


def test_nobody_writes_over_what_another_has_changed(newsroom: Newsroom) -> None:
    worker = Worker(newsroom, "ed")
    worker.send("/desk/articles/new", **FIELDS)
    fields = edited(worker)
    worker.send("/desk/articles/1/edit", **fields | {"title": "First"})
    answer = worker.send("/desk/articles/1/edit", 409, **fields | {"title": "Second"})
    assert "somebody else has changed this article" in answer.text
    assert 'value="Second"' in answer.text  # nothing that was written is lost
    assert the_article(newsroom).title == "First"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"title": "", "text": "", "summary": ""}, "neither a title nor a text"),
        ({"published": "tomorrow"}, "is no date and time"),
        ({"published": "9999-12-31T23:59"}, "out of range"),
    ],
)
def test_what_cannot_be_stored_is_told_and_not_lost(
    site: Newsroom, changes: dict[str, str], reason: str
) -> None:
    answer = Worker(site, "ed").send("/desk/articles/new", 422, **FIELDS | changes)
    assert reason in answer.text
    assert 'value="Town › Harbour"' in answer.text


def test_an_embargo_is_by_the_clock_of_the_newsroom(tmp_path: Path) -> None:
    with newsroom_at(tmp_path, site={"timezone": "Asia/Amman"}) as newsroom:
        worker = Worker(newsroom, "ed")
        worker.send("/desk/articles/new", **FIELDS | {"published": "2999-01-01T10:30"})
        assert the_article(newsroom).published == datetime(2999, 1, 1, 7, 30, tzinfo=UTC)
        update(newsroom, datetime.now(UTC) + timedelta(seconds=1))
        worker.page("/articles/the-lamp-is-lit", 404)
        assert "not public" in worker.page("/desk/articles/1").text
        framed = worker.client.get("/desk/articles/1/page")
        assert "It <em>burns</em>" in framed.text


def test_the_preview_says_what_cleaning_takes_out_and_stores_nothing(newsroom: Newsroom) -> None:
    worker = Worker(newsroom, "ed")
    text = "Fine.\n\n<script>alert(1)</script><img src=x onerror=alert(1)>"
    answer = worker.send("/desk/articles/preview", 200, **FIELDS | {"text": text})
    live = answer.text[answer.text.index('id="live"') :]
    assert "Fine." in live
    assert "onerror=" not in live.split("<code")[0]
    assert "script" in Document(live).text
    with newsroom.store.read() as session:
        assert articles.count(session) == 0


@pytest.mark.parametrize("shape", ["entry", "mail", "page", "embed", "nonsense"])
def test_an_article_is_shown_as_readers_will_meet_it(site: Newsroom, shape: str) -> None:
    worker = Worker(site, "ed")
    worker.send("/desk/articles/new", **FIELDS)
    page = worker.page(f"/desk/articles/1?as={shape}")
    if shape == "mail":
        assert "The lamp is lit" in worker.client.get("/desk/articles/1/mail").text
    assert "The lamp is lit" in page.text
    frames = page.all("iframe")
    assert all("sandbox" in one for one in frames)
    for frame in frames:
        policy = worker.client.get(frame["src"]).headers["content-security-policy"]
        assert "sandbox" in policy
        assert "script-src" not in policy
        assert "frame-ancestors 'self'" in policy


def test_a_correction_and_a_withdrawal_carry_their_note(newsroom: Newsroom) -> None:
    worker = Worker(newsroom, "ed")
    worker.send("/desk/articles/new", **FIELDS)
    worker.send("/desk/articles/1/correction", 422, note=" ")
    worker.send("/desk/articles/1/correction", note="It was lit on Monday.")
    assert the_article(newsroom).correction == "It was lit on Monday."
    assert the_article(newsroom).updated is not None
    worker.send("/desk/articles/1/retraction", 422, note="A mistake.")  # not sure
    assert the_article(newsroom).retracted is None
    worker.send("/desk/articles/1/retraction", note="A mistake.", sure="1")
    assert the_article(newsroom).retraction == "A mistake."
    answer = worker.send("/desk/articles/1/edit", 422, **FIELDS | {"revision": "2"})
    assert "was withdrawn" in answer.text
    worker.send("/desk/articles/1/correction", 422, note="Too late.")


def test_a_picture_is_taken_with_words_for_who_cannot_see_it(newsroom: Newsroom) -> None:
    worker = Worker(newsroom, "ed")
    files = {"file": ("Der Hafen.PNG", picture(), "image/png")}
    refused = worker.send("/desk/articles/new", 422, files=files, **FIELDS)
    assert "say in words what the picture shows" in refused.text
    worker.send("/desk/articles/new", files=files, **FIELDS, alt="The harbour at night")
    (medium,) = the_article(newsroom).media
    assert medium["alt"] == "The harbour at night"
    assert (medium["width"], medium["height"], medium["type"]) == (40, 30, "image/png")
    assert re.search(r"/media/\d{4}/\d\d/der-hafen-[0-9a-f]{10}\.png$", medium["url"])
    got = worker.client.get(medium["url"])
    assert got.status_code == 200
    assert Image.open(io.BytesIO(got.content)).size == (40, 30)
    fields = edited(worker)
    assert json.loads(fields["medium"])["url"] == medium["url"]
    worker.send("/desk/articles/1/edit", **fields | {"drop-0": "1"})
    assert the_article(newsroom).media == []


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"GIF89a<script>alert(1)</script>",
        b"%PDF-1.7 not a picture",
        b"",
        picture()[:60],
        picture("TIFF"),
    ],
    ids=["svg", "gif that lies", "pdf", "empty", "cut off", "tiff"],
)
def test_a_file_that_lies_about_what_it_is_is_refused(site: Newsroom, data: bytes) -> None:
    files = {"file": ("photo.png", data, "image/png")}
    answer = Worker(site, "ed").send("/desk/articles/new", 422, files=files, **FIELDS, alt="x")
    assert "this file is no picture" in answer.text
    folder = site.config.path("media")
    assert not folder.exists() or not [*folder.rglob("*.*")]


def test_a_picture_does_not_tell_where_it_was_taken(site: Newsroom) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "A camera that tells"
    exif.get_ifd(0x8825)[1] = "N"
    files = {"file": ("a.jpg", picture("JPEG", exif=exif), "image/jpeg")}
    Worker(site, "ed").send("/desk/articles/new", files=files, **FIELDS, alt="x")
    (file,) = site.config.path("media").rglob("*.jpg")
    with Image.open(file) as kept:
        assert kept.size == (30, 40)
        assert not dict(kept.getexif())
    assert b"tells" not in file.read_bytes()


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_opened(
    site: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publisher.ingest.pictures.MOST_PIXELS", 1000)
    files = {"file": ("a.png", picture(), "image/png")}
    answer = Worker(site, "ed").send("/desk/articles/new", 422, files=files, **FIELDS, alt="x")
    assert "million pixels" in answer.text


def test_articles_are_found_by_words_and_addresses_also_hidden_ones(newsroom: Newsroom) -> None:
    store(
        newsroom, story("Ferry sails", slug="ferry"), story("Market", slug="market"),
        story("Secret ferry", slug="secret", published=NOW + timedelta(days=1)),
        now=NOW,
    )  # fmt: skip
    worker = Worker(newsroom, "ed")

    def found(query: str) -> list[str]:
        page = worker.page(f"/desk/articles/?q={query}")
        return [one for one in page.links if re.fullmatch(r"/desk/articles/\d+", one)]

    assert found("ferry") == ["/desk/articles/1", "/desk/articles/3"]
    assert found("https://news.example/articles/market") == ["/desk/articles/2"]
    assert found("nothingofthekind") == []
    assert len(found("")) == 3
    sql(newsroom, "UPDATE article SET retracted = published WHERE slug = 'market'")
    update(newsroom, NOW)
    assert found("market") == ["/desk/articles/2"]


def test_all_articles_are_reached_page_by_page(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publisher.web.desk.articles.ON_A_PAGE", 2)
    store(newsroom, *(story(f"Story {n}") for n in range(5)))
    worker = Worker(newsroom, "ed")
    seen, path = [], "/desk/articles/"
    for _ in range(3):
        page = worker.page(path)
        seen += [one for one in page.links if re.fullmatch(r"/desk/articles/\d+", one)]
        more = [one for one in page.links if one.startswith("?behind=")]
        path = f"/desk/articles/{more[0]}" if more else ""
    assert seen == [f"/desk/articles/{n}" for n in (5, 4, 3, 2, 1)]
    assert path == ""


def test_a_form_says_nothing_that_it_has_no_field_for(site: Newsroom) -> None:
    more = {"id": "77", "uid": "tag:evil", "seal": "x", "retracted": "2020", "external_id": "x"}
    Worker(site, "ed").send("/desk/articles/new", **FIELDS | more)
    made = the_article(site)
    assert made.uid != "tag:evil"
    assert made.retracted is None
    assert made.external_id == f"desk:{'0' * 32}"


def test_a_medium_that_no_browser_sends_is_refused(site: Newsroom) -> None:
    for value in ("[]", "{", '{"size": "x"}', '{"width": [1]}', "null"):
        Worker(site, f"ed{abs(hash(value))}").send(
            "/desk/articles/new", 422, **FIELDS, medium=value
        )


def test_too_much_at_once_is_refused(tmp_path: Path) -> None:
    with newsroom_at(tmp_path, desk={"max_upload_bytes": 100_000}) as newsroom:
        worker = Worker(newsroom, "ed")
        worker.send("/desk/articles/new", 413, **FIELDS | {"text": "a" * 120_000})


def test_a_picture_needs_words(site: Newsroom) -> None:
    with pytest.raises(UsageError, match="in words"):
        writing.keep_picture(site, picture(), "a.png", "  ", NOW)
