"""The values of mail headers: encoded where they must be, and never broken where they must not."""

from __future__ import annotations

import re
from email.header import Header
from functools import lru_cache
from urllib.parse import quote, urlsplit

# RFC 5322, 2.1.1; what is longer a server may cut.
LONGEST_LINE = 998
# A word of a subject that is longer is encoded, since only then can it be folded.
LONGEST_WORD = 70
# What is shown beside an address; longer names are cut.
LONGEST_NAME = 100
# What stands in a path as it is (RFC 3986, 3.3).
PATH = "/%:@!$&'()*+,;=-._~"
_plain = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")


def one_line(value: str) -> str:
    """`value` without line breaks, control characters and what UTF-8 cannot hold."""
    clean = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", " ", value)
    return " ".join(clean.split())


def folded(name: str, value: str) -> str:
    """Free text as the value of the header `name`: RFC 2047 where needed, in lines of 76."""
    text = one_line(value)
    plain = text.isascii() and "=?" not in text
    if plain and all(len(word) <= LONGEST_WORD for word in text.split()):
        return Header(text, "us-ascii", maxlinelen=76, header_name=name).encode(linesep="\r\n")
    return Header(text, "utf-8", maxlinelen=76, header_name=name).encode(linesep="\r\n")


def phrase(name: str) -> str:
    """A name as it stands beside an address: words, a quoted string, or RFC 2047; on one line."""
    text = one_line(name)[:LONGEST_NAME].strip()
    if not text.isascii() or "=?" in text:
        return Header(text, "utf-8", maxlinelen=75).encode().replace("\n ", " ")
    if not text or _plain.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def wire(email: str) -> str:
    """An address as servers take it: an international domain in its ASCII form (RFC 5890).

    So only an international part before the @ asks a server for SMTPUTF8.
    """
    if email.isascii():
        return email
    from email_validator import EmailNotValidError, validate_email  # most mail needs it not

    try:
        found = validate_email(email, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return email  # it is refused where it is sent, with the words of the server
    return f"{found.local_part}@{found.ascii_domain}"


def ascii_uri(uri: str) -> str:
    """An address of the web as a header can hold it (RFC 3987, 3.1)."""
    if uri.isascii():
        return uri
    parts = urlsplit(uri)
    host, colon, port = parts.netloc.partition(":")
    domain = wire(f"x@{host}").partition("@")[2]
    return f"{parts.scheme}://{domain}{colon}{port}{quote(parts.path, safe=PATH)}"


def mailto(email: str, subject: str = "") -> str:
    """A link that writes to an address (RFC 6068)."""
    asked = f"?subject={_quoted(subject)}" if subject else ""
    return f"mailto:{quote(email, safe='@+=')}{asked}"


@lru_cache(maxsize=64)
def _quoted(subject: str) -> str:
    return quote(subject, safe="")
