"""Mail addresses in their one spelling. Pure."""

from __future__ import annotations

import re
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

# What spreadsheets and web pages leave around an address without showing it.
_AROUND = " \t\u00a0\u200b\u200c\u200d\u2060\ufeff"
# RFC 5321, sections 4.5.3.1.1 and 4.5.3.1.3.
LONGEST = 254
# What most addresses are: a dot-atom without anything rare, at an ASCII domain.
_plain = re.compile(r"((?=[^@]{1,64}@)[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*)@([A-Za-z0-9.-]+)")
_control = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


def normalised(email: str) -> str:
    """The one spelling of an address, so that one mailbox is one subscriber.

    The domain is written as people read it (bücher.example, not xn--bcher-kva.example), and all of
    it in small letters. By RFC 5321 a server may tell Ada@ from ada@; none that is known does,
    while people type both. Nothing else is folded: dots and +tags can be different mailboxes,
    and straße.example is not strasse.example. Raises ValueError with the reason where it is no
    address.
    """
    email = email.strip(_AROUND)
    if _control.search(email):
        raise ValueError("an address cannot hold a line break or a control character")
    plain = _plain.fullmatch(email)
    if plain and len(email) <= LONGEST:
        return f"{plain[1].lower()}@{_domain(plain[2])}"
    found = _checked(email)
    # Beyond ASCII the small letters of an address can be another address, or none.
    return found.lower() if found.isascii() else _checked(found.lower())


@lru_cache(maxsize=4096)
def _domain(name: str) -> str:
    """The one spelling of a domain. A list of people has few of them, and checking one is most of
    the work of checking an address."""
    return _checked(f"a@{name}").partition("@")[2].lower()


def _checked(email: str) -> str:
    try:
        return validate_email(email, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        raise ValueError(str(error).rstrip(".")) from None
