"""Whose fault a failure is, from the words of the server that refused. Pure.

The enhanced status code (RFC 3463) decides where it says something; many servers send a general
one, or a wrong one, and then their words decide.
"""

from __future__ import annotations

import re

from publisher.model import ReportKind

# The address is no good: 5.1.7 and 5.1.8 are about the sender's, and 5.1.9 about neither.
HARD_CODES = frozenset("5.1.0 5.1.1 5.1.2 5.1.3 5.1.4 5.1.6 5.1.10 5.2.1".split())
SENDER_CODES = frozenset("5.1.7 5.1.8 5.1.9".split())
# Microsoft's answer where its directory does not know a recipient.
NO_ENTRY = "5.4.1"
# How the second number is read where the words say nothing; the others are about us, or our mail.
BY_SUBJECT = dict.fromkeys("0234", ReportKind.SOFT)

_code = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_reply = re.compile(r"(?<![\d.])([45]\d\d)(?=[ -])")
_full = re.compile(
    r"mailbox (is )?full|over ?quota|quota|out of storage|insufficient .*storage", re.I
)
_policy = re.compile(
    r"spam|block(ed|list)|black ?list|denylist|reputation|policy|dmarc|\bspf\b|dkim|authenticat|"
    r"unsolicited|content reject|rate limit|too many|banned|listed (by|in|on)",
    re.I,
)
_nobody = re.compile(
    r"(user|recipient|mailbox|address|account|person)( \S{1,100})?"
    r" (is |was )?(unknown|not found|not exist|invalid|disabled|inactive|deactivated|closed)|"
    r"(unknown|no such|invalid|bad destination) (local )?(user|recipient|mailbox|address|account)|"
    r"(does not|doesn't|doesnt|didn't) (exist|have an?\b.{0,60}\baccount)|no mailbox (here )?by|"
    r"no such person|user doesn|mailbox unavailable|recipient ?not ?found|null mx|"
    r"address(es)? rejected: undeliverable|unrouteable address|"
    r"(domain|host)( or domain name| name)? ?(does not exist|not found|unknown)",
    re.I,
)


def verdict(status: str, words: str) -> ReportKind:
    """What a failed delivery says of its reader.

    `status` is the report's own code, or empty; `words` is what the server said.
    """
    status = status_of(status, words)
    if status.startswith("4") or _full.search(words):
        return ReportKind.SOFT
    nobody, policy = _nobody.search(words), _policy.search(words)
    if status in HARD_CODES:
        return ReportKind.POLICY if policy and not nobody else ReportKind.HARD
    if policy or status in SENDER_CODES:
        return ReportKind.POLICY
    if nobody or (status == NO_ENTRY and "access denied" in words.lower()):
        return ReportKind.HARD
    # Where nobody said why, one mail gives nobody up.
    return BY_SUBJECT.get(status.split(".")[1], ReportKind.POLICY)


def status_of(status: str, words: str) -> str:
    """The enhanced code: the report's, unless the server's words hold one that says more."""
    told = _code.search(status)
    said = _code.search(words)
    if told and (not told[1].endswith(".0.0") or not said):
        return told[1]
    if said:
        return said[1]
    reply = _reply.search(words)
    return f"{reply[1][0]}.0.0" if reply else "5.0.0"
