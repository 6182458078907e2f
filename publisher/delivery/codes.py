"""What the status codes of mail providers mean, in plain words, and what to do. Pure.

RFC 3463 and its registry give the general meanings, the postmaster pages of Google and Microsoft
their own. A code is looked up exactly, then by its subject (x.1.x is about addresses).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

_code = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")


class Meaning(NamedTuple):
    """What a code says, and what to do about it."""

    says: str
    do: str


class Reason(NamedTuple):
    """A code, in how many replies it stood, what it says, and what to do about it."""

    code: str
    number: int
    says: str
    do: str


_SPF = "publish an SPF record that names the servers that mail leaves by"
_DKIM = "sign with a key whose record is in DNS (`publisher dkim record`)"
_NOTHING = "nothing: it is tried again, or the address is given up by itself"
_SLOWER = "send more slowly, and let the volume grow over days"
_REPUTATION = "look at the provider's postmaster tools, and write only to people who asked for it"

# By subject and detail, for temporary (4) and lasting (5) codes alike.
_EXACT = {
    "1.0": Meaning("the address is not good", _NOTHING),
    "1.1": Meaning("there is no such mailbox", "nothing: the address gets no more mail"),
    "1.2": Meaning("there is no such domain", "nothing: the address gets no more mail"),
    "1.3": Meaning("the address is not written as an address", "mend it, or remove it"),
    "1.6": Meaning("the mailbox has moved", "nothing: the address gets no more mail"),
    "1.7": Meaning("our sender's address is not written as one", "mend mail.sender"),
    "1.8": Meaning("our sender's domain is not in DNS", "mend mail.sender, or the domain"),
    "1.10": Meaning("there is no such mailbox (Microsoft)", "nothing: it gets no more mail"),
    "2.0": Meaning("the mailbox cannot take mail now", _NOTHING),
    "2.1": Meaning("the mailbox is closed, or gets too much at once", _NOTHING),
    "2.2": Meaning("the mailbox is full", _NOTHING),
    "2.3": Meaning("the letter is too large for the mailbox", "set the list's content to summary"),
    "3.1": Meaning("the server's disk is full", _NOTHING),
    "3.2": Meaning("the server takes no mail now", _NOTHING),
    "3.4": Meaning("the letter is too large for the server", "set the list's content to summary"),
    "4.1": Meaning("the server does not answer, or refuses all mail for the address", _NOTHING),
    "4.2": Meaning("the connection broke", _NOTHING),
    "4.4": Meaning("there is no way to the server", "see whether the relay's DNS works"),
    "4.6": Meaning("mail goes round in circles at their side", _NOTHING),
    "4.7": Meaning("it was tried for too long", _NOTHING),
    "5.3": Meaning("too many recipients at once", _SLOWER),
    "6.0": Meaning("the letter's content is not taken", "look at the template: encoding, links"),
    "7.0": Meaning("refused by policy: the reputation of our address or domain", _REPUTATION),
    "7.1": Meaning(
        "refused by policy: taken for spam, or the relay does not let us send", _REPUTATION
    ),
    "7.7": Meaning("the letter was changed on its way", "see what the relay adds to it"),
    "7.8": Meaning("user or password is wrong", "mend mail.transport"),
    "7.9": Meaning("logging in by this mechanism is not allowed", "ask who runs the relay"),
    "7.13": Meaning("the account that we send by is closed", "ask who runs the relay"),
    "7.20": Meaning("no DKIM signature passes", _DKIM),
    "7.21": Meaning("no DKIM signature is acceptable", _DKIM),
    "7.22": Meaning("no DKIM signature is of the sender's domain", "set dkim.domain to it"),
    "7.23": Meaning(
        "SPF fails; at Gmail: the sending address has no name in DNS that leads back to it",
        "let the provider of the server set PTR, and the name lead back to the address",
    ),
    "7.24": Meaning("the SPF record cannot be read, or has suspicious entries", _SPF),
    "7.25": Meaning(
        "the sending address has no name in DNS that leads back to it (PTR)",
        "let the provider of the server set PTR, and the name lead back to the address",
    ),
    "7.26": Meaning("neither SPF nor DKIM proves who sends", f"{_SPF}; {_DKIM}"),
    "7.27": Meaning("SPF does not pass", _SPF),
    "7.28": Meaning("too much mail at once from this address or domain", _SLOWER),
    "7.29": Meaning("the letter did not come over TLS", "let the relay use TLS"),
    "7.30": Meaning("DKIM does not pass", _DKIM),
    "7.31": Meaning("the domain has no DMARC record", 'publish "v=DMARC1; p=none" at _dmarc'),
    "7.32": Meaning(
        "the From address is not of the domain that SPF or DKIM proves",
        "set dkim.domain, or mail.bounce_address, to the sender's domain",
    ),
    "7.40": Meaning("the domain has no DMARC policy", 'publish "v=DMARC1; p=none" at _dmarc'),
    "7.57": Meaning("the relay wants us to log in", "put user and password into mail.transport"),
    "7.509": Meaning("DMARC of our domain says to refuse it (Microsoft)", f"{_SPF}; {_DKIM}"),
    "7.515": Meaning(
        "SPF, DKIM and DMARC must all pass for those who send much (Microsoft)",
        "run `publisher doctor`, and mend what it names",
    ),
    "7.708": Meaning("the sending address has no reputation yet (Microsoft)", _SLOWER),
}
_RANGES = (
    (500, 700, 4, Meaning("the provider is slowing us down (Microsoft)", _SLOWER)),
    (606, 650, 5, Meaning("the sending address is blocked (Microsoft)", _REPUTATION)),
)
_SUBJECTS = {
    1: Meaning("something about the address", _NOTHING),
    2: Meaning("something about the mailbox", _NOTHING),
    3: Meaning("the server has trouble of its own", _NOTHING),
    4: Meaning("the network or the routing has trouble", _NOTHING),
    5: Meaning("the two servers do not understand each other", "look into the relay's log"),
    6: Meaning("the letter's content is not taken", "look at the template: encoding, links"),
    7: Meaning("refused by policy", _REPUTATION),
}


def explain(reply: str) -> Meaning | None:
    """What the first status code in a server's reply means; None where there is none.

    >>> explain("550 5.1.1 no such user").says
    'there is no such mailbox'
    """
    code = _code_in(reply)
    return _meaning(code) if code else None


def reasons(replies: Iterable[str]) -> list[Reason]:
    """What the codes in many replies mean, the most frequent first; replies without one are left
    out."""
    counted = Counter(code for reply in replies if (code := _code_in(reply)))
    known = ((code, number, _meaning(code)) for code, number in counted.most_common())
    return [Reason(code, number, *meaning) for code, number, meaning in known if meaning]


def _code_in(reply: str) -> str:
    found = _code.search(reply)
    return "" if found is None or found[1] == "2" else found[0]


def _meaning(code: str) -> Meaning | None:
    kind, subject, detail = (int(part) for part in code.split("."))
    exact = _EXACT.get(f"{subject}.{detail}")
    if exact is not None:
        return exact
    if subject == 7:
        for low, high, of, meaning in _RANGES:
            if kind == of and low <= detail < high:
                return meaning
    return _SUBJECTS.get(subject)
