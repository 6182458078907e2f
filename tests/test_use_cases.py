"""What a newsroom does, by the commands it would type; on real input where that is beside us."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import feedparser
import pytest
from click.testing import CliRunner, Result

from publisher.cli import main
from tests.feed_rules import problems

SHARED = Path(__file__).parents[2] / "shared"
GOLDEN = Path(__file__).parent / "golden" / "listing"
PAGE = """\
Harbour News
15 February 2018 In Harbour News

The ferry sailed on time. It carried sheep & goats. (Source: Harbour Office)

15 February 2018 In Harbour News

Rain fell on Tuesday. (Source: Weather Desk + Agencies)

Home Media Center Harbour News Items filtered by date: Thursday, 15 February 2018
"""
Run = Callable[..., Result]


@pytest.fixture
def site(store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new site, in which the commands run."""
    folder = tmp_path / "site"
    assert CliRunner().invoke(main, ["init", str(folder)]).exit_code == 0
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PUBLISHER_STORE_URL", store_url)
    return folder


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(one) for one in arguments])
    assert result.exit_code == code, result.output + repr(result.exception)
    return result


def said(*arguments: object, code: int = 0) -> Any:
    return json.loads(run(*arguments, "--json", code=code).stdout)


def feed_bytes(site: Path) -> dict[str, bytes]:
    root = site / "feeds"
    files = [*root.rglob("*.xml"), *root.rglob("*.json")]
    return {str(file.relative_to(root)): file.read_bytes() for file in files}


def check_listing(site: Path, page: Path, category: str) -> None:
    """The way from a listing to feeds and a dated digest, as README has it."""
    assert said("import", page)["new"] == 2
    assert said("import", page) == {
        "new": 0, "changed": 0, "unchanged": 2, "rejected": [], "left_out": [],
    }  # fmt: skip
    run("feeds", "build")
    files = feed_bytes(site)
    for name in ("atom.xml", "rss.xml"):
        parsed = feedparser.parse(files[f"media-center/{category}/{name}"])
        assert not parsed.bozo
        assert len(parsed.entries) == 2
    assert len(json.loads(files[f"media-center/{category}/feed.json"])["items"]) == 2
    assert said("feeds", "build")["written"] == []
    assert feed_bytes(site) == files
    run("digest", "preview", "daily", "--date", "2018-02-15", "--output", "p.html")
    html = (site / "p.html").read_text(encoding="utf-8")
    assert re.findall(r"<h2[^>]*>(.*?)</h2>", html) == ["Thursday, 15 February 2018"]
    assert html.count('<h3 class="title"') == 2


def test_a_listing_becomes_feeds_and_a_dated_digest(site: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.txt"
    page.write_text(PAGE, encoding="utf-8")
    check_listing(site, page, "harbour-news")


def test_the_real_page_becomes_feeds_and_a_dated_digest(site: Path) -> None:
    pages = sorted((SHARED / "seeds").glob("*.txt"))
    if not pages:
        pytest.skip("../shared/seeds is not there")
    check_listing(site, pages[0], "coalition-news")


def test_552_real_articles_come_in_without_a_loss_and_stay_the_same(site: Path) -> None:
    corpus = SHARED / "corpora" / "digitalgov"
    if not corpus.is_dir():
        pytest.skip("../shared/corpora is not there")
    first = said("import", corpus)
    assert (first["new"], first["rejected"]) == (552, [])
    assert [Path(one["where"]).name for one in first["left_out"]] == ["LICENSE.md"]
    assert said("import", corpus)["unchanged"] == 552
    run("feeds", "build")
    files = feed_bytes(site)
    assert said("feeds", "build")["written"] == []
    assert feed_bytes(site) == files
    for name in ("atom.xml", "rss.xml"):
        parsed = feedparser.parse(files[name])
        assert not parsed.bozo
        # Many have expired since; what the live document has no room for is in the archive.
        archives = [data for path, data in files.items() if path.startswith("archive/")]
        ids = {one.id for data in archives for one in feedparser.parse(data).entries}
        public = next(one for one in said("feeds", "list") if one["kind"] == "everything")
        assert len(ids | {one.id for one in parsed.entries}) == public["articles"] >= 70
    assert b"{{" not in files["feed.json"]
    assert [wrong for name, data in files.items() for wrong in problems(name, data)] == []
    run("digest", "preview", "daily", "--date", "2024-03-19", "--output", "p.html")
    assert "Tuesday, 19 March 2024" in (site / "p.html").read_text(encoding="utf-8")


def test_the_feeds_are_the_golden_ones(site: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.txt"
    page.write_text(PAGE, encoding="utf-8")
    run("import", page)
    run("feeds", "build")
    found = feed_bytes(site)
    if os.environ.get("REFRESH_GOLDEN"):
        shutil.rmtree(GOLDEN, ignore_errors=True)
        for name, data in found.items():
            (GOLDEN / name).parent.mkdir(parents=True, exist_ok=True)
            (GOLDEN / name).write_bytes(data)
    assert found == {
        str(f.relative_to(GOLDEN)): f.read_bytes() for f in GOLDEN.rglob("*.*") if f.is_file()
    }


def test_a_digest_reaches_everybody_once(site: Path, tmp_path: Path) -> None:
    page, people = tmp_path / "page.txt", tmp_path / "people.csv"
    page.write_text(PAGE, encoding="utf-8")
    people.write_text(
        "email,name,language,categories\n"
        "a@example.org,Ada,en,\nb@example.org,Bo,ar,media-center\nc@example.org,Cy,en,sport\n"
        "not an address,X,en,\nd@example.org,Di,en,opera\n"
    )
    later = {"id": "1", "title": "Race", "body": "x", "date": "2018-03-01", "category": "Sport"}
    (site / "later.json").write_text(json.dumps([later]))
    run("import", page, "later.json")
    counts = said("subscribers", "import", people, "--confirmed", "a test", code=1)
    assert (counts["new"], len(counts["rejected"])) == (3, 2)
    assert [one["where"] for one in counts["rejected"]] == [f"{people}:5", f"{people}:6"]
    day = ("--date", "2018-02-15")
    assert said("digest", "send", "daily", *day)["sent_now"] == {"accepted": 2}
    assert said("digest", "send", "daily", *day)["sent_now"] == {}
    letters = list((site / "mailbox" / "new").iterdir())
    assert len(letters) == 2, "whose categories have nothing in it gets nothing"
    status = said("digest", "status", "daily", *day)
    assert (status["state"], status["deliveries"]) == ("sent", {"accepted": 2})
    run("digest", "preview", "daily", "--date", "2018-02-16", code=1)


def test_a_late_article_is_in_the_next_edition_under_its_own_date(site: Path) -> None:
    row = {"id": "1", "title": "First", "body": "x", "date": "2018-02-15"}
    (site / "a.json").write_text(json.dumps([row]))
    run("import", "a.json")
    run("subscribers", "add", "a@example.org", "--confirmed", "a test")
    run("digest", "send", "daily", "--date", "2018-02-15")
    late = {"id": "2", "title": "Late", "body": "x", "date": "2018-02-14"}
    changed = {**row, "body": "y"}
    (site / "a.json").write_text(json.dumps([changed, late]))
    assert said("import", "a.json")["changed"] == 1
    text = run("digest", "preview", "daily", "--date", "2018-02-16", "--text").stdout
    assert "Wednesday, 14 February 2018" in text
    assert "Late" in text
    assert "First" not in text


def test_the_first_edition_leaves_the_archive_alone(site: Path) -> None:
    rows = [
        {"id": str(n), "title": f"Story {n}", "body": "x", "date": f"2018-02-{n:02}"}
        for n in range(1, 16)
    ]
    (site / "a.json").write_text(json.dumps(rows))
    run("import", "a.json")
    run("subscribers", "add", "a@example.org", "--confirmed", "a test")
    text = run("digest", "preview", "daily", "--date", "2018-02-15", "--text").stdout
    assert re.findall(r"Story \d+\b", text)[-1] == "Story 9"
    run("digest", "send", "daily", "--date", "2018-02-15")
    run("digest", "preview", "daily", "--date", "2018-02-16", code=1)


def test_a_reject_ends_with_1_and_stays_named_until_it_is_mended(site: Path) -> None:
    (site / "in").mkdir()
    (site / "in" / "good.md").write_text("---\ntitle: A\ndate: 2024-01-01\n---\nText\n")
    (site / "in" / "bad.md").write_text("---\ntitle: B\ndate: never\n---\nText\n")
    result = run("import", "in", code=1)
    assert "1 new, 0 changed, 0 unchanged, 1 rejected" in result.stdout
    assert "rejected: in/bad.md:3: date: 'never' is no date" in result.stderr
    (aside,) = said("status")["set_aside"]
    assert aside["where"] == "in/bad.md:3"
    (site / "in" / "bad.md").write_text("---\ntitle: B\ndate: 2024-01-02\n---\nText\n")
    run("import", "in")
    assert said("status")["set_aside"] == []


def test_a_moved_file_is_the_same_article(site: Path) -> None:
    (site / "in").mkdir()
    (site / "in" / "one.md").write_text("---\ntitle: A\ndate: 2024-01-01\n---\nText\n")
    run("import", "in")
    (site / "in" / "one.md").rename(site / "one.md")
    assert said("import", "one.md")["unchanged"] == 1
    assert said("status")["articles"] == 1


def test_an_id_that_stands_twice_is_a_reject(site: Path) -> None:
    lines = [f'{{"id": "x", "title": "{n}", "date": "2024-01-01"}}' for n in (1, 2)]
    (site / "a.jsonl").write_text("\n".join(lines))
    result = run("import", "a.jsonl", code=1)
    assert "a.jsonl:2: the id 'x' stands twice" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["digest", "send", "weekly"], "there is no list 'weekly'; the config has: daily"),
        (["article", "show", "7"], "there is no article 7"),
        (["init", "."], "exists already"),
        (["subscribers", "add", "nobody"], "is no address"),
        (["subscribers", "import", "none.csv"], "cannot be read"),
        (["--config", "none.toml", "status"], "publisher init"),
        (["nonsense"], "No such command"),
        (["digest", "status", "daily", "--date", "2018-02-15"], "has no edition"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_to_do(
    site: Path, arguments: list[str], words: str
) -> None:
    assert words in run(*arguments, code=2).stderr


def test_articles_can_be_listed_and_shown(site: Path, tmp_path: Path) -> None:
    assert "No articles yet" in run("article", "list").stdout
    assert "No feeds yet" in run("feeds", "list").stdout
    page = tmp_path / "page.txt"
    page.write_text(PAGE, encoding="utf-8")
    run("import", page)
    assert len(said("article", "list", "--category", "media-center")) == 2
    assert "sources:" in run("article", "show", 1).stdout
    run("feeds", "build")
    assert "harbour-news/atom.xml" in run("feeds", "list").stdout
    assert "Harbour News (category, 2 articles, full text)" in run("feeds", "list").stdout
    assert "2 articles, 4 feeds" in run("status").stdout


def test_a_feed_can_be_told_to_carry_summaries(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.txt"
    page.write_text(PAGE, encoding="utf-8")
    run("import", page)
    run("feeds", "build")
    monkeypatch.setenv("PUBLISHER_FEEDS_CONTENT_EXCEPTIONS", "media-center,media-centre")
    result = run("feeds", "build")
    assert "3 files written" in result.stdout
    assert "content_exceptions: there is no feed 'media-centre' yet" in result.stderr
    assert {one["title"]: one["content"] for one in said("feeds", "list")} == {
        "Our Newsroom": "full", "Media Center": "summary", "Harbour News": "full",
        "English": "full",
    }  # fmt: skip
    assert said("feeds", "verify")["problems"] == []


def test_published_files_are_verified_and_corrections_and_retractions_published(
    site: Path, tmp_path: Path
) -> None:
    page = tmp_path / "page.txt"
    page.write_text(PAGE, encoding="utf-8")
    run("import", page)
    run("feeds", "build")
    assert "4 feeds verified, 0 problems" in run("feeds", "verify").stdout
    run("article", "correct", 1, "--note", "It was two sheep.")
    run("article", "retract", 2, "--note", "It did not rain.")
    assert "2 changes not published yet" in run("feeds", "verify", code=1).stderr
    run("feeds", "build")
    assert said("feeds", "verify")["problems"] == []
    atom = (site / "feeds" / "atom.xml").read_text(encoding="utf-8")
    assert "It was two sheep." in atom
    assert atom.count("<entry") == atom.count("deleted-entry ref") == 1
    assert said("article", "show", 2)["retraction"] == "It did not rain."
    (site / "feeds" / "rss.xml").write_text("altered")
    (problem,) = said("feeds", "verify", code=1)["problems"]
    assert problem["file"].endswith("feeds/rss.xml")
    for note in ("correct", "retract"):
        run("article", note, 99, "--note", "x", code=2)
        run("article", note, 1, "--note", " ", code=2)
