"""What must be right before an edition leaves: its letters can be made, and can be left again.

Whether the mail server can be used shows as soon as it is asked; both hold the edition, with the
reason, and the editions of other lists go on.
"""

from __future__ import annotations

from publisher.delivery import message
from publisher.errors import TemplateError
from publisher.newsletter.budget import HTML_BYTES
from publisher.newsletter.compose import ComposedMail


class PreflightError(TemplateError):
    """A mail must not leave as the templates make it."""


def check(list_name: str, mail: ComposedMail) -> None:
    """Raises PreflightError where a mail of the list must not leave."""
    parts = {"digest/body.txt": mail.text, "digest/body.html": mail.html or None}
    for template, part in parts.items():
        if part is not None and message.UNSUBSCRIBE not in part:
            raise PreflightError(
                f"list {list_name}: the mail has no link to unsubscribe; put "
                f"{message.UNSUBSCRIBE} into {template}"
            )
    if not mail.subject:
        raise PreflightError(f"list {list_name}: the mail has no subject; see digest/subject.txt")
    size = len(mail.html.encode())
    if size > HTML_BYTES:
        raise PreflightError(
            f"list {list_name}: the mail has {size / 1000:.0f} kB even with headlines alone, and "
            f"mail programs cut it off at {HTML_BYTES / 1000:.0f} kB, with the link to "
            "unsubscribe; make base.html, style.css or digest/body.html smaller"
        )
