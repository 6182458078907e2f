"""`publisher subscribers`, as a newsroom types it: in, out, on and off."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path

import pytest

from publisher.pipeline import subscribing
from tests.commands import PEOPLE, make_site, people, run, said, states
from tests.mailroom import NOW, SITE, letters, mailroom, tick, token_in


@pytest.fixture
def site(store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make_site(store_url, tmp_path, monkeypatch)


def test_a_list_comes_in_goes_out_and_comes_in_again_unchanged(site: Path) -> None:
    first = said("import", "people.csv", "--confirmed", "sign-up sheet")
    assert (first["new"], first["rejected"], first["encoding"]) == (2, [], "utf-8")
    exported = people("export").stdout
    assert exported.splitlines() == [
        "email,name,language,timezone,categories,format,state",
        "ada@example.org,Ada Lind,en,Europe/Oslo,,html,active",
        "bo@bücher.example,Bo,ar,,news,html,active",
    ]
    people("export", "--output", "out.csv")
    assert (site / "out.csv").read_text(encoding="utf-8") == exported
    again = said("import", "out.csv", "--confirmed", "sign-up sheet")
    assert (again["new"], again["changed"], again["unchanged"]) == (0, 0, 2)
    assert again["unused_columns"] == []


def test_an_import_says_what_it_would_do_and_does_nothing(site: Path) -> None:
    result = people("import", "people.csv", "--dry-run")
    assert "would be: 2 new, 0 changed, 0 unchanged, 0 left alone, 0 rejected" in result.stdout
    assert states() == {}


def test_without_consent_everybody_new_is_asked_once(site: Path, store_url: str) -> None:
    result = people("import", "people.csv")
    assert "asked by mail, and forgotten if they do not confirm within 7 days" in result.stderr
    people("import", "people.csv")
    assert states() == {"ada@example.org": "pending", "bo@bücher.example": "pending"}
    with mailroom(store_url, site) as newsroom:
        assert tick(newsroom, NOW.replace(year=2100)) == ["accepted", "accepted"]
        subjects = {str(one["Delivered-To"]): str(one["Subject"]) for one in letters(newsroom)}
        assert subjects["ada@example.org"] == "Please confirm: Daily digest"
    assert said("import", "people.csv", "--confirmed", "they wrote to us")["changed"] == 2
    assert states()["ada@example.org"] == "active"
    (_, second) = said("show", "ada@example.org")["history"]
    assert (second["cause"], second["note"]) == ("consent", "they wrote to us")


def test_no_import_overrides_who_has_left_bounced_or_complained(site: Path) -> None:
    states_file = "email,state\na@example.org,unsubscribed\nb@example.org,bounced\n"
    states_file += "c@example.org,complained\nd@example.org,pending\ne@example.org,active\n"
    (site / "old.csv").write_text(states_file)
    assert said("import", "old.csv", "--confirmed", "our last system")["new"] == 5
    assert states() == {
        "a@example.org": "unsubscribed", "d@example.org": "pending", "e@example.org": "active",
    }  # fmt: skip
    (site / "new.csv").write_text("email\n" + "".join(f"{c}@example.org\n" for c in "abce"))
    again = said("import", "new.csv", "--confirmed", "bought somewhere")
    assert (len(again["left_alone"]), again["unchanged"]) == (3, 1)
    assert again["left_alone"][0] == "new.csv:2: a@example.org"
    assert states()["a@example.org"] == "unsubscribed"
    assert said("show", "b@example.org")["state"] == "bounced"
    result = people("add", "a@example.org", "--confirmed", "x", code=1)
    assert "left alone (taken off on " in result.stdout
    assert "publisher subscribers restore a@example.org --list daily" in result.stdout


def test_what_another_system_knew_of_somebody_counts_for_those_who_are_here(site: Path) -> None:
    people("import", "people.csv", "--confirmed", "sheet")
    (site / "stop.csv").write_text("email,state\nADA@example.org,complained\n", encoding="utf-8")
    assert said("import", "stop.csv")["changed"] == 1
    assert states()["ada@example.org"] == "complained"
    assert said("import", "stop.csv")["unchanged"] == 1


def test_one_address_is_added_with_all_its_choices(site: Path) -> None:
    choices = ("--name", "Cy", "--language", "ar", "--timezone", "Asia/Amman")
    more = ("--categories", "news", "--format", "text", "--confirmed", "by phone")
    assert (
        "cy@example.org: new, active on daily"
        in people("add", "Cy@Example.org", *choices, *more).stdout
    )
    (one,) = said("show", "cy@example.org")["subscriptions"]
    assert {k: one[k] for k in ("categories", "language", "timezone", "format")} == {
        "categories": ["news"], "language": "ar", "timezone": "Asia/Amman", "format": "text",
    }  # fmt: skip


def test_adding_asks_and_asking_again_soon_is_refused(site: Path) -> None:
    assert "asked to confirm within 7 days" in people("add", "cy@example.org").stdout
    again = people("add", "cy@example.org").stdout
    assert "unchanged, pending; it was asked to confirm less than 12 hours ago" in again


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["add", "cy@example.org", "--categories", "sport"], "no category 'sport'; it has: news"),
        (["add", "cy@example.org", "--timezone", "Mars"], "no time zone"),
        (["add", "a\nb@example.org"], "line break"),
        (["add", "a@example.org", "--list", "weekly"], "there is no list 'weekly'"),
        (["import", "."], "cannot be read: Is a directory"),
        (["import", "people.csv", "--encoding", "nonsense"], "there is no encoding 'nonsense'"),
        (["import", "people.csv", "--encoding", "base64"], "there is no encoding 'base64'"),
        (["import", "greek.csv"], "could be windows-"),
        (["export", "--output", "none/x.csv"], "was not written"),
        (["show", "nobody@example.org"], "there is nobody with the address nobody@example.org"),
        (["unsubscribe", "nobody@example.org"], "there is nobody"),
        (["erase", "nobody@example.org"], "there is nobody"),
        (["restore", "nobody@example.org", "--note", " "], "the note is empty"),
        (["add", "a@example.org", "--confirmed", " "], "--confirmed is empty"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_to_do(
    site: Path, arguments: list[str], words: str
) -> None:
    (site / "greek.csv").write_bytes("email,name\na@example.org,Γιώργος\n".encode("cp1253"))
    assert words in people(*arguments, code=2).stderr


def test_a_spreadsheet_of_an_old_machine_is_read_and_the_guess_is_said(site: Path) -> None:
    text = PEOPLE.replace(",", ";").replace("Ada Lind", "Inês Prado")
    (site / "old.csv").write_bytes(text.replace("bücher", "bucher").encode("cp1252"))
    result = people("import", "old.csv", "--confirmed", "x")
    assert (
        "old.csv is not UTF-8 and is read as windows-1252 (“Inês Prado”); if that" in result.stderr
    )
    assert "--encoding: windows-1250 (“Inęs Prado”)" in result.stderr
    assert "Inês Prado" in people("list").stdout
    people("import", "old.csv", "--encoding", "windows-1250", "--confirmed", "x")
    assert "Inęs Prado" in people("list").stdout


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_unicode_comes_in_whatever_its_form(site: Path, encoding: str) -> None:
    (site / "people.csv").write_bytes(PEOPLE.encode(encoding))
    assert said("import", "people.csv", "--confirmed", "x")["new"] == 2


def test_every_reject_is_named_by_its_line_and_the_rest_comes_in(site: Path) -> None:
    wrong = "nobody,,,,\nada@EXAMPLE.org,,,,\nx@example.org,,,,sport\n"
    (site / "people.csv").write_bytes((PEOPLE + wrong).encode() + b"in\xeas@example.org,,,,\n")
    result = people("import", "people.csv", "--confirmed", "x", code=1)
    assert "2 new, 0 changed, 0 unchanged, 0 left alone, 4 rejected" in result.stdout
    assert [line.split(": ")[1] for line in result.stderr.splitlines() if "rejected" in line] == [
        "people.csv:4", "people.csv:5", "people.csv:6", "people.csv:7",
    ]  # fmt: skip
    assert "ada@example.org stands in line 2 already" in result.stderr
    rejected = said("import", "people.csv", "--confirmed", "x", code=1)["rejected"]
    assert rejected[2]["where"] == "people.csv:6"


def test_a_digest_has_links_to_choose_and_to_leave(
    site: Path, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBLISHER_SITE_URL", SITE)
    (site / "a.json").write_text('[{"title": "T", "body": "x", "date": "2018-02-15"}]')
    run("import", "a.json")
    people("import", "people.csv", "--confirmed", "x")
    run("digest", "send", "daily", "--date", "2018-02-15")
    with mailroom(store_url, site) as newsroom:
        tokens = {
            folder: {token_in(letter, folder) for letter in letters(newsroom)}
            for folder in ("unsubscribe", "preferences")
        }
        assert {folder: len(found) for folder, found in tokens.items()} == {
            "unsubscribe": 2, "preferences": 2,
        }  # fmt: skip
        (letter,) = letters(newsroom, "ada@example.org")
        choices = subscribing.Choices(("news",), "ar", None, "text")
        subscribing.prefer(newsroom, token_in(letter, "preferences"), choices, NOW)
        left = subscribing.unsubscribe(newsroom, token_in(letter, "unsubscribe"), NOW)
    assert (left.email, left.state, left.language) == ("ada@example.org", "unsubscribed", "ar")
    assert states()["bo@bücher.example"] == "active"


def test_a_file_without_a_header_is_refused_as_a_whole(site: Path) -> None:
    (site / "people.csv").write_text("ada@example.org,Ada\n")
    assert "people.csv:1: the first line must name" in people("import", "people.csv", code=1).stderr


def test_an_export_cannot_run_anything_in_a_spreadsheet(site: Path) -> None:
    people(
        "add", "+x@example.org", "--name", '=HYPERLINK("http://trap.example")', "--confirmed", "x"
    )
    for command in ("export", "list"):
        for row in csv.reader(StringIO(people(command).stdout)):
            assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@"))]
    (site / "out.csv").write_text(people("export").stdout)
    assert said("import", "out.csv", "--confirmed", "x")["unchanged"] == 1


def test_an_export_names_the_states_that_are_asked_for(site: Path) -> None:
    people("import", "people.csv", "--confirmed", "x")
    people("add", "cy@example.org")
    people("unsubscribe", "ada@example.org")
    assert people("export").stdout.count("\n") == 2
    assert people("export", "--state", "pending", "--state", "unsubscribed").stdout.count("\n") == 3
    assert people("export", "--state", "all").stdout.count("\n") == 4


def test_taking_off_and_restoring_are_logged_with_their_reasons(site: Path) -> None:
    people("import", "people.csv", "--confirmed", "x")
    taken_off = people("unsubscribe", "ada@example.org", "--note", "She rang").stdout
    assert taken_off == "ada@example.org: taken off daily\n"
    assert people("unsubscribe", "ada@example.org").stdout == "ada@example.org: was on none\n"
    people("restore", "ada@example.org", "--note", "x", code=2)
    people("restore", "ada@example.org", "--list", "daily", "--note", "She rang again")
    assert states()["ada@example.org"] == "active"
    shown = people("show", "ada@example.org").stdout
    assert "daily: active → unsubscribed, taken off (She rang)" in shown
    assert "daily: unsubscribed → active, restored (She rang again)" in shown
    assert "daily: active; all categories; en, Europe/Oslo, html" in shown
