"""Which certificates we believe."""

from __future__ import annotations

import ssl
from pathlib import Path

from publisher.errors import UsageError


def verifying(ca_file: Path | None) -> ssl.SSLContext:
    """For servers that must prove who they are: by an authority of the system, or of `ca_file`.

    Raises UsageError where the file cannot be used.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(
                f"mail.ca_file: {ca_file} is no file of certificates: {error}"
            ) from None
    return context


def believing() -> ssl.SSLContext:
    """Against listeners only (RFC 7435): whoever could forge a certificate could strip STARTTLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
