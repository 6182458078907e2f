"""A process that sends the first edition of a store to a server on this machine, and then ends.

The tests kill it: `python -m tests.sender_process STORE_URL PORT`.
"""

from __future__ import annotations

import sys

from publisher.store.engine import open_store
from tests.sending import send, smtp


def main(store_url: str, port: str) -> None:
    """Send what is left to be sent."""
    store = open_store(store_url)
    send(store, 1, smtp(f"smtp://127.0.0.1:{port}?tls=none"))
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
