"""A receiver's eyes: dkimpy, with the keys that a test publishes instead of DNS.

dkimpy does all of the verifying; only the curve's arithmetic of Ed25519, for which it would need
PyNaCl, comes from `cryptography`.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from types import SimpleNamespace

import dkim
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519

from publisher.delivery.dkim import Key


class _VerifyKey:
    def __init__(self, key: bytes, encoder: object) -> None:
        data = base64.b64decode(key)
        self._key = ed25519.Ed25519PublicKey.from_public_bytes(data)

    def verify(self, message: bytes, signature: bytes) -> None:
        self._key.verify(signature, message)


NACL = SimpleNamespace(
    signing=SimpleNamespace(VerifyKey=_VerifyKey),
    encoding=SimpleNamespace(Base64Encoder=None),
    exceptions=SimpleNamespace(BadSignatureError=InvalidSignature, ValueError=ValueError),
)


@pytest.fixture(scope="session", autouse=True)
def curve() -> None:
    """Give dkimpy its curve."""
    if not hasattr(dkim, "nacl"):
        dkim.nacl = NACL


def verdicts(data: bytes, keys: Iterable[Key], domain: str) -> list[bool]:
    """What a receiver says of each signature, from the top one on."""
    records = {f"{key.selector}._domainkey.{domain}.": key.record for key in keys}

    def dns(name: bytes | str, timeout: int = 5) -> bytes:
        asked = name.decode() if isinstance(name, bytes) else name
        return records.get(asked, "").encode()

    def verified(index: int) -> bool:
        try:
            return bool(dkim.DKIM(data).verify(idx=index, dnsfunc=dns))
        except dkim.ValidationError:  # the body's hash is another one
            return False

    number = data.lower().partition(b"\r\n\r\n")[0].count(b"dkim-signature:")
    return [verified(one) for one in range(number)]
