"""What came back is read from a Maildir: once, and without touching what is for people."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.delivery.bounces.mailboxes import MaildirMailbox, file_mail
from publisher.errors import MailboxError
from publisher.pipeline.bounces import read_mailbox
from publisher.pipeline.newsroom import Newsroom
from publisher.store import bounces
from tests.came_back import came_back, forged
from tests.readers import newsroom as newsroom  # fixtures
from tests.readers import now, sent, state
from tests.readers import readers as readers


def box_of(folder: Path, mails: dict[str, bytes]) -> Path:
    for part in ("tmp", "new", "cur"):
        (folder / part).mkdir(parents=True)
    for name, data in mails.items():
        (folder / name).write_bytes(data)
    return folder


def test_a_maildir_keeps_what_is_not_understood(
    newsroom: Newsroom, readers: dict[str, int], tmp_path: Path
) -> None:
    ada, ben = readers.values()
    letter = came_back("unrelated/letter-to-the-editor", sent(newsroom, ada))
    mails = {
        "new/1.a.host": came_back("hard/postfix", sent(newsroom, ada)),
        "new/2.a.host": letter,
        "new/3.a.host": forged(came_back("complaint/yahoo", sent(newsroom, ben))),
        "cur/4.a.host:2,S": came_back("complaint/aol", sent(newsroom, ben)),
        "new/5.a.host": came_back("automatic/vacation", sent(newsroom, ben)),
    }
    box = box_of(tmp_path / "box", mails)
    mailbox = MaildirMailbox(box, "Processed")
    handled = list(read_mailbox(newsroom, mailbox, now))
    assert sorted(one.finding.meaning for one in handled) == sorted(
        ["hard", "unrelated", "unverified", "complaint", "automatic"]
    )
    assert (state(newsroom, ada), state(newsroom, ben)) == ("bounced", "complained")
    left = {str(file.relative_to(box)) for file in box.glob("[nc]*/*")}
    assert left == {"new/2.a.host", "new/3.a.host"}
    assert (box / "new/2.a.host").read_bytes() == letter
    done = sorted(file.name for file in (box / ".Processed" / "cur").iterdir())
    assert done == ["1.a.host:2,S", "4.a.host:2,S", "5.a.host:2,S"]
    assert list(read_mailbox(newsroom, mailbox, now)) == []  # what was looked at stays looked at
    file_mail(box, came_back("hard/gmail", sent(newsroom, ben)))
    assert [one.finding.meaning for one in read_mailbox(newsroom, mailbox, now)] == ["hard"]


def test_a_crash_before_a_mail_was_moved_away_counts_nothing_twice(
    newsroom: Newsroom, readers: dict[str, int], tmp_path: Path
) -> None:
    ada, _ = readers.values()
    mails = {"new/1.a.host": came_back("soft/mailbox-full", sent(newsroom, ada))}
    box = box_of(tmp_path / "box", mails)

    class Killed(MaildirMailbox):
        def done(self, name: str) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(read_mailbox(newsroom, Killed(box, "Processed"), now))
    (handled,) = read_mailbox(newsroom, MaildirMailbox(box, "Processed"), now)
    assert handled.after == ""
    assert not list((box / "new").iterdir())
    with newsroom.store.read() as session:
        assert len(bounces.listed(session, "", 10)) == 1


def test_two_processes_may_read_one_maildir(
    newsroom: Newsroom, readers: dict[str, int], tmp_path: Path
) -> None:
    ada, ben = readers.values()
    mails = {
        "new/1.a.host": came_back("hard/postfix", sent(newsroom, ada)),
        "new/2.a.host": came_back("hard/gmail", sent(newsroom, ben)),
    }
    box = box_of(tmp_path / "box", mails)
    slow, fast = MaildirMailbox(box, "Processed"), MaildirMailbox(box, "Processed")
    with slow:
        waiting = list(slow.waiting())
        assert len(list(read_mailbox(newsroom, fast, now))) == 2
        for one in waiting:
            slow.done(one.name)
    assert len(list((box / ".Processed" / "cur").iterdir())) == 2


def test_many_mails_are_read_in_groups(
    newsroom: Newsroom, readers: dict[str, int], tmp_path: Path
) -> None:
    ada, _ = readers.values()
    vacation = came_back("automatic/vacation", sent(newsroom, ada))
    box = box_of(tmp_path / "box", {f"new/{n:03}.a.host": vacation for n in range(120)})
    reading = read_mailbox(newsroom, MaildirMailbox(box, "Processed"), now)
    next(reading)
    assert len(list((box / "new").iterdir())) == 70
    assert len(list(reading)) == 119
    assert not list((box / "new").iterdir())


def test_a_maildir_without_its_second_folder_is_named(newsroom: Newsroom, tmp_path: Path) -> None:
    box = box_of(tmp_path / "box", {})
    (box / "cur").rmdir()
    with pytest.raises(MailboxError, match="box cannot be used: No such file or directory"):
        list(read_mailbox(newsroom, MaildirMailbox(box, "Processed"), now))


def test_a_folder_that_is_no_maildir_is_named(newsroom: Newsroom, tmp_path: Path) -> None:
    with pytest.raises(MailboxError, match="nowhere is no Maildir"):
        list(read_mailbox(newsroom, MaildirMailbox(tmp_path / "nowhere", "Processed"), now))
