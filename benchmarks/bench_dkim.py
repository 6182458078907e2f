"""Signing a 20 kB mail: ours against dkimpy's signer, per mail. Limit 0.5 with RSA-2048.

dkimpy makes the same kind of signature of the same mail (relaxed, the same fields); it has no
Ed25519 without a further library, so that line is measured against our own RSA.
"""

from __future__ import annotations

from datetime import UTC, datetime

import dkim

from benchmarks.measure import Result, in_turns, timed
from publisher.delivery import message
from publisher.delivery.dkim import Key, Signer, new_key, pem
from publisher.delivery.mail_tokens import MailTokens

MAILS = 40
TURNS = 7
DOMAIN = "news.example"
WHEN = datetime(2024, 5, 2, 18, 0, tzinfo=UTC)
BODY = "<p>" + "words of a  digest, twenty kilobytes of them. " * 380 + "</p>"
TOKENS = MailTokens([b"k" * 32])
LINKS = '<a href="@@UNSUBSCRIBE@@">Leave</a> <a href="@@PREFERENCES@@">Choose</a>'


def template(*keys: Key) -> tuple[message.Frame, message.Template]:
    """A variant of 20 kB, signed with the keys."""
    frame = message.Frame(
        list_title="Daily digest",
        list_id="daily.news.example",
        sender=f"news@{DOMAIN}",
        sender_name="Our Newsroom",
        reply_to="",
        archive="https://news.example/editions/daily/",
        unsubscribe=message.Unsubscribe.ONE_CLICK,
        bounces=f"bounces@{DOMAIN}",
        signer=Signer(keys) if keys else None,
    )
    text = "Today\n\n@@UNSUBSCRIBE@@\n@@PREFERENCES@@\n"
    return frame, message.build(frame, "News of today", BODY + LINKS, text, WHEN, language="en")


def letter(frame: message.Frame, made: message.Template, who: int) -> bytes:
    """The mail of one reader."""
    links = {
        "@@UNSUBSCRIBE@@": f"https://news.example/unsubscribe/{who:050}",
        "@@PREFERENCES@@": f"https://news.example/preferences/{who:050}",
    }
    head = {
        message.TO: message.to_header(f"reader{who}@example.org", "A Reader"),
        message.MESSAGE_ID: message.message_id(TOKENS.edition(1, who), frame.domain),
        message.UNSUBSCRIBE_MAIL: message.unsubscribe_link(frame, f"u{who}-aaaabbbbccccdddd"),
    }
    return message.fill(made, head, links)


def each(*keys: Key) -> float:
    """Milliseconds for a mail that is filled in and signed."""
    frame, made = template(*keys)
    return timed(lambda: [letter(frame, made, who) for who in range(MAILS)]) / MAILS


def peer(key: Key) -> float:
    """Milliseconds for a mail that is filled in by us and signed by dkimpy."""
    frame, made = template()
    data, selector, domain = pem(key), key.selector.encode(), DOMAIN.encode()

    def work() -> None:
        for who in range(MAILS):
            mail = letter(frame, made, who)
            dkim.DKIM(mail).sign(selector, domain, data, canonicalize=(b"relaxed", b"relaxed"))

    return timed(work) / MAILS


def run() -> list[Result]:
    """All in turns."""
    rsa, curve = new_key("2026a", "rsa"), new_key("2026e", "ed25519")
    return [
        in_turns(
            "a 20 kB mail filled in and signed, RSA-2048, against dkimpy's signer",
            lambda: each(rsa),
            lambda: peer(rsa),
            turns=TURNS,
            limit=0.5,
        ),
        in_turns(
            "a 20 kB mail filled in and signed, Ed25519, against RSA-2048",
            lambda: each(curve),
            lambda: each(rsa),
            turns=TURNS,
            limit=0.5,
        ),
        in_turns(
            "a 20 kB mail filled in, against filled in and signed with Ed25519",
            each,
            lambda: each(curve),
            turns=TURNS,
        ),
    ]


if __name__ == "__main__":
    for result in run():
        print(result)
