"""What a process does that sends the first edition of a store to a server on this machine.

The tests kill it.
"""

from __future__ import annotations

from publisher.store.engine import open_store
from tests.sending import send, smtp


def send_what_is_left(store_url: str, port: int) -> None:
    """Send what is left to be sent, and end."""
    store = open_store(store_url)
    send(store, 1, smtp(f"smtp://127.0.0.1:{port}?tls=none"))
    store.close()
