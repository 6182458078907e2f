"""What the tests of mail servers have in common: kinds of server, scripts, and what must hold."""

from __future__ import annotations

from collections.abc import Callable

from publisher.store.engine import Store
from tests.sending import states
from tests.smtp_server import EXTENSIONS, Answer, Session

READERS = 30
OTHERS = READERS - 1
ONE = "reader7@example.org"
# With everything, without pipelining, with chunking, and a server that knows nothing but HELO.
KINDS = {
    "pipelined": EXTENSIONS,
    "one by one": EXTENSIONS[1:],
    "chunked": (*EXTENSIONS, "CHUNKING"),
    "chunked one by one": ("CHUNKING",),
    "plain": (),
}


def for_one(verb: str, answer: Answer) -> Callable[[Session, str, str], Answer]:
    """The server gives this answer to that command where it is about one reader."""

    def script(session: Session, asked: str, argument: str) -> Answer:
        about = argument if asked in ("RCPT", "CONTENT") else ",".join(session.recipients)
        return answer if asked == verb and ONE in about else None

    return script


def once(verb: str, answer: Answer) -> Callable[[Session, str, str], Answer]:
    """The server gives this answer the first time that it is asked."""
    left = [answer]

    def script(_session: Session, asked: str, _argument: str) -> Answer:
        return left.pop() if asked == verb and left else None

    return script


def check(store: Store, edition_id: int, taken: list[str], **wanted: int) -> None:
    """These are the states, and the server has each accepted letter once."""
    assert states(store, edition_id) == {name: n for name, n in wanted.items() if n}
    assert len(taken) == len(set(taken))
