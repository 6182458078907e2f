"""Whatever happens, each due day has its edition, and each reader gets every article once.

Random histories on a real store: articles are published, back-dated, embargoed, edited, retracted
and corrected; the clock ticks at any moment, jumps back, and the machine is off for days, around
the days on which the clocks of the lists' zones change.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import event

from publisher.model import EditionState
from publisher.newsletter.calendar import cut_moment, is_in_zone
from publisher.pipeline import editions
from publisher.store import articles
from tests.desk import DAY, Desk, desk_of
from tests.test_calendar import ZONES, changes

READERS = {"everything@example.org": "all", "text@example.org": "all", "town@example.org": "town"}
LISTS = [
    {"name": "all", "catch_up": "merge", "hold_minutes": 90, "first_days": 365},
    {
        "name": "town",
        "catch_up": "each",
        "categories": ["town"],
        "days": ["monday", "tuesday", "thursday", "saturday", "sunday"],
        "first_days": 365,
    },
]
HOURS = st.integers(min_value=1, max_value=80)


class Histories(RuleBasedStateMachine):
    """One newsroom with two lists, and what its readers must have got in the end."""

    store: Path  # an empty store, to be copied

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.number = 0
        self.ids: dict[str, int] = {}
        self.published: dict[str, tuple[datetime, str]] = {}
        self.retracted: set[str] = set()

    @initialize(
        zones=st.lists(st.sampled_from(ZONES), min_size=2, max_size=2),
        times=st.lists(st.times().map(lambda one: one.replace(second=0, microsecond=0)),
                       min_size=2, max_size=2),
        own_zones=st.booleans(),
        start=st.integers(min_value=0, max_value=99),
    )  # fmt: skip
    def opened(self, zones: list[str], times: list[time], own_zones: bool, start: int) -> None:
        folder = Path(self.stack.enter_context(TemporaryDirectory()))
        shutil.copyfile(self.store, folder / "newsroom.db")
        self.folder = folder
        self.lists = [
            {**one, "timezone": zone, "send_at": f"{at:%H:%M}", "subscriber_zones": own_zones}
            for one, zone, at in zip(LISTS, zones, times, strict=True)
        ]
        moments = changes(ZoneInfo(zones[0])) or [datetime(2026, 3, 1, tzinfo=UTC)]
        self.now = moments[start % len(moments)] - 2 * DAY
        self.start = self.now
        self.letters: list[tuple[str, str]] = []
        self.open()
        for email, name in READERS.items():
            form = "text" if email.startswith("text") else "html"
            self.desk.read_by(email, name=name, timezone=zones[1], format=form)
        self.desk.tick()

    def open(self) -> None:
        self.running = ExitStack()
        url = f"sqlite:///{self.folder / 'newsroom.db'}"
        self.desk: Desk = self.running.enter_context(desk_of(url, self.folder, lists=self.lists))
        event.listen(
            self.desk.newsroom.store.engine,
            "connect",
            lambda connection, _: connection.execute("PRAGMA synchronous=OFF"),
        )
        self.desk.now = self.now

    def close(self) -> None:
        self.letters += [(email, text) for email in READERS for text in self.desk.box.texts(email)]
        self.running.close()

    @rule(category=st.sampled_from(["Town", "Sport", "Town Hall"]), hours=st.integers(-60, 60))
    def publish(self, category: str, hours: int) -> None:
        """Now, back-dated, or with an embargo."""
        self.number += 1
        title = f"Story {self.number}"
        at = self.desk.now + timedelta(hours=hours)
        titles = ("Town", "Hall") if category == "Town Hall" else (category,)
        self.ids[title] = self.desk.publish(title, *titles, at=at)
        self.published[title] = at, titles[0]

    @precondition(lambda self: self.ids)
    @rule(which=st.integers(0, 99), correction=st.booleans())
    def edit(self, which: int, correction: bool) -> None:
        title = list(self.ids)[which % len(self.ids)]
        if correction and title not in self.retracted:
            self.desk.correct(self.ids[title], f"Correction of {title}.")
            return
        newsroom, article_id = self.desk.newsroom, self.ids[title]
        with newsroom.store.write() as session:
            site = newsroom.config.site
            writer = articles.Writer(session, site.url, site.zone, self.desk.now)
            article = articles.by_ids(session, [article_id])[article_id]
            edited = replace(article.content, body=f"<p>Revision {article.revision}.</p>")
            writer.replace(article, edited, significant=False)

    @precondition(lambda self: len(self.retracted) < len(self.ids))
    @rule(which=st.integers(0, 99))
    def retract(self, which: int) -> None:
        left = [title for title in self.ids if title not in self.retracted]
        title = left[which % len(left)]
        self.desk.retract(self.ids[title])
        self.retracted.add(title)

    @rule(minutes=st.integers(min_value=0, max_value=600))
    def tick(self, minutes: int) -> None:
        self.desk.tick(timedelta(minutes=minutes))

    @rule(hours=HOURS)
    def off_for_days(self, hours: int) -> None:
        self.close()
        self.now += timedelta(hours=hours)
        self.open()
        self.desk.tick()

    @rule(hours=HOURS)
    def jump_back(self, hours: int) -> None:
        self.desk.tick(-timedelta(hours=hours))

    @rule(name=st.sampled_from(["all", "town"]))
    def stop_and_go_on(self, name: str) -> None:
        one = self.desk.the_list(name)
        unsent = [
            edition
            for edition in self.desk.editions(name)
            if edition.state in (EditionState.HELD, EditionState.CUT)
        ]
        if unsent:
            editions.stop(self.desk.newsroom, one, unsent[-1].local_date, self.desk.now)
            self.desk.tick(timedelta(minutes=30))
            editions.resume(self.desk.newsroom, one, unsent[-1].local_date, self.desk.now)

    def teardown(self) -> None:
        try:
            if hasattr(self, "desk"):
                self.check()
        finally:
            self.stack.close()

    def check(self) -> None:
        """Let a week pass, in which every edition has its moment; then look at what there is."""
        newsroom = self.desk.newsroom
        known = [e.cut_at for name in ("all", "town") for e in self.desk.editions(name)]
        embargoes = [at for at, _ in self.published.values()]
        today = max([self.desk.now, *known, *embargoes]).date()
        moments = {
            cut_moment(today + number * DAY, one.send_at, newsroom.config.zone_of(one))
            for one in newsroom.config.lists
            for number in range(1, 9)
        }
        for moment in sorted(moments):
            self.desk.tick(moment - self.desk.now)
        self.desk.tick(2 * DAY)  # to the last reader's hour
        self.close()
        self.open()
        for name in ("all", "town"):
            self.check_days(name)
        self.check_letters()
        self.running.close()

    def check_days(self, name: str) -> None:
        one, made = self.desk.the_list(name), self.desk.editions(name)
        zone = self.desk.newsroom.config.zone_of(one)
        dates = [edition.local_date for edition in made]
        assert len(dates) == len(set(dates))
        settled = [edition for edition in made if edition.frozen_at is not None]
        assert {str(edition.state) for edition in settled} <= {"sent", "empty"}
        if not settled:
            return
        wanted = [
            day
            for day in days_between(settled[0].local_date, settled[-1].local_date)
            if day.weekday() in one.weekdays and is_in_zone(day, zone)
        ]
        if one.catch_up == "each":
            assert [edition.local_date for edition in settled] == wanted
        covered = [
            day for e in settled for day in days_between(e.first_date or e.local_date, e.local_date)
        ]
        assert covered == list(days_between(settled[0].local_date, settled[-1].local_date))
        assert all(edition.local_date in wanted for edition in settled)
        for edition in settled:
            assert edition.cut_at == cut_moment(edition.local_date, one.send_at, zone)

    def check_letters(self) -> None:
        for email, name in READERS.items():
            had: Counter[str] = Counter()
            for _, text in (letter for letter in self.letters if letter[0] == email):
                had.update(re.findall(r"^Story \d+$", text.split("\nCorrections\n=")[0], re.M))
            last = self.desk.editions(name)[-1].cut_at
            wanted = {
                title
                for title, (at, category) in self.published.items()
                if at <= last and (name == "all" or category == "Town")
            }
            assert not [title for title, number in had.items() if number > 1]
            assert set(had) <= wanted
            assert wanted - set(had) <= self.retracted


def days_between(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


@pytest.mark.parametrize("part", range(2))  # so that two processes can share the work
def test_every_history_gives_each_due_day_an_edition_and_each_reader_all_once(
    part: int, migrated_file: Path
) -> None:
    machine: type[Histories] = type(f"Histories{part}", (Histories,), {"store": migrated_file})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15,
            stateful_step_count=20,
            phases=(Phase.reuse, Phase.generate),  # to shrink a history takes many minutes
            suppress_health_check=list(HealthCheck),
            deadline=None,
        ),
    )
