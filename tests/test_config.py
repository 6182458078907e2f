"""The config is read whole, or every problem in it is named at once."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from publisher.config import Config, load, parse
from publisher.errors import ConfigError


def write(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(path: Path, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(path, environ or {})
    assert caught.value.exit_code == 2
    return caught.value.problems


def test_an_empty_config_works(tmp_path: Path) -> None:
    config = load(write(tmp_path, ""), {})
    assert config == Config(root=tmp_path)
    assert config.store_url == f"sqlite:///{tmp_path / 'newsroom.db'}"
    assert [one.name for one in config.lists] == ["daily"]


def test_every_problem_is_named_at_once_with_its_key_and_what_is_allowed(tmp_path: Path) -> None:
    text = """
        colour = "red"
        [site]
        titel = "Typo"
        timezone = "Mars/Olympus"
        language = "english please"
        [feeds]
        at_least = 0
        formats = ["atom", "xml"]
        [mail]
        transport = "pigeon:post"
        [[lists]]
        send_at = "25:00"
        [[lists]]
        name = "Not A Slug"
    """
    found = "\n".join(problems(write(tmp_path, text)))
    for said in (
        "colour: unknown key; allowed here: ",
        "site.titel: unknown key; allowed here: title",
        "site.timezone = 'Mars/Olympus': not a time zone",
        "site.language = 'english please': not a language tag",
        "feeds.at_least = 0",
        "feeds.formats[1] = 'xml': Input should be 'atom', 'rss' or 'json'",
        "mail.transport = 'pigeon:post': not maildir:FOLDER",
        "lists[0].send_at = '25:00': not a time of day",
        "lists[1].name = 'Not A Slug'",
    ):
        assert said in found


def test_a_list_may_not_stand_twice(tmp_path: Path) -> None:
    text = '[[lists]]\nname = "daily"\n[[lists]]\nname = "daily"\n'
    assert problems(write(tmp_path, text)) == [
        "lists: the name 'daily' stands twice; each list needs its own"
    ]


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, '[store]\nurl = "sqlite:///x.db"\n')
    environ = {
        "PUBLISHER_STORE_URL": "postgresql://u:secret@db/news",
        "PUBLISHER_WEB_PORT": "8123",
        "PUBLISHER_FEEDS_KINDS": "everything, tag",
        "PATH": "/bin",
    }
    config = load(path, environ)
    assert config.store_url == "postgresql://u:secret@db/news"
    assert config.web.port == 8123
    assert config.feeds.kinds == ("everything", "tag")


def test_an_unknown_name_in_the_environment_is_named(tmp_path: Path) -> None:
    (problem,) = problems(write(tmp_path, ""), {"PUBLISHER_STORE_URI": "x"})
    assert "PUBLISHER_STORE_URI (environment): unknown" in problem


def test_a_password_is_never_printed(tmp_path: Path) -> None:
    text = '[mail]\ntransport = "smpt://me:hush@mail.example.org"\n'
    assert "hush" not in str(problems(write(tmp_path, text)))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"[site\ntitle = 1", "not TOML"),
        (b'[site]\ntitle = "\xff"', "not UTF-8 at byte 16"),
        (None, "cannot be read"),
    ],
)
def test_an_unreadable_file_is_one_clear_problem(
    tmp_path: Path, data: bytes | None, said: str
) -> None:
    path = tmp_path / "config.toml"
    if data is not None:
        path.write_bytes(data)
    (problem,) = problems(path)
    assert said in problem


def test_the_config_cannot_be_changed_once_it_is_read() -> None:
    config = Config()
    with pytest.raises(ValueError, match="frozen"):
        config.site.title = "Other"  # type: ignore[misc]


def test_a_list_falls_back_on_the_site(tmp_path: Path) -> None:
    values = {
        "site": {"language": "ar", "timezone": "Asia/Damascus"},
        "lists": [{"name": "a", "send_at": "07:30"}, {"name": "b", "timezone": "UTC"}],
    }
    config = parse(values, {}, root=tmp_path, name="x")
    first, second = config.lists
    assert first.send_at == time(7, 30)
    assert config.zone_of(first).key == "Asia/Damascus"
    assert config.zone_of(second).key == "UTC"
    assert config.language_of(first) == "ar"
