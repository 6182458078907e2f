"""The desk's first page: what needs a hand, and how things went; and one's own account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date

from publisher.errors import UsageError
from publisher.pipeline import users
from publisher.pipeline.overview import ListOverview, overview
from publisher.pipeline.users import SignInError
from publisher.render.dates import short_date
from publisher.render.translations import words
from publisher.store import users as stored
from publisher.web.desk.asked import Answer, Asked, Door, Led, Shown
from publisher.web.desk.charts import Chart, bars, line

NOT_CHANGED = 304


def show(asked: Asked) -> Answer:
    """How things stand."""
    found = overview(asked.newsroom, asked.now, asked.shared["sent"])
    language = asked.newsroom.config.site.language
    say = words(language).text
    articles = bars(
        say("Articles per day"), [say("Day"), say("Articles")], ["one"],
        [(day, (number,)) for day, number in found.days], _day_text(asked),
    )  # fmt: skip
    context = {
        "found": found,
        "articles": articles,
        "lists": [(one, _readers(asked, one), _editions(asked, one)) for one in found.lists],
        "answers": _answers(asked.shared["answers"]),
    }
    return Shown("desk/overview/show.html", "Overview", context)


def _readers(asked: Asked, one: ListOverview) -> Chart:
    say = words(asked.newsroom.config.site.language).text
    title = say("Active subscribers of %(list)s", list=one.one.title)
    return line(title, [say("Day"), say("Subscribers")], "one", one.readers, _day_text(asked))


def _editions(asked: Asked, one: ListOverview) -> Chart:
    say = words(asked.newsroom.config.site.language).text
    values = [(sent.day, (sent.accepted, sent.deferred, sent.bounced)) for sent in one.sent]
    names = [say("Edition"), say("accepted"), say("deferred"), say("bounced")]
    title = say("Letters per edition of %(list)s", list=one.one.title)
    return bars(title, names, ["one", "two", "three"], values, _day_text(asked))


def _answers(counted: Counter[tuple[str, int]]) -> dict[str, int]:
    """Requests for feeds since the server has started."""
    feeds = {status: number for (kind, status), number in counted.items() if kind == "feed"}
    total = sum(feeds.values())
    unchanged = feeds.get(NOT_CHANGED, 0)
    wrong = sum(number for status, number in feeds.items() if status >= 400)
    share = round(100 * unchanged / total) if total else 0
    return {"total": total, "unchanged": unchanged, "wrong": wrong, "share": share}


def _day_text(asked: Asked) -> Callable[[date], str]:
    language = asked.newsroom.config.site.language

    def text(day: date) -> str:
        return short_date(day, language)

    return text


def account(asked: Asked) -> Answer:
    """One's own password and sessions."""
    return _account(asked)


def _account(asked: Asked, wrong: str = "") -> Shown:
    with asked.newsroom.store.read() as session:
        number = stored.count_sessions(session, asked.who.user.id)
    status = 422 if wrong else 200
    return Shown("desk/account.html", "Your account", {"sessions": number}, status, wrong)


def change_account(asked: Asked) -> Answer:
    """Take another password, or end the sessions in other browsers."""
    if asked.text("act") == "end":
        users.sign_out_elsewhere(asked.newsroom, asked.who)
        return Led(f"{asked.root}/account", "ended")
    new = str(asked.form.get("new", ""))
    if new != str(asked.form.get("again", "")):
        return _account(asked, "The two new passwords differ.")
    try:
        users.change_password(asked.newsroom, asked.who, str(asked.form.get("old", "")), new)
    except SignInError:
        return _account(asked, "The old password is wrong.")
    except UsageError as error:
        return _account(asked, str(error))
    return Led(f"{asked.root}/account", "password")


DOORS = (Door("/desk/", show), Door("/desk/account", account, change_account))
