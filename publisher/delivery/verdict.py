"""What an answer of a server means for a reader, and for the next try. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from publisher.delivery.smtp.replies import Reply
from publisher.delivery.transport import Answer, Fate
from publisher.model import DeliveryState, Fault
from publisher.store.ledger import Outcome

# Enhanced status codes (RFC 3463, RFC 7505), without their class: what is wrong with the address…
NOBODY = {(1, 1), (1, 2), (1, 3), (1, 6), (1, 10), (2, 1)}
# …the mailbox…
FULL = {(2, 2), (2, 4), (3, 1)}
# …and the letter.
UNFIT = {(2, 3), (3, 4)}
_nobody = re.compile(
    r"\b(no such (user|mailbox|recipient|address)|(user|mailbox|recipient|address) (is )?unknown"
    r"|unknown (user|mailbox|recipient|address)|(user|mailbox|recipient) (does not exist|not found)"
    r"|does ?n[o']t exist|invalid (recipient|mailbox)|no mailbox here)\b",
    re.IGNORECASE,
)
_too_fast = re.compile(
    r"\b(rate|too (many|much|fast)|throttl\w+|temporarily deferred|exceed\w+|slow down"
    r"|unusual\w* rate|too many connections)\b",
    re.IGNORECASE,
)
_grey = re.compile(r"\bgr[ea]y-?list", re.IGNORECASE)

FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=5), timedelta(hours=4)


def outcome(answer: Answer, give_up: timedelta, now: datetime) -> Outcome:
    """What is written into the ledger about an answer.

    A refusal for now (4xx) is tried again after 5, 10, 20, … minutes, up to 4 hours apart, until
    that comes to `give_up`.
    """
    item, fate, reply, stage, said = answer
    if fate is Fate.TAKEN and reply is not None:
        return Outcome(item.id, DeliveryState.ACCEPTED, reply.text, Fault.NONE, item.attempts + 1)
    if fate is Fate.REFUSED and reply is not None:
        return _refused(item.id, item.attempts + 1, reply, stage, give_up, now)
    if fate is Fate.LOST:
        return Outcome(item.id, DeliveryState.UNCERTAIN, said, Fault.NONE, item.attempts + 1)
    if fate is Fate.UNFIT:
        return Outcome(item.id, DeliveryState.FAILED, said, Fault.CONTENT, item.attempts + 1)
    if fate is Fate.WITHHELD:
        return Outcome(item.id, DeliveryState.SUPPRESSED, said, Fault.NONE, item.attempts)
    due = now + FIRST_WAIT if fate is Fate.NOT_YET else None
    return Outcome(item.id, DeliveryState.PENDING, said, Fault.NONE, item.attempts, due)


def fault_of(reply: Reply, stage: str) -> Fault:
    """Whose fault a refusal is."""
    enhanced = reply.enhanced
    detail = enhanced[1:] if enhanced and enhanced[0] == reply.code // 100 else None
    about_reader = stage in ("RCPT", "CONTENT")
    if not reply.permanent:
        return _for_now(reply, detail)
    if detail in UNFIT or (detail and detail[0] == 6):
        return Fault.CONTENT
    if detail in FULL or (not detail and reply.code == 552):
        return Fault.MAILBOX if about_reader else Fault.CONTENT
    if about_reader and (detail in NOBODY or (not detail and _nobody.search(reply.text))):
        return Fault.ADDRESS
    if detail[0] in (1, 7) if detail else reply.code in (530, 535, 554):
        return Fault.POLICY
    return Fault.SERVER


def wait_before(attempt: int, give_up: timedelta, spread: int = 0) -> timedelta | None:
    """How long to wait after the attempt of that number (from 1); None to give up.

    `spread` makes letters that were refused together come back up to a tenth of the wait apart.
    """
    waits = [_step(number) for number in range(1, min(attempt, 100) + 1)]
    if sum(waits, timedelta()) > give_up:
        return None
    return waits[-1] * (1 + (spread * 2654435761 % 1000) / 10_000)


def _step(number: int) -> timedelta:
    doubled: timedelta = FIRST_WAIT * 2 ** min(number - 1, 16)
    return min(LONGEST_WAIT, doubled)


def _refused(
    row: int, attempts: int, reply: Reply, stage: str, give_up: timedelta, now: datetime
) -> Outcome:
    fault = fault_of(reply, stage)
    if reply.permanent:
        return Outcome(row, DeliveryState.FAILED, reply.text, fault, attempts)
    wait = wait_before(attempts, give_up, row)
    if wait is None:
        hours = give_up / timedelta(hours=1)
        said = f"given up after {attempts} tries in {hours:g} hours; at last: {reply.text}"
        return Outcome(row, DeliveryState.FAILED, said, fault, attempts)
    return Outcome(row, DeliveryState.DEFERRED, reply.text, fault, attempts, now + wait)


def _for_now(reply: Reply, detail: tuple[int, ...] | None) -> Fault:
    if _grey.search(reply.text):
        return Fault.SERVER
    if reply.code == 421 or (detail and detail[0] == 7) or _too_fast.search(reply.text):
        return Fault.RATE
    if detail in FULL or (not detail and reply.code == 452):
        return Fault.MAILBOX
    return Fault.SERVER
