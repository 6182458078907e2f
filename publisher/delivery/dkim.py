"""DKIM signatures (RFC 6376; Ed25519: RFC 8463): a domain says that a mail is its own.

Headers and body are signed in their relaxed form. That form is made once per variant, like the
message itself; per reader it is filled in, hashed and signed, so that little is left but the
signature's own cost. A signature bears no time: the same letter is the same bytes, also when it
is sent again.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from publisher.delivery.message import Pieces, Template, Values
from publisher.errors import UsageError

PrivateKey = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

RSA_BITS = 2048
# Receivers refuse shorter ones (RFC 8301, 3.2).
SHORTEST_RSA = 1024
# One text of a DNS record holds no more; a longer record is several.
DNS_TEXT = 255
# A second field of these names would be shown by some mail programs instead of the signed one, so
# that there is none is signed too (RFC 6376, 8.15).
ONLY_ONCE = (
    b"from", b"to", b"subject", b"date", b"message-id", b"reply-to", b"content-type",
    b"list-unsubscribe", b"list-unsubscribe-post",
)  # fmt: skip
SIGNED = (
    *ONLY_ONCE, b"mime-version", b"content-transfer-encoding", b"content-language", b"feedback-id",
    b"list-id", b"list-archive", b"list-help", b"list-owner", b"auto-submitted", b"precedence",
)  # fmt: skip
_selector = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


@dataclass(frozen=True, slots=True)
class Key:
    """A private key and the selector under which receivers find its public half."""

    selector: str
    private: PrivateKey

    @property
    def algorithm(self) -> str:
        """The signature's `a=`."""
        kind = "ed25519" if isinstance(self.private, ed25519.Ed25519PrivateKey) else "rsa"
        return f"{kind}-sha256"

    def sign(self, data: bytes) -> bytes:
        """The signature of the hash of the data."""
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            return self.private.sign(hashlib.sha256(data).digest())
        return self.private.sign(data, padding.PKCS1v15(), SHA256())

    @property
    def record(self) -> str:
        """The text of the DNS record that receivers look up (RFC 6376, 3.6.1)."""
        public = self.private.public_key()
        if isinstance(public, ed25519.Ed25519PublicKey):
            kind, form = "ed25519", serialization.PublicFormat.Raw
            data = public.public_bytes(serialization.Encoding.Raw, form)
        else:
            kind, form = "rsa", serialization.PublicFormat.SubjectPublicKeyInfo
            data = public.public_bytes(serialization.Encoding.DER, form)
        return f"v=DKIM1; k={kind}; p={b64encode(data).decode()}"


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs with each of the keys, for `domain`, or for the domain that a mail is from."""

    keys: tuple[Key, ...]
    domain: str = ""

    def sealed(self, template: Template, domain: str) -> Template:
        """The template with the signatures of every key as its seal."""
        return replace(template, seal=_Seal(template, self.keys, self.domain or domain))


class _Seal:
    """The relaxed form of one variant, and what of its signatures is the same for all readers."""

    def __init__(self, template: Template, keys: Sequence[Key], domain: str) -> None:
        names, self._head = _relaxed_head(b"".join(template.head.parts))
        self._body = template.body
        self._relaxed = _relaxed_pieces(template.body)
        self._begun = hashlib.sha256(self._relaxed.parts[0])
        self._signatures = [_Signature(key, domain, names) for key in keys]

    def __call__(self, head: Values, body: Values) -> bytes:
        """The DKIM-Signature headers of one reader's mail."""
        digest = b64encode(self._body_hash(body))
        fields = self._head.fill(head)
        return b"".join(one.header(fields, digest) for one in self._signatures)

    def _body_hash(self, values: Values) -> bytes:
        # Values begin and end with something visible (or a marker), so that no white space can
        # meet other white space, or the end of a line, where the body was cut.
        if b"" in values.values():
            return hashlib.sha256(relaxed_body(self._body.fill(values))).digest()
        begun = self._begun.copy()
        for place, part in enumerate(self._relaxed.parts[1:], 1):
            begun.update(values.get(part, part) if place % 2 else part)
        return begun.digest()


class _Signature:
    """The header of one key, all but its two hashes; `_before` and `_relaxed` lead to the first."""

    def __init__(self, key: Key, domain: str, names: Sequence[bytes]) -> None:
        self._key = key
        start = (
            f"DKIM-Signature: v=1; a={key.algorithm}; c=relaxed/relaxed; d={domain};\r\n"
            f" s={key.selector}; h={_lines(names)};\r\n bh="
        )
        self._start = start.encode()
        self._relaxed = relaxed_field(self._start + b"x")[:-1]

    def header(self, fields: bytes, digest: bytes) -> bytes:
        """The whole header for these signed fields and this hash of the body."""
        signed = fields + self._relaxed + digest + b"; b="
        found = b64encode(self._key.sign(signed))
        shown = b"\r\n ".join(found[at : at + 72] for at in range(0, len(found), 72))
        return self._start + digest + b";\r\n b=" + shown + b"\r\n"


def relaxed_field(field: bytes) -> bytes:
    """One header field, without its last line break, in the relaxed form (RFC 6376, 3.4.2)."""
    name, _, value = field.partition(b":")
    value = re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip(b" ")
    return name.strip(b" \t").lower() + b":" + value


def relaxed_body(body: bytes) -> bytes:
    """A body in the relaxed form (RFC 6376, 3.4.4)."""
    body = _relaxed_lines(body)
    kept = body.rstrip(b"\r\n")
    return kept + b"\r\n" if kept else b""


def read_key(selector: str, file: Path) -> Key:
    """The key of a PEM file. Raises UsageError, which names the file and says what to do."""
    try:
        private = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except OSError as error:
        raise UsageError(
            f"dkim: the key {file} cannot be read: {error.strerror}; "
            f"`publisher dkim new {selector}` makes one, and see dkim.keys in the config"
        ) from None
    except TypeError:
        raise UsageError(
            f"dkim: the key {file} has a password; take it off (openssl pkey -in FILE -out FILE)"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise UsageError(f"dkim: {file} holds no private key in PEM form") from None
    if isinstance(private, rsa.RSAPrivateKey):
        if private.key_size < SHORTEST_RSA:
            raise UsageError(f"dkim: {file} has {private.key_size} bits; receivers want {RSA_BITS}")
    elif not isinstance(private, ed25519.Ed25519PrivateKey):
        raise UsageError(f"dkim: {file} is neither an RSA nor an Ed25519 key; DKIM knows no other")
    return Key(checked_selector(selector), private)


def checked_selector(selector: str) -> str:
    """The selector, if it can stand in the name of a DNS record. Raises UsageError."""
    if len(selector) > 63 or not _selector.fullmatch(selector):
        raise UsageError(
            f"dkim: {selector!r} is no selector; small letters, digits and hyphens, such as 2026a"
        )
    return selector


def new_key(selector: str, kind: str) -> Key:
    """A fresh key, `rsa` or `ed25519`. Raises UsageError."""
    made: PrivateKey = (
        ed25519.Ed25519PrivateKey.generate()
        if kind == "ed25519"
        else rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    )
    return Key(checked_selector(selector), made)


def pem(key: Key) -> bytes:
    """The key as a file's content (PKCS #8)."""
    return key.private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def zone_line(key: Key, domain: str) -> str:
    """The record as a line of a zone file, its text in pieces that DNS can hold."""
    text = key.record
    pieces = [text[at : at + DNS_TEXT] for at in range(0, len(text), DNS_TEXT)]
    shown = " ".join(f'"{piece}"' for piece in pieces)
    return f"{key.selector}._domainkey.{domain}. IN TXT ( {shown} )"


def _relaxed_head(head: bytes) -> tuple[list[bytes], Pieces]:
    """Which fields are signed, in order, and their relaxed forms as one text with markers."""
    fields: dict[bytes, tuple[bytes, bytes]] = {}
    for field in re.split(rb"\r\n(?![ \t])", head):
        name = field.partition(b":")[0]
        if field:
            fields[name.lower()] = name, relaxed_field(field)
    names = [fields[key][0] for key in SIGNED if key in fields]
    lines = [fields[key][1] + b"\r\n" for key in SIGNED if key in fields]
    once = [fields[key][0] if key in fields else key.title() for key in ONLY_ONCE]
    return names + once, Pieces.of(b"".join(lines))


def _relaxed_pieces(body: Pieces) -> Pieces:
    parts = [part if place % 2 else _relaxed_lines(part) for place, part in enumerate(body.parts)]
    parts[-1] = parts[-1].rstrip(b"\r\n")
    if parts != [b""]:  # the body that holds nothing has no last line either
        parts[-1] += b"\r\n"
    return Pieces(tuple(parts))


def _relaxed_lines(text: bytes) -> bytes:
    return re.sub(rb"[ \t]+", b" ", re.sub(rb"[ \t]+\r\n", b"\r\n", text))


def _lines(names: Sequence[bytes]) -> str:
    """The names with colons, folded where a line would be long."""
    lines, line = [], ""
    for name in names:
        if line and len(line) + len(name) > 66:
            lines.append(line)
            line = ""
        line += name.decode() + ":"
    return "\r\n ".join([*lines, line.rstrip(":")])
