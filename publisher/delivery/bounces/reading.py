"""What a mail means: a bounce, a complaint, a wish to leave, or nothing that is ours. Pure.

A mail is about the delivery whose token it was sent to (VERP); where it went to another address,
about the one whose token stands in what it returns: in the Message-ID, the return path or
List-Unsubscribe of our mail.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from enum import StrEnum

from flufl.bounce import all_failures

from publisher.delivery.bounces.mail import STATUS_TYPES, Mail, value_of
from publisher.delivery.bounces.verdict import status_of, verdict
from publisher.delivery.headers import one_line
from publisher.delivery.mail_tokens import MailToken, MailTokens, TokenKind

FEEDBACK_TYPE = "message/feedback-report"
# Of a mail without a machine-readable part, so much is searched for the words of mail servers.
SEARCHED_BYTES = 40_000
SEARCHED_LINES = 1_000
MOST_SHOWN = 300
RECIPIENT_HEADERS = (
    "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Delivered-To",
    "X-Forwarded-To", "To", "Cc",
)  # fmt: skip
_leaving = re.compile(r"\s*(re:\s*)?unsubscribe\b", re.I)
_daemon = re.compile(
    r"\b(mailer-?daemon|mail-?daemon|postmaster|mail delivery (sub)?system)\b", re.I
)
_said = re.compile(r"(?<![\d.])[45](\d\d[ -]|\.\d{1,3}\.\d{1,3})")


class Meaning(StrEnum):
    """What a mail tells us; the first five are `ReportKind`'s."""

    HARD = "hard"
    SOFT = "soft"
    POLICY = "policy"
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"
    DELAYED = "delayed"  # it is still being tried
    DELIVERED = "delivered"
    AUTOMATIC = "automatic"  # an out-of-office note and the like
    UNVERIFIED = "unverified"  # looks like one of those above, and holds no token of ours
    UNRELATED = "unrelated"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a mail means. `token` says for whom; without one it changes nothing.

    `mail` names the mail, `status` and `diagnostic` are what it says the reason is.
    """

    meaning: Meaning
    mail: str
    token: MailToken | None = None
    status: str = ""
    diagnostic: str = ""

    @property
    def is_ours(self) -> bool:
        """Whether the mail is about one of ours for sure, and so is dealt with."""
        return self.token is not None


def read(data: bytes, tokens: MailTokens) -> Finding:
    """What a mail means. Never raises; only the first 300 kB are looked at."""
    mail = Mail(data)
    addressed = tokens.first(mail.headers(*RECIPIENT_HEADERS))
    found = (
        _complaint(mail)
        or _status(mail)
        or _leave(mail, addressed, tokens)
        or _words(mail, addressed, tokens)
        or _automatic(mail)
        or Finding(Meaning.UNRELATED, mail.id)
    )
    if found.token is None and found.meaning in _ABOUT_ONE_MAIL:
        found = replace(found, token=addressed or _quoted(mail, tokens, found.meaning))
    if found.token is None:
        found = _without_token(found)
    return replace(found, diagnostic=one_line(found.diagnostic)[:MOST_SHOWN])


# A person may quote one of our mails as well, but does not return it.
_ABOUT_ONE_MAIL = frozenset(Meaning) - {Meaning.UNVERIFIED, Meaning.UNRELATED}


def _without_token(found: Finding) -> Finding:
    if found.meaning in (Meaning.UNRELATED, Meaning.AUTOMATIC):
        return replace(found, meaning=Meaning.UNRELATED)
    return replace(found, meaning=Meaning.UNVERIFIED)


def _quoted(mail: Mail, tokens: MailTokens, meaning: Meaning) -> MailToken | None:
    """The token of the mail that is returned; a delivery's rather than one for leaving."""
    if meaning is Meaning.AUTOMATIC:
        return None  # whatever it quotes, it was not sent because of a failure
    found = list(tokens.found(mail.unfolded))
    sent = [one for one in found if one.kind is not TokenKind.UNSUBSCRIBE]
    return next(iter(sent + found), None)


def _complaint(mail: Mail) -> Finding | None:
    """A feedback report (RFC 5965), or Microsoft's own kind, which returns the mail alone."""
    blocks = mail.blocks(FEEDBACK_TYPE)
    if blocks:
        kind = value_of(blocks[0], "Feedback-Type").lower()
        words = f"{kind or 'abuse'} report by {value_of(blocks[0], 'User-Agent') or 'a provider'}"
        return Finding(_FEEDBACK.get(kind, Meaning.COMPLAINT), mail.id, diagnostic=words)
    junk = any(value_of(part, "X-HmXmrOriginalRecipient") for part in mail.parts())
    if junk and re.match("complaint about message", mail.subject, re.I):
        return Finding(Meaning.COMPLAINT, mail.id, diagnostic=mail.subject)
    return None


# What is not named here is a complaint: abuse, fraud, virus, other (RFC 5965, 7.3).
_FEEDBACK = {
    "not-spam": Meaning.DELIVERED,
    "opt-out": Meaning.UNSUBSCRIBE,
    "opt-out-list": Meaning.UNSUBSCRIBE,
    "auth-failure": Meaning.POLICY,  # RFC 6591: about our signatures, not about the reader
    "dmarc": Meaning.POLICY,
}


def _status(mail: Mail) -> Finding | None:
    """A delivery status notification (RFC 3464, RFC 6522)."""
    found = [one for block in mail.blocks(*STATUS_TYPES) if (one := _recipient(mail, block))]
    if not found:
        return None
    # One of our mails has one reader. Where several are reported, the address stands for many,
    # and what reached one of them has arrived.
    failed = [one for one in found if one.meaning not in (Meaning.DELIVERED, Meaning.DELAYED)]
    if failed and any(one.meaning is Meaning.DELIVERED for one in found):
        return replace(failed[0], meaning=Meaning.SOFT)
    return (failed or found)[0]


def _recipient(mail: Mail, block: Message) -> Finding | None:
    action = value_of(block, "Action").lower()
    if not action:
        return None
    words = _after_type(value_of(block, "Diagnostic-Code"))
    status = status_of(value_of(block, "Status"), words)
    if action.startswith("delay"):
        meaning = Meaning.DELAYED
    elif action.startswith(("fail", "error")):
        meaning = Meaning(verdict(value_of(block, "Status"), words))
    else:
        meaning = Meaning.DELIVERED  # delivered, relayed or expanded
    return Finding(meaning, mail.id, status=status, diagnostic=words)


def _after_type(value: str) -> str:
    """`smtp; 550 no such user` without its type."""
    return re.sub(r"^[\w.-]+\s*;\s*", "", value)


def _leave(mail: Mail, addressed: MailToken | None, tokens: MailTokens) -> Finding | None:
    """A mail that our List-Unsubscribe asked for: to the token's address, or with it as subject."""
    says_so = _leaving.match(mail.subject) is not None
    named = tokens.first(mail.subject) if says_so else None
    token = named or addressed
    if says_so and token:
        return Finding(Meaning.UNSUBSCRIBE, mail.id, token, diagnostic=mail.subject)
    if says_so:
        return Finding(Meaning.UNVERIFIED, mail.id, diagnostic=mail.subject)
    to_leave = addressed is not None and addressed.kind is TokenKind.UNSUBSCRIBE
    # Some mail programs leave the subject out. Nothing else is sent there, but programs may.
    if to_leave and not _automatic(mail) and not _is_daemon(mail):
        return Finding(Meaning.UNSUBSCRIBE, mail.id, addressed, diagnostic=mail.subject)
    return None


def _automatic(mail: Mail) -> Finding | None:
    """Whether a program answered for a person (RFC 3834, and what came before it)."""
    said = (
        mail.header("Auto-Submitted").lower().startswith("auto-")
        or mail.header("Precedence").lower() in ("auto_reply", "junk")
        or any(mail.header(name) for name in _AUTOMATIC)
        or mail.part("message/disposition-notification") is not None
    )
    return Finding(Meaning.AUTOMATIC, mail.id, diagnostic=mail.subject) if said else None


_AUTOMATIC = ("X-Autoreply", "X-Autorespond", "X-Autoresponder")


def _is_daemon(mail: Mail) -> bool:
    failed = mail.header("X-Failed-Recipients")
    return bool(failed) or _daemon.search(mail.header("From")) is not None


def _words(mail: Mail, addressed: MailToken | None, tokens: MailTokens) -> Finding | None:
    """A bounce that only people can read, as flufl.bounce recognises it.

    Only where there is a token: its many patterns take their time, and prove nothing.
    """
    daemon = _is_daemon(mail)
    if _automatic(mail) and not daemon:
        return None
    token = addressed or (_quoted(mail, tokens, Meaning.HARD) if daemon else None)
    if token is None:
        return None
    delayed, failed = _failures(mail)
    words = _diagnostic(mail.text)
    status = status_of("", words)
    # To an address of its own a mail server writes for one reason, even in words nobody knows.
    refused = daemon and status.startswith("5") and _said.search(words) is not None
    if failed or (refused and not delayed):
        return Finding(Meaning(verdict("", words)), mail.id, token, status, words)
    return Finding(Meaning.DELAYED, mail.id, token, status, words) if delayed else None


def _failures(mail: Mail) -> tuple[bool, bool]:
    """Whether flufl.bounce finds an address that is still being tried, or one that failed."""
    lines = mail.data[:SEARCHED_BYTES].split(b"\n", SEARCHED_LINES)[:SEARCHED_LINES]
    try:
        short = BytesParser(policy=compat32).parsebytes(b"\n".join(lines))
        delayed, failed = all_failures(short)
    except Exception:  # it was written for bounces, and mails can be made to be anything
        return False, False
    return bool(delayed), bool(failed)


def _diagnostic(text: str) -> str:
    """The line of a text, with the next one, that gives a server's answer; else its first."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    for number, line in enumerate(lines):
        if _said.search(line):
            return " ".join(lines[number : number + 2])
    return " ".join(line for line in lines if line)
